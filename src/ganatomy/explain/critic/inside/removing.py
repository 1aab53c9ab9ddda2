"""A critic from one of its places on, with units of that place removed: the scores of real and generated pictures.

    levels = levels_of(gan, places, pairs)               # means and sizes of all units over both sorts, one pass
    cut = Cut(gan, place, level)
    start = cut.begin(real_lot, fake_lot)                # start.scores: (2, k), real and generated
    cut.units(start, range(8))                           # (8, WAYS, 2, k): scores with one unit removed
    cut.sets(start, [(3, 7), range(64)])                 # (2, WAYS, 2, k)

Removed means: `mean`, at its mean over real and generated pictures together, place by place; `zero`; `resample`, as it
was in another picture, which is real as often as generated. So none of the three still tells the sorts apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import InputError
from ganatomy.explain.critic.inside.layers import shown
from ganatomy.explain.critic.lots import Lot, together
from ganatomy.explain.critic.scorer import Scorer, real_side
from ganatomy.explain.generator.labelling import activity
from ganatomy.explain.generator.sites import SiteShape
from ganatomy.explain.generator.suffix import Start, Suffix
from ganatomy.explain.passes import Draw
from ganatomy.models.evaluating import evaluating
from ganatomy.models.gan import GAN

HELD = 2**24  # bytes of values that units are set to
Pairs = Callable[[], Iterator[tuple[Lot, Lot]]]  # made again for each pass, so that none are kept


@dataclass(frozen=True, eq=False)
class Level:
    """Of one site over pictures of both sorts: mean map (units, *places), and each unit's mean size."""

    mean: Tensor
    size: Tensor


@dataclass(frozen=True, eq=False)
class Started:
    """k real pictures and then k generated ones, as they come to the site."""

    start: Start
    scores: Tensor
    donors: Tensor


Value = Callable[[Started, Level], Tensor]
WAYS: dict[str, Value] = {  # what all units of a site are set to, (2 k, units, ...)
    "mean": lambda started, level: level.mean[None].to(started.donors).expand_as(started.donors),
    "zero": lambda started, _level: torch.zeros_like(started.donors),
    "resample": lambda started, _level: started.donors,
}


def levels_of(gan: GAN, places: Sequence[SiteShape], pairs: Pairs) -> tuple[Level, ...]:
    scorer, sites = Scorer(gan), [place.site for place in places]
    count, sums, sizes = 0, [torch.zeros(0)] * len(places), [torch.zeros(0)] * len(places)
    for pair in pairs():
        activations, _ = shown(scorer, together(pair), sites)
        for at, each in enumerate(activations):
            mean, size = each.double().sum(0), activity(each.abs()).sum(0)
            sums[at], sizes[at] = (sums[at] + mean, sizes[at] + size) if count else (mean, size)
        count += len(activations[0])
    return tuple(Level(total / count, size / count) for total, size in zip(sums, sizes, strict=True))


class Cut:
    """Of one place."""

    def __init__(self, gan: GAN, place: SiteShape, level: Level) -> None:
        self.gan, self.place, self.level = gan, place, level
        self.suffix = Suffix(Scorer(gan).critic, place.site)

    def begin(self, real: Lot, generated: Lot) -> Started:
        lot = together([real, generated])
        start = self.suffix.begin(Draw(range(len(lot)), lot.pictures, lot.labels))
        # A quarter of the batch on: half of each sort gets what a picture of the other sort showed.
        donors = start.activation.roll(max(1, len(real) // 2), 0)
        return Started(start, self._sorted(start.pictures[None])[0], donors)

    def units(self, started: Started, channels: Sequence[int]) -> Tensor:
        """One unit removed in each."""
        found = []
        for value in WAYS.values():
            values = value(started, self.level)[:, list(channels)].transpose(0, 1)
            found.append(torch.cat(list(self.suffix.each(started.start, channels, values))))
        return torch.stack([self._sorted(each) for each in found], 1)

    def sets(self, started: Started, sets: Sequence[Sequence[int]]) -> Tensor:
        """All units of a set removed in each."""
        own, found = started.start.activation, []
        for value in WAYS.values():
            wanted, scores = value(started, self.level), []
            for units in sets:
                changed = own.clone()
                changed[:, list(units)] = wanted[:, list(units)].to(own)
                with evaluating(self.suffix.network), torch.no_grad():
                    scores.append(self.suffix.replay.finish(started.start.kept, changed).float().cpu())
            found.append(self._sorted(torch.stack(scores)))
        return torch.stack(found, 1)

    def together(self, started: Started) -> int:
        """Units that are removed before their scores are put together."""
        return max(1, min(64, HELD // (4 * started.start.activation[:, 0].numel())))

    def _sorted(self, raw: Tensor) -> Tensor:
        """Larger is more real; (m, 2 k) as (m, 2, k)."""
        m, n = raw.shape[:2]
        scores = real_side(self.gan.score, raw.reshape(m * n)).double().reshape(m, 2, n // 2)
        if not bool(torch.isfinite(scores).all()):
            raise InputError("the critic's scores hold NaN or infinite values", "check its weights, and the pictures")
        return scores
