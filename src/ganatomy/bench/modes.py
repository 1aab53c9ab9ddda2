"""Do the recipes for the plane find all modes, evenly, and land on them? Protocol of PacGAN: 2,500 samples, 3 std.

rows = grid(progress=lambda done, total: None)

The published count takes a mode for found when one stray sample lies on it; the strict one wants a fifth of its share.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from ganatomy.bench.rows import Row, median
from ganatomy.bench.trained import Progress, each_seed, trained, worst
from ganatomy.data.worlds import World
from ganatomy.numerics.distances import ModeCount, count_modes

SAMPLES = 2500
SEEDS = range(5)


@dataclass(frozen=True)
class Goal:
    """Targets every seed has to meet."""

    recipe: str
    modes: int
    high_quality: float
    reverse_kl: float = 0.05


RING = Goal("ring8", 8, 0.95)
GRID = Goal("grid25", 25, 0.90)


def ring(*, progress: Progress) -> list[Row]:
    return _rows(RING, progress)


def grid(*, progress: Progress) -> list[Row]:
    return _rows(GRID, progress)


def _rows(goal: Goal, progress: Progress) -> list[Row]:
    found = each_seed(partial(_measured, goal.recipe), SEEDS, progress=progress)
    counts = [count for count, _ in found]
    name, kl = goal.recipe, [round(c.reverse_kl, 4) for c in counts]
    return [
        worst(f"{name}: modes, strict", [c.strict for c in counts], f"of {goal.modes}", at_least=goal.modes),
        worst(f"{name}: modes, as published", [c.loose for c in counts], f"of {goal.modes}", at_least=goal.modes),
        worst(
            f"{name}: high quality",
            [round(c.high_quality, 4) for c in counts],
            "share of samples",
            at_least=goal.high_quality,
        ),
        worst(f"{name}: reverse KL", kl, "nats", at_most=goal.reverse_kl),
        Row(f"{name}: training", median([seconds for _, seconds in found]), "CPU seconds"),
    ]


def _measured(recipe: str, seed: int) -> tuple[ModeCount, float]:
    run = trained(recipe, seed)
    world = run.setup.train.truth
    assert isinstance(world, World)
    assert world.mode_std is not None
    return count_modes(run.samples(SAMPLES), world.centres, world.mode_std), run.seconds
