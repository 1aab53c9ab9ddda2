"""A run and its twin side by side, and the effect of a change over the rounds after the fork.

figure = side_by_side(beside("runs/0001-...", "runs/0002-...-fork-500-s0"))
figure = effect_over_rounds(told.course("gap"))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ganatomy.numerics.statistics.effects import Effect
from ganatomy.pictures import Pixels
from ganatomy.views.canvas import BLUE, FAINT, INK, ORANGE, QUIET, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

ACROSS = 3  # panels in a row
MOST = 1000.0  # ratios beyond are drawn here


class Pair(Protocol):
    """What is drawn of a `verbs.fork.Beside`."""

    @property
    def at(self) -> int: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def original(self) -> tuple[Mapping[str, float], ...]: ...
    @property
    def twin(self) -> tuple[Mapping[str, float], ...]: ...
    @property
    def shown(self) -> int: ...
    @property
    def pictures(self) -> tuple[Pixels, ...]: ...


class Course(Protocol):
    """What is drawn of an `experiments.forks.Course`."""

    @property
    def name(self) -> str: ...
    @property
    def rounds(self) -> tuple[int, ...]: ...
    @property
    def same(self) -> tuple[Effect, ...]: ...
    @property
    def fresh(self) -> tuple[Effect, ...]: ...
    @property
    def noise(self) -> tuple[float, ...]: ...
    @property
    def gain(self) -> tuple[float, ...]: ...
    @property
    def horizon(self) -> int: ...


def side_by_side(pair: Pair) -> Figure:
    """Curves of both over the rounds, equal up to the dashed line; below, what both put out at the end."""
    from matplotlib.figure import Figure

    rows = -(-len(pair.names) // ACROSS)
    heights = [2.2 * rows, *([3.6] if pair.pictures else [])]
    figure = Figure(figsize=(10, sum(heights)), layout="constrained")
    above, *below = figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    panels = above.subplots(rows, ACROSS, squeeze=False).flatten()
    for ax, name in zip(panels, pair.names, strict=False):
        _curves(plain(ax), pair, name)
    for ax in panels[len(pair.names) :]:
        ax.set_axis_off()
    handles = panels[0].get_legend_handles_labels()
    above.legend(*handles, loc="outside upper right", ncols=2, fontsize=8, frameon=False)
    for part in below:
        _sheets(part, pair)
    return figure


def _curves(ax: Axes, pair: Pair, name: str) -> None:
    for rows, colour, label, wide in ((pair.original, INK, "as it was", 2.2), (pair.twin, ORANGE, "twin", 1.2)):
        read = [(row["step"], row[name]) for row in rows if name in row]
        ax.plot(*np.array(read, dtype=float).reshape(-1, 2).T, color=colour, lw=wide, label=label)
    ax.axvline(pair.at, color=QUIET, ls="--", lw=0.8)
    ax.set_title(name, fontsize=8, loc="left")


def _sheets(part: SubFigure, pair: Pair) -> None:
    for ax, picture, name in zip(part.subplots(1, 2), pair.pictures, ("as it was", "twin"), strict=True):
        ax.set_axis_off()
        ax.imshow(picture.squeeze(), cmap="gray", interpolation="nearest")
        ax.set_title(f"{name}, round {pair.shown}", fontsize=8, loc="left")


def effect_over_rounds(course: Course) -> Figure:
    """Left: the effect with the same and with other randomness, over the band that chance makes. Right: by how
    much other randomness makes the variance of the effect larger; in the grey it hardly does."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3), layout="constrained")
    left, right = (plain(each) for each in figure.subplots(1, 2, width_ratios=[3, 2]))
    rounds, noise = np.array(course.rounds), np.array(course.noise)
    left.fill_between(rounds, -noise, noise, color=FAINT, lw=0, label="sd of chance between two runs")
    left.axhline(0, color=QUIET, lw=0.8)
    _line(left, rounds, course.same, colour=BLUE, label="changed, same randomness", aside=1.0)
    _line(left, rounds, course.fresh, colour=ORANGE, label="changed, other randomness", aside=1.08)
    left.set_ylabel(f"change of {course.name}", fontsize=8)
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper left", ncols=3, fontsize=7, frameon=False)
    gain = np.clip(np.array(course.gain), 0.1, MOST)
    right.axhspan(0.1, 2, color=FAINT, lw=0)
    right.axhline(1, color=QUIET, lw=0.8)
    right.plot(rounds, gain, "o-", color=INK, ms=3.5, lw=1.4)
    right.set(yscale="log", ylim=(0.1, MOST * 1.3))
    right.set_ylabel("what the same randomness\nis worth: ratio of variances", fontsize=8)
    if course.horizon:
        right.axvline(course.horizon, color=QUIET, ls="--", lw=0.8)
    for ax in (left, right):
        ax.set_xscale("log")
        ax.set_xticks(rounds, [str(each) for each in rounds])
        ax.minorticks_off()
        ax.set_xlabel("rounds after the fork", fontsize=8)
    return figure


def _line(
    ax: Axes, rounds: NDArray[np.int64], effects: Sequence[Effect], *, colour: str, label: str, aside: float
) -> None:
    """Beside each other, so that both intervals are seen."""
    values = np.array([effect.value for effect in effects])
    ends = np.array([[effect.interval.low, effect.interval.high] for effect in effects]).T
    ax.errorbar(rounds * aside, values, np.abs(ends - values), color=colour, lw=1.4, fmt="o-", ms=3.5, label=label)
