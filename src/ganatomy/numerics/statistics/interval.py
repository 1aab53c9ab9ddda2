"""Intervals in closed form, each naming its method.

    wilson(successes=18, n=20)                 # Interval(low=0.699, high=0.972, level=0.95, method="Wilson")
    mean_interval(scores, patients)            # t over the 12 patients, not over their 4,000 pictures
    t_interval(mean_of(scores), level=0.9)     # the same in two steps

A share whose samples come in groups is a mean of zeros and ones: use `mean_interval` with the ids.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ganatomy.errors import UsageError
from ganatomy.numerics.statistics.groups import Ids, units
from ganatomy.numerics.statistics.samples import Given, miss, vector


@dataclass(frozen=True)
class Interval:
    """From low to high; `method` says how it was found."""

    low: float
    high: float
    level: float
    method: str

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise UsageError(f"an interval from {self.low:g} to {self.high:g} was given", "low comes first")

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Mean:
    """A mean, or a difference of means, with its standard error.

    n counts independent units: groups where there are ids, else samples. error is infinite for a single unit and 0
    where all units agree.
    """

    value: float
    error: float
    df: float
    n: int

    @property
    def sd(self) -> float:
        """The spread of one unit, error * sqrt(n): what `size` asks for."""
        return self.error * math.sqrt(self.n)


def wilson(successes: int, n: int, *, level: float = 0.95) -> Interval:
    """Of a share: centre (s + z^2/2) / (n + z^2), inside [0, 1] even for 0 of n (Wilson 1927)."""
    from scipy.special import ndtri

    if n < 1 or not 0 <= successes <= n:
        raise UsageError(
            f"{successes} successes of {n} were given", "successes lie between 0 and n, and n is at least 1"
        )
    z = float(ndtri(1 - miss(level) / 2))
    centre = (successes + z * z / 2) / (n + z * z)
    half = z * math.sqrt(successes * (n - successes) / n + z * z / 4) / (n + z * z)
    # At 0 of n and n of n the bound is exact; rounding must not move it.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return Interval(low, high, level, "Wilson")


def mean_interval(values: Given, groups: Ids | None = None, *, level: float = 0.95) -> Interval:
    """Of the mean over samples, Student's t with as many degrees of freedom as units less one."""
    return t_interval(mean_of(values, groups), level=level)


def mean_of(values: Given, groups: Ids | None = None) -> Mean:
    """The mean over samples; its error from leaving out each unit in turn.

    error^2 = (G - 1) / G * sum_g (mean without g - mean)^2: s^2 / n for single samples, t over group means for groups
    of one size, the cluster-robust CR3 for others, where it is safer than CR1 (MacKinnon, Nielsen & Webb 2023).
    """
    x = vector(values, "values")
    kin = units(groups, len(x))
    mean, total, sizes = x.mean(), kin.total(x), kin.sizes
    n = kin.count
    if n == 1:
        return Mean(float(mean), math.inf, 0, 1)
    each = total / sizes
    if float(each.max() - each.min()) <= 1e-12 * float(each.abs().max()):  # rounding in the sums, not spread
        return Mean(float(mean), 0.0, n - 1, n)
    shift = (total - sizes * mean) / (len(x) - sizes)  # mean - mean without g
    return Mean(float(mean), math.sqrt(float(shift.square().sum()) * (n - 1) / n), n - 1, n)


def difference(first: Mean, second: Mean) -> Mean:
    """first - second of independent samples, degrees of freedom after Welch; n is the smaller of the two."""
    value, n = first.value - second.value, min(first.n, second.n)
    squares = [m.error**2 for m in (first, second)]
    error = math.sqrt(sum(squares))
    if error in (0.0, math.inf):
        return Mean(value, error, n - 1, n)
    parts = [square * square / m.df for square, m in zip(squares, (first, second), strict=True)]
    return Mean(value, error, sum(squares) ** 2 / sum(parts), n)


def t_interval(mean: Mean, *, level: float = 0.95) -> Interval:
    """value -+ t * error; without a usable spread what an order-statistics interval can still say.

    n equal values bound the median, not the mean, and only with confidence 1 - 2^(1 - n); below that, and for a
    single unit, the interval is the whole line.
    """
    from scipy.special import stdtrit

    alpha = miss(level)
    if mean.error == 0 and 2.0 ** (1 - mean.n) <= alpha:
        return Interval(mean.value, mean.value, level, f"order statistics of {mean.n} equal values")
    if mean.error in (0.0, math.inf):
        return Interval(-math.inf, math.inf, level, f"none: no spread to be had from {mean.n}")
    half = float(stdtrit(mean.df, 1 - alpha / 2)) * mean.error
    return Interval(mean.value - half, mean.value + half, level, f"t, {mean.df:.4g} degrees of freedom")
