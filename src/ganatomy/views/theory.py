"""Theory drawn: a critic's field beside the best one, where its loss is left lying, what pulls on samples and what not.

figure = decision_field(shown, real=x, made=y)          # shown: theory.regret.ratio_map(...)
figure = ratio_maps(shown)                              # critic, best critic, regret
figure = arrows(samples, pulls(loss, critic, samples), real=x)
figure = approach(over_steps(...)); figure = parted(parting([...]))
figure = apart(p, q)                                    # two densities, D*, and every divergence
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.theory.densities import Density
from ganatomy.theory.divergences import divergences
from ganatomy.theory.quadrature import Integral
from ganatomy.theory.regret import Nearness, RatioMap
from ganatomy.theory.tails import box
from ganatomy.theory.vanishing import Parting
from ganatomy.views.canvas import BLUE, FAINT, GROWING, INK, ORANGE, QUIET, SIGNED, canvas, plain
from ganatomy.views.charts import curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DOTS = 600  # of each kind
STEEP = 6.0  # scores beyond are one colour: a log ratio of 6 is odds of 400
SEEN = 1e-4  # of the highest density: what lies below it is left white where densities are shown


def decision_field(
    shown: RatioMap, *, real: ArrayLike | None = None, made: ArrayLike | None = None, ax: Axes | None = None
) -> Figure:
    """The critic's score over the plane, orange where it says real, and the line where it is undecided."""
    figure, ax = canvas(4.6, 3.8, ax=ax)
    _field(figure, ax, shown, shown.found, label="score of the critic")
    for name, points, fill, mark in (("real", real, "white", "o"), ("generated", made, INK, "^")):
        if points is not None:
            flat = np.asarray(points, dtype=float)[:DOTS]
            ax.scatter(flat[:, 0], flat[:, 1], s=9, c=fill, marker=mark, lw=0.5, edgecolor=INK, label=name)
    if real is not None or made is not None:
        ax.legend(fontsize=7, loc="upper right", framealpha=0.9, edgecolor="none")
    return figure


def ratio_maps(shown: RatioMap) -> Figure:
    """The critic, the best critic of the same loss on one scale, and the regret, as a density that sums to the regret.

    Fields are faded where there is next to no mass, since no loss sees a critic there.
    """
    from matplotlib.figure import Figure

    if len(shown.ticks) != 2:
        return _on_the_line(shown)
    figure = Figure(figsize=(10.5, 3.4), layout="constrained")
    left, middle, right = (plain(each) for each in figure.subplots(1, 3))
    mass = torch.logaddexp(shown.log_p, shown.log_q)
    for ax, table, title in ((left, shown.found, "critic"), (middle, shown.best, "best critic")):
        _field(figure, ax, shown, table, label="score", seen=mass)
        ax.set_title(title, fontsize=9, loc="left")
    drawn = _table(right, shown, shown.regret.clamp(min=0), colours=GROWING, limits=(0.0, _top(shown.regret)))
    _bar(figure, right, drawn, "regret, per area")
    right.set_title("where loss is left", fontsize=9, loc="left")
    return figure


def arrows(samples: ArrayLike, pulled: ArrayLike, *, real: ArrayLike | None = None, ax: Axes | None = None) -> Figure:
    """Each generated sample and where the generator's loss pulls it; the longest arrow is a twelfth of the picture.

    Lengths go with the root of the strength, so that weak ones are seen, and the colour tells the strength.
    """
    from matplotlib.colors import Normalize

    places, force = (np.asarray(given, dtype=float)[:DOTS] for given in (samples, pulled))
    if places.ndim != 2 or places.shape[1] != 2 or force.shape != places.shape:
        raise UsageError(
            f"arrows were to be drawn from pulls {force.shape} on samples {places.shape}", "give both as (n, 2)"
        )
    figure, ax = canvas(4.6, 3.8, ax=ax)
    if real is not None:
        kept = np.asarray(real, dtype=float)[:DOTS]
        ax.scatter(kept[:, 0], kept[:, 1], s=6, color=FAINT, lw=0, zorder=0, label="real")
        ax.legend(fontsize=7, frameon=False, loc="upper right")
    strength = np.linalg.norm(force, axis=1)
    most = strength.max() or 1.0
    span = float(np.ptp(places, axis=0).max()) / 12
    drawn = force / np.maximum(strength, 1e-300)[:, None] * np.sqrt(strength / most)[:, None] * span
    shown = ax.quiver(
        places[:, 0],
        places[:, 1],
        drawn[:, 0],
        drawn[:, 1],
        strength,
        angles="xy",
        scale_units="xy",
        scale=1,
        width=0.004,
        cmap="viridis_r",
        norm=Normalize(0, most),
    )
    ax.scatter(places[:, 0], places[:, 1], s=4, color=INK, lw=0)
    ax.set_aspect("equal", adjustable="datalim")
    _bar(figure, ax, shown, "pull on a sample")
    return figure


