"""Small GANs whose latent space is known, and measurers of their samples, for the tests of explain.latent."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Latent, Normal
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format


def gaussian(*shape: int, seed: int = 0) -> Tensor:
    """Addressed normal numbers, float64."""
    return Stream(seed, "oracle").normal(range(shape[0]), *shape[1:], dtype=torch.float64)


def linear_gan(weight: Tensor, *, latent: Latent | None = None, bias: Tensor | None = None) -> GAN:
    """x = W z + b, points; W is (outputs, latent)."""
    layer = nn.utils.skip_init(nn.Linear, weight.shape[1], weight.shape[0])
    layer.weight.data = weight.float()
    layer.bias.data = torch.zeros(len(weight)) if bias is None else bias.float()
    generator = nn.Sequential()
    generator.add_module("out", layer)
    return GAN(generator, latent or Normal(weight.shape[1]), Format.point(len(weight)))


def orthonormal(rows: int, columns: int, seed: int = 0) -> Tensor:
    """Orthonormal columns, float64."""
    found: Tensor = torch.linalg.qr(gaussian(rows, columns, seed=seed))[0]
    return found


def known_gan(strengths: list[float], outputs: int = 20, seed: int = 0) -> tuple[GAN, Tensor]:
    """x = U diag(s) V^T z, and V^T: the directions as rows, of the given strengths."""
    turn = orthonormal(len(strengths), len(strengths), seed=seed + 1)
    weight = orthonormal(outputs, len(strengths), seed=seed) @ torch.diag(torch.tensor(strengths).double()) @ turn.T
    return linear_gan(weight), turn.T


def reader(name: str, weights: Tensor) -> Measurer:
    """Linear scores of flattened samples: weights is (concepts, values)."""
    names = tuple(f"c{place}" for place in range(len(weights)))
    return Measurer(name, names, "score", lambda samples: samples.flatten(1).double() @ weights.T.double())
