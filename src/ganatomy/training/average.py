"""A moving average of a network, which is what one shows and keeps: steadier than the network that is trained.

average = Average(generator, half_life=10_000)
average.follow(images=64)                       # after each step of the generator
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class Average:
    """Weights w <- w + (1 - 2^(-images / half_life)) (new - w); buffers (batch statistics, counters) are copied.

    The half-life is in images, so another batch size averages over the same past. It is shortened to a twentieth of
    what was seen so far, so that the first steps are forgotten quickly (Karras et al. 2020, ramp 0.05). A half-life of
    0 is no average: `network` is then the network itself.
    """

    def __init__(self, network: nn.Module, half_life: float) -> None:
        self.of_itself = half_life == 0
        self.network = network if self.of_itself else copy.deepcopy(network).eval().requires_grad_(False)
        self.half_life = half_life
        self.seen = 0
        self.own: list[Tensor] = list(self.network.parameters())
        self.new: list[Tensor] = list(network.parameters())
        self.buffers = (list(self.network.buffers()), list(network.buffers()))

    @torch.no_grad()
    def follow(self, images: int) -> None:
        """Take in what the network has become after so many more images."""
        self.seen += images
        if self.of_itself:
            return
        kept = 0.5 ** (images / max(min(self.half_life, 0.05 * self.seen), 1e-8))
        torch._foreach_lerp_(self.own, self.new, 1 - kept)
        if self.buffers[0]:
            torch._foreach_copy_(*self.buffers)
