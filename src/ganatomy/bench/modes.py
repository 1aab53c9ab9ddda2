"""Do the recipes for the plane find all modes, evenly, and land on them? Protocol of PacGAN: 2,500 samples, 3 std.

rows = grid(progress=lambda done, total: None)
tally(samples, world, seconds)

The published count takes a mode for found when one stray sample lies on it; the strict one wants a fifth of its share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from ganatomy.bench.rows import Row, median
from ganatomy.bench.trained import Progress, each_seed, trained, worst
from ganatomy.data.worlds import World
from ganatomy.numerics.distances import count_modes

SAMPLES = 2500
SEEDS = range(5)


@dataclass(frozen=True)
class Goal:
    """Targets every seed has to meet."""

    recipe: str
    modes: int
    high_quality: float
    reverse_kl: float = 0.05


@dataclass(frozen=True)
class Tally:
    """Of one trained generator: modes by both counts, shares, and the CPU seconds it took."""

    loose: int
    strict: int
    high_quality: float
    reverse_kl: float  # infinite where no sample is of high quality
    seconds: float


RING = Goal("ring8", 8, 0.95)
GRID = Goal("grid25", 25, 0.90)


def ring(*, progress: Progress) -> list[Row]:
    return held_to(RING, each_seed(partial(_measured, RING.recipe), SEEDS, progress=progress))


def grid(*, progress: Progress) -> list[Row]:
    return held_to(GRID, each_seed(partial(_measured, GRID.recipe), SEEDS, progress=progress))


def held_to(goal: Goal, found: Sequence[Tally]) -> list[Row]:
    """Rows of a tally a seed."""
    name, shares = goal.recipe, [round(each.high_quality, 4) for each in found]
    kl = [round(each.reverse_kl, 4) for each in found]
    return [
        worst(f"{name}: modes, strict", [c.strict for c in found], f"of {goal.modes}", at_least=goal.modes),
        worst(f"{name}: modes, as published", [c.loose for c in found], f"of {goal.modes}", at_least=goal.modes),
        worst(f"{name}: high quality", shares, "share of samples", at_least=goal.high_quality),
        worst(f"{name}: reverse KL", kl, "nats", at_most=goal.reverse_kl),
        Row(f"{name}: training", median([each.seconds for each in found]), "CPU seconds"),
    ]


def tally(samples: Tensor, world: World, seconds: float) -> Tally:
    assert world.mode_std is not None
    found = count_modes(samples, world.centres, world.mode_std)
    return Tally(found.loose, found.strict, found.high_quality, found.reverse_kl, seconds)


def _measured(recipe: str, seed: int) -> Tally:
    run = trained(recipe, seed)
    world = run.setup.train.truth
    assert isinstance(world, World)
    return tally(run.samples(SAMPLES), world, run.seconds)
