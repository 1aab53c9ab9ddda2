"""Multilayer perceptrons, for pictures of any shape and for points.

    MLP(Format.picture(1, 28), Normal(100)).generator(seed=0)     # 100-256-512-1024-784, tanh
    MLP(Format.point(2), Normal(2), hidden=(128,) * 4, critic_hidden=(128,) * 4, dropout=0.0)

Sites: `hidden1.linear`, `hidden1.norm`, `hidden1.act`, ..., `output.linear`, `output.range` of the generator;
`hidden1.linear`, `hidden1.act`, ..., `head` of the critic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Literal

from torch import nn

from ganatomy.models.initialise import SchemeName, built
from ganatomy.models.latent import Latent
from ganatomy.models.networks import (
    Critic,
    CriticNorm,
    Generator,
    LatentInput,
    chain,
    dropped,
    leaky,
    output_activation,
)
from ganatomy.models.options import check_options
from ganatomy.models.spectral import spectrally_normalised
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

GeneratorNorm = Literal["none", "batch"]
NORMS: Mapping[str, Callable[[int], nn.Module]] = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}


@dataclass(frozen=True)
class MLP:
    """Leaky ReLUs throughout; the critic's dropout follows each of its activations."""

    format: Format
    latent: Latent
    hidden: tuple[int, ...] = (256, 512, 1024)
    critic_hidden: tuple[int, ...] = (1024, 512, 256)
    norm: GeneratorNorm = "none"
    critic_norm: CriticNorm = "none"
    dropout: float = 0.3
    scheme: SchemeName = "fan-uniform"

    def __post_init__(self) -> None:
        check_options(self)
        output_activation(self.format)

    def generator(self, seed: int) -> Generator:
        return built(self._generator, Stream(seed, "init/generator"), scheme=self.scheme)

    def critic(self, seed: int) -> Critic:
        stream = Stream(seed, "init/critic")
        critic = built(self._critic, stream, scheme=self.scheme)
        return spectrally_normalised(critic, stream) if self.critic_norm == "spectral" else critic

    def _generator(self) -> Generator:
        entry = LatentInput(self.latent)
        layers = _hidden((entry.width, *self.hidden), self.norm, dropout=0.0)
        layers["output"] = chain(
            {
                "linear": nn.Linear((entry.width, *self.hidden)[-1], prod(self.format.shape)),
                "shape": nn.Unflatten(1, self.format.shape),
                "range": output_activation(self.format),
            }
        )
        return Generator(entry, layers)

    def _critic(self) -> Critic:
        widths = (prod(self.format.shape), *self.critic_hidden)
        layers = {"flatten": nn.Flatten(), **_hidden(widths, self.critic_norm, dropout=self.dropout)}
        return Critic(layers, feature_width=widths[-1], classes=self.latent.classes)


def _hidden(widths: tuple[int, ...], norm: str, *, dropout: float) -> dict[str, nn.Module]:
    return {
        f"hidden{number}": chain(
            {
                # Batch normalisation takes the mean away, and any bias before it.
                "linear": nn.Linear(before, after, bias=norm != "batch"),
                "norm": NORMS[norm](after) if norm in NORMS else None,
                "act": leaky(),
                "dropout": dropped(dropout),
            }
        )
        for number, (before, after) in enumerate(pairwise(widths), start=1)
    }
