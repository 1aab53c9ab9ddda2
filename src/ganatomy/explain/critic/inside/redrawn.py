"""A critic of the same shape with random weights: what the architecture alone tells apart.

twin = redrawn(critic, lot, stream=Stream(0, "twin"))      # a copy; the critic stays as it is

A tensor of two or more axes is drawn from a normal law of its root mean square, a vector keeps its values in random
order. Running statistics and singular values are then found again in train mode, on the given pictures.
"""

from __future__ import annotations

import copy

import torch
from torch import nn

from ganatomy.explain.critic.lots import Lot
from ganatomy.models.evaluating import evaluating, home
from ganatomy.numerics.random import Stream

ROUNDS = 50  # of which the old statistics, at the usual momentum, keep half a percent


def redrawn(critic: nn.Module, lot: Lot, *, stream: Stream) -> nn.Module:
    device, dtype = home(critic)
    given = () if lot.labels is None else (lot.labels.to(device),)
    pictures = lot.pictures.to(device, dtype)
    with torch.no_grad(), evaluating(critic):
        critic(pictures.clone(), *given)  # weights computed in a pass with gradients could not be copied
    twin = copy.deepcopy(critic)
    with torch.no_grad():
        for name, weight in twin.named_parameters():
            own = stream.child(name)
            if weight.dim() > 1:
                size = weight.double().square().mean().sqrt().cpu()
                weight.copy_(own.normal(range(1), *weight.shape, dtype=torch.float64)[0] * size)
            else:
                weight.copy_(weight[own.permutation(0, len(weight)).to(device)] if weight.dim() else weight)
        with stream.module_rng(0):
            twin.train()
            for _ in range(ROUNDS):
                twin(pictures.clone(), *given)
    return twin.eval()
