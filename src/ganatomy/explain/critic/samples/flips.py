"""The smallest change of a picture, or of a latent, that turns the critic's verdict.

    found = flips(gan, held_out, plan=FlipPlan())
    found.told.arrays["size"]                    # (pictures, ways): by L2, by the largest change of a value, by latent
    found.told.arrays["random"]                  # how often a random change of that size does it too
    found.shown.arrays["after"]                  # the first pictures once flipped
    print(found.told.note)

A flip is found by search (see `nearest`), so that its size is an upper bound: the nearest flip may be nearer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError
from ganatomy.explain.critic.lots import reals, together, unheeded, worded
from ganatomy.explain.critic.samples.boundary import Boundary, boundary
from ganatomy.explain.critic.samples.flips_told import said_of
from ganatomy.explain.critic.samples.nearest import Flips, Margin, Room, nearest
from ganatomy.explain.critic.samples.starts import (
    Starts,
    latent_margin,
    latent_room,
    picture_margin,
    picture_room,
    random_step,
    starts,
)
from ganatomy.explain.critic.scorer import Scorer, coupled
from ganatomy.explain.latent.explained import Row, explained, stacked
from ganatomy.explain.latent.surface import Surface, surface
from ganatomy.explain.passes import Progress
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Latent
from ganatomy.numerics.distances import neighbours
from ganatomy.numerics.random import Stream
from ganatomy.results.explanation import Explanation

WAYS = {"L2": "l2", "largest value": "linf", "latent": "l2"}
COUPLED = 1e-3  # sd of the score by which a picture's score may depend on the others of its batch without a word


@dataclass(frozen=True)
class FlipPlan:
    """n pictures of each sort start, `shown` of which are kept as pictures; `draws` random changes of each size.

    n_judge: pictures of each sort that choose the threshold, and as many that judge it. neighbours: real
    pictures whose distances are the yardstick.
    """

    n: int = 32
    seed: int = 0
    steps: int = 40
    draws: int = 20
    n_judge: int = 256
    shown: int = 4
    neighbours: int = 1000
    level: float = 0.95

    def __post_init__(self) -> None:
        if min(self.n, self.steps, self.draws, self.shown) < 1:
            raise UsageError(
                f"{self.steps} steps from {self.n} pictures, {self.draws} random changes and {self.shown} shown were "
                "planned",
                "take one or more of each",
            )


@dataclass(frozen=True, eq=False)
class FlipsFound:
    """Numbers of every picture, and the first pictures of each sort before and after each way."""

    told: Explanation
    shown: Explanation
    cut: Boundary


@dataclass(frozen=True, eq=False)
class Way:
    """One way from some starting points: a margin of them, and where they may go."""

    name: str
    margin: Margin
    points: Tensor
    room: Room
    pictures: Surface | None  # what makes pictures of points that are latents

    def drawn(self, points: Tensor, labels: Tensor | None) -> Tensor:
        if self.pictures is None:
            return points
        with torch.no_grad():
            made = self.pictures(points, labels)
        return made.reshape(-1, *self.pictures.gan.format.shape).float().cpu()


DEFAULT = FlipPlan()


def flips(
    gan: GAN, real: Dataset | None = None, *, plan: FlipPlan = DEFAULT, progress: Progress | None = None
) -> FlipsFound:
    """Without real data from generated pictures alone, and only of a critic whose score is a logit."""
    cut = boundary(gan, real, n=plan.n_judge, seed=plan.seed, level=plan.level)
    if math.isnan(cut.threshold):
        raise UsageError("flips of an unbounded score without real data were asked for", "give real data: --data")
    begun = starts(gan, real, n=plan.n, seed=plan.seed)
    yardstick = math.nan if real is None else apart(gan, real, plan.neighbours)
    rows: list[Row] = []
    kept: list[Row] = []
    names: list[str] = []
    for sort in begun.values():
        for block in sort.blocks():
            mine, pictures = _searched(gan, block, cut, yardstick=yardstick, plan=plan)
            rows += mine
            room = max(0, plan.shown - sum(name.startswith(sort.sort) for name in names))
            kept += pictures[:room]
            names += block.names[:room]
            if progress is not None:
                progress(len(rows), sum(map(len, begun.values())))
    every = [name for sort in begun.values() for name in sort.names]
    sorted_as = np.array([sort.sort for sort in begun.values() for _ in sort.names])
    arrays = stacked(rows)
    note = " ".join(
        [
            cut.said(),
            *said_of(arrays, sorted_as, ways=tuple(WAYS), level=plan.level),
            *_cautions(gan, begun, yardstick),
            unheeded(real),
        ]
    )
    note = worded(note, gan.format)
    told = explained(gan, "flips", Scorer(gan).unit, units=every, arrays=arrays, note=note, seed=plan.seed)
    shown = explained(gan, "flips shown", "pictures", units=names, arrays=stacked(kept), note=note, seed=plan.seed)
    words = {"ways": np.tile(np.array(tuple(WAYS)), (len(every), 1))}
    words["sort"] = sorted_as
    return FlipsFound(replace(told, arrays={**told.arrays, **words}), shown, cut)


def ways(gan: GAN, begun: Starts, threshold: float) -> list[Way]:
    """Those that there are: no latent stands behind a real picture, nor a way through a generator without gradients."""
    scorer, room = Scorer(gan), picture_room(gan)
    margin = picture_margin(scorer, threshold, begun.labels)
    found = [Way(name, margin, begun.pictures, room, None) for name in ("L2", "largest value")]
    if begun.z is None:
        return found
    seen = surface(gan, double=False)
    if not seen.backward:
        return found
    through = latent_margin(scorer, threshold, begun.labels, seen)
    return [*found, Way("latent", through, begun.z, latent_room(gan.latent), seen)]


def apart(gan: GAN, real: Dataset, n: int) -> float:
    """The median distance from a real picture to the nearest of n - 1 others, L2 over all values."""
    flat = together(reals(gan, real, n)).pictures.flatten(1)
    return float(neighbours(flat, flat, skip_self=True)[0].median())


def latent_sd(latent: Latent) -> float:
    """Of one coordinate."""
    return 3**-0.5 if latent.kind == "uniform" else 1.0


def _searched(
    gan: GAN, begun: Starts, cut: Boundary, *, yardstick: float, plan: FlipPlan
) -> tuple[list[Row], list[Row]]:
    """A row of numbers and a row of pictures for each start."""
    n, blank = len(begun), torch.full((len(begun), len(WAYS)), math.nan, dtype=torch.float64)
    columns = {name: blank.clone() for name in ("size", "relative", "change", "random")}
    after = begun.pictures[:, None].repeat(1, len(WAYS), *([1] * len(gan.format.shape)))
    there = torch.zeros(n, len(WAYS), dtype=torch.bool)
    for way in ways(gan, begun, cut.threshold):
        place = list(WAYS).index(way.name)
        found = nearest(way.margin, way.points, norm=WAYS[way.name], room=way.room, steps=plan.steps)
        drawn = way.drawn(found.at, begun.labels)
        changed = (drawn - begun.pictures).flatten(1).norm(dim=1).double()
        columns["size"][:, place] = found.size
        columns["relative"][:, place] = found.size / scale(gan, way.name)
        columns["change"][:, place] = torch.where(found.reached, changed, math.inf)
        columns["random"][:, place] = _by_chance(way, found, begun.numbers, plan=plan)
        after[:, place], there[:, place] = drawn, True
    scores = Scorer(gan)(begun.pictures, begun.labels).detach().double().cpu()
    numbers = {**columns, "neighbours": columns["change"] / yardstick, "score": scores, "tried": there}
    numbers |= {"number": begun.numbers, "called": scores > cut.threshold}
    pictures = {"before": begun.pictures, "after": after, "tried": there, "size": columns["size"], "score": scores}
    return _rows(numbers, n), _rows(pictures, n)


def scale(gan: GAN, way: str) -> float:
    """What a size is divided by: for L2 the range times the root of the number of values, for a root mean square.

    Points have no range: their sizes stay. Latents are measured in standard deviations of a coordinate.
    """
    if way == "latent":
        return latent_sd(gan.latent)
    low, high = gan.format.bounds or (0.0, 1.0)
    return (high - low) * (math.prod(gan.format.shape) ** 0.5 if way == "L2" and gan.format.bounds else 1.0)


@torch.no_grad()
def _by_chance(way: Way, found: Flips, numbers: Tensor, *, plan: FlipPlan) -> Tensor:
    """The share of random changes of the same size that flip; NaN where no flip was found."""
    real, size = way.margin(way.points) > 0, found.size.masked_fill(~found.reached, 0.0)
    stream, times = Stream(plan.seed, f"critic/flips/{way.name}"), torch.zeros(len(found.size), dtype=torch.float64)
    shape = way.points.shape[1:]
    for draw in range(plan.draws):
        at = (numbers * plan.draws + draw).tolist()
        moved = random_step(way.points, size, norm=WAYS[way.name], room=way.room, noise=stream.normal(at, *shape))
        times += ((way.margin(moved) > 0) != real).double().cpu()
    return torch.where(found.reached, times / plan.draws, math.nan)


def _rows(columns: dict[str, Tensor], n: int) -> list[Row]:
    return [{name: values[at] for name, values in columns.items()} for at in range(n)]


def _cautions(gan: GAN, begun: dict[str, Starts], yardstick: float) -> list[str]:
    first = next(iter(begun.values()))
    few = first.of(slice(0, 8))
    found = ["A flip is an upper bound: there may be a nearer one."]
    if math.isfinite(yardstick):
        found.append(f"The median real picture lies {yardstick:.3g} (L2) from the nearest other one.")
    if len(few) > 1 and coupled(gan, few.pictures, few.labels) > COUPLED:
        found.append("The critic looks at a batch as a whole, so that these flips belong to their batches.")
    return found
