"""How well one number tells two samples apart: the area under the ROC curve, with an interval that holds near 0 and 1.

    area = auc(real_scores, fake_scores)        # Auc(value=0.93, interval=Interval(0.90, 0.95, 0.95, "Newcombe score"))
    areas(real_table, fake_table)               # (k,), of every column at once

The area is P(above > below) + P(above = below) / 2. It is 1/2 where nothing is told apart and below it where the order
is reversed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.numerics.statistics.interval import Interval

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


def auc(above: Tensor, below: Tensor, *, level: float = 0.95) -> Auc:
    """Of two samples (n,) and (m,)."""
    if above.ndim != 1 or below.ndim != 1:
        raise UsageError(
            f"samples of shapes {tuple(above.shape)} and {tuple(below.shape)} were given", "wanted are (n,) and (m,)"
        )
    value = float(areas(above[:, None], below[:, None]))
    return Auc(value, auc_interval(value, len(above), len(below), level=level), len(above), len(below))


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


def auc_interval(value: float, n: int, m: int, *, level: float = 0.95) -> Interval:
    """All areas A with |value - A| <= z sd(A), sd after Hanley & McNeil 1982 for samples of equal sizes.

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
