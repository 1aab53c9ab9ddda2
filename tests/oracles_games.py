"""Small players and batches that the tests of games share; all in float64, weights drawn at an address."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ganatomy.games.players import Batch, Players
from ganatomy.numerics.random import Stream

LATENT, N = 4, 8


class Critic(nn.Module):
    """Two layers with the `features` that heads read; any sample shape, flat inside."""

    def __init__(self, inputs: int, width: int = 6) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(inputs, width), nn.Tanh())
        self.score = nn.Linear(width, 1)

    def features(self, samples: Tensor) -> Tensor:
        return self.body(samples)

    def forward(self, samples: Tensor) -> Tensor:
        return self.score(self.features(samples))


class LabelledCritic(Critic):
    """Reads labels by an embedding added to the score."""

    def __init__(self, inputs: int) -> None:
        super().__init__(inputs)
        self.embedding = nn.Embedding(3, 1)

    def features(self, samples: Tensor, labels: Tensor) -> Tensor:
        return super().features(samples) + 0.1 * labels.reshape(-1, 1)

    def forward(self, samples: Tensor, labels: Tensor) -> Tensor:
        return self.score(self.features(samples, labels)) + self.embedding(labels)


class LabelledGenerator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.map, self.embedding = nn.Linear(LATENT, 2), nn.Embedding(3, 2)

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        return self.map(latent) + self.embedding(labels)


def built(make: Any, *arguments: Any, seed: int = 0) -> Any:
    """A module whose first weights come from an address, in float64."""
    with Stream(seed, "weights").module_rng(0):
        return make(*arguments).double()


def generator(shape: tuple[int, ...] = (2,)) -> nn.Module:
    return nn.Sequential(
        nn.Linear(LATENT, 5), nn.Tanh(), nn.Linear(5, torch.Size(shape).numel()), nn.Unflatten(1, shape)
    )


def players(shape: tuple[int, ...] = (2,), *, channels: int = 1, seed: int = 0, **more: Any) -> Players:
    """`channels` is what the presentation makes of one: the critic takes so many times more on axis 1."""
    inputs = torch.Size(shape).numel() * channels
    return Players(built(generator, shape, seed=seed), built(Critic, inputs, seed=seed + 1), **more)


def batch(shape: tuple[int, ...] = (2,), *, n: int = N, seed: int = 0, **more: Any) -> Batch:
    stream = Stream(seed, "test")
    real = stream.child("real").normal(range(n), *shape, dtype=torch.float64) + 1.0
    latent = stream.child("latent").normal(range(n), LATENT, dtype=torch.float64)
    return Batch(**{"real": real, "latent": latent, "stream": stream, "indices": range(n), **more})


def part(whole: Batch, rows: slice) -> Batch:
    """The rows of a batch under their own addresses: what one process of several sees."""
    cut = [None if t is None else t[rows] for t in (whole.real, whole.latent, whole.labels, whole.fake_labels)]
    return Batch(cut[0], cut[1], whole.stream, whole.indices[rows], cut[2], cut[3], whole.seen, whole.step)  # type: ignore[arg-type]
