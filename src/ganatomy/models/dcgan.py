"""Plain convolutional networks after Radford et al. 2016, for square pictures of 8 to 64 pixels.

    DCGAN(Format.picture(1, 28), Normal(100), width=64).generator(seed=0)     # 7 x 7 x 128 -> 14 x 14 x 64 -> 28 x 28
    DCGAN(Format.picture(3, 32), Normal(100, classes=10), critic_norm="spectral", dropout=0.0)

`width` is the number of channels at half the picture's size; each halving doubles it. A width of 128 starts a 28 x 28
generator at 7 x 7 x 256. Sites: `start.act`, `up1.conv`, `up1.norm`, `up1.act`, ..., `output.range`;
`down1.conv`, `down1.act`, ..., `flatten`, `head`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from torch import nn

from ganatomy.models.initialise import SchemeName, built
from ganatomy.models.latent import Latent
from ganatomy.models.networks import (
    Critic,
    CriticNorm,
    Generator,
    LatentInput,
    chain,
    doublings,
    dropped,
    leaky,
    output_activation,
)
from ganatomy.models.options import check_options
from ganatomy.models.spectral import spectrally_normalised
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

NORMS: Mapping[str, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm2d,
    "layer": lambda channels: nn.GroupNorm(1, channels),
}


@dataclass(frozen=True)
class DCGAN:
    """A dense start and transposed convolutions with batch normalisation; strided convolutions with dropout."""

    format: Format
    latent: Latent
    width: int = 64
    critic_width: int = 64
    critic_norm: CriticNorm = "none"
    dropout: float = 0.3
    scheme: SchemeName = "normal-0.02"

    def __post_init__(self) -> None:
        check_options(self)
        doublings(self.format, "dcgan")
        output_activation(self.format)

    def generator(self, seed: int) -> Generator:
        return built(self._generator, Stream(seed, "init/generator"), scheme=self.scheme)

    def critic(self, seed: int) -> Critic:
        stream = Stream(seed, "init/critic")
        critic = built(self._critic, stream, scheme=self.scheme)
        return spectrally_normalised(critic, stream) if self.critic_norm == "spectral" else critic

    def _levels(self) -> tuple[int, int]:
        """Smallest size and number of doublings; two for 8 x 8 as well, which would else be a single convolution."""
        size, levels = doublings(self.format, "dcgan")
        return (size // 2, levels + 1) if levels == 1 and size % 2 == 0 else (size, levels)

    def _generator(self) -> Generator:
        entry = LatentInput(self.latent)
        size, levels = self._levels()
        widths = [self.width << level for level in reversed(range(levels))]
        layers: dict[str, nn.Module] = {
            "start": chain(
                {
                    "linear": nn.Linear(entry.width, widths[0] * size**2, bias=False),
                    "shape": nn.Unflatten(1, (widths[0], size, size)),
                    "norm": nn.BatchNorm2d(widths[0]),
                    "act": leaky(),
                }
            )
        }
        for number, (before, after) in enumerate(pairwise(widths), start=1):
            layers[f"up{number}"] = chain(
                {
                    "conv": nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=False),
                    "norm": nn.BatchNorm2d(after),
                    "act": leaky(),
                }
            )
        last = nn.ConvTranspose2d(widths[-1], self.format.shape[0], 4, stride=2, padding=1)
        layers["output"] = chain({"conv": last, "range": output_activation(self.format)})
        return Generator(entry, layers)

    def _critic(self) -> Critic:
        size, levels = self._levels()
        widths = [self.format.shape[0], *(self.critic_width << level for level in range(levels))]
        layers: dict[str, nn.Module] = {}
        for number, (before, after) in enumerate(pairwise(widths), start=1):
            # The first layer sees pixels and is not normalised, as in the paper; batch normalisation needs no bias.
            norm = self.critic_norm if number > 1 else "none"
            layers[f"down{number}"] = chain(
                {
                    "conv": nn.Conv2d(before, after, 4, stride=2, padding=1, bias=norm != "batch"),
                    "norm": NORMS[norm](after) if norm in NORMS else None,
                    "act": leaky(),
                    "dropout": dropped(self.dropout),
                }
            )
        layers["flatten"] = nn.Flatten()
        return Critic(layers, feature_width=widths[-1] * size**2, classes=self.latent.classes)
