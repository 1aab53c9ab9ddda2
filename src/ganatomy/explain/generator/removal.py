"""How the Fréchet distance to the data changes when units are removed, paired: the same latents before and after.

    removal = Removal(gan, "up1.act", off, space, Covariance.of(features_of_real_samples))
    found = removed(removal, [(3, 7), (1, 2)], latents)
    found.before, found.changes, found.interval    # of the first change, by leaving out each tenth of the latents

Both distances use as many samples, so that the bias of the one, about (1/n + 1/m) tr S, is nearly that of the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from ganatomy.errors import UsageError
from ganatomy.explain.generator.changed import changed, set_to
from ganatomy.explain.generator.concept_at import Latents
from ganatomy.explain.generator.tally import Tally, silent
from ganatomy.features.space import FeatureSpace
from ganatomy.models.gan import GAN
from ganatomy.numerics.distances import frechet_gaussian
from ganatomy.numerics.running import Covariance
from ganatomy.numerics.statistics.interval import Interval, Mean, t_interval
from ganatomy.tracing.replay import Replay

PARTS = 10  # of the latents, dealt out in turn; each is left out once


@dataclass(frozen=True, eq=False)
class Removal:
    """`level`: what a removed unit of the site shows; `real`: moments of real samples in the space.

    `tally` is told of samples as they are judged.
    """

    gan: GAN
    site: str
    level: torch.Tensor
    space: FeatureSpace
    real: Covariance
    tally: Tally = field(default=silent, repr=False)


@dataclass(frozen=True)
class Removed:
    """Squared Fréchet distance as it is, how it changes for each set, and the interval of the first change."""

    before: float
    changes: tuple[float, ...]
    interval: Interval


def removed(removal: Removal, sets: Sequence[Sequence[int]], latents: Latents) -> Removed:
    """One pass over the latents; what is kept are moments, for each set and part."""
    if len(latents.indices) < 2 * PARTS:
        raise UsageError(f"{len(latents.indices)} latents to judge a removal were given", f"give {2 * PARTS} or more")
    kept: list[list[Covariance | None]] = [[None] * PARTS for _ in range(len(sets) + 1)]
    replay = Replay(removal.gan.generator, removal.site)
    changes = [set_to(removal.level, units) for units in sets]
    for draw in latents.draws(removal.gan):
        part = torch.tensor(list(draw.indices)) % PARTS
        for row, samples in zip(kept, changed(replay, draw, changes), strict=True):
            features = removal.space(samples, removal.gan.format)
            for number in part.unique().tolist():
                here, before = Covariance.of(features[part == number]), row[number]
                row[number] = here if before is None else before + here
            removal.tally(len(samples))
    filled = [[part for part in row if part is not None] for row in kept]
    plain, *others = [frechet_gaussian(_sum(row), removal.real) for row in filled]
    return Removed(plain, tuple(other - plain for other in others), _bounds(removal, *filled[:2]))


def _sum(parts: Sequence[Covariance]) -> Covariance:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _bounds(removal: Removal, plain: Sequence[Covariance], after: Sequence[Covariance]) -> Interval:
    """Delete-a-group jackknife: error^2 = (g - 1) / g sum (d_j - mean d)^2, t with g - 1 degrees of freedom."""

    def without(parts: Sequence[Covariance], left: int) -> float:
        return frechet_gaussian(_sum([part for place, part in enumerate(parts) if place != left]), removal.real)

    whole = frechet_gaussian(_sum(after), removal.real) - frechet_gaussian(_sum(plain), removal.real)
    each = torch.tensor([without(after, left) - without(plain, left) for left in range(PARTS)], dtype=torch.float64)
    error = float((each - each.mean()).square().sum() * (PARTS - 1) / PARTS) ** 0.5
    return t_interval(Mean(whole, error, PARTS - 1, PARTS))
