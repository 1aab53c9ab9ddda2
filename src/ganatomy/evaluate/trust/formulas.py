"""The numbers that say how far probabilities are off, of logits of real (draws, n) and of generated ones (draws, m).

    spiegelhalter(real, made), turner(real, made), brier(real, made), log_loss(real, made)      # (draws,) each
    ece(real, made, bins), debiased_ece(real, made, bins)

y is 1 for real, p the sigmoid of a logit. Stacks of draws at once, as bootstraps want them.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ganatomy.errors import UsageError


def spiegelhalter(real: Tensor, made: Tensor) -> Tensor:
    """sum (y - p)(1 - 2p) / sqrt(sum (1 - 2p)^2 p (1 - p)); 0 where every p is 1/2 (Spiegelhalter 1986)."""
    up, tilt, room = _parts(real, made)
    return _over(up, tilt, room)


def turner(real: Tensor, made: Tensor) -> Tensor:
    """sum (y - p) / sqrt(sum p (1 - p)) (Turner et al. 2019)."""
    up, tilt, room = _parts(real, made)
    return _over(up, torch.ones_like(tilt), room)


def brier(real: Tensor, made: Tensor) -> Tensor:
    """Mean of (y - p)^2."""
    return _parts(real, made)[0].square().mean(-1)


def log_loss(real: Tensor, made: Tensor) -> Tensor:
    """Mean of -log p for real and -log (1 - p) for made, in nats; log 2 for a score that always says 1/2."""
    return torch.cat([softplus(-real), softplus(made)], -1).mean(-1)


def ece(real: Tensor, made: Tensor, bins: int) -> Tensor:
    """sum over bins of count / n |share of real - mean p| (Naeini et al. 2015)."""
    _, said, seen = binned(real, made, bins)
    return (seen - said).abs().sum(-1) / (real.shape[-1] + made.shape[-1])


def debiased_ece(real: Tensor, made: Tensor, bins: int) -> Tensor:
    """ECE less what noise adds to |gap| in each bin, E|N(g, s)| - |g|: much at g = 0, nothing where g is many s.

    The true gaps g are taken to be the measured ones shrunk by one factor, so that their mean square is the measured
    one less the noise's (as in James & Stein 1961). It can fall below 0 by chance.
    """
    count, said, seen = binned(real, made, bins)
    gaps, noise = seen - said, _noise(real, made, bins)
    weight = torch.where(count > 0, 1 / count.clamp(min=1), 0.0)
    measured, by_chance = (weight * gaps.square()).sum(-1), (weight * noise).sum(-1)
    kept = (1 - by_chance / measured.clamp(min=1e-300)).clamp(min=0).sqrt()
    true, sd = kept[..., None] * gaps.abs(), noise.sqrt().clamp(min=1e-300)
    ratio = true / sd
    folded = sd * math.sqrt(2 / math.pi) * (-ratio.square() / 2).exp() + true * torch.erf(ratio / math.sqrt(2))
    return (gaps.abs() - folded + true).sum(-1) / (real.shape[-1] + made.shape[-1])


def _parts(real: Tensor, made: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """y - p, 1 - 2p and p (1 - p), each without the cancellation of 1 - p."""
    both = torch.cat([real, made], -1)
    high, low = torch.sigmoid(both), torch.sigmoid(-both)
    up = torch.cat([low[..., : real.shape[-1]], -high[..., real.shape[-1] :]], -1)
    return up, low - high, high * low


def _over(up: Tensor, tilt: Tensor, room: Tensor) -> Tensor:
    spread = (tilt.square() * room).sum(-1)
    return torch.where(spread > 0, (up * tilt).sum(-1) / spread.clamp(min=1e-300).sqrt(), 0.0)


def binned(real: Tensor, made: Tensor, bins: int) -> tuple[Tensor, Tensor, Tensor]:
    """Of each bin the count, the sum of the probabilities and the number of real ones, (draws, bins) each."""
    both = torch.cat([real, made], -1)
    place, bin_count = places(both, bins)
    is_real = torch.zeros_like(both)
    is_real[..., : real.shape[-1]] = 1.0
    return (
        _summed(torch.ones_like(both), place, bin_count),
        _summed(torch.sigmoid(both), place, bin_count),
        _summed(is_real, place, bin_count),
    )


def _noise(real: Tensor, made: Tensor, bins: int) -> Tensor:
    """The variance of each bin's gap, that of sum (y - p), if the gap were all chance or all truth: about its mean."""
    up = _parts(real, made)[0]
    place, bin_count = places(torch.cat([real, made], -1), bins)
    count, total, squares = (_summed(each, place, bin_count) for each in (torch.ones_like(up), up, up.square()))
    about = (squares - total.square() / count.clamp(min=1)).clamp(min=0)
    return about * count / (count - 1).clamp(min=1)


def places(both: Tensor, bins: int) -> tuple[Tensor, int]:
    """The bin of each value: cut at the ranks n / bins, 2n / bins, ..., equal values together."""
    n = both.shape[-1]
    if bins < 2 or n < 2 * bins:
        raise UsageError(f"{bins} bins for {n} samples were asked for", "take two bins or more, of two samples or more")
    ranked = both.sort(-1).values
    cuts = ranked[..., [n * k // bins for k in range(1, bins)]].contiguous()
    return torch.searchsorted(cuts, both.contiguous(), right=True), bins


def _summed(values: Tensor, place: Tensor, bins: int) -> Tensor:
    return torch.zeros(*values.shape[:-1], bins, dtype=values.dtype).scatter_add_(-1, place, values)
