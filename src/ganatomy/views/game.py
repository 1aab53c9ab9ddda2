"""A run as figures: its phases over its readings, who was ahead, what emerged when, and film-strips.

figure = timeline(account(recorded(folder)))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ganatomy.explain.game.account import Account
from ganatomy.explain.game.emergence import begun_said
from ganatomy.explain.game.phases import Phase
from ganatomy.results.explanation import Explanation
from ganatomy.results.formats import Format
from ganatomy.views.canvas import BLUE, FAINT, INK, ORANGE, QUIET, plain
from ganatomy.views.charts import DASHES
from ganatomy.views.generator import tiles
from ganatomy.views.strips import Row, strip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Of each phase's first name; told apart by brightness, too, and named in the band itself.
BANDS = {
    "collapse": "#c8553d",
    "little diversity": "#d98b7a",
    "critic saturated": "#d9730d",
    "critic flat": "#e6a96b",
    "critic asleep": "#f0cfa8",
    "oscillation": "#b59ad1",
    "learning": "#1f6fb4",
    "worsening": "#8a8a8a",
    "balance": "#8fc1e3",
    "stalled": "#c9c9c9",
}
# The readings that are drawn, what is drawn beside them, and whether by powers of ten.
PANELS = (
    ("gap", ("gap.upper",), True),
    ("critic.relative", (), False),
    ("norm.ratio", (), True),
    ("diversity.samples", (), False),
    ("average.distance", (), False),
)
LINES = {"critic.relative": (1.0, "a coin's"), "diversity.samples": (1.0, "real samples"), "norm.ratio": (1.0, "even")}
WIDE = 7.2


def timeline(told: Account) -> Figure:
    """Phases as a band, readings below it, what they are held against as dashes, alarms as lines through all."""
    from matplotlib.figure import Figure

    record = told.record
    shown = [panel for panel in PANELS if len(record.course(panel[0])[0])]
    heights = [0.5, *[1.0] * len(shown), 0.28 * max(1, len(told.alarms))]
    figure = Figure(figsize=(WIDE, 0.6 + sum(heights)), layout="constrained")
    band, *axes, marks = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    _band(band, told.found.phases, record.last)
    for ax, (name, beside, powers) in zip(axes, shown, strict=True):
        _course(ax, told, name, beside, powers)
    _alarms(marks, told)
    for ax in axes:
        for phase in told.found.phases[1:]:
            ax.axvline(phase.first, color=FAINT, lw=1, zorder=0)
        for alarm in told.alarms:
            ax.axvline(alarm.first, color=ORANGE, lw=0.8, ls=":", zorder=0)
    marks.set_xlabel("round", fontsize=8)
    band.set_xlim(0, record.last)
    return figure


def _band(ax: Axes, phases: Sequence[Phase], last: int) -> None:
    plain(ax).set(yticks=[], ylim=(0, 1))
    ax.spines[:].set_visible(False)
    ax.tick_params(axis="x", length=0)
    for place, phase in enumerate(phases):
        colour = BANDS.get(phase.names[0], "#eeeeee")
        ax.axvspan(phase.first, max(phase.last, phase.first + last / 200), color=colour, lw=0, alpha=0.85)
        if place:
            ax.axvline(phase.first, color="w", lw=1.5)  # the next may bear the same names
        wide = (phase.last - phase.first) / last
        if wide > 0.12:
            lines = phase.names if wide < 0.6 else (" and ".join(phase.names),)
            middle = (phase.first + phase.last) / 2
            white = phase.names[0] in ("collapse", "learning", "critic saturated", "worsening")
            ax.text(middle, 0.5, "\n".join(lines), ha="center", va="center", fontsize=7, color="w" if white else INK)
        else:
            ax.text(phase.first, 1.0, str(place + 1), ha="left", va="bottom", fontsize=6, color=INK)
    small = [
        f"{place + 1}: {' and '.join(phase.names)}"
        for place, phase in enumerate(phases)
        if (phase.last - phase.first) / last <= 0.12
    ]
    ax.set_title("; ".join(["phases", *small]) if small else "phases", fontsize=7.5, loc="right", pad=8, color=QUIET)


def _course(ax: Axes, told: Account, name: str, beside: Sequence[str], powers: bool) -> None:
    rounds, values = told.record.course(name)
    mark = "o" if len(rounds) < 40 else ""
    plain(ax).plot(rounds.numpy(), values.numpy(), color=BLUE, lw=1.3, marker=mark, ms=3)
    if powers and bool((values > 0).all()):
        _by_powers(ax)
    for other in beside:
        level = told.record.median(other)
        if np.isfinite(level):
            _beside(ax, level, "95 % of real samples")
    if name in LINES:
        _beside(ax, *LINES[name])
    ax.set_title(name, fontsize=8, loc="left", pad=2)
    ax.margins(y=0.18)


def _by_powers(ax: Axes) -> None:
    """With as few plain numbers as fit a low panel."""
    from matplotlib.ticker import LogLocator, NullFormatter

    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0), numticks=5))
    ax.yaxis.set_major_formatter(lambda value, _place: f"{value:g}")
    ax.yaxis.set_minor_formatter(NullFormatter())


def _beside(ax: Axes, level: float, word: str) -> None:
    """A dashed line with its meaning to the right of the axes."""
    ax.axhline(level, color=QUIET, lw=0.9, ls="--")
    where = ("axes fraction", "data")
    ax.annotate(word, (1, level), xytext=(3, 0), xycoords=where, textcoords="offset points", va="center", fontsize=6.5)


def _alarms(ax: Axes, told: Account) -> None:
    """A bar for each, from when it spoke until it was cleared."""
    plain(ax).set(ylim=(-0.6, max(1, len(told.alarms)) - 0.4))
    ax.invert_yaxis()
    names = [each.rule for each in told.alarms]
    for place, each in enumerate(told.alarms):
        end = told.record.last if each.cleared is None else each.cleared
        ax.barh(place, max(end - each.first, told.record.last / 200), left=each.first, height=0.45, color=ORANGE)
    ax.set_yticks(range(len(names)), names, fontsize=7)
    ax.set_title("alarms" if names else "no alarm", fontsize=8, loc="left", pad=2)


def sides(found: Explanation) -> Figure:
    """The share of pairs in which the critic puts real above generated, over stretches of rounds, with intervals."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDE, 2.4), layout="constrained")
    ax, held = plain(figure.subplots()), found.arrays
    ax.axhspan(0.4, 0.6, color=FAINT, lw=0)
    ax.axhline(0.5, color=QUIET, lw=0.8)
    for first, last, share, low, high in zip(
        *(held[name] for name in ("first", "last", "share", "low", "high")), strict=True
    ):
        if np.isfinite(share):
            ax.fill_between([first, last], low, high, color=BLUE, alpha=0.2, lw=0)
            ax.plot([first, last], [share, share], color=BLUE, lw=1.8)
    ax.set(ylim=(-0.02, 1.02), xlim=(0, None))
    for level, word in ((0.97, "critic ahead"), (0.5, "even"), (0.03, "generator ahead")):
        ax.annotate(word, (1.01, level), xycoords=("axes fraction", "data"), va="center", fontsize=7, color=INK)
    ax.set_xlabel("round", fontsize=8)
    ax.set_ylabel("pairs told rightly", fontsize=8)
    return figure


