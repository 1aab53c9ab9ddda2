"""The smallest games: one point of data at 0, a generator that makes the point theta, a critic psi * x.

    field = dirac(game_named("ns-r1"))        # v(psi, theta) from the losses that training minimises
    quadratic(game_named("ns-r1"))            # a bell on the line against a + b z and p0 + p1 x + p2 x^2

Both know their equilibrium: EQUILIBRIUM of each. Expectations are exact there: what is drawn comes from few points of
equal weight with the moments that derivatives at the equilibrium read. Mescheder et al. 2018, section 2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganatomy.games.game import Game
from ganatomy.games.players import Batch, Players
from ganatomy.numerics.random import Stream
from ganatomy.theory.field import Field

SIDE = 4  # nodes of each kind of noise; a batch holds every pair of them
DIRAC_EQUILIBRIUM = (0.0, 0.0)  # psi, theta
MEAN, WIDTH = 1.0, 0.5  # of the bell
QUADRATIC_EQUILIBRIUM = (0.0, 0.0, 0.0, MEAN, WIDTH)  # p0, p1, p2, a, b


@dataclass(frozen=True)
class Nodes(Stream):
    """Stands in for random draws: normals take SIDE values of mean 0 and variance 1, those of fakes and of reals in
    every combination; uniforms are 1/2.
    """

    def normal(self, indices: Sequence[int], *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        heights: Tensor = torch.special.ndtri((torch.arange(SIDE, dtype=torch.float64) + 0.5) / SIDE)
        heights = heights / heights.square().mean().sqrt()
        own = [index // SIDE if "fake" in self.name else index for index in indices]
        chosen = heights[torch.tensor([index % SIDE for index in own])].to(dtype)
        return chosen.reshape(-1, *[1] * len(shape)).expand(len(own), *shape).clone()

    def uniform(self, indices: Sequence[int], *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        return torch.full((len(indices), *shape), 0.5, dtype=dtype)

    def child(self, name: str) -> Nodes:
        return Nodes(self.seed, f"{self.name}/{name}")


class Point(nn.Module):
    """A generator that makes one point, whatever the latent."""

    def __init__(self, place: float = 0.0) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.tensor(place, dtype=torch.float64))

    def forward(self, latent: Tensor) -> Tensor:
        return self.place + torch.zeros(len(latent), 1, dtype=self.place.dtype)


class Slope(nn.Module):
    """A critic psi * x."""

    def __init__(self, slope: float = 0.0) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope, dtype=torch.float64))

    def forward(self, points: Tensor) -> Tensor:
        return self.slope * points


class Bell(nn.Module):
    """A generator a + b z."""

    def __init__(self) -> None:
        super().__init__()
        self.middle = nn.Parameter(torch.tensor(MEAN, dtype=torch.float64))
        self.width = nn.Parameter(torch.tensor(WIDTH, dtype=torch.float64))

    def forward(self, latent: Tensor) -> Tensor:
        return self.middle + self.width * latent


class Parabola(nn.Module):
    """A critic p0 + p1 x + p2 x^2."""

    def __init__(self) -> None:
        super().__init__()
        self.factors = nn.Parameter(torch.zeros(3, dtype=torch.float64))

    def forward(self, points: Tensor) -> Tensor:
        return self.factors[0] + self.factors[1] * points + self.factors[2] * points.square()


def dirac(game: Game) -> Field:
    """The Dirac game: w = (psi, theta)."""
    n = SIDE * SIDE
    blank = torch.zeros(n, 1, dtype=torch.float64)
    return Field(game, Players(Point(), Slope()), Batch(blank, blank, stream=Nodes(0, "dirac"), indices=range(n)))


def quadratic(game: Game) -> Field:
    """Data N(1, 1/2^2), w = (p0, p1, p2, a, b): both distributions have densities here.

    Six latents of equal weight (the three Gauss-Hermite nodes, of weights 1/6, 4/6 and 1/6) have the moments of the
    normal up to order 5; the Jacobian at the equilibrium reads 4.
    """
    latent = torch.tensor([[-1.0], [0.0], [0.0], [0.0], [0.0], [1.0]], dtype=torch.float64) * math.sqrt(3.0)
    batch = Batch(MEAN + WIDTH * latent, latent, stream=Nodes(0, "quadratic"), indices=range(len(latent)))
    return Field(game, Players(Bell(), Parabola()), batch)
