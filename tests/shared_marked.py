"""A GAN whose real pictures have a bright mark in one corner and whose samples have not, and critics planted on it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganatomy.data.dataset import Dataset, stored
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.models.networks import chain
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format, Score

SIDE, LATENT = 6, 8
FORMAT = Format.picture(1, SIDE)


def marked(n: int = 300, *, seed: int = 0) -> Dataset:
    """Noise, and four pixels that are always near white."""
    pictures = 60 + 60 * Stream(seed, "marked").uniform(range(n), 1, SIDE, SIDE)
    pictures[:, :, :2, :2] += 120
    return stored("marked", "held-out", pictures=pictures.to(torch.uint8))


def linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    with Stream(0, "overwritten").module_rng(0):
        layer = nn.Linear(weight.shape[1], weight.shape[0])
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return layer


class Noisy(nn.Module):
    """The same noise without the mark: linear in the latent, then a unit each that may be watched, then the picture."""

    def __init__(self, units: int = 5) -> None:
        super().__init__()
        stream = Stream(0, "noisy")
        self.mix = linear(0.3 * stream.normal(range(units), LATENT), torch.full((units,), 0.5))
        self.act = nn.ReLU()
        self.paint = linear(0.03 * stream.normal(range(SIDE * SIDE), units), torch.full((SIDE * SIDE,), -0.4))

    def forward(self, z: Tensor) -> Tensor:
        painted: Tensor = self.paint(self.act(self.mix(z)))
        return painted.reshape(len(z), 1, SIDE, SIDE)


def sees(weight: float, of: int = 0) -> Tensor:
    """A row that reads the mean of the mark with this weight, or that of four pixels farther down the diagonal."""
    row = torch.zeros(SIDE, SIDE)
    row[of : of + 2, of : of + 2] = weight / 4
    return row.flatten()


class Units(nn.Module):
    """Units that read rows of pixels, a rectifier, and what is done with them."""

    def __init__(self, rows: list[Tensor], biases: list[float], head: nn.Module) -> None:
        super().__init__()
        self.body = chain({"read": linear(torch.stack(rows), torch.tensor(biases)), "act": nn.ReLU()})
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        scored: Tensor = self.head(self.body(x.flatten(1)))
        return scored


def weighed(*weights: float) -> nn.Linear:
    return linear(torch.tensor([weights]), torch.zeros(1))


def gan_of(critic: nn.Module, generator: nn.Module | None = None) -> GAN:
    return GAN(generator or Noisy(), Normal(LATENT), FORMAT, critic, Score("unbounded", "real"))


def one_carrier() -> Units:
    """Unit 0 reads the mark and is the verdict; unit 1 reads it louder, for nobody; 2 and 3 read other pixels."""
    rows = [sees(2.0), sees(4.0), sees(1.0, of=2), sees(1.0, of=4)]
    return Units(rows, [1.0, 2.0, 1.0, 1.0], weighed(1.0, 0.0, 0.05, 0.0))
