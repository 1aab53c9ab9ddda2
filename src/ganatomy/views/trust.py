"""Whether a score may be believed, drawn: reliability, the weights of samples, samples before and after a selection.

figure = reliability(found, "platt")                   # found: the Explanation of evaluate.trust.probability
figure = weights(found, "platt")
figure = before_and_after({"no selection": points, "rejection": kept})
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ganatomy.errors import UsageError
from ganatomy.results.explanation import Explanation
from ganatomy.views.canvas import BLUE, FAINT, ORANGE, QUIET, canvas, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STEPS = 40  # of a histogram
SHOWN = 2500  # points of each kind


def reliability(found: Explanation, head: str) -> Figure:
    """What was said against what was seen, with 95 % intervals, and below how often each probability was said.

    On the diagonal a score is calibrated; flatter than it, too sure.
    """
    from matplotlib.figure import Figure

    said, seen, low, high = (_of(found, head, name) for name in ("said", "seen", "low", "high"))
    there = np.isfinite(said)
    said, seen, low, high = said[there], seen[there], low[there], high[there]
    figure = Figure(figsize=(3.8, 4.8), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1]})
    plain(above).plot([0, 1], [0, 1], color=QUIET, lw=0.8)
    above.vlines(said, low, high, color=BLUE, lw=1.6)
    above.plot(said, seen, "o", color=BLUE, ms=4)
    above.set(xlim=(0, 1), ylim=(0, 1))
    above.set_ylabel("share of real ones seen", fontsize=8)
    error, z = found.grades.get(f"{head}: ECE"), found.grades.get(f"{head}: Spiegelhalter Z")
    if error is not None and error.floor is not None and z is not None:
        text = f"{head}: ECE {error.value:.3f} (calibrated reads {error.floor:.3f}), Z {z.value:.1f}"
        above.set_title(text, fontsize=8, loc="left")
    _counts(plain(below), found, head)
    return figure


def weights(found: Explanation, head: str) -> Figure:
    """The density ratio of generated samples on a logarithmic scale; 1 is where real and generated are as likely.

    The line is the share of all weight that samples up to there hold: where it rises late, a few samples decide.
    """
    logits = np.sort(_of(found, head, "made_logits"))
    ratio = np.exp(logits)
    figure, ax = canvas(5, 3)
    edges = np.geomspace(ratio[0] * (1 - 1e-9), ratio[-1] * (1 + 1e-9), STEPS).tolist()
    ax.hist(ratio, bins=edges, color=BLUE, alpha=0.7, weights=np.full(len(ratio), 1 / len(ratio)))
    ax.set_xscale("log")
    ax.axvline(1, color=QUIET, lw=0.8)
    ax.set_xlabel("density ratio real / generated", fontsize=8)
    ax.set_ylabel("share of generated samples", fontsize=8)
    held = plain(ax.twinx())
    held.plot(ratio, np.cumsum(ratio) / ratio.sum(), color=ORANGE, lw=1.6)
    held.set_ylim(0, 1.02)
    held.spines["right"].set_visible(True)
    held.set_ylabel("share of the weight up to here", fontsize=8, color=ORANGE)
    size = found.grades.get(f"{head}: effective sample size")
    if size is not None and size.interval is not None:
        bounds = f"{size.interval.low:.1%} to {size.interval.high:.1%}"
        ax.set_title(f"{head}: effective sample size {size.value:.1%} ({bounds})", fontsize=8, loc="left")
    return figure


def before_and_after(kinds: Mapping[str, ArrayLike], *, real: ArrayLike | None = None) -> Figure:
    """Points of the plane, one panel a selection, on one scale; real ones lie grey behind them."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    tables = {name: np.asarray(each, dtype=float)[:SHOWN] for name, each in kinds.items()}
    if not tables or any(each.ndim != 2 or each.shape[1] != 2 for each in tables.values()):
        raise UsageError("samples that are no points of the plane were to be drawn", "give tables of shape (n, 2)")
    columns = min(len(tables), 3)
    rows = math.ceil(len(tables) / columns)
    layout = ConstrainedLayoutEngine(rect=(0, 0, 1, 0.97))  # axes of equal scales would cut their titles off
    figure = Figure(figsize=(2.6 * columns, 2.75 * rows + 0.15), layout=layout)
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel().tolist()
    behind = None if real is None else np.asarray(real, dtype=float)[:SHOWN]
    for ax, (name, points) in zip(axes, tables.items(), strict=False):
        if behind is not None:
            ax.scatter(behind[:, 0], behind[:, 1], s=2, color=FAINT, lw=0)
        ax.scatter(points[:, 0], points[:, 1], s=2, color=BLUE, lw=0, alpha=0.6)
        plain(ax).set_title(name, fontsize=8, loc="left")
        ax.set_aspect("equal")
    for ax in axes[len(tables) :]:
        ax.set_visible(False)
    return figure


def _counts(ax: Axes, found: Explanation, head: str) -> None:
    bins = np.linspace(0, 1, 21).tolist()
    for name, colour, label in (("real_logits", BLUE, "real"), ("made_logits", ORANGE, "generated")):
        p = 1 / (1 + np.exp(-_of(found, head, name)))
        ax.hist(p, bins=bins, histtype="step", color=colour, label=label, lw=1.2)
    ax.legend(fontsize=7, frameon=False)
    ax.set_xlabel("probability of real that was said", fontsize=8)
    ax.set_ylabel("samples", fontsize=8)


def _of(found: Explanation, head: str, name: str) -> NDArray[np.float64]:
    if head not in found.units or name not in found.arrays:
        raise UsageError(
            f"the {name} of the head {head!r} were to be drawn", "its heads are: " + ", ".join(found.units)
        )
    return np.asarray(found.arrays[name][found.units.index(head)], dtype=float)
