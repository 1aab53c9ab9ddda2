"""What was found in a latent space, drawn: strips along directions, effects, paths, maps, inversions.

figure = strips(steering(gan, pca(gan, "start.act"), measurers), gan.format)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ganatomy.results.explanation import Explanation
from ganatomy.results.formats import Format
from ganatomy.views.canvas import BLUE, FAINT, ORANGE, canvas, plain
from ganatomy.views.charts import DASHES, curves, forest, matrix, points
from ganatomy.views.generator import tiles
from ganatomy.views.strips import Row, strip

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 12  # directions, paths or pictures on one figure


def strips(found: Explanation, format: Format) -> Figure:
    """One latent moved along each direction; the step in standard deviations stands above. Points: where they go."""
    steps = found.arrays["strip_steps"][0]
    if format.shape == (2,):
        return routes(found.units[:SHOWN], [pictures[0] for pictures in found.arrays["strip"][:SHOWN]])
    heads, plain = [f"{step:+.3g}" if step else "0" for step in steps], format.kind != "picture"
    named = zip(found.units[:SHOWN], found.arrays["strip"], strict=False)
    drawn = [
        Row(name, tiles(pictures[0], format), map=plain, heads=() if place else heads)
        for place, (name, pictures) in enumerate(named)
    ]
    return strip(drawn)


def effects(found: Explanation) -> Figure:
    """What following each direction does to every concept, in standard deviations of the concept, and what is claimed.

    Shown are the directions with the largest effect that is no doubtful one, then those with the largest doubtful one.
    """
    concepts = [str(name) for name in found.arrays["concepts"][0]]
    values = np.asarray(found.arrays["effect"], dtype=float)
    verdicts = np.asarray(found.arrays["verdict"])
    size = np.nan_to_num(np.abs(values))
    order = np.lexsort((-size.max(1), -(size * (verdicts == "present")).max(1)))
    best = np.sort(order[: 2 * SHOWN])
    names, label = [found.units[at] for at in best], "effect of one step, sd of the concept"
    return matrix(values[best], names, concepts, label=label, signed=True, verdicts=verdicts[best])


def rows(names: Sequence[str], samples: Sequence[np.ndarray], format: Format) -> Figure:
    """A row of samples for each name; points of a plane as routes through it."""
    if format.shape == (2,):
        return routes(names, samples)
    plain = format.kind != "picture"
    return strip([Row(name, tiles(each, format), map=plain) for name, each in zip(names, samples, strict=True)])


def routes(names: Sequence[str], samples: Sequence[np.ndarray]) -> Figure:
    """Points in the plane in their order, a line for each name; the last one is marked."""
    figure, ax = canvas(5.2, 4)
    ax.set_aspect("equal", adjustable="datalim")
    for number, (name, each) in enumerate(zip(names, samples, strict=True)):
        way = f".{DASHES[number % len(DASHES)]}"
        (line,) = ax.plot(each[:, 0], each[:, 1], way, lw=1, ms=4, color=f"C{number % 10}", label=name)
        ax.plot(each[-1:, 0], each[-1:, 1], "o", ms=6, color=line.get_color())
    ax.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def ways(found: Explanation, format: Format) -> Figure:
    """Pictures along paths, a row a path."""
    return rows(found.units[:SHOWN], list(found.arrays["pictures"][:SHOWN]), format)


def grid(found: Explanation, format: Format) -> Figure:
    """Pictures over two directions: steps along the first stand at the rows, along the second above the columns."""
    if format.shape == (2,):
        return ways(found, format)
    plain, heads = format.kind != "picture", found.units
    named = enumerate(zip(found.units, found.arrays["pictures"], strict=True))
    return strip([Row(name, tiles(each, format), map=plain, heads=() if at else heads) for at, (name, each) in named])


def speeds(found: Explanation, *, many: int = 6) -> Figure:
    """How fast the picture changes along each path; a jump would be a spike that no finer step lowers."""
    speed = np.asarray(found.arrays["speed"], dtype=float)[:many]
    return curves(
        np.linspace(0, 1, speed.shape[1]),
        {f"samples {name}": each for name, each in zip(found.units, speed, strict=False)},
        label="speed",
        across="place on the path",
        legend=True,
    )


def savings(found: Explanation) -> Figure:
    """How much shorter the shortest path is, between the same samples; the interval is the optimiser's."""
    saved, straight, floor = (np.asarray(found.arrays[name], dtype=float) for name in ("saved", "straight", "floor"))
    there = np.where(straight > 0, straight, np.inf)  # between the same pictures nothing can be saved
    share, open_ = saved / there, floor / there
    label = "length saved, share of the straight path"
    return forest(found.units, share, (share - open_, share + open_), label=label)


