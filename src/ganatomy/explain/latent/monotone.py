"""Does a score go one way as a direction is followed? Latent by latent, so that blocks of latents can be added up.

    path = torch.stack([...], dim=1)               # (k, steps, n, c): scores at rising steps, 0 among them
    up, down = one_way(path)                       # (k, n, c): rises throughout, falls throughout
    spearman(path)                                 # (k, n, c): rank correlation of the score with the step

A score that stays equal throughout goes no way. What differs by less than rounding is equal.
"""

from __future__ import annotations

import torch
from torch import Tensor

TIE = 1e-12  # changes smaller than this share of the path's largest score are rounding in float64


def one_way(path: Tensor) -> tuple[Tensor, Tensor]:
    """Whether each latent's score never falls, or never rises, and changes at all."""
    rises, tie = path.diff(dim=1), _tie(path)
    some = (rises.abs() > tie).any(1)
    return (rises >= -tie).all(1) & some, (rises <= tie).all(1) & some


def spearman(path: Tensor) -> Tensor:
    """Over the steps of each latent's path; equal scores share a rank; 0 where all are equal."""
    tie = _tie(path)
    below = [((path < each - tie) + 0.5 * ((path - each).abs() <= tie)).sum(1) for each in path.split(1, dim=1)]
    ranks = torch.stack(below, dim=1).double()
    ranks = ranks - ranks.mean(1, keepdim=True)
    order = torch.arange(path.shape[1], dtype=torch.float64) - (path.shape[1] - 1) / 2
    length = ranks.square().sum(1).sqrt() * order.norm()
    product = torch.einsum("ksnc,s->knc", ranks, order)
    return torch.where(length > 0, product / length.clamp(min=1e-300), torch.zeros_like(product))


def _tie(path: Tensor) -> Tensor:
    return TIE * path.abs().amax(1, keepdim=True)
