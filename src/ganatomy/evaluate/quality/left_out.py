"""A delete-a-group jackknife for statistics that find all their leave-outs in one pass over the samples.

    codes, share = left_out(n, 20, stream=stream, groups=patients)     # block 1 .. 20 of each sample
    jackknifed(values, share, low=0, high=1)                           # values[0] of all, values[j] without block j

The interval is about the mean of the statistic at this number of samples: nothing is corrected for bias, which for
neighbour statistics is not of order 1/n.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.groups import Ids, blocks, units
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.numerics.statistics.samples import miss

BLOCKS = 20


def left_out(n: int, count: int, *, stream: Stream, groups: Ids | None = None) -> tuple[Tensor, Tensor]:
    """The block 1 .. count of each sample, (n,), whole groups at random; and each block's share of the samples."""
    codes = blocks(units(groups, n), count, stream=stream)
    return codes + 1, torch.bincount(codes, minlength=count).double() / n


def reach(count: int, *, level: float = 0.95) -> float:
    """The share of all that may be otherwise where so many independent units agree (Clopper & Pearson 1934)."""
    return 1 - math.pow(miss(level) / 2, 1 / count)


def jackknifed(
    values: Tensor,
    shares: Tensor,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    flat: tuple[float, float] | None = None,
    level: float = 0.95,
) -> Interval:
    """value -+ t sqrt((g - 1) / g sum_j (v_j - centre)^2), cut to the range; without any spread `flat` or all of it."""
    from scipy.special import stdtrit

    each, count = values[1:].double(), len(values) - 1
    name = f"delete-a-group jackknife, {count} blocks"
    if float(each.max() - each.min()) <= 1e-12 * float(each.abs().max()):
        if flat is None:
            return Interval(low, high, level, f"{name}: no spread to go by")
        return Interval(max(flat[0], low), min(flat[1], high), level, "exact for units that all agree")
    centre = ((1 - shares) * each).sum() / (count - 1)
    error = math.sqrt((count - 1) / count * float((each - centre).square().sum()))
    half, value = float(stdtrit(count - 1, 1 - miss(level) / 2)) * error, float(values[0])
    return Interval(min(max(value - half, low), high), max(min(value + half, high), low), level, name)