def emerged(found: Explanation, *, smallest: float) -> Figure:
    """A panel for each thing that was followed: its effect over the rounds, its control's, and since when."""
    from matplotlib.figure import Figure

    held = found.arrays
    rows = len(found.units) // 2
    figure = Figure(figsize=(WIDE, 0.5 + 1.25 * rows), layout="constrained")
    axes = figure.subplots(rows, 1, sharex=True, squeeze=False).ravel()
    for number, ax in enumerate(axes):
        own, control = 2 * number, 2 * number + 1
        plain(ax).axhspan(-smallest, smallest, color=FAINT, lw=0)
        for place, colour, way in ((control, QUIET, DASHES[1]), (own, BLUE, DASHES[0])):
            rounds = held["rounds"][place]
            ax.plot(rounds, held["effect"][place], way, color=colour, lw=1.4, marker="o", ms=2.5)
            ax.fill_between(rounds, held["low"][place], held["high"][place], color=colour, alpha=0.2, lw=0)
        begun = int(held["since"][own])
        said = f"{found.units[own]}: " + (
            f"there {begun_said(begun, int(held['rounds'][own][0]))}" if begun >= 0 else "not shown at the end"
        )
        if begun >= 0:
            ax.axvline(begun, color=ORANGE, lw=1, ls=":")
        ax.set_title(
            f"{said}   (grey: {found.units[control].removesuffix(' (control)')})", fontsize=7.5, loc="left", pad=2
        )
    axes[-1].set_xscale("log", base=2)
    axes[-1].xaxis.set_major_formatter(lambda value, _place: f"{value:g}")
    axes[-1].set_xlabel("round; effects in standard deviations of the concept", fontsize=8)
    return figure


