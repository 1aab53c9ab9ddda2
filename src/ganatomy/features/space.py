"""Feature spaces: where pictures are compared. A value is only comparable to another from the same space.

    space = pixels(format)                                  # also random_projection, random_convolution
    features = space(samples, gan.format)                   # (n, width), any range, in eval mode, block by block

A space is a module with a name, the format it reads and a digest of its weights; `id` goes beside every number.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.numerics.fingerprint import fingerprint, named
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

BLOCK = 256  # samples in one forward pass: fixed, so that a feature does not depend on how a caller batches


@dataclass(frozen=True, eq=False)
class FeatureSpace:
    """`module` maps (n, *format.shape) in the format's range to (n, width)."""

    name: str
    module: nn.Module
    format: Format
    width: int
    digest: str

    @property
    def id(self) -> str:
        return f"{self.name}-{self.digest[:12]}"

    @torch.no_grad()
    def __call__(self, samples: Tensor, given: Format) -> Tensor:
        """Features of samples that are in the format `given`; the range is converted, the shape must fit."""
        if given.shape != self.format.shape:
            raise UsageError(
                f"the space {self.name} reads {self.format}, given was {given}",
                "build a space for the format of the data",
            )
        given.check(samples, "samples to compare")
        ready = given.rescale(samples, self.format).float()
        return passed(self.module, ready, self.width).to(samples.device)


def passed(module: nn.Module, samples: Tensor, width: int) -> Tensor:
    """The module's output (n, width), in fixed blocks, on the module's device."""
    weights = [*module.parameters(), *module.buffers()]
    device = weights[0].device if weights else samples.device
    blocks = [module(samples[first : first + BLOCK].to(device)) for first in range(0, len(samples), BLOCK)]
    return torch.cat(blocks) if blocks else torch.zeros(0, width, device=device)


def space(name: str, module: nn.Module, format: Format) -> FeatureSpace:
    """Any module as a feature space: a frozen copy of it, in eval mode, its weights taking no gradient."""
    module = copy.deepcopy(module).eval().requires_grad_(False)
    with torch.no_grad():
        probe = module(torch.zeros(2, *format.shape) + (0.0 if format.bounds is None else format.bounds[0]))
    if probe.dim() != 2 or len(probe) != 2:
        raise UsageError(
            f"the feature space {name} maps 2 samples to shape {tuple(probe.shape)}",
            "a space maps (n, ...) to (n, width)",
        )
    return FeatureSpace(name, module, format, probe.shape[1], fingerprint(digest(module), str(format.shape)))


def pixels(format: Format) -> FeatureSpace:
    """The samples themselves, flattened."""
    return space("pixels", nn.Flatten(), format)


def random_projection(format: Format, width: int = 64, *, seed: int = 0) -> FeatureSpace:
    """Flattened, then onto `width` random orthonormal directions: distances can only shrink."""
    inputs = math.prod(format.shape)
    if not 1 <= width <= inputs:
        raise UsageError(f"a projection of {inputs} numbers to {width} was asked for", f"choose a width up to {inputs}")
    noise = Stream(seed, f"features/projection/{width}").normal(range(inputs), width, dtype=torch.float64)
    directions = torch.linalg.qr(noise)[0].T.float().contiguous()
    return space(f"random-projection-{width}", _Projection(directions), format)


def random_convolution(format: Format, width: int = 32, *, seed: int = 0) -> FeatureSpace:
    """Fixed random convolutions: at each scale the mean and the spread of every map, 2 * width numbers a scale.

    Weights are N(0, 2 / inputs) (He et al. 2015), each filter without its mean, so that flat patches answer nothing.
    """
    if format.kind != "picture":
        raise UsageError(
            f"random convolutions of a {format} were asked for", "points have pixels and random_projection"
        )
    return space(
        f"random-convolution-{width}", _RandomConvolution(format, width, Stream(seed, "features/convolution")), format
    )


class _Projection(nn.Module):
    def __init__(self, directions: Tensor) -> None:
        super().__init__()
        self.directions = nn.Parameter(directions)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.linear(x.flatten(1), self.directions)


class _RandomConvolution(nn.Module):
    def __init__(self, format: Format, width: int, stream: Stream) -> None:
        super().__init__()
        channels, height, breadth = format.shape
        scales = max(1, int(math.log2(min(height, breadth) / 4)) + 1) if min(height, breadth) >= 4 else 1
        self.filters = nn.ParameterList()
        for scale in range(scales):
            fan = channels * 9
            weight = stream.child(str(scale)).normal(range(width), channels, 3, 3)
            weight = (weight - weight.mean((1, 2, 3), keepdim=True)) * math.sqrt(2 / fan)
            self.filters.append(nn.Parameter(weight))
            channels = width

    def forward(self, x: Tensor) -> Tensor:
        found = []
        for place, weight in enumerate(self.filters):
            if place:
                x = nn.functional.avg_pool2d(x, 2)
            x = nn.functional.leaky_relu(nn.functional.conv2d(x, weight, padding=1), 0.2)
            flat = x.flatten(2)
            found += [flat.mean(2), flat.std(2, correction=0)]
        return torch.cat(found, dim=1)


def digest(module: nn.Module) -> str:
    """Hash of the structure and every weight and buffer."""
    return fingerprint(repr(module), *named(module.state_dict()))
