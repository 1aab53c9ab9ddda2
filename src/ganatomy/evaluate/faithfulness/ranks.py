"""How alike two maps are: correlations over the last axis, one number a row.

spearman(before.flatten(1), after.flatten(1))         # (n,), equal values share the mean of their ranks
pearson(x, y)                                         # 0 where one of the two is constant
"""

from __future__ import annotations

import torch
from torch import Tensor

FLAT = 1e-12  # of the largest value: what a constant row spreads by rounding


def spearman(x: Tensor, y: Tensor) -> Tensor:
    """In [-1, 1]; 1 for equal rows, constant ones too: a map that is the same after as before has not changed."""
    found = pearson(average_ranks(x), average_ranks(y))
    return torch.where((x == y).all(-1), 1.0, found)


def average_ranks(values: Tensor) -> Tensor:
    """From 1, float64: half the sum of how many are smaller and how many are not larger, plus a half."""
    values = values.double().contiguous()
    ordered = values.sort(-1).values
    below = torch.searchsorted(ordered, values, right=False)
    return (below + torch.searchsorted(ordered, values, right=True)).double() / 2 + 0.5


def pearson(x: Tensor, y: Tensor) -> Tensor:
    x, y = _centred(x), _centred(y)
    size = x.square().sum(-1).sqrt() * y.square().sum(-1).sqrt()
    return torch.where(size > 0, (x * y).sum(-1) / torch.where(size > 0, size, 1.0), 0.0).clamp(-1, 1)


def _centred(x: Tensor) -> Tensor:
    x = x.double()
    flat = (x.amax(-1) - x.amin(-1)) <= FLAT * x.abs().amax(-1)
    return torch.where(flat[..., None], 0.0, x - x.mean(-1, keepdim=True))