def stretches(found: Explanation) -> Figure:
    """How far pictures move for a step of length 1 of the latent: quantiles over the prior."""
    shares = [100 * float(unit) for unit in found.units]
    lines = {"all directions together": found.arrays["frobenius"], "the steepest direction": found.arrays["largest"]}
    figure = curves(shares, lines, label=f"stretch in {found.target}", across="% of latents below", legend=True)
    figure.axes[0].set_ylim(bottom=0)
    return figure


def spectrum(found: Explanation) -> Figure:
    """Stretch of every direction and coordinate, from the most to the least, and the floor of rounding below them."""
    dim = len(found.units) // 2
    values, idle = np.asarray(found.arrays["stretch"], dtype=float), np.asarray(found.arrays["idle"], dtype=bool)
    floor = float(np.asarray(found.arrays["floor"], dtype=float)[dim:].max())
    figure, ax = canvas(5.5, 3)
    least = min([floor, *values[values > 0]]) / 2 if floor > 0 else min(values[values > 0], default=1.0) / 2
    kinds = {"directions (eigenvectors)": (slice(dim, None), BLUE, "o"), "coordinates": (slice(dim), ORANGE, "^")}
    for name, (part, colour, mark) in kinds.items():
        order = np.argsort(-values[part], kind="stable")
        shown, none = np.maximum(values[part], least)[order], idle[part][order]
        places = np.arange(1, dim + 1)
        ax.plot(places[~none], shown[~none], mark, ms=3.5, color=colour, label=name)
        if none.any():
            ax.plot(places[none], shown[none], mark, ms=3.5, mfc="none", color=colour, label=f"{name}, doing nothing")
    if floor > 0:
        ax.axhspan(least, floor, color=FAINT, lw=0, label="below the floor of rounding")
    ax.set_yscale("log")
    ax.set_xlabel("from the most to the least", fontsize=8)
    ax.set_ylabel(f"stretch in {found.target}", fontsize=8)
    ax.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def scored(found: Explanation) -> Figure:
    """Latents in the plane, one map for each score, in the order in which they were given."""
    from matplotlib.figure import Figure

    names = [name for name in found.arrays if name == "score" or name.startswith("score ")][:SHOWN]
    across = min(len(names), 4)
    down = -(-len(names) // across)
    if len(names) == 1:
        label = names[0].removeprefix("score ")
        return points(found.arrays["place"], found.arrays[names[0]], label=label, axes=plane(found))
    figure = Figure(figsize=(2.4 * across + 0.3, 2.1 * down + 0.3), layout="constrained")
    for place, name in enumerate(names):
        ax = plain(figure.add_subplot(down, across, place + 1))
        points(found.arrays["place"], found.arrays[name], ax=ax)
        ax.set_title(name.removeprefix("score "), fontsize=8, loc="left")
        ax.tick_params(labelsize=6)
    first, second = plane(found)
    figure.supxlabel(first, fontsize=8)
    figure.supylabel(second, fontsize=8)
    return figure


def plane(found: Explanation) -> tuple[str, str]:
    """What the axes of a map are."""
    shares = np.asarray(found.arrays["axes"], dtype=float)[0]
    if np.isnan(shares).any():
        return "first UMAP axis (no unit)", "second UMAP axis"
    first, second = (
        f"{word} principal component, {share:.2g} % of the variance"
        for word, share in zip(("first", "second"), 100 * shares, strict=True)
    )
    return first, second


def mixed(found: Explanation) -> Figure:
    """Real and generated pictures together."""
    kinds = np.asarray(found.arrays["generated"], dtype=int)
    return points(found.arrays["place"], kinds, names=("real", "generated"), axes=plane(found))


def inverted(found: Explanation, given: np.ndarray, format: Format, *, words: tuple[str, ...]) -> Figure:
    """Each picture, what the generator makes of its latent, and the answer above."""
    many = min(SHOWN, len(found.units))
    made = found.arrays["picture"][:many]
    plain = format.kind != "picture"
    heads = [word.replace("not in range", "out of range") for word in words[:many]]
    above = Row("given", tiles(given[:many], format), map=plain, heads=heads)
    return strip([above, Row("inverted", tiles(made, format), map=plain)], tile=0.9)
