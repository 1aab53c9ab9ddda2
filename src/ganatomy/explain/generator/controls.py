"""Matched random controls: units, and sets of units, of the same size and mean activation.

    band = specificity(effects, size)                 # effects (units, concepts), size (units,)
    band.p                                            # share of matched units with as large an effect, itself counted
    matched_sets(size, (3, 4), count=19, stream=Stream(0, "sets"))

They say whether a unit's effect is out of the ordinary, not whether it is there: the p of a claim comes from the paired
effects. Matching on activation alone is no proof either: loud units may do nothing. The pool bounds p from below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream

NEAREST = 39  # controls of a unit, at most
MASS = 0.3  # a set's activation may differ by this share
TRIES = 200  # for each set that is wanted


@dataclass(frozen=True, eq=False)
class Band:
    """p (units, concepts); how many `controls` each unit has; `ratio` of its worst match, at least 1; median size."""

    p: Tensor
    controls: int
    ratio: Tensor
    median: Tensor

    @property
    def floor(self) -> float:
        return 1 / (1 + self.controls)


def nearest(size: Tensor, unit: int, count: int) -> Tensor:
    """The other units of the most similar mean activation, by its logarithm."""
    logs = size.double().clamp(min=1e-12).log()
    gap = (logs - logs[unit]).abs()
    gap[unit] = torch.inf
    return gap.argsort(stable=True)[: min(count, len(size) - 1)]


def specificity(effects: Tensor, size: Tensor) -> Band:
    """p = (1 + controls with |effect| at least as large) / (1 + controls)."""
    sizes, count = effects.abs(), min(NEAREST, len(size) - 1)
    if count < 1:
        return Band(torch.ones_like(sizes), 0, torch.ones(len(size)), torch.full_like(sizes, torch.nan))
    pools = torch.stack([nearest(size, unit, count) for unit in range(len(size))])
    theirs = sizes[pools]  # (units, controls, concepts)
    p = (1 + (theirs >= sizes[:, None] * (1 - 1e-9)).double().sum(1)) / (1 + count)
    logs = size.double().clamp(min=1e-12).log()
    ratio = (logs[pools] - logs[:, None]).abs().amax(1).exp()
    return Band(p, count, ratio, theirs.median(1).values)


def matched_sets(size: Tensor, chosen: Sequence[int], *, count: int, stream: Stream) -> tuple[tuple[int, ...], ...]:
    """Distinct sets of as many units, none of them the chosen one, with its activation within MASS; maybe fewer."""
    units = tuple(sorted(set(chosen)))
    if len(units) != len(tuple(chosen)) or not units or units[0] < 0 or units[-1] >= len(size):
        raise UsageError(f"the set of units {tuple(chosen)} was given", f"name different units below {len(size)}")
    mass, found = float(size[list(units)].sum()), []
    pools = [torch.cat([torch.tensor([unit]), nearest(size, unit, NEAREST)]) for unit in units]
    picks = stream.uniform(range(TRIES * count), len(units))
    for row in picks.tolist():
        drawn = tuple(sorted({int(pool[int(u * len(pool))]) for pool, u in zip(pools, row, strict=True)}))
        close = len(drawn) == len(units) and abs(float(size[list(drawn)].sum()) - mass) <= MASS * mass
        if close and drawn != units and drawn not in found:
            found.append(drawn)
        if len(found) == count:
            break
    return tuple(found)
