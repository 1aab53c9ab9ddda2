"""Theory on the line, drawn: all best critics, a trained critic on its way, two gradients, readings against the truth.

figure = best_critics(x, {"real": p, "generated": q}, {"minimax": scores, ...})
figure = nearing(over_steps(...), ratio_map(...))
figure = two_gradients(shifts, saturating, other)
figure = ranked(tracking(...), {"speed": values}, distances)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ganatomy.errors import UsageError
from ganatomy.theory.regret import Nearness, RatioMap
from ganatomy.views.canvas import BLUE, FAINT, INK, ORANGE, QUIET, canvas, plain
from ganatomy.views.charts import curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STEEP = 6.0  # scores beyond are cut off: odds of 400
FLOOR = 1e-6  # of logarithmic axes


def best_critics(
    x: ArrayLike, densities: Mapping[str, ArrayLike], scores: Mapping[str, ArrayLike], *, columns: int = 4
) -> Figure:
    """A panel a loss: the best critic's score, over the two densities, which have no scale of their own."""
    from matplotlib.figure import Figure

    down = -(-len(scores) // columns)
    figure = Figure(figsize=(2.3 * columns, 1.9 * down + 0.3), layout="constrained")
    panels = figure.subplots(down, columns, squeeze=False, sharex=True).ravel()
    places = np.asarray(x, dtype=float)
    for ax, (name, values) in zip(panels, scores.items(), strict=False):
        flat = np.asarray(values, dtype=float)
        low, high = max(float(flat.min()), -STEEP), min(float(flat.max()), STEEP)
        pad = 0.08 * (high - low)
        plain(ax).set(ylim=(low - pad, high + pad))
        ax.set_title(name, fontsize=8, loc="left")
        _hills(ax, places, densities)
        ax.axhline(0, color=QUIET, lw=0.6)
        ax.plot(places, flat, color=INK, lw=1.6, gid="score")
    for ax in panels[len(scores) :]:
        ax.set_axis_off()
    for ax in panels[: len(scores)][-columns:]:
        ax.set_xlabel("x", fontsize=8)
        ax.tick_params(labelbottom=True)
    for ax in panels[: len(scores) : columns]:
        ax.set_ylabel("score", fontsize=8)
    handles = {patch.get_label(): patch for patch in panels[0].collections if patch.get_gid() == "hill"}
    (line,) = (line for line in panels[0].lines if line.get_gid() == "score")
    figure.legend(
        [*handles.values(), line],
        [*map(str, handles), "score of the best critic"],
        fontsize=7,
        frameon=False,
        ncols=3,
        loc="outside upper left",
    )
    return figure


def nearing(steps: Sequence[Nearness], shown: RatioMap) -> Figure:
    """Above the regret and the errors over steps, below the last critic beside the best one, and where loss is left."""
    from matplotlib.figure import Figure

    if len(shown.ticks) != 1:
        raise UsageError("a critic of the plane was to be drawn on a line", "use views.theory.ratio_maps")
    figure = Figure(figsize=(8.6, 5.2), layout="constrained")
    (over, errors), (scores, left) = figure.subplots(2, 2)
    kept = [each for each in steps if each.step > 0]
    places = [each.step for each in kept]
    regret, room = (np.array([getattr(each.regret, name) for each in kept]) for name in ("value", "error"))
    plain(over).fill_between(places, np.maximum(regret - room, FLOOR), regret + room, color=BLUE, alpha=0.25, lw=0)
    over.plot(places, regret, "o-", color=BLUE, ms=3.5, lw=1.6)
    over.set_ylabel("regret: loss above the least", fontsize=8)
    lines = {
        "mean |D - D*|": [each.gap for each in kept],
        "largest |D - D*|": [each.worst for each in kept],
        "log ratio, weighted": [each.weighted for each in kept],
        "log ratio, unweighted": [each.unweighted for each in kept],
    }
    curves(places, lines, legend=True, across="step", label="error", ax=plain(errors))
    over.set_xlabel("step", fontsize=8)
    for ax in (over, errors):
        ax.set(xscale="log", yscale="log")
    pair = {"best critic": shown.best, f"after {kept[-1].step} steps": shown.found}
    curves(shown.ticks[0], pair, label="score", across="x", legend=True, ax=plain(scores))
    most = float(shown.best.abs().max())
    scores.set_ylim(-min(most, 2 * STEEP), min(most, 2 * STEEP))
    plain(left).fill_between(np.asarray(shown.ticks[0]), np.asarray(shown.regret), color=ORANGE, alpha=0.4, lw=0)
    left.plot(np.asarray(shown.ticks[0]), np.asarray(shown.regret), color=ORANGE, lw=1.2)
    left.set_ylim(0)
    left.set_xlabel("x", fontsize=8)
    left.set_ylabel("regret, per length", fontsize=8)
    return figure


def two_gradients(shifts: ArrayLike, saturating: ArrayLike, other: ArrayLike, *, ax: Axes | None = None) -> Figure:
    """What pulls N(t, 1) back to N(0, 1) at the best critic; Wasserstein's is 1 at every distance."""
    figure, ax = canvas(5.6, 3.2, ax=ax)
    places = np.asarray(shifts, dtype=float)
    lines = {
        "saturating": np.asarray(saturating, dtype=float),
        "non-saturating": np.asarray(other, dtype=float),
        "their sum, t": np.asarray(saturating, dtype=float) + np.asarray(other, dtype=float),
        "Wasserstein": np.ones_like(places),
    }
    curves(places, lines, legend=True, across="t: how far apart", label="gradient", ax=ax)
    ax.set_yscale("log")
    return figure


def ranked(found: Mapping[str, float], readings: Mapping[str, ArrayLike], distances: ArrayLike) -> Figure:
    """Left how each reading ranks runs against their distance to rest, right two of them, a mark a run."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.6, 3.0), layout="constrained")
    left, right = (plain(ax) for ax in figure.subplots(1, 2))
    names = sorted(found, key=lambda name: -found[name])
    left.axvline(0, color=QUIET, lw=0.8)
    for row, name in enumerate(names):
        left.plot([0, found[name]], [row, row], color=FAINT, lw=3, solid_capstyle="butt")
        left.plot(found[name], row, "o", color=BLUE, ms=5)
    left.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5))
    left.set(xlim=(-1.05, 1.05), xticks=(-1, -0.5, 0, 0.5, 1))
    left.set_xlabel("rank correlation with the distance to rest", fontsize=8)
    for (name, values), colour, mark in zip(readings.items(), (BLUE, ORANGE), "o^", strict=False):
        right.plot(
            distances, np.maximum(np.asarray(values, dtype=float), FLOOR**2), mark, color=colour, ms=4, label=name
        )
    right.set(xscale="log", yscale="log", xlim=_decades(np.asarray(distances, dtype=float)))
    right.xaxis.set_minor_formatter("")
    right.set_xlabel("distance to rest, over the last quarter", fontsize=8)
    right.set_ylabel("reading", fontsize=8)
    right.legend(fontsize=7, frameon=False)
    return figure


def _decades(values: NDArray[np.float64]) -> tuple[float, float]:
    """From a little below the least to the next power of ten, so that two ticks bear a number."""
    low, high = float(values.min()), 10.0 ** np.ceil(np.log10(values.max()))
    return min(0.8 * low, 0.09 * high), float(high)


def _hills(ax: Axes, places: ArrayLike, densities: Mapping[str, ArrayLike]) -> None:
    behind = ax.twinx()
    top = max(float(np.max(np.asarray(values))) for values in densities.values())
    behind.set(ylim=(0, 1.4 * top), yticks=[])
    behind.spines[:].set_visible(False)
    ax.set_zorder(behind.get_zorder() + 1)
    ax.patch.set_visible(False)
    for (name, values), colour in zip(densities.items(), (ORANGE, BLUE), strict=False):
        behind.fill_between(places, np.asarray(values, dtype=float), color=colour, alpha=0.22, lw=0, label=name)
        ax.fill_between([], [], color=colour, alpha=0.22, lw=0, label=name, gid="hill")  # for the key