def approach(steps: Sequence[Nearness]) -> Figure:
    """Regret and errors over steps, both axes logarithmic; the band is the regret's own error of integration."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3), layout="constrained")
    left, right = (plain(each) for each in figure.subplots(1, 2))
    places = [max(each.step, 1) for each in steps]
    regret = np.array([each.regret.value for each in steps])
    room = np.array([each.regret.error for each in steps])
    left.fill_between(places, np.maximum(regret - room, 1e-16), regret + room, color=BLUE, alpha=0.25, lw=0)
    left.plot(places, regret, "o-", color=BLUE, ms=3.5, lw=1.6)
    left.set_ylabel("regret: loss above the least", fontsize=8)
    lines = {
        "mean |D - D*|": [each.gap for each in steps],
        "largest |D - D*|": [each.worst for each in steps],
        "log ratio, weighted": [each.weighted for each in steps],
        "log ratio, unweighted": [each.unweighted for each in steps],
    }
    curves(places, {name: row for name, row in lines.items() if np.isfinite(row).all()}, legend=True, ax=right)
    right.set_ylabel("error", fontsize=8)
    for ax in (left, right):
        ax.set(xscale="log", yscale="log")
        ax.set_ylim(*_decades(*ax.dataLim.intervaly))
        ax.set_xlabel("step", fontsize=8)
    return figure


def parted(found: Parting) -> Figure:
    """As real and generated are drawn apart: divergences that level off, and pulls that die, with those that do not."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.5, 3.2), layout="constrained")
    left, right = (plain(each) for each in figure.subplots(1, 2))
    curves(found.distances, found.apart, label="divergence", across="distance", legend=True, ax=left)
    curves(found.distances, found.pulls, label="mean pull back", across="distance", legend=True, ax=right)
    left.set_yscale("log")
    right.set_yscale("symlog", linthresh=1e-4)
    right.set_ylim(bottom=0)
    return figure


def apart(p: Density, q: Density, *, found: Mapping[str, Integral] | None = None) -> Figure:
    """Two densities (on the line with D*), and beside them what each divergence comes to; infinite ones say so."""
    from matplotlib.figure import Figure

    values = divergences(p, q) if found is None else found
    figure = Figure(figsize=(8.5, 3.2), layout="constrained")
    left, right = (plain(each) for each in figure.subplots(1, 2, gridspec_kw={"width_ratios": [3, 2]}))
    (_lines if p.dimensions == 1 else _hills)(left, p, q)
    names = [name for name in values if name != "V"]
    rows = np.arange(len(names))
    for row, name in zip(rows, names, strict=True):
        value = values[name]
        known = math.isfinite(value.value) and value.value > 0
        if known:
            right.plot(value.value, row, "o", color=BLUE, ms=4)
        text = f"{value.value:.6g}" if math.isfinite(value.value) else "infinite"
        right.annotate(text, (1.02, row), xycoords=("axes fraction", "data"), fontsize=8, va="center")
    right.axvline(math.log(2), color=QUIET, lw=0.8)
    right.annotate("log 2", (math.log(2), -0.9), fontsize=7, color=QUIET, ha="center", annotation_clip=False)
    right.set(xscale="log", yticks=rows, yticklabels=names, ylim=(len(names) - 0.5, -0.5))
    right.set_xlim(*_decades(*right.dataLim.intervalx))
    return figure


def _lines(ax: Axes, p: Density, q: Density) -> None:
    low, high = box(p, q, reach=4.0)
    x = torch.linspace(float(low), float(high), 600, dtype=torch.float64)
    log_p, log_q = p.log_density(x[:, None]), q.log_density(x[:, None])
    for name, logs, colour in (("p, real", log_p, ORANGE), ("q, generated", log_q, BLUE)):
        ax.fill_between(x, logs.exp(), color=colour, alpha=0.25, lw=0)
        ax.plot(x, logs.exp(), color=colour, lw=1.4, label=name)
    ax.set_ylabel("density", fontsize=8)
    other = ax.twinx()
    other.plot(x, (log_p - log_q).sigmoid(), "--", color=INK, lw=1.2, label="D*")
    other.set(ylim=(0, 1.02))
    other.spines["top"].set_visible(False)
    other.tick_params(labelsize=8)
    other.set_ylabel("D* = p / (p + q)", fontsize=8)
    handles = [*ax.get_lines(), *other.get_lines()]
    names = [str(each.get_label()) for each in handles]
    ax.legend(handles, names, fontsize=7, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=3)


