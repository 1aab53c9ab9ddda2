"""The few charts that results need: effects with intervals, tables of numbers as colours, curves, points.

figure = forest(["unit 3", "unit 7"], effects, lows, highs, verdicts=["present", "absent"], smallest=0.1)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ganatomy.views.canvas import BLUE, FAINT, GROWING, INK, ORANGE, QUIET, SIGNED, VERDICTS, canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DASHES, MARKS = ("-", "--", "-.", ":"), ("o", "^", "s", "v", "D")


def forest(
    names: Sequence[str],
    values: ArrayLike,
    bounds: tuple[ArrayLike, ArrayLike],
    *,
    verdicts: Sequence[str] = (),
    smallest: float = 0.0,
    label: str = "effect",
    ax: Axes | None = None,
) -> Figure:
    """A dot and an interval for each name, from the top; the band around 0 is too small to be of interest."""
    value, low, high = (np.asarray(each, dtype=float) for each in (values, *bounds))
    figure, ax = canvas(5.5, 0.7 + 0.22 * len(names), ax=ax)
    places = np.arange(len(names))
    if smallest > 0:
        ax.axvspan(-smallest, smallest, color=FAINT, lw=0)
    ax.axvline(0, color=QUIET, lw=0.8)
    for place, name in enumerate(names):
        colour = VERDICTS.get(verdicts[place], INK) if verdicts else BLUE
        ax.plot([low[place], high[place]], [place, place], color=colour, lw=1.6, solid_capstyle="butt")
        ax.plot(value[place], place, "o", color=colour, ms=4, label=name)
    ax.set(yticks=places, yticklabels=list(names), ylim=(len(names) - 0.5, -0.5))
    ax.set_xlabel(label, fontsize=8)
    return figure


def matrix(
    values: ArrayLike,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    label: str = "",
    signed: bool = False,
    verdicts: ArrayLike | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Numbers as colours, with a bar that says which; signed ones are white at 0.

    verdicts: of each number; what is undetermined is faded and hatched, what is absent bears a ring, and a key says so.
    """
    table = np.asarray(values, dtype=float)
    below = 0.06 * max(map(len, columns))  # the names of the columns, at an angle
    wide = max(1.9 + 0.32 * len(columns), 0.0 if verdicts is None else 4.6)  # room for the key
    figure, ax = canvas(wide, max(1.0 + 0.2 * len(rows), 1.6) + below, ax=ax)
    most = float(np.nanmax(np.abs(table))) if np.isfinite(table).any() else 1.0
    least = -most if signed else min(0.0, float(np.nanmin(table)))
    colours = SIGNED if signed else GROWING
    shown = ax.imshow(table, cmap=colours, aspect="auto", interpolation="nearest", vmin=least, vmax=most)
    ax.set(xticks=range(len(columns)), yticks=range(len(rows)), yticklabels=list(rows))
    ax.set_xticklabels(list(columns), rotation=45, ha="right", rotation_mode="anchor")
    above = 6 if verdicts is None else 18  # the key stands between
    ax.set_title(label, fontsize=8, loc="left", pad=above)  # beside the bar a low table would cut it off
    figure.colorbar(shown, ax=ax, shrink=0.8).ax.tick_params(labelsize=8)
    if verdicts is not None:
        doubted(ax, np.asarray(verdicts, dtype=str))
    return figure


def doubted(ax: Axes, verdicts: NDArray[np.str_], *, key: bool = True) -> None:
    """Marks the cells of a matrix that are not claims; no colour is needed to tell them apart."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch, Rectangle

    for row, column in zip(*np.nonzero(verdicts == "undetermined"), strict=True):
        cell = (column - 0.5, row - 0.5)
        ax.add_patch(Rectangle(cell, 1, 1, facecolor="white", alpha=0.6, lw=0))
        ax.add_patch(Rectangle(cell, 1, 1, facecolor="none", edgecolor="#c4c4c4", hatch="///", lw=0))
    rows, columns = np.nonzero(verdicts == "absent")
    ax.plot(columns, rows, "o", mfc="none", mec=QUIET, ms=3.5, mew=0.7, label="absent")
    if not key:
        return
    handles = [
        Patch(facecolor=ORANGE, label="present"),
        Line2D([], [], marker="o", mfc="none", mec=QUIET, ms=4, lw=0, label="absent"),
        Patch(facecolor="white", edgecolor="#c4c4c4", hatch="////", lw=0, label="undetermined"),
    ]
    ax.legend(handles=handles, fontsize=7, frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0, 1), borderpad=0)


def curves(
    x: ArrayLike,
    lines: Mapping[str, ArrayLike],
    *,
    label: str = "",
    across: str = "",
    bands: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
    legend: bool = False,
    ax: Axes | None = None,
) -> Figure:
    """Lines by name, each named at its end (or, where ends may meet, in a legend), with a band around some."""
    figure, ax = canvas(5.5, 3, ax=ax)
    places = np.asarray(x, dtype=float)
    for number, (name, values) in enumerate(lines.items()):
        way = DASHES[number % len(DASHES)] if legend else "-"  # those of a legend are told apart without colour
        (line,) = ax.plot(places, np.asarray(values, dtype=float), way, lw=1.6, color=f"C{number % 10}", label=name)
        if bands and name in bands:
            low, high = (np.asarray(each, dtype=float) for each in bands[name])
            ax.fill_between(places, low, high, color=line.get_color(), alpha=0.2, lw=0)
        if not legend:
            ax.annotate(
                name, (places[-1], float(np.asarray(values)[-1])), xytext=(4, 0), textcoords="offset points", fontsize=8
            )
    if legend:
        ax.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    ax.set_xlabel(across, fontsize=8)
    ax.set_ylabel(label, fontsize=8)
    return figure


def points(
    places: ArrayLike,
    colour: ArrayLike | None = None,
    *,
    label: str = "",
    names: Sequence[str] = (),
    axes: Sequence[str] = (),
    ax: Axes | None = None,
) -> Figure:
    """A map in the plane: coloured by a number, with a bar, or by the place of each one's kind in `names`."""
    figure, ax = canvas(4.8, 4, ax=ax)
    if axes:
        ax.set_xlabel(axes[0], fontsize=8)
        ax.set_ylabel(axes[1], fontsize=8)
    flat = np.asarray(places, dtype=float)
    ax.set_aspect("equal", adjustable="datalim")
    if names:
        kinds = np.asarray(colour, dtype=int)
        for kind, name in enumerate(names):
            own = flat[kinds == kind]
            mark = MARKS[kind % len(MARKS)]
            ax.scatter(own[:, 0], own[:, 1], s=9, marker=mark, color=f"C{kind % 10}", label=name, lw=0, alpha=0.8)
        ax.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5), markerscale=2)
        return figure
    if colour is None:
        ax.scatter(flat[:, 0], flat[:, 1], s=6, color=BLUE, lw=0)
        return figure
    shown = ax.scatter(flat[:, 0], flat[:, 1], s=6, c=np.asarray(colour, dtype=float), cmap="viridis", lw=0)
    bar = figure.colorbar(shown, ax=ax, shrink=0.8)
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=8)
    return figure
