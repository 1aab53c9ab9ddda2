"""How many independent units a wanted answer takes. Round figures for planning: sd is a guess from a pilot.

    size_for_mean(half_width=0.05, sd=0.4)            # 249 units for a 95 % interval of +-0.05
    size_for_share(half_width=0.05)                   # 381, the worst case, a share of one half
    size_for_presence(margin=0.1, sd=0.4)             # to show |effect| > d when it is d + 0.1
    size_for_absence(margin=0.1, sd=0.4)              # to show |effect| <= 0.1 when it is 0

With groups, count groups: sd is `Mean.sd`, the spread of a group's mean.
"""

from __future__ import annotations

import math

from ganatomy.errors import UsageError
from ganatomy.numerics.statistics.samples import miss


def size_for_mean(half_width: float, sd: float, *, level: float = 0.95) -> int:
    """The least n whose t interval has t * sd / sqrt(n) <= half_width."""
    from scipy.special import stdtrit

    n = max(2, _units(_two_sided(level), sd, half_width))
    while float(stdtrit(n - 1, 1 - miss(level) / 2)) * sd > half_width * math.sqrt(n):
        n += 1
    return n


def size_for_share(half_width: float, share: float = 0.5, *, level: float = 0.95) -> int:
    """The least n whose Wilson interval is no wider, by its formula solved for m = n + z^2.

    h^2 m^2 - z^2 pq m - z^4 (1/4 - pq) = 0, with p the share, q = 1 - p and h the half width.
    """
    if not 0 <= share <= 1:
        raise UsageError(f"a share of {share} was given", "a share lies between 0 and 1")
    if not half_width > 0:
        raise UsageError(f"a half width of {half_width} was asked for", "a half width is above 0")
    square, pq, h2 = _two_sided(level) ** 2, share * (1 - share), half_width**2
    m = (square * pq + square * math.sqrt(pq * pq + 4 * h2 * (0.25 - pq))) / (2 * h2)
    return max(1, math.ceil(m - square))


def size_for_presence(margin: float, sd: float, *, level: float = 0.95, power: float = 0.8) -> int:
    """(z_{1 - alpha/2} + z_power)^2 sd^2 / margin^2, margin = |effect| - the smallest of interest."""
    return _units(_two_sided(level) + _quantile(power), sd, margin)


def size_for_absence(margin: float, sd: float, *, level: float = 0.95, power: float = 0.8) -> int:
    """(z_{1 - alpha} + z_{(1 + power)/2})^2 sd^2 / margin^2 for an effect of 0, margin the smallest of interest."""
    return _units(_quantile(1 - miss(level)) + _quantile((1 + power) / 2), sd, margin)


def _units(z: float, sd: float, width: float) -> int:
    if not (width > 0 and sd >= 0 and math.isfinite(sd)):
        raise UsageError(
            f"a width of {width} at sd {sd} was asked for", "the width is above 0, sd finite and not below 0"
        )
    return max(1, math.ceil((z * sd / width) ** 2))


def _two_sided(level: float) -> float:
    return _quantile(1 - miss(level) / 2)


def _quantile(share: float) -> float:
    from scipy.special import ndtri

    if not 0 < share < 1:
        raise UsageError(f"a power of {share} was asked for", "power lies between 0 and 1, as in 0.8")
    return float(ndtri(share))
