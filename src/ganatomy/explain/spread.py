"""Whether a number varies from sample to sample, or is only rounded differently.

    varies(told.mean(0), told.std(0))                              # per concept
    varies(told.mean(0), told.std(0), rounding=rounding(panel.told, pictures))

Networks compute in float32, and a pass of another batch size rounds otherwise; in whatever type the numbers are then
kept, a standard deviation of a few such roundings is none. What does not vary is not tested: an effect has no unit.
A number near 0 that large ones make, such as the mean of a picture of mean 0, hides how large they were: what the last
digit of each pixel does to it tells.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ganatomy.numerics.random import Stream

STEP = torch.finfo(torch.float32).eps
TINY = torch.finfo(torch.float32).tiny
FEW = 8  # steps, or roundings: not more than these is no spread


def varies(mean: Tensor, sd: Tensor, *, rounding: Tensor | float = 0.0) -> Tensor:
    """True where a standard deviation is more than rounding of numbers of that mean."""
    return (sd > FEW * STEP * mean.abs().clamp(min=TINY)) & (sd > FEW * rounding)


def rounding(told: Callable[[Tensor], Tensor], pictures: Tensor) -> Tensor:
    """How far the last digit of every pixel, up or down, moves what is told: root mean square over samples."""
    step = max(STEP, torch.finfo(pictures.dtype).eps)
    signs = Stream(0, "spread/rounding").uniform(range(len(pictures)), *pictures.shape[1:]).sub(0.5).sign()
    moved = pictures * (1 + step * signs.to(pictures))
    return (told(moved) - told(pictures)).double().square().mean(0).sqrt()
