"""Matched controls of single units: those of the nearest mean activation; for sets see `matching`.

    band = specificity(effects, size)                 # effects (units, concepts), size (units,)
    band.p                                            # share of matched units with as large an effect, itself counted

They say whether a unit's effect is out of the ordinary, not whether it is there: the p of a claim comes from the paired
effects. Matching on activation alone is no proof either: loud units may do nothing. The pool bounds p from below.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

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
