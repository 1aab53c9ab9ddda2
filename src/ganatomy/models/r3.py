"""Residual networks without any normalisation (R3GAN, Huang et al. 2024), for the relativistic game with R1 and R2.

    R3(Format.picture(3, 32), Normal(64), width=64, blocks=1).generator(seed=0)

A block is 1 x 1 up, grouped 3 x 3, 1 x 1 down, added to its input. Signals keep their size because each block begins
as the identity (its last convolution is zero) and its other convolutions are scaled by depth, as in Fixup (Zhang et
al. 2019). Sites: `basis`, `stage1.block1.act1`, `stage1.up`, ..., `output.range`; `enter`, `stage1.down`, ..., `head`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.models.initialise import GAIN, SchemeName, built, normal
from ganatomy.models.latent import Latent
from ganatomy.models.networks import Critic, Generator, LatentInput, chain, doubled, doublings, leaky, output_activation
from ganatomy.models.options import check_options
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

LAYERS = 3  # convolutions in a block, the m of Fixup's L^(-1 / (2m - 2))


@dataclass(frozen=True)
class R3:
    """`blocks` a stage, a stage a size; the paper's CIFAR-10 networks have width 768, cardinality 96, two blocks."""

    format: Format
    latent: Latent
    width: int = 64
    blocks: int = 1
    expansion: int = 2
    cardinality: int = 8
    scheme: SchemeName = "lecun"

    def __post_init__(self) -> None:
        check_options(self)
        doublings(self.format, "r3")
        output_activation(self.format)
        if self.width * self.expansion % self.cardinality:
            raise UsageError(
                f"{self.width * self.expansion} channels cannot be split into {self.cardinality} groups",
                "width times expansion must be a multiple of cardinality",
            )

    def generator(self, seed: int) -> Generator:
        return built(self._generator, Stream(seed, "init/generator"), scheme=self.scheme)

    def critic(self, seed: int) -> Critic:
        return built(self._critic, Stream(seed, "init/critic"), scheme=self.scheme)

    def _generator(self) -> Generator:
        entry = LatentInput(self.latent)
        size, levels = doublings(self.format, "r3")
        layers: dict[str, nn.Module] = {"basis": Basis(entry.width, width=self.width, size=size)}
        for stage in range(1, levels + 2):
            layers[f"stage{stage}"] = chain({**self._blocks(levels), "up": doubled() if stage <= levels else None})
        last = nn.Conv2d(self.width, self.format.shape[0], 1)
        layers["output"] = chain({"conv": last, "range": output_activation(self.format)})
        return Generator(entry, layers)

    def _critic(self) -> Critic:
        size, levels = doublings(self.format, "r3")
        layers: dict[str, nn.Module] = {"enter": nn.Conv2d(self.format.shape[0], self.width, 1)}
        for stage in range(1, levels + 2):
            halve = nn.AvgPool2d(2)  # what bilinear resampling by one half comes to
            layers[f"stage{stage}"] = chain({**self._blocks(levels), "down": halve if stage <= levels else None})
        # One learned weighting of places for each channel, the counterpart of the generator's basis.
        layers["basis"] = nn.Conv2d(self.width, self.width, size, groups=self.width, bias=False)
        layers["flatten"] = nn.Flatten()
        return Critic(layers, feature_width=self.width, classes=self.latent.classes)

    def _blocks(self, levels: int) -> dict[str, nn.Module]:
        depth = self.blocks * (levels + 1)
        return {f"block{number}": Block(self, depth) for number in range(1, self.blocks + 1)}


class Basis(nn.Module):
    """A learned picture for each channel, scaled by a linear map of the latent."""

    def __init__(self, latent_width: int, *, width: int, size: int) -> None:
        super().__init__()
        self.linear = nn.Linear(latent_width, width, bias=False)
        self.pictures = nn.Parameter(torch.empty(width, size, size))

    def begin(self, stream: Stream) -> None:
        self.pictures.copy_(normal(stream.child("pictures"), tuple(self.pictures.shape)))

    def forward(self, z: Tensor) -> Tensor:
        scales: Tensor = self.linear(z)
        return scales[:, :, None, None] * self.pictures


class Block(nn.Module):
    """x + conv3(act(conv2(act(conv1(x))))); `depth` is the number L of blocks in the network."""

    def __init__(self, config: R3, depth: int) -> None:
        super().__init__()
        inner = config.width * config.expansion
        self.depth = depth
        self.conv1 = nn.Conv2d(config.width, inner, 1)
        self.act1 = leaky()
        self.conv2 = nn.Conv2d(inner, inner, 3, padding=1, groups=config.cardinality)
        self.act2 = leaky()
        self.conv3 = nn.Conv2d(inner, config.width, 1, bias=False)

    def begin(self, stream: Stream) -> None:  # noqa: ARG002
        """Scale by the gain of the leaky ReLU times L^(-1 / (2m - 2)); zero the last."""
        gain = GAIN * self.depth ** (-1 / (2 * LAYERS - 2))
        self.conv1.weight.mul_(gain)
        self.conv2.weight.mul_(gain)
        self.conv3.weight.zero_()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.conv3(self.act2(self.conv2(self.act1(self.conv1(x)))))
        return out
