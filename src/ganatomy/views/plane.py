"""A GAN of the plane, drawn: the critic's field, the latent mesh, pulls beside the best pulls, where latents go.

figure = critic_field(field(gan, real))             # explain.game.plane
figure = latent_mesh(mesh(gan), real=x)
figure = both_pulls(pulled(gan, loss, real, against=against))
figure = paths(trajectories(gans, world=world), real=x)
figure = best_beside(near_map(gan, loss, against)); figure = readings(near(gan, loss, against))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from ganatomy.results.explanation import Explanation
from ganatomy.theory.regret import RatioMap
from ganatomy.views.canvas import BLUE, INK, ORANGE, QUIET, SIGNED, canvas, plain
from ganatomy.views.theory import arrows, ratio_maps

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

DOTS = 400  # of each kind
DOTS_PER_INCH = 220
MOST = 0.99  # of the points' scores lie on the scale; those beyond take its last colour
BULK = 0.01  # of the densities at either end take the last colour
SHOWN = 80  # latents whose paths are drawn
OLD, NEW = (0.12, 0.4), (0.9, 1.7)  # opacity and width of a path
CROWD, TOGETHER = 4.0, 0.02  # so many times the distance that this share of the pairs is within


def critic_field(found: Explanation, *, ax: Axes | None = None) -> Figure:
    """Orange where the critic says real, purple where generated, and the line where it is undecided."""
    figure, ax = canvas(5.4, 4.2, ax=ax)
    score, level = found.arrays["score"], float(found.arrays["level"])
    known = np.concatenate([found.arrays["real_scores"], found.arrays["made_scores"]])
    most = max(float(np.quantile(np.abs(known - level), MOST)), 1e-9)
    x, y = found.arrays["x"], found.arrays["y"]
    drawn = ax.imshow(
        score,
        cmap=SIGNED,
        vmin=level - most,
        vmax=level + most,
        extent=(*_edges(x), *_edges(y)),
        origin="lower",
        interpolation="nearest",
    )
    if score.min() < level < score.max():
        ax.contour(x, y, score, levels=[level], colors=INK, linewidths=0.9)
        ax.plot([], [], color=INK, lw=0.9, label="undecided")
    for name, points, fill, mark in (
        ("real", found.arrays["real"], "white", "o"),
        ("generated", found.arrays["made"], INK, "^"),
    ):
        if len(points):
            size = 6 if name == "real" else 9
            _dots(ax, points, label=name, size=size, color=fill, edge=INK if mark == "o" else "white", mark=mark)
    ax.set(xlim=_edges(x), ylim=_edges(y))
    _named(ax)
    _bar(figure, ax, drawn, "score of the critic")
    return figure


def latent_mesh(found: Explanation, *, real: ArrayLike | None = None, ax: Axes | None = None) -> Figure:
    """The grid of latents where the generator lays it, darker where it puts more; behind it the real points."""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import Normalize

    figure, ax = canvas(5.4, 4.2, ax=ax)
    lines, logs = found.arrays["lines"], np.asarray(found.arrays["log_density"], dtype=float) / np.log(10)
    if real is not None:
        _dots(ax, real, label="real", size=10, color=ORANGE)
    pieces = np.stack([lines[:, :-1], lines[:, 1:]], 2).reshape(-1, 2, 2)
    levels = 0.5 * (logs[:, :-1] + logs[:, 1:]).ravel()
    low, high = np.quantile(levels[np.isfinite(levels)], [BULK, 1 - BULK])
    order = np.argsort(levels)  # dense ones above
    mesh = LineCollection(
        list(pieces[order]),
        array=levels[order],
        cmap="viridis_r",
        norm=Normalize(low, high if high > low else low + 1),
        linewidths=2.2 if len(lines) == 1 else 0.7,
        label="latents",
    )
    mesh.set_rasterized(True)  # ten thousand pieces would make a drawing of some megabytes
    figure.set_dpi(DOTS_PER_INCH)
    ax.add_collection(mesh)
    _window(ax, np.concatenate([found.arrays["made"], lines.reshape(-1, 2)]))
    if real is not None:
        _named(ax)
    per = "length of the curve" if len(lines) == 1 else "area"
    _bar(figure, ax, mesh, f"generated density per {per}, power of ten")
    return figure


def both_pulls(found: Explanation) -> Figure:
    """The generator's loss by this critic, and by the best one where it is known; below the same within one crowd."""
    from matplotlib.figure import Figure

    samples, real = found.arrays["samples"], found.arrays["real"]
    sides = {"this critic": found.arrays["pull"]}
    sides |= {"the best critic": found.arrays["best"]} if "best" in found.arrays else {}
    middle, reach = _crowd(samples)
    near, beside = (np.abs(points - middle).max(1) <= reach for points in (samples, real))
    figure = Figure(figsize=(4.8 * len(sides), 7.4), layout="constrained")
    for (above, below), (name, pull) in zip(
        figure.subplots(2, len(sides), squeeze=False).T, sides.items(), strict=True
    ):
        arrows(samples, pull, real=real, ax=plain(above))
        arrows(samples[near], pull[near], real=real[beside], ax=plain(below))
        above.set_title(name, fontsize=9, loc="left")
        below.set_title(f"{name}, within one crowd", fontsize=9, loc="left")
        below.xaxis.set_major_locator(_few())
    return figure


