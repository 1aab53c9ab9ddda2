"""What was found in a latent space, drawn: strips along directions, effects, paths, maps, inversions.

figure = strips(steering(gan, pca(gan, "start.act"), measurers), gan.format)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ganatomy.results.explanation import Explanation
from ganatomy.results.formats import Format
from ganatomy.views.canvas import canvas
from ganatomy.views.charts import curves, forest, matrix, points
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
    heads, plain = [f"{step:+.3g}" for step in steps], format.kind != "picture"
    named = zip(found.units[:SHOWN], found.arrays["strip"], strict=False)
    drawn = [
        Row(name, tiles(pictures[0], format), map=plain, heads=() if place else heads)
        for place, (name, pictures) in enumerate(named)
    ]
    return strip(drawn)


def effects(found: Explanation) -> Figure:
    """What following each direction does to every concept, in standard deviations of the concept."""
    concepts = [str(name) for name in found.arrays["concepts"][0]]
    values = np.asarray(found.arrays["effect"], dtype=float)
    best = np.sort(np.argsort(-np.nan_to_num(np.abs(values)).max(1), kind="stable")[: 2 * SHOWN])
    label = "effect of one step, sd of the concept"
    return matrix(values[best], [found.units[at] for at in best], concepts, label=label, signed=True)


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
        (line,) = ax.plot(each[:, 0], each[:, 1], ".-", lw=1, ms=4, color=f"C{number % 10}", label=name)
        ax.plot(each[-1:, 0], each[-1:, 1], "o", ms=6, color=line.get_color())
    ax.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def ways(found: Explanation, format: Format) -> Figure:
    """Pictures along paths, a row a path."""
    return rows(found.units[:SHOWN], list(found.arrays["pictures"][:SHOWN]), format)


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
    share, open_ = saved / straight, floor / straight
    label = "length saved, share of the straight path"
    return forest(found.units, share, (share - open_, share + open_), label=label)


def scored(found: Explanation, label: str) -> Figure:
    """Latents in the plane, coloured by a score."""
    return points(found.arrays["place"], found.arrays["score"], label=label)


def mixed(found: Explanation) -> Figure:
    """Real and generated pictures together."""
    return points(found.arrays["place"], np.asarray(found.arrays["generated"], dtype=int), names=("real", "generated"))


def inverted(found: Explanation, given: np.ndarray, format: Format, *, words: tuple[str, ...]) -> Figure:
    """Each picture, what the generator makes of its latent, and the answer above."""
    many = min(SHOWN, len(found.units))
    made = found.arrays["picture"][:many]
    plain = format.kind != "picture"
    heads = [word.replace("not in range", "out of range") for word in words[:many]]
    above = Row("given", tiles(given[:many], format), map=plain, heads=heads)
    return strip([above, Row("inverted", tiles(made, format), map=plain)], tile=0.9)
