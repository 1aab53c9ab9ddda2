"""An interval for any statistic, by a method that its kind allows.

    found = estimate(fd, (real, fake), method="jackknife", stream=Stream(0, "fd"), groups=(patients, None))
    found.value, found.corrected, found.interval       # as measured, less its bias, and the interval

| method        | for                                   | evaluations  |
|---------------|---------------------------------------|--------------|
| bca           | smooth statistics                     | 1000 draws   |
| percentile    | smooth and symmetric ones             | 1000 draws   |
| basic         | plug-in distances: takes the bias off | 1000 draws   |
| jackknife     | every kind, where evaluation is dear  | 20 blocks    |
| half-sampling | neighbour statistics                  | 500 draws    |

The interval is about the population, but for a neighbour statistic about its mean at this number of samples. One
that is the same on all draws (a coverage of 1) leaves no spread to go by: the interval is then its whole range.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from ganatomy.errors import UsageError, choose
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.groups import Ids
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.numerics.statistics.resampling import (
    Subject,
    halves,
    prepare,
    replicates,
    with_replacement,
    without_block,
)
from ganatomy.numerics.statistics.samples import Given, miss
from ganatomy.numerics.statistics.statistic import KINDS, Statistic, allow

INFLUENCE_BLOCKS = 200  # at most so many evaluations a sample for the skewness in BCa


@dataclass(frozen=True)
class Estimate:
    """value: the statistic on the samples as given. corrected: less its bias, where the method knows it.

    The corrected value may leave the statistic's range: a distance that is truly 0 scatters about 0 when measured.
    """

    value: float
    corrected: float
    interval: Interval


Bounds = tuple[float, float, float]  # corrected value, low, high


@dataclass(frozen=True)
class Method:
    """says: the name an interval carries. repeats: how many draws by default, or blocks where `by_blocks`.

    run: subject, value on the samples, repeats, share of misses -> bounds, or None without any spread.
    """

    says: str
    repeats: int
    run: Callable[[Subject, float, int, float], Bounds | None]
    by_blocks: bool = False


def estimate(
    statistic: Statistic,
    samples: Sequence[Given],
    *,
    method: str,
    stream: Stream,
    groups: Sequence[Ids | None] | None = None,
    level: float = 0.95,
    repeats: int | None = None,
) -> Estimate:
    """The statistic with its interval; samples are independent of one another, rows of one sample too, save for groups.

    Rows that were measured together (a label and its score) belong in one sample, side by side. `repeats` counts draws,
    or blocks for the jackknife; there are never more blocks than groups.
    """
    recipe, alpha = choose(METHODS, method, "interval method"), miss(level)
    allow(statistic, method)
    subject = prepare(statistic, samples, groups, stream)
    count, least = recipe.repeats if repeats is None else repeats, 2 if recipe.by_blocks else math.ceil(2 / alpha)
    if count < least:
        raise UsageError(f"{count} repeats were asked for at level {level}", f"take {least} or more")
    if recipe.by_blocks:
        count = min(count, subject.fewest)
    value = subject.value()
    found = recipe.run(subject, value, count, alpha) if subject.fewest > 1 else None
    says = recipe.says.format(count) + (" of groups" if groups is not None else "")
    if found is None:
        return Estimate(value, value, Interval(statistic.low, statistic.high, level, f"{says}: no spread to go by"))
    low, high = (min(max(bound, statistic.low), statistic.high) for bound in found[1:])
    return Estimate(value, found[0], Interval(low, high, level, says))


def percentile(subject: Subject, value: float, draws: int, alpha: float) -> Bounds | None:
    """Quantiles of the resampled statistic, alpha/2 at either end (a little further out for few units, `_tail`)."""
    values, tail = replicates(subject, with_replacement(subject), draws), _tail(subject, alpha)
    if _same(values):
        return None
    _share_below(subject, values, value)
    return value, _quantile(values, tail), _quantile(values, 1 - tail)


def basic(subject: Subject, value: float, draws: int, alpha: float) -> Bounds | None:
    """The quantiles mirrored at the value, 2 value - q: so bias comes off (Davison & Hinkley 1997)."""
    values, tail = replicates(subject, with_replacement(subject), draws), _tail(subject, alpha)
    if _same(values):
        return None
    corrected = 2 * value - float(values.mean())
    return corrected, 2 * value - _quantile(values, 1 - tail), 2 * value - _quantile(values, tail)


def bca(subject: Subject, value: float, draws: int, alpha: float) -> Bounds | None:
    """Percentiles shifted for median bias z0 and skewness a: Phi(z0 + (z0 + z) / (1 - a (z0 + z))) (Efron 1987)."""
    from scipy.special import ndtr, ndtri

    values, tail = replicates(subject, with_replacement(subject), draws), _tail(subject, alpha)
    if _same(values):
        return None
    z0, a = float(ndtri(_share_below(subject, values, value))), _acceleration(subject)
    ends = [z0 + float(ndtri(share)) for share in (tail, 1 - tail)]
    low, high = (_quantile(values, float(ndtr(z0 + end / (1 - a * end)))) for end in ends)
    return value, low, high


def jackknife(subject: Subject, value: float, blocks: int, alpha: float) -> Bounds | None:
    """Leave out each of g blocks; t with g - 1 degrees of freedom about the value less its bias (Tukey 1958).

    centre = sum_j (1 - share_j) v_j / (g - 1); corrected = g value - (g - 1) centre;
    error^2 = (g - 1) / g * sum_j (v_j - centre)^2. For a mean this is `mean_of`, whatever the sizes of the blocks.
    A neighbour statistic keeps its value: its bias is not of order 1/n, and the correction would only add noise.
    """
    from scipy.special import stdtrit

    draw, shares = without_block(subject, blocks)
    values = replicates(subject, draw, blocks)
    if _same(values):
        return None
    centre = float(((1 - shares) * values).sum()) / (blocks - 1)
    corrected = blocks * value - (blocks - 1) * centre if KINDS[subject.statistic.kind].correctable else value
    error = math.sqrt((blocks - 1) / blocks * float((values - centre).square().sum()))
    half = float(stdtrit(blocks - 1, 1 - alpha / 2)) * error
    return corrected, corrected - half, corrected + half


def half_sampling(subject: Subject, value: float, draws: int, alpha: float) -> Bounds | None:
    """Quantiles of c (v - mean v) mirrored at the value, c^2 = b / (n - b) for b of n groups (Politis & Romano 1994).

    c is 1 at one half: the smaller sample spreads more by as much as drawing without replacement takes away.
    """
    values = replicates(subject, halves(subject), draws)
    if _same(values):
        return None
    scale = max(math.sqrt((kin.count // 2) / (kin.count - kin.count // 2)) for kin in subject.units)
    away, tail = scale * (values - values.mean()), _tail(subject, alpha, shrinks=False)
    return value, value - _quantile(away, 1 - tail), value - _quantile(away, tail)


METHODS: dict[str, Method] = {
    "bca": Method("BCa bootstrap, {} draws", 1000, bca),
    "percentile": Method("percentile bootstrap, {} draws", 1000, percentile),
    "basic": Method("basic (bias-corrected) bootstrap, {} draws", 1000, basic),
    "jackknife": Method("delete-a-group jackknife, {} blocks", 20, jackknife, by_blocks=True),
    "half-sampling": Method("half-sampling without replacement, {} draws", 500, half_sampling),
}


def _share_below(subject: Subject, values: Tensor, value: float) -> float:
    """How many resamples fall below the value; all or none is the mark of a biased statistic declared smooth."""
    below = float(((values < value).double() + (values == value).double() / 2).mean())
    if below in (0.0, 1.0):
        raise UsageError(
            f"all resamples of {subject.statistic.name} lie on one side of its value: it is biased, not smooth",
            "declare it a plug-in distance, or a neighbour statistic",
        )
    return below


def _acceleration(subject: Subject) -> float:
    """a = 1/6 sum U^3 / (sum U^2)^(3/2) over the influences U of all units of all samples; |a| <= 1/6."""
    cubes = squares = 0.0
    for place, kin in enumerate(subject.units):
        count = min(kin.count, INFLUENCE_BLOCKS)
        left = replicates(subject, without_block(subject, count, only=place)[0], count)
        influence = (left.mean() - left) * (count - 1) / count
        cubes, squares = cubes + float(influence.pow(3).sum()), squares + float(influence.square().sum())
    return cubes / (6 * squares**1.5) if squares else 0.0


def _tail(subject: Subject, alpha: float, *, shrinks: bool = True) -> float:
    """Phi(-t sqrt(n / (n - 1))): alpha/2 made smaller, as t is wider than z and n draws from n units spread too little.

    The expanded percentile of Hesterberg 2015; n is the fewest units of a sample. Half-sampling does not shrink.
    """
    from scipy.special import ndtr, stdtrit

    n = subject.fewest
    t = float(stdtrit(n - 1, 1 - alpha / 2))
    return float(ndtr(-t * math.sqrt(n / (n - 1)) if shrinks else -t))


def _same(values: Tensor) -> bool:
    """Whether the draws differ by rounding at most."""
    return float(values.max() - values.min()) <= 1e-12 * float(values.abs().max())


def _quantile(values: Tensor, share: float) -> float:
    """At place (draws + 1) * share, so that few draws do not make it narrow."""
    return float(np.quantile(values.numpy(), share, method="weibull"))
