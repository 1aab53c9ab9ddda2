"""Shares of samples that may come in groups, with intervals inside [0, 1].

    value, within = share(scores > threshold, patients)     # 0.37, Interval(0.21, 0.57, ...)
    on_logits(mean_of(flags, patients))                     # the same of a mean that lies strictly between 0 and 1

Without groups it is Wilson's. With groups Student's t on the logit, from the error over groups; where all samples agree
there is no spread to go by, and groups count as if each were one sample.
"""

from __future__ import annotations

import math

from torch import Tensor

from ganatomy.numerics.statistics.groups import Ids, units
from ganatomy.numerics.statistics.interval import Interval, Mean, mean_of, wilson
from ganatomy.numerics.statistics.samples import miss


def share(flags: Tensor, groups: Ids | None = None, *, level: float = 0.95) -> tuple[float, Interval]:
    """Of true ones among flags (n,)."""
    count, n = int(flags.sum()), len(flags)
    if groups is None:
        return count / n, wilson(count, n, level=level)
    mean = mean_of(flags.double(), groups)
    if 0 < mean.error < math.inf:
        return mean.value, on_logits(mean, level=level)
    kin = units(groups, n).count
    if count in (0, n):
        return mean.value, wilson(kin if count else 0, kin, level=level)
    return mean.value, Interval(0.0, 1.0, level, "none: one group")


def on_logits(mean: Mean, *, level: float = 0.95) -> Interval:
    """logit(value) -+ t * error / (value (1 - value)), back on the scale of shares; 0 < value < 1."""
    from scipy.special import expit, logit, stdtrit

    steep = mean.value * (1 - mean.value)
    half = float(stdtrit(mean.df, 1 - miss(level) / 2)) * mean.error / steep
    low, high = (float(expit(float(logit(mean.value)) + side * half)) for side in (-1, 1))
    return Interval(
        min(low, mean.value), max(high, mean.value), level, f"t on logits, {mean.df:.4g} degrees of freedom"
    )
