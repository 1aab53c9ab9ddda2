"""A small style-based generator (Karras et al. 2020), so that W and the style space exist; no noise inputs.

    generator = Style(Format.picture(1, 28), Normal(64)).generator(seed=0)
    w = generator.mapping(z)                        # (n, latent_width)
    generator.synthesis(w)                          # equals generator(z); takes one w a layer too, (n, layers, width)

A style vector is the output of a layer's `affine`, one number for each input channel: the sites
`synthesis.level1.conv1.affine`, ..., `synthesis.level1.to_picture.affine` together are the style space.
The critic is the plain one of `dcgan`, without normalisation or dropout.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.initialise import GAIN, SchemeName, built, normal
from ganatomy.models.latent import Latent
from ganatomy.models.networks import Critic, LatentInput, chain, doubled, doublings, leaky, output_activation
from ganatomy.models.options import check_options
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

WIDEST = 4  # channels stop doubling at this multiple of `width`
TINY = 1e-8


@dataclass(frozen=True)
class Style:
    """`width` channels at full size, twice as many at each halving up to four times; `mapping_layers` before w."""

    format: Format
    latent: Latent
    width: int = 32
    critic_width: int = 64
    latent_width: int = 64
    mapping_layers: int = 4
    scheme: SchemeName = "he"

    def __post_init__(self) -> None:
        check_options(self)
        doublings(self.format, "style")
        output_activation(self.format)

    def generator(self, seed: int) -> StyleGenerator:
        return built(lambda: StyleGenerator(self), Stream(seed, "init/generator"), scheme=self.scheme)

    def critic(self, seed: int) -> Critic:
        plain = DCGAN(self.format, self.latent, critic_width=self.critic_width, dropout=0.0, scheme=self.scheme)
        return plain.critic(seed)


class StyleGenerator(nn.Module):
    """z -> w -> picture."""

    def __init__(self, config: Style) -> None:
        super().__init__()
        self.mapping = MappingNetwork(config)
        self.synthesis = SynthesisNetwork(config)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        out: Tensor = self.synthesis(self.mapping(z, labels))
        return out


class MappingNetwork(nn.Module):
    """The latent, with its label, scaled to unit mean square and sent through a perceptron."""

    def __init__(self, config: Style) -> None:
        super().__init__()
        self.input = LatentInput(config.latent)
        widths = [self.input.width] + [config.latent_width] * config.mapping_layers
        self.path = tuple(f"layer{number}" for number in range(1, len(widths)))
        for name, before, after in zip(self.path, widths, widths[1:], strict=False):
            self.add_module(name, chain({"linear": nn.Linear(before, after), "act": leaky()}))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        w: Tensor = self.input(z, labels)
        w = w * torch.rsqrt(w.square().mean(1, keepdim=True) + TINY)
        for name in self.path:
            w = self.get_submodule(name)(w)
        return w


class SynthesisNetwork(nn.Module):
    """A learned constant, then levels that each double the size and add to the picture."""

    def __init__(self, config: Style) -> None:
        super().__init__()
        size, levels = doublings(config.format, "style")
        widths = [min(config.width << level, WIDEST * config.width) for level in reversed(range(levels + 1))]
        self.constant = nn.Parameter(torch.empty(widths[0], size, size))
        self.latent_width = config.latent_width
        self.levels = tuple(f"level{number + 1}" for number in range(levels + 1))
        for name, before, after in zip(self.levels, [widths[0], *widths], widths, strict=False):
            self.add_module(name, Level(config, before=before, after=after, first=name == "level1"))
        self.layers = sum(isinstance(module, ModulatedConv) for module in self.modules())
        self.range = output_activation(config.format)

    def begin(self, stream: Stream) -> None:
        """The constant is normal; the levels' shares of the picture, styles of mean square 2 included, add up to 1."""
        self.constant.copy_(normal(stream.child("constant"), tuple(self.constant.shape)))
        for module in self.modules():
            if isinstance(module, Level):
                module.to_picture.conv.weight.div_(GAIN * math.sqrt(2 * len(self.levels)))

    def forward(self, w: Tensor) -> Tensor:
        """`w` is (n, width), or (n, layers, width) for one w a modulated convolution, in the order of the modules."""
        if w.ndim == 2:
            w = w[:, None].expand(-1, self.layers, -1)
        if w.shape[1:] != (self.layers, self.latent_width):
            raise UsageError(
                f"style latents of shape {tuple(w.shape)} were given",
                f"wanted is (n, {self.latent_width}) or (n, {self.layers}, {self.latent_width})",
            )
        each = iter(w.unbind(1))
        x, picture = self.constant.expand(len(w), -1, -1, -1), None
        for name in self.levels:
            level = self.get_submodule(name)
            assert isinstance(level, Level)
            x, picture = level(x, picture, [next(each) for _ in range(level.layers)])
        out: Tensor = self.range(picture)
        return out


class Level(nn.Module):
    """One size: modulated convolutions (one at the first level, else two, after doubling) and a layer to pixels."""

    def __init__(self, config: Style, *, before: int, after: int, first: bool) -> None:
        super().__init__()
        width = config.latent_width
        self.up = None if first else doubled()
        self.conv1 = ModulatedConv(width, before=before, after=after, kernel=3)
        self.act1 = leaky()
        self.conv2 = None if first else ModulatedConv(width, before=after, after=after, kernel=3)
        self.act2 = None if first else leaky()
        self.to_picture = ModulatedConv(width, before=after, after=config.format.shape[0], kernel=1, demodulate=False)
        self.up_picture = None if first else doubled()
        self.layers = 2 if first else 3

    def forward(self, x: Tensor, picture: Tensor | None, each: list[Tensor]) -> tuple[Tensor, Tensor]:
        if self.up is not None:
            x = self.up(x)
        x = self.act1(self.conv1(x, each[0]))
        if self.conv2 is not None and self.act2 is not None:
            x = self.act2(self.conv2(x, each[1]))
        more: Tensor = self.to_picture(x, each[-1])
        return x, more if picture is None or self.up_picture is None else self.up_picture(picture) + more


class ModulatedConv(nn.Module):
    """A convolution whose weights w[o, i, k] become c s[i] w[o, i, k] / |s w[o]|, s the sample's style vector.

    c is the gain of the leaky ReLU, so that activations keep their size from layer to layer. Scaling the input by s
    and the output by c / |s w[o]| is the same and needs no weights of its own for each sample. Without demodulation
    the weights are s[i] w[o, i, k].
    """

    def __init__(self, latent_width: int, *, before: int, after: int, kernel: int, demodulate: bool = True) -> None:
        super().__init__()
        self.affine = nn.Linear(latent_width, before)
        self.conv = nn.Conv2d(before, after, kernel, padding=kernel // 2, bias=False)
        self.bias = nn.Parameter(torch.empty(after))
        self.demodulate = demodulate

    def begin(self, stream: Stream) -> None:  # noqa: ARG002
        """Styles start around 1; no activation follows an affine map, so the scheme's gain for one is taken back."""
        self.affine.weight.div_(GAIN)
        nn.init.ones_(self.affine.bias)
        self.bias.zero_()

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style: Tensor = self.affine(w)
        x = self.conv(x * style[:, :, None, None])
        if self.demodulate:
            squared = style.square() @ self.conv.weight.square().sum((2, 3)).T
            x = x * (GAIN * torch.rsqrt(squared + TINY))[:, :, None, None]
        return x + self.bias[:, None, None]
