"""Means over seeds and held-out samples at once, with an error that knows of both: another seed, and other samples.

    mean = over_seeds(hits)                          # a table (seeds, samples)
    mean = over_seeds(hits, patients)                # samples of one group stand together
    share_within(mean), gap_within(mean)             # intervals of a share, and of a difference of shares

The error squares add up what samples do (their means over seeds) and what seeds do (their means over samples). What is
particular to one sample under one seed is in both, so that it is a little too large rather than too small.
"""

from __future__ import annotations

import math

from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.numerics.statistics.groups import Ids
from ganatomy.numerics.statistics.interval import Interval, Mean, difference, mean_of, t_interval, wilson
from ganatomy.numerics.statistics.shares import on_logits


def over_seeds(table: Tensor, groups: Ids | None = None) -> Mean:
    """n counts samples (or groups). Of a single seed samples alone are in the error: nothing is known of others."""
    if table.dim() != 2 or not table.numel():
        raise UsageError(f"values of shape {tuple(table.shape)} were given", "give a table (seeds, samples)")
    samples = mean_of(table.double().mean(0), groups)
    if len(table) == 1:
        return samples
    seeds = mean_of(table.double().mean(1))
    both = difference(samples, Mean(0.0, seeds.error, seeds.df, seeds.n))
    return Mean(samples.value, both.error, both.df, samples.n)


def share_within(mean: Mean, *, level: float = 0.95) -> Interval:
    """Inside [0, 1]; where all samples agree as far as so many can be wrong."""
    if 0 < mean.value < 1 and 0 < mean.error < math.inf:
        return on_logits(mean, level=level)
    if mean.value in (0.0, 1.0):
        return wilson(mean.n if mean.value else 0, mean.n, level=level)
    return Interval(0.0, 1.0, level, "none: no spread to go by")


def gap_within(mean: Mean, *, level: float = 0.95) -> Interval:
    """Inside [-1, 1], for the difference of two shares."""
    if 0 < mean.error < math.inf:
        found = t_interval(mean, level=level)
        return Interval(max(found.low, -1.0), min(found.high, 1.0), level, found.method)
    reach = wilson(0, mean.n, level=level).high if mean.error == 0 else 2.0
    low, high = max(mean.value - reach, -1.0), min(mean.value + reach, 1.0)
    return Interval(low, high, level, f"Wilson of {mean.n} units that agree")