def _crowd(samples: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """The sample with most others near it, and how far to look: modes may be too small to be seen in the plane."""
    apart = np.linalg.norm(samples[:, None] - samples[None], axis=2)
    reach = max(CROWD * float(np.quantile(apart[np.triu_indices(len(apart), 1)], TOGETHER)), 1e-9)
    middle = samples[(apart <= reach).sum(1).argmax()]
    return middle, reach


def _few() -> MaxNLocator:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(4)


def paths(found: Explanation, *, real: ArrayLike | None = None, ax: Axes | None = None) -> Figure:
    """A line a latent, fainter and thinner where older; orange where it came to another mode. The dot is the last."""
    from matplotlib.collections import LineCollection

    figure, ax = canvas(5.4, 4.4, ax=ax)
    places = found.arrays["places"][:, :SHOWN]
    steps = len(places) - 1
    changed = (
        found.arrays["modes"][1:, :SHOWN] != found.arrays["modes"][:-1, :SHOWN] if "modes" in found.arrays else None
    )
    if real is not None:
        _dots(ax, real, label="real", size=8, color=QUIET)
    for step in range(steps):
        alpha, width = np.asarray(OLD) + ((step + 1) / steps) ** 2 * (np.asarray(NEW) - np.asarray(OLD))
        colours = [BLUE if changed is None or not changed[step, at] else ORANGE for at in range(places.shape[1])]
        pieces = np.stack([places[step], places[step + 1]], 1)
        ax.add_collection(LineCollection(list(pieces), colors=colours, linewidths=width, alpha=alpha, capstyle="round"))
    _dots(ax, places[-1], label=found.units[-1], size=11, color=INK, edge="white")
    ax.plot([], [], color=BLUE, label="from one checkpoint to the next")
    if changed is not None:
        ax.plot([], [], color=ORANGE, label="to another mode")
    _window(ax, places.reshape(-1, 2))
    _named(ax)
    return figure


def best_beside(found: Explanation) -> Figure:
    """The critic, the best critic of the same loss, and where its loss is left lying."""
    tables = {name: torch.as_tensor(np.array(found.arrays[name])) for name in found.arrays}
    names = ("found", "best", "regret", "log_p", "log_q")
    return ratio_maps(RatioMap((tables["x"], tables["y"]), *(tables[name] for name in names)))


def readings(found: Explanation) -> Figure:
    """Each reading beside its floor and beside that of an undecided critic, in shares of the latter."""
    known = [place for place in range(len(found.units)) if np.isfinite(found.arrays["value"][place])]
    known = [place for place in known if found.units[place] != "share of the loss left"]  # the first row, divided
    figure, ax = canvas(5.6, 1.0 + 0.34 * len(known))
    scale = np.maximum(found.arrays["undecided"][known], 1e-300)
    rows = np.arange(len(known))
    kinds = (("value", BLUE, "o", "this critic"), ("second_estimate", BLUE, "|", "by a second estimate"))
    for name, colour, mark, label in (*kinds, ("floor", QUIET, "s", "floor: a best critic reads this")):
        ax.plot(found.arrays[name][known] / scale, rows, mark, color=colour, ms=9 if mark == "|" else 5, label=label)
    ax.axvline(1, color=INK, lw=0.8)
    ax.annotate(
        "undecided", (1, 1), xycoords=("data", "axes fraction"), fontsize=7, color=QUIET, ha="center", va="bottom"
    )
    names = [found.units[place] for place in known]
    ax.set(yticks=rows, yticklabels=names, ylim=(len(known) - 0.5, -0.5), xlim=(0, None))
    ax.set_xlabel("in shares of what an undecided critic reads", fontsize=8)
    ax.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def _dots(
    ax: Axes, points: ArrayLike, *, label: str, size: float, color: str, edge: str = "none", mark: str = "o"
) -> None:
    flat, wide = np.asarray(points, dtype=float)[:DOTS], 0.0 if edge == "none" else 0.4
    above = 1 if edge == "none" else 3  # points of the data lie behind lines
    ax.scatter(flat[:, 0], flat[:, 1], s=size, c=color, marker=mark, lw=wide, edgecolor=edge, label=label, zorder=above)


def _edges(ticks: NDArray[np.float64]) -> tuple[float, float]:
    """The ticks are the middles of pixels."""
    half = 0.5 * float(ticks[1] - ticks[0])
    return float(ticks[0]) - half, float(ticks[-1]) + half


def _window(ax: Axes, points: NDArray[np.float64]) -> None:
    low, high = points.min(0), points.max(0)
    room = 0.05 * max(float((high - low).max()), 1e-9)
    ax.set(xlim=(low[0] - room, high[0] + room), ylim=(low[1] - room, high[1] + room))
    ax.set_aspect("equal", adjustable="box")


def _named(ax: Axes) -> None:
    """Above the picture, where no point is hidden."""
    ax.legend(
        fontsize=7,
        frameon=True,
        facecolor="#eeeeee",
        edgecolor="none",
        ncols=3,
        loc="lower left",
        bbox_to_anchor=(0, 1),
    )


def _bar(figure: Figure, ax: Axes, drawn: object, label: str) -> None:
    bar = figure.colorbar(drawn, ax=ax, shrink=0.8)  # type: ignore[arg-type]
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=8)
