"""How well one number tells two samples apart: the area under the ROC curve, with an interval that holds near 0 and 1.

    area = auc(real_scores, fake_scores, groups=(patients, None))    # Auc(value=0.93, interval=Interval(0.90, 0.95, ...
    areas(real_table, fake_table)                                    # (k,), of every column at once
    means = separated(real_table, fake_table, groups=(patients, None))   # k of Mean: with DeLong's errors, to be tested

The area is P(above > below) + P(above = below) / 2. It is 1/2 where nothing is told apart and below it where the order
is reversed. Its error is that of DeLong et al. 1988, whatever the spreads; samples of one group are summed first
(Obuchowski 1997). No group may stand on both sides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.numerics.statistics.groups import Ids, units
from ganatomy.numerics.statistics.interval import Interval, Mean
from ganatomy.numerics.statistics.shares import on_logits

Sides = tuple[Ids | None, Ids | None]  # of the samples above, and of those below
ALONE: Sides = (None, None)
HALVINGS = 60  # of [0, 1], well below the last bit


@dataclass(frozen=True)
class Auc:
    """The area with its interval, and how many samples stood on either side."""

    value: float
    interval: Interval
    n_above: int
    n_below: int

    @property
    def reversed(self) -> bool:
        """Whether the order is surely the other way round."""
        return self.interval.high < 0.5


def auc(above: Tensor, below: Tensor, *, level: float = 0.95, groups: Sides = ALONE) -> Auc:
    """Of two samples (n,) and (m,)."""
    if above.ndim != 1 or below.ndim != 1:
        raise UsageError(
            f"samples of shapes {tuple(above.shape)} and {tuple(below.shape)} were given", "wanted are (n,) and (m,)"
        )
    (mean,) = separated(above[:, None], below[:, None], groups=groups)
    counts = (units(groups[0], len(above)).count, units(groups[1], len(below)).count)
    interval = auc_interval(mean, *counts, level=level, grouped=any(each is not None for each in groups))
    return Auc(mean.value, interval, len(above), len(below))


def separated(above: Tensor, below: Tensor, *, groups: Sides = ALONE) -> list[Mean]:
    """The area of each column of tables (n, k) and (m, k) with its error, degrees of freedom after Welch.

    An error of 0 or infinity says that there is no spread to go by, as at the ends 0 and 1 (see `at_ends`).
    """
    area, high, low = areas(above, below), above.detach().double().cpu(), below.detach().double().cpu()
    sides = [_variance(_placements(high, low), groups[0]), _variance(_placements(low, high), groups[1])]
    (first, n), (second, m) = sides
    square = first + second
    df = square.square() / (first.square() / max(1, n - 1) + second.square() / max(1, m - 1))
    df = df.nan_to_num(float(max(1, min(n, m) - 1)))
    error = square.sqrt()
    return [
        Mean(value, each, free, min(n, m))
        for value, each, free in zip(area.tolist(), error.tolist(), df.tolist(), strict=True)
    ]


def at_ends(mean: Mean, n: int, m: int) -> Mean:
    """An area of 0 or 1 has no spread; it is tested with the error that ranks have where nothing is told apart."""
    if mean.error > 0 or 0 < mean.value < 1:
        return mean
    return Mean(mean.value, math.sqrt((n + m + 1) / (12 * n * m)), mean.df, mean.n)


def areas(above: Tensor, below: Tensor) -> Tensor:
    """(k,), float64, of tables (n, k) and (m, k): from the ranks of both together, equal ones sharing theirs."""
    n, m = len(above), len(below)
    if not n or not m:
        raise UsageError(f"{n} and {m} samples were to be told apart", "give one or more of each")
    both = torch.cat([above, below]).detach().double().cpu()
    if not bool(torch.isfinite(both).all()):
        raise InputError("the scores hold NaN or infinite values", "leave them out, or find where they come from")
    ranked, order = both.sort(0)
    ranks = torch.empty_like(both).scatter_(0, order, _shared_ranks(ranked))
    return (ranks[:n].sum(0) - n * (n + 1) / 2) / (n * m)


def auc_interval(mean: Mean, n: int, m: int, *, level: float = 0.95, grouped: bool = False) -> Interval:
    """DeLong's error on the scale of logits, or Newcombe's score interval where there is no spread.

    n, m: independent units of either side. Newcombe's supposes equal spreads, and DeLong's is short where few pairs are
    in the wrong order: of single samples it is the wider end of both. Newcombe's knows of no likeness within groups.
    """
    spread = 0 < mean.value < 1 and 0 < mean.error < math.inf
    if spread and grouped:
        return on_logits(mean, level=level)
    score = newcombe(mean.value, n, m, level=level)
    if not spread:
        return score
    own = on_logits(mean, level=level)
    return Interval(min(own.low, score.low), max(own.high, score.high), level, "wider of DeLong and Newcombe")


def newcombe(value: float, n: int, m: int, *, level: float = 0.95) -> Interval:
    """All areas A with |value - A| <= z sd(A), sd after Hanley & McNeil 1982 for samples of equal spread.

    Newcombe 2006, method 5: it stays inside [0, 1], and does not shrink to a point at either end.
    """
    from scipy.special import ndtri

    z, mean = float(ndtri(0.5 + level / 2)), (n + m) / 2 - 1

    def beyond(area: float) -> bool:
        rest = 1 - area
        variance = area * rest * (1 + mean * rest / (2 - area) + mean * area / (1 + area)) / (n * m)
        return abs(value - area) > z * math.sqrt(variance)

    bounds = []
    for end in (0.0, 1.0):
        outside, inside = end, value
        for _ in range(HALVINGS):
            middle = (outside + inside) / 2
            outside, inside = (middle, inside) if beyond(middle) else (outside, middle)
        bounds.append(inside)
    return Interval(min(bounds), max(bounds), level, "Newcombe score")


def _placements(x: Tensor, y: Tensor) -> Tensor:
    """(n, k): of each sample its share of samples of the other side that it stands above, ties half."""
    ranked, wanted = y.T.contiguous().sort(1).values, x.T.contiguous()
    below, upto = (torch.searchsorted(ranked, wanted, right=side) for side in (False, True))
    return ((below + upto).double() / (2 * len(y))).T


def _variance(placed: Tensor, groups: Ids | None) -> tuple[Tensor, int]:
    """Of the mean over samples, (k,), as `mean_of` has it; and how many units there are."""
    n, mean, kin = len(placed), placed.mean(0), units(groups, len(placed))
    if kin.count == 1:
        return torch.full_like(mean, math.inf), 1
    total = torch.zeros(kin.count, placed.shape[1], dtype=torch.float64).index_add_(0, kin.codes, placed)
    sizes = kin.sizes.double()[:, None]
    shift = (total - sizes * mean) / (n - sizes)
    square = shift.square().sum(0) * (kin.count - 1) / kin.count
    flat = (placed.amax(0) - placed.amin(0)) <= 1e-12
    return square.masked_fill(flat, 0.0), kin.count


def _shared_ranks(ranked: Tensor) -> Tensor:
    """Ranks from 1 in a sorted table, equal values of a column sharing the mean of theirs."""
    n = len(ranked)
    place = torch.arange(1, n + 1, dtype=torch.float64)[:, None].expand_as(ranked)
    starts = torch.ones_like(ranked, dtype=torch.bool)
    starts[1:] = ranked[1:] != ranked[:-1]
    ends = torch.ones_like(starts)
    ends[:-1] = starts[1:]
    first = torch.where(starts, place, 0.0).cummax(0).values
    last = torch.where(ends, place, float(n + 1)).flip(0).cummin(0).values.flip(0)
    return (first + last) / 2
