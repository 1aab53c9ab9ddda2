"""Attributions that explain nothing, as ordinary methods, and the true ones of critics that are simple enough.

maps = random_map(seed=0)(network, pictures)       # any method: network, pictures -> maps of the pictures' shape
edges(network, pictures), constant(network, pictures)
of_parts(lambda x: weights * x, baseline)          # a score that is a sum over values: the oracle's shares
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from ganatomy.evaluate.faithfulness.cases import Attribute
from ganatomy.numerics.fingerprint import fingerprint
from ganatomy.numerics.random import Stream

SOBEL = ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0))  # its transpose for the other direction


def random_map(*, seed: int) -> Attribute:
    """Standard normal values that depend on the picture alone: the same one gets the same map wherever it stands."""
    stream = Stream(seed, "faithfulness/random map")

    def attribute(_: nn.Module, pictures: Tensor) -> Tensor:
        return torch.cat([stream.child(fingerprint(each)).normal(range(1), *each.shape) for each in pictures]).to(
            pictures
        )

    return attribute


def edges(_: nn.Module, pictures: Tensor) -> Tensor:
    """Magnitude of the Sobel gradient of each channel, without looking at the network (Adebayo et al. 2018).

    The border is continued. A point has no edges: its values' distance from their mean stands for them.
    """
    if pictures.dim() != 4:
        return (pictures - pictures.mean(1, keepdim=True)).abs()
    channels = pictures.shape[1]
    across = torch.tensor(SOBEL).to(pictures)
    kernels = torch.stack([across, across.T])[:, None].repeat(channels, 1, 1, 1)
    padded = functional.pad(pictures, (1, 1, 1, 1), mode="replicate")
    both = functional.conv2d(padded, kernels, groups=channels).unflatten(1, (channels, 2))
    magnitude: Tensor = both.square().sum(2).sqrt()
    return magnitude


def constant(_: nn.Module, pictures: Tensor) -> Tensor:
    return torch.ones_like(pictures)


def of_parts(parts: Callable[[Tensor], Tensor], baseline: Tensor) -> Attribute:
    """The true shares of a score that is the sum of `parts`, a term for each value: parts(x) - parts(b)."""

    def attribute(_: nn.Module, pictures: Tensor) -> Tensor:
        return parts(pictures) - parts(baseline.to(pictures).expand_as(pictures))

    return attribute


def of_weights(weights: Tensor) -> Attribute:
    """The true slopes of a linear score: its weights, for every picture."""

    def attribute(_: nn.Module, pictures: Tensor) -> Tensor:
        return weights.to(pictures).expand_as(pictures).clone()

    return attribute