def likeness(found: Explanation) -> Figure:
    """Likeness to the end, a line for each layer."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDE, 2.6), layout="constrained")
    ax = plain(figure.subplots())
    for number, (name, rounds, values) in enumerate(
        zip(found.units, found.arrays["rounds"], found.arrays["cka"], strict=True)
    ):
        ax.plot(rounds, values, DASHES[number % len(DASHES)], color=f"C{number % 10}", lw=1.5, label=name)
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_formatter(lambda value, _place: f"{value:g}")
    ax.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    ax.set_ylim(min(0.0, float(found.arrays["cka"].min())), 1.02)
    ax.set_xlabel("round", fontsize=8)
    ax.set_ylabel("CKA with the end", fontsize=8)
    return figure


def filmed(found: Explanation, format: Format) -> Figure:
    """A row for each checkpoint; points in a plane as a cloud for each, all in one window."""
    samples = found.arrays["samples"]
    if format.shape == (2,):
        return _clouds(found, samples)
    plainly = format.kind != "picture"
    rows = [Row(name, tiles(each, format), map=plainly) for name, each in zip(found.units, samples, strict=True)]
    return strip(rows)


def _clouds(found: Explanation, samples: NDArray[np.generic]) -> Figure:
    from matplotlib.figure import Figure

    columns = min(5, len(samples))
    rows = -(-len(samples) // columns)
    figure = Figure(figsize=(1.5 * columns, 1.65 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    shown = np.asarray(samples, dtype=float)
    middle, reach = _window(shown)
    for ax in axes[len(samples) :]:
        ax.set_axis_off()
    for ax, name, cloud in zip(axes, found.units, shown, strict=False):
        outside = int((~(np.abs(cloud - middle).max(1) <= reach)).sum())  # what is no number, too
        ax.scatter(cloud[:, 0], cloud[:, 1], s=1.5, color=BLUE, lw=0)
        ax.set(xticks=[], yticks=[], xlim=(middle[0] - reach, middle[0] + reach))
        ax.set(ylim=(middle[1] - reach, middle[1] + reach), aspect="equal")
        ax.spines[:].set_color(FAINT)
        ax.set_title(f"{name}, {outside} of {len(cloud)} outside" if outside else name, fontsize=7, pad=2)
    return figure


def _window(clouds: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Its middle and half its side: most of every cloud lies in it, and far points of one do not make all others small.

    What is not finite lies outside.
    """
    there = [cloud[np.isfinite(cloud).all(1)] for cloud in clouds]
    ends = np.array([np.quantile(cloud, (0.02, 0.98), axis=0) for cloud in there if len(cloud)])
    if not len(ends):
        return np.zeros(2), 1.0
    low, high = ends[:, 0].min(0), ends[:, 1].max(0)
    return (low + high) / 2, 0.6 * float((high - low).max()) or 1.0
