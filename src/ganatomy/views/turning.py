"""The game of a run as it turns, shrinks and leaves: eigenvalues by round, rates over rounds, angles along the ways.

figure = turned(found.rates); ways(found.paths); ranks(found.readings)

of what ganatomy.explain.game.turning found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ganatomy.results.explanation import Explanation
from ganatomy.views.canvas import BLUE, FAINT, INK, ORANGE, QUIET, SIGNED, plain
from ganatomy.views.charts import DASHES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKS = (("largest", "o", INK), ("rightmost", ">", ORANGE), ("rotating", "^", BLUE))
NAMES = ("largest in size", "largest real part", "largest imaginary part")
COLUMNS = 4


def turned(found: Explanation) -> Figure:
    """Above eigenvalues in the complex plane, a panel a checkpoint; below |v| and rates over the rounds."""
    from matplotlib.figure import Figure

    many = len(found.units)
    down = -(-many // COLUMNS)
    figure = Figure(figsize=(7.6, 1.75 * down + 2.6), layout="constrained")
    parts = figure.subfigures(2, 1, height_ratios=(1.75 * down, 2.3), squeeze=False)
    above, below = parts.ravel()
    panels = above.subplots(down, COLUMNS, squeeze=False).ravel()
    for place, ax in enumerate(panels[:many]):
        _plane(ax, found, place)
    for ax in panels[many:]:
        ax.set_axis_off()
    for ax in panels[:many:COLUMNS]:
        ax.set_ylabel("imaginary part", fontsize=7.5)
    for ax in panels[:many][-COLUMNS:]:
        ax.set_xlabel("real part", fontsize=7.5)
    handles, names = panels[0].get_legend_handles_labels()
    above.legend(handles, names, fontsize=7.5, frameon=False, ncols=3, loc="outside upper left")
    left, right = below.subplots(1, 2)
    _speeds(left, found)
    _rates(right, found)
    return figure


def _plane(ax: Axes, found: Explanation, place: int) -> None:
    """Both of each pair; what was not found exactly enough is left out."""
    held = found.arrays
    plain(ax).axvline(0, color=QUIET, lw=0.8)
    ax.axhline(0, color=FAINT, lw=0.8, zorder=0)
    real, imag, told = held["real"][place], held["imag"][place], held["told"][place]
    for end, (_, mark, colour) in enumerate(MARKS):
        there = told[end] and (end < 2 or imag[end] > 0)  # else no turning was found
        x, y = ([real[end]] * 2, [imag[end], -imag[end]]) if there else ([], [])
        ax.plot(x, y, mark, color=colour, ms=8 - 2 * end, mfc="none", mew=1.4, label=NAMES[end])
    reach = max(float(np.abs([*real[told], *imag[told]]).max(initial=0.0)), 1e-12)
    ax.set(xlim=(-1.25 * reach, 1.25 * reach), ylim=(-1.25 * reach, 1.25 * reach))
    ax.locator_params(nbins=4)
    ax.set_title(f"{found.units[place]}, |v| {held['speed'][place]:.2g}", fontsize=7.5, loc="left")


def _speeds(ax: Axes, found: Explanation) -> None:
    held = found.arrays
    for name, way, colour in (("critic", DASHES[0], BLUE), ("generator", DASHES[1], ORANGE)):
        plain(ax).plot(held["round"], held[f"speed.{name}"], way, color=colour, lw=1.4, marker="o", ms=3, label=name)
    _by_powers(ax)
    ax.set_title("|v|: how hard each player is pushed", fontsize=8, loc="left")


def _rates(ax: Axes, found: Explanation) -> None:
    """Sizes, so that powers of ten show them; a real part below 0 is no growth, and left out."""
    held = found.arrays
    lines = (
        ("size of the largest", np.hypot(held["real"][:, 0], held["imag"][:, 0]), 0),
        ("growth (real part)", held["real"][:, 1], 1),
        ("turning (imaginary part)", held["imag"][:, 2], 2),
    )
    for label, values, end in lines:
        shown = np.where(held["told"][:, end] & (values > 0), values, np.nan)
        _, mark, colour = MARKS[end]
        plain(ax).plot(held["round"], shown, DASHES[end], color=colour, lw=1.4, marker=mark, ms=3.5, label=label)
    _by_powers(ax)
    ax.set_title("rates of plain descent", fontsize=8, loc="left")


def _by_powers(ax: Axes) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    ax.set_xlabel("round", fontsize=8)
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_formatter(lambda value, _place: f"{value:g}")
    if not any(np.isfinite(np.asarray(line.get_ydata(), dtype=float)).any() for line in ax.lines):
        ax.set_yticks([])
        return
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0), numticks=6))
    ax.yaxis.set_major_formatter(lambda value, _place: f"{value:g}")
    ax.yaxis.set_minor_formatter(NullFormatter())
    low, high = ax.get_ylim()
    ax.set_ylim(low / 1.2, high * 1.5 * (high / low) ** 0.2)  # room for the names
    ax.legend(fontsize=7, frameon=False, loc="upper left", ncols=2)


def ways(found: Explanation) -> Figure:
    """A panel for each way: the cosine of v with it, from before its begin to beyond its end."""
    from matplotlib.figure import Figure

    held, many = found.arrays, len(found.units)
    down, reach = -(-many // COLUMNS), 1.15 * max(float(np.abs(held["cosine"]).max()), 0.05)
    figure = Figure(figsize=(7.6, 1.5 * down + 0.4), layout="constrained")
    panels = figure.subplots(down, COLUMNS, squeeze=False, sharex=True, sharey=True).ravel()
    for ax, name, places, cosine, there in zip(
        panels, found.units, held["places"], held["cosine"], held["attracted"], strict=False
    ):
        plain(ax).axhline(0, color=QUIET, lw=0.8)
        for end in (0, 1):
            ax.axvline(end, color=FAINT, lw=1, zorder=0)
        ax.plot(places, cosine, color=BLUE if there else INK, lw=1.6)
        ax.set_ylim(-reach, reach)
        ax.set_title(name + (": attracted" if there else ""), fontsize=7.5, loc="left", color=BLUE if there else INK)
    for ax in panels[many:]:
        ax.set_axis_off()
    for ax in panels[:many][-COLUMNS:]:
        ax.tick_params(labelbottom=True)
        ax.set_xlabel("0 the one, 1 the next", fontsize=7.5)
    for ax in panels[:many:COLUMNS]:
        ax.set_ylabel("cosine with v", fontsize=7.5)
    return figure


def ranks(found: Explanation) -> Figure:
    """A row a reading, a column a number of the spectrum; in brackets what the round itself does there."""
    from matplotlib.figure import Figure

    held = found.arrays
    rows, columns = held["rank"].shape
    figure = Figure(figsize=(5.4, 0.9 + 0.34 * rows), layout="constrained")
    ax = plain(figure.subplots())
    ax.imshow(np.nan_to_num(held["rank"]), cmap=SIGNED, vmin=-2, vmax=2, aspect="auto")
    for row in range(rows):
        for column in range(columns):
            rank, control = held["rank"][row, column], held["control"][row, column]
            said = f"{rank:+.2f} ({control:+.2f})" if np.isfinite(rank) else "cannot be told"
            ax.text(column, row, said, ha="center", va="center", fontsize=7.5, color=INK)
    ax.set_yticks(range(rows), found.units, fontsize=8)
    ax.set_xticks(range(columns), ["size of the largest", "growth", "turning"], fontsize=8)
    ax.spines[:].set_visible(False)
    ax.set_title("rank correlation (that of the round itself)", fontsize=8, loc="left")
    return figure
