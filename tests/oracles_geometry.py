"""Generators whose geometry is known in closed form, and a real pretrained one.

gan = linear_gan(matrix)                            # x = A z
gan = gan_of(lambda z: torch.tanh(50 * z), 2, 2)    # any function of latents (n, dim)
"""

from __future__ import annotations

import gzip
from collections.abc import Callable

import torch
from safetensors.torch import load_file
from shared_data import need
from torch import Tensor, nn

from ganatomy.models.gan import GAN
from ganatomy.models.latent import Latent, Normal
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

PAIR = "gan_mnist_wgangp_akanametov"


class Made(nn.Module):
    """A function of latents as a module of a given type; counts the rows it is given."""

    def __init__(self, function: Callable[[Tensor], Tensor], dtype: torch.dtype) -> None:
        super().__init__()
        self.function = function
        self.weight = nn.Parameter(torch.ones((), dtype=dtype))
        self.largest = 0

    def forward(self, z: Tensor) -> Tensor:
        self.largest = max(self.largest, len(z))
        return self.function(z) * self.weight


def gan_of(
    function: Callable[[Tensor], Tensor],
    dim: int,
    outputs: int,
    *,
    latent: Latent | None = None,
    dtype: torch.dtype = torch.float64,
) -> GAN:
    return GAN(Made(function, dtype), latent or Normal(dim), Format.point(outputs))


def matrix(outputs: int, dim: int, seed: int = 0) -> Tensor:
    return Stream(seed, "a matrix for tests").normal(range(outputs), dim, dtype=torch.float64)


def linear_gan(weights: Tensor, *, latent: Latent | None = None, dtype: torch.dtype = torch.float64) -> GAN:
    return gan_of(lambda z: z @ weights.T.to(z), weights.shape[1], weights.shape[0], latent=latent, dtype=dtype)


def pretrained() -> GAN:
    """The convolutional WGAN-GP generator for MNIST of akanametov."""

    def block(i: int, o: int, k: int, stride: int) -> nn.Module:
        layers = nn.Sequential(nn.ConvTranspose2d(i, o, k, stride), nn.BatchNorm2d(o), nn.ReLU())
        return nn.ModuleDict({"block": layers})

    class Theirs(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            blocks = [block(64, 256, 3, 2), block(256, 128, 4, 1), block(128, 64, 3, 2)]
            self.model = nn.ModuleList([*blocks, nn.ConvTranspose2d(64, 1, 4, 2)])

        def forward(self, z: Tensor) -> Tensor:
            x = z[:, :, None, None]
            for part in self.model[:3]:
                x = part["block"](x)
            return torch.tanh(self.model[3](x))

    with Stream(0, "their constructors").module_rng(0):
        generator = Theirs()
    generator.load_state_dict(load_file(need(PAIR) / "generator.safetensors"))
    return GAN(generator, Normal(64), Format.picture(1, 28))


def digits(n: int) -> Tensor:
    """The first MNIST test pictures, in [-1, 1]."""
    raw = gzip.decompress(need("mnist/t10k-images-idx3-ubyte.gz").read_bytes())[16 : 16 + n * 784]
    return torch.frombuffer(bytearray(raw), dtype=torch.uint8).reshape(n, 1, 28, 28).float() / 127.5 - 1