def _hills(ax: Axes, p: Density, q: Density) -> None:
    low, high = box(p, q, reach=4.0)
    ticks = [torch.linspace(float(a), float(b), 161, dtype=torch.float64) for a, b in zip(low, high, strict=True)]
    places = torch.stack([axis.reshape(-1) for axis in torch.meshgrid(*ticks, indexing="xy")], 1)
    for each, colour in ((p, ORANGE), (q, BLUE)):
        table = each.log_density(places).reshape(161, 161)
        levels = [float(table.max()) - drop for drop in (4.5, 2.0, 0.5)]
        ax.contour(
            ticks[0], ticks[1], table, levels=levels, colors=colour, linewidths=[0.7, 1.1, 1.6], linestyles="solid"
        )
    for name, colour in (("p, real", ORANGE), ("q, generated", BLUE)):
        ax.plot([], [], color=colour, label=name)
    ax.legend(fontsize=7, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    ax.set_aspect("equal", adjustable="datalim")


def _on_the_line(shown: RatioMap) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3), layout="constrained")
    left, right = (plain(each) for each in figure.subplots(1, 2))
    lines = {"critic": shown.found, "best critic": shown.best}
    curves(shown.ticks[0], lines, label="score", across="x", legend=True, ax=left)
    curves(shown.ticks[0], {"regret": shown.regret}, label="regret, per length", across="x", legend=True, ax=right)
    return figure


def _field(figure: Figure, ax: Axes, shown: RatioMap, table: Tensor, *, label: str, seen: Tensor | None = None) -> None:
    """A signed table with its line of 0; faded where `seen`, a log density, is far below its highest."""
    if len(shown.ticks) != 2:
        raise UsageError("the field of a critic on the line was to be drawn", "give a map of the plane")
    most = min(float(shown.best.abs().max()), STEEP)
    drawn = _table(ax, shown, table, colours=SIGNED, limits=(-most, most))
    values = table.numpy()
    if values.min() < 0 < values.max():
        ax.contour(shown.ticks[0], shown.ticks[1], values, levels=[0.0], colors=INK, linewidths=0.9)
    if seen is not None:
        hidden = (seen < seen.max() + math.log(SEEN)).double().numpy()
        veil = np.ones((*hidden.shape, 4)) * np.array([1, 1, 1, 0.75]) * np.stack([hidden] * 4, -1)
        ax.imshow(veil, extent=_extent(shown), origin="lower", interpolation="nearest", aspect="equal")
    _bar(figure, ax, drawn, label)


def _table(ax: Axes, shown: RatioMap, table: Tensor, *, colours: str, limits: tuple[float, float]) -> object:
    low, high = limits
    return ax.imshow(
        table.numpy(),
        cmap=colours,
        vmin=low,
        vmax=high,
        extent=_extent(shown),
        origin="lower",
        interpolation="nearest",
        aspect="equal",
    )


def _extent(shown: RatioMap) -> tuple[float, float, float, float]:
    """The ticks are the middles of pixels."""
    edges: list[float] = []
    for ticks in shown.ticks:
        half = float(ticks[1] - ticks[0]) / 2
        edges += [float(ticks[0]) - half, float(ticks[-1]) + half]
    return edges[0], edges[1], edges[2], edges[3]


def _top(table: Tensor) -> float:
    """The end of a scale: 999 of 1000 values lie below, so that one pixel does not darken all others."""
    values: NDArray[np.float64] = table.numpy()
    return max(float(np.quantile(values, 0.999)), 1e-12)


def _decades(low: float, high: float) -> tuple[float, float]:
    """Limits of a logarithmic axis at powers of ten, so that it has labels and these do not collide."""
    if not 0 < low <= high:
        return 1e-3, 1.0
    return 10.0 ** math.floor(math.log10(low)), 10.0 ** math.ceil(math.log10(high) + 1e-9)


def _bar(figure: Figure, ax: Axes, drawn: object, label: str) -> None:
    bar = figure.colorbar(drawn, ax=ax, shrink=0.8)  # type: ignore[arg-type]
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=8)
