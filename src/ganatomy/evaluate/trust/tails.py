"""How many samples lie further out than nearly all real ones: thresholds from real values, and shares beyond them.

    beyond = Tail.of(real_values, 0.01, groups=patients)         # the real 99 % point, and how well it is known
    told = beyond.told(counts, n, name=..., space=...)           # counts of fakes beyond each of `beyond.points`

The share asked for is that beyond the 99 % point of the real law, which is only known to lie between two of the real
values: an interval has half of its misses for that, half for the count (Clopper & Pearson 1934).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.numerics.statistics.groups import Ids, units
from ganatomy.numerics.statistics.interval import Interval, mean_of
from ganatomy.numerics.statistics.samples import miss
from ganatomy.results.measurement import Measurement

LEVEL = 0.95
COUNTED = 0.05  # of the misses, for the count where all samples are beyond all real ones


def clopper_pearson(count: float, n: float, *, level: float = LEVEL) -> Interval:
    """Of a share: it never misses more often than it says. Counts need not be whole, where groups shrank them."""
    from scipy.special import betaincinv

    if not (n > 0 and 0 <= count <= n):
        raise UsageError(f"{count:g} of {n:g} were given", "counts lie between 0 and n, and n is above 0")
    side = miss(level) / 2
    low = float(betaincinv(count, n - count + 1, side)) if count > 0 else 0.0
    high = float(betaincinv(count + 1, n - count, 1 - side)) if count < n else 1.0
    return Interval(low, high, level, "Clopper-Pearson")


def at_most(count: float, n: float, *, level: float = LEVEL) -> float:
    """The bound that the share is below with this confidence, one-sided: nearly 3 / n where none was seen."""
    return clopper_pearson(count, n, level=1 - 2 * miss(level)).high


def never(n: int) -> str:
    """The rule of three, in words."""
    return f"none of {n} was seen, so at most {at_most(0, n):.2%} of all (3/n, 95 %)"


def grouping(flags: Tensor, groups: Ids | None) -> float:
    """By how much groups make samples fewer, 1 or more: the squared error over that of independent samples."""
    if groups is None:
        return 1.0
    n, mean = len(flags), mean_of(flags.double(), groups)
    if 0 < mean.value < 1 and 0 < mean.error < math.inf:
        return max(1.0, mean.error**2 * (n - 1) / (mean.value * (1 - mean.value)))
    return n / units(groups, n).count


@dataclass(frozen=True)
class Tail:
    """points: the threshold itself, a lower and an upper bound of the real law's. floor: the share of n more real ones
    beyond the threshold on average. loose: the upper bound is the largest real value, which holds but as often as the
    whole interval should; it counts only where every sample is beyond it, and no miss is possible on the other side.
    """

    share: float
    points: tuple[float, float, float]
    floor: float
    real: int
    loose: bool = False

    @classmethod
    def of(cls, values: Tensor, share: float, groups: Ids | None = None) -> Tail:
        """values (m,): larger is further out. Needs 1 / share real ones, less one."""
        m = len(values)
        if share * (m + 1) < 1:
            raise UsageError(
                f"the point that {share:.2%} of real samples lie beyond was asked of {m}",
                f"give {math.ceil(1 / share) - 1} real samples or more",
            )
        order = values.double().sort(descending=True).values
        rank = max(1, round(share * (m + 1)))
        at = float(order[rank - 1])
        # A rare thing hardly shows how groups go together: a commoner one beside it does.
        shrunk = max(grouping(values > point, groups) for point in (at, float(order[(m - 1) // 10])))
        upper, lower = _ranks(share, m / shrunk)
        upper, lower = math.floor(upper * shrunk), math.ceil(lower * shrunk)
        loose = upper < 1 and (1 - share) ** (m / shrunk) <= (1 - COUNTED) * miss(LEVEL)
        high = float(order[max(upper, 1) - 1]) if upper >= 1 or loose else math.inf
        low = float(order[lower - 1]) if lower <= m else -math.inf
        return cls(share, (at, min(low, at), max(high, at)), (int((values > at).sum()) + 1) / (m + 1), m, loose)

    def counted(self, values: Tensor) -> Tensor:
        """How many of the values lie beyond each of the points, (3,)."""
        return torch.stack([(values > point).sum() for point in self.points]).cpu()

    def told(self, counts: Tensor, n: int, *, name: str, space: str | None) -> Measurement:
        at, least_far, furthest = (int(count) for count in counts)
        half = 1 - miss(LEVEL) / 2
        low, high = clopper_pearson(furthest, n, level=half).low, clopper_pearson(least_far, n, level=half).high
        if self.loose:
            low = clopper_pearson(n, n, level=1 - 2 * COUNTED * miss(LEVEL)).low if furthest == n else 0.0
        within = Interval(min(low, at / n), max(high, at / n), LEVEL, "Clopper-Pearson, beyond bounds of the threshold")
        said = f"share beyond {self.points[0]:.4g}, the {1 - self.share:.1%} point of {self.real} real"
        return Measurement(name, at / n, n, said, "low", within, self.floor, space)


def _ranks(share: float, n: float) -> tuple[int, int]:
    """Of n independent values, largest first: the law's point lies below the one and not above the other of these."""
    from scipy.stats import binom

    size, side = max(1, math.floor(n)), miss(LEVEL) / 4
    upper = int(binom.ppf(side, size, share))  # the largest j with P(fewer than j beyond) <= side
    while upper > 0 and binom.cdf(upper - 1, size, share) > side:
        upper -= 1
    lower = int(binom.isf(side, size, share)) + 1  # the smallest j with P(j or more beyond) <= side
    return upper, lower
