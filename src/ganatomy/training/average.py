"""A moving average of a network, which is what one shows and keeps: steadier than the network that is trained.

average = Average(generator, half_life=10_000)
average.follow(generator, images=64)            # after each step
"""

from __future__ import annotations

import copy

import torch
from torch import nn


class Average:
    """Weights w <- w + (1 - 2^(-images / half_life)) (new - w); buffers (batch statistics, counters) are copied.

    The half-life is in images, so another batch size averages over the same past. It is shortened to a twentieth of
    what was seen so far, so that the first steps are forgotten quickly (Karras et al. 2020, ramp 0.05).
    """

    def __init__(self, network: nn.Module, half_life: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.half_life = half_life
        self.seen = 0

    @torch.no_grad()
    def follow(self, network: nn.Module, images: int) -> None:
        self.seen += images
        kept = 0.5 ** (images / max(min(self.half_life, 0.05 * self.seen), 1e-8))
        torch._foreach_lerp_(list(self.network.parameters()), list(network.parameters()), 1 - kept)
        for buffer, new_buffer in zip(self.network.buffers(), network.buffers(), strict=True):
            buffer.copy_(new_buffer)
