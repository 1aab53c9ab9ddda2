"""Insertion and deletion: the score while pixels come, or go, in the order of an attribution, the largest first.

    seen = curves(case, places(maps, stream=stream, addresses=case.addresses))
    area(seen.insertion), area(seen.deletion)        # (n,), of the score itself

Petsiuk et al. 2018 (RISE), with k = 0 and k = n included, the same baseline for both, and all channels of a pixel
together. The area is by the trapezoid rule over the share of pixels, from 0 to 1. With an additive score both areas add
up to f(x) + f(b), whatever the order. A random order has equal areas on average, with any score: what is
left after k deletions is as random a set as what is there after n - k insertions, and the cuts lie symmetrically. So
insertion - deletion has the null value 0. It is unbounded, and larger is better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.evaluate.faithfulness.cases import Case, pooled, scores_of
from ganatomy.numerics.random import Stream

STEPS = 15  # 2 x 14 passes, since both ends are known


@dataclass(frozen=True, eq=False)
class Curves:
    """Scores (n, steps + 1) after so many pixels: `counts`, from none to all."""

    counts: Tensor
    insertion: Tensor
    deletion: Tensor

    def areas(self) -> tuple[Tensor, Tensor]:
        """Of insertion and deletion, (n,)."""
        return area(self.insertion, self.counts), area(self.deletion, self.counts)


def curves(case: Case, place: Tensor, *, steps: int = STEPS) -> Curves:
    """`place` (n, pixels): the position of each pixel in the order, 0 the first."""
    counts = cuts(case.pixels, steps)
    inner = counts[1:-1].tolist()
    kept = [*((place < k) for k in inner), *((place >= k) for k in inner)]
    found = scores_of(case, len(kept), lambda version: case.mixed(kept[version])).T
    x, b = case.scores[:, None], case.blank[:, None]
    insertion = torch.cat([b, found[:, : len(inner)], x], 1)
    return Curves(counts, insertion, torch.cat([x, found[:, len(inner) :], b], 1))


def cuts(pixels: int, steps: int) -> Tensor:
    """Numbers of pixels from 0 to all, about equally far apart and symmetric; fewer where pixels are few."""
    if steps < 1:
        raise UsageError(f"a curve of {steps} steps was asked for", "ask for one or more")
    low = [pixels * step // steps for step in range(steps // 2 + 1)]
    return torch.tensor(sorted({*low, *(pixels - count for count in low)}))


def area(curve: Tensor, counts: Tensor) -> Tensor:
    """Trapezoid rule over the share of pixels, (n,)."""
    return torch.trapezoid(curve, counts.double() / counts[-1], dim=1)


def places(maps: Tensor, *, stream: Stream, addresses: Sequence[int]) -> Tensor:
    """Positions (n, pixels) by value, the largest first; equal values stand in a random order of their own."""
    values = pooled(maps.double(), channels=maps.dim() == 4)
    lots = _keys(values.shape[1], stream, addresses).argsort(1)
    order = lots.gather(1, values.gather(1, lots).argsort(dim=1, descending=True, stable=True))
    return _inverse(order)


def random_places(pixels: int, *, stream: Stream, addresses: Sequence[int]) -> Tensor:
    """Positions (n, pixels) in a random order."""
    return _inverse(_keys(pixels, stream, addresses).argsort(1))


def _keys(pixels: int, stream: Stream, addresses: Sequence[int]) -> Tensor:
    return stream.uniform(addresses, pixels, dtype=torch.float64)


def _inverse(order: Tensor) -> Tensor:
    return torch.empty_like(order).scatter_(1, order, torch.arange(order.shape[1]).expand_as(order))
