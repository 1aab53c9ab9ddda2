"""Residual networks with a spectrally normalised critic (SNGAN, Miyato et al. 2018), for the hinge family of games.

    SNResNet(Format.picture(3, 32), Normal(128, classes=10), width=64).critic(seed=0)

With classes the generator's batch normalisations take gain and shift from the label, and the critic projects on it.
Sites: `start`, `up1.norm1`, `up1.act1`, `up1.conv1`, ..., `output.range`; `down1.residual.conv1`, ..., `pool`, `head`.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from ganatomy.models.initialise import SchemeName, built
from ganatomy.models.latent import Latent
from ganatomy.models.networks import Critic, chain, doublings, output_activation, require_labels
from ganatomy.models.options import check_options
from ganatomy.models.spectral import spectrally_normalised
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

SMALLEST = 8  # the critic halves until the picture is no wider, at least once


@dataclass(frozen=True)
class SNResNet:
    """One width throughout, as in the paper (256 and 128 there)."""

    format: Format
    latent: Latent
    width: int = 64
    critic_width: int = 64
    scheme: SchemeName = "xavier"

    def __post_init__(self) -> None:
        check_options(self)
        doublings(self.format, "sn-resnet")
        output_activation(self.format)

    def generator(self, seed: int) -> ResidualGenerator:
        return built(lambda: ResidualGenerator(self), Stream(seed, "init/generator"), scheme=self.scheme)

    def critic(self, seed: int) -> Critic:
        stream = Stream(seed, "init/critic")
        return spectrally_normalised(built(self._critic, stream, scheme=self.scheme), stream)

    def _critic(self) -> Critic:
        width, size = self.critic_width, self.format.shape[1] // 2
        layers: dict[str, nn.Module] = {"down1": DownBlock(self.format.shape[0], width, halve=True, first=True)}
        while size > SMALLEST:
            layers[f"down{len(layers) + 1}"] = DownBlock(width, width, halve=True)
            size //= 2
        layers |= {name: DownBlock(width, width, halve=False) for name in ("flat1", "flat2")}
        layers |= {"act": nn.ReLU(), "pool": SumPool()}
        return Critic(layers, feature_width=width, classes=self.latent.classes)


class ResidualGenerator(nn.Module):
    """A dense start, blocks that double the size, a normalised output convolution."""

    def __init__(self, config: SNResNet) -> None:
        super().__init__()
        self.latent = config.latent
        size, levels = doublings(config.format, "sn-resnet")
        width, classes = config.width, config.latent.classes
        self.start = chain(
            {
                "linear": nn.Linear(config.latent.dim, width * size**2),
                "shape": nn.Unflatten(1, (width, size, size)),
            }
        )
        self.ups = tuple(f"up{number + 1}" for number in range(levels))
        for name in self.ups:
            self.add_module(name, UpBlock(width, classes))
        self.output = chain(
            {
                "norm": nn.BatchNorm2d(width),
                "act": nn.ReLU(),
                "conv": nn.Conv2d(width, config.format.shape[0], 3, padding=1),
                "range": output_activation(config.format),
            }
        )

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        self.latent.check(z)
        require_labels(labels, self.latent.classes)
        x: Tensor = self.start(z)
        for name in self.ups:
            x = self.get_submodule(name)(x, labels)
        out: Tensor = self.output(x)
        return out


class UpBlock(nn.Module):
    """norm, ReLU, double, convolve, norm, ReLU, convolve; the shortcut doubles and mixes channels.

    No biases: a constant added to a channel here is taken away again by the normalisations that follow.
    """

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.norm1 = ConditionalNorm(width, classes)
        self.act1 = nn.ReLU()
        self.up = nn.Upsample(scale_factor=2)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = ConditionalNorm(width, classes)
        self.act2 = nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.shortcut = chain({"conv": nn.Conv2d(width, width, 1, bias=False), "up": nn.Upsample(scale_factor=2)})

    def forward(self, x: Tensor, labels: Tensor | None) -> Tensor:
        residual = self.conv1(self.up(self.act1(self.norm1(x, labels))))
        residual = self.conv2(self.act2(self.norm2(residual, labels)))
        out: Tensor = residual + self.shortcut(x)
        return out


class ConditionalNorm(nn.Module):
    """Batch normalisation; with classes, gain and shift are looked up by the label (gain 1, shift 0 at first)."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=not classes)
        self.gain = nn.Embedding(classes, channels) if classes else None
        self.shift = nn.Embedding(classes, channels) if classes else None

    def begin(self, stream: Stream) -> None:  # noqa: ARG002
        if self.gain is not None and self.shift is not None:
            self.gain.weight.fill_(1.0)
            self.shift.weight.zero_()

    def forward(self, x: Tensor, labels: Tensor | None) -> Tensor:
        x = self.norm(x)
        if self.gain is not None and self.shift is not None:
            x = x * self.gain(labels)[:, :, None, None] + self.shift(labels)[:, :, None, None]
        return x


class DownBlock(nn.Module):
    """shortcut(x) + residual(x), at half the size if `halve`; the first block sees pixels and does not activate."""

    def __init__(self, before: int, after: int, *, halve: bool, first: bool = False) -> None:
        super().__init__()
        self.residual = chain(
            {
                "act1": None if first else nn.ReLU(),
                "conv1": nn.Conv2d(before, after, 3, padding=1),
                "act2": nn.ReLU(),
                "conv2": nn.Conv2d(after, after, 3, padding=1),
                "pool": nn.AvgPool2d(2) if halve else None,
            }
        )
        # Pooling and a 1 x 1 convolution commute; pooling first is cheaper.
        self.shortcut = chain(
            {
                "pool": nn.AvgPool2d(2) if halve else None,
                "conv": nn.Conv2d(before, after, 1) if before != after or halve else None,
            }
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.residual(x) + self.shortcut(x)
        return out


class SumPool(nn.Module):
    """The sum over all places: (n, channels, height, width) -> (n, channels)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.sum(dim=(2, 3))
