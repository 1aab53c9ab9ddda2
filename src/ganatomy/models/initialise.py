"""First weights with an address: a weight is decided by (seed, its name in the network, the scheme) and nothing else.

    network = built(lambda: Tower(width=32), Stream(seed, "init/generator"), scheme="he")
    initialise(network, Stream(seed=8, name="again"), scheme="orthogonal")    # in place

torch's global generator is neither read nor moved. Weights follow the scheme, normalisations start as the identity,
embeddings are standard normal. A module that prescribes more than the scheme can say has a method `begin(stream)`,
called last: learned constants, zeroed last convolutions, gains that depend on the depth.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from ganatomy.errors import UsageError, choose
from ganatomy.numerics.random import Stream

LEAK = 0.2  # slope of every leaky ReLU here
GAIN = math.sqrt(2 / (1 + LEAK**2))  # what a leaky ReLU takes from the root mean square of a normal variable
SchemeName = Literal["normal-0.02", "he", "lecun", "xavier", "orthogonal", "fan-uniform"]
Network = TypeVar("Network", bound=nn.Module)
Weighted = nn.Linear | nn.Conv2d | nn.ConvTranspose2d
Normalisation = nn.BatchNorm1d | nn.BatchNorm2d | nn.GroupNorm | nn.LayerNorm


@runtime_checkable
class Prescribing(Protocol):
    """A module that sets or rescales weights itself after the scheme has filled them."""

    def begin(self, stream: Stream) -> None: ...


@dataclass(frozen=True)
class Scheme:
    """A weight is `draw` times `scale(fan_in, fan_out)`; a bias is zero, or uniform in +-1/sqrt(fan_in)."""

    draw: Callable[[Stream, tuple[int, ...]], Tensor]
    scale: Callable[[float, float], float]
    uniform_bias: bool = False


def built(make: Callable[[], Network], stream: Stream, *, scheme: SchemeName) -> Network:
    """A new network whose every weight comes from `stream`; torch draws of its constructors leave no trace."""
    with stream.module_rng(0):
        network = make()
    initialise(network, stream, scheme=scheme)
    return network


def initialise(network: nn.Module, stream: Stream, *, scheme: SchemeName) -> None:
    """Overwrite all weights and running statistics in place."""
    chosen = choose(SCHEMES, scheme, "weight scheme")
    with torch.no_grad():
        for name, module in network.named_modules():
            _fill(module, stream.child(name), chosen)
        for name, module in network.named_modules():
            if isinstance(module, Prescribing):
                module.begin(stream.child(name))


def fans(layer: Weighted) -> tuple[float, float]:
    """Mean number of inputs that feed an output, and of outputs that an input feeds (padding aside)."""
    if isinstance(layer, nn.Linear):
        return layer.in_features, layer.out_features
    area = layer.kernel_size[0] * layer.kernel_size[1] / layer.groups
    thinned = area / (layer.stride[0] * layer.stride[1])
    into, out_of = (thinned, area) if isinstance(layer, nn.ConvTranspose2d) else (area, thinned)
    return layer.in_channels * into, layer.out_channels * out_of


def _fill(module: nn.Module, stream: Stream, scheme: Scheme) -> None:
    if parametrize.is_parametrized(module):
        raise UsageError(
            f"the weights of a parametrised {type(module).__name__} cannot be initialised",
            "initialise first, then add spectral normalisation",
        )
    if isinstance(module, Weighted):
        fan_in, fan_out = fans(module)
        drawn = scheme.draw(stream.child("weight"), tuple(module.weight.shape))
        module.weight.copy_(scheme.scale(fan_in, fan_out) * drawn)
        if module.bias is not None:
            module.bias.zero_()
            if scheme.uniform_bias:
                module.bias.copy_(uniform(stream.child("bias"), tuple(module.bias.shape)) / math.sqrt(3 * fan_in))
    elif isinstance(module, nn.Embedding):
        module.weight.copy_(normal(stream.child("weight"), tuple(module.weight.shape)))
    elif isinstance(module, Normalisation):
        module.reset_parameters()  # constants: gain 1, shift 0, running mean 0 and variance 1
    elif not isinstance(module, Prescribing) and any(True for _ in module.parameters(recurse=False)):
        raise UsageError(
            f"no scheme knows the parameters of {type(module).__name__}",
            "give it a method begin(stream) that sets them",
        )


def normal(stream: Stream, shape: tuple[int, ...]) -> Tensor:
    """One standard normal draw of a whole parameter."""
    return stream.normal(range(1), *shape)[0]


def uniform(stream: Stream, shape: tuple[int, ...]) -> Tensor:
    """One uniform draw of a whole parameter, of variance 1: in +-sqrt(3)."""
    return math.sqrt(3) * (2 * stream.uniform(range(1), *shape)[0] - 1)


def orthogonal(stream: Stream, shape: tuple[int, ...]) -> Tensor:
    """Rows (or columns, if fewer) are orthonormal, uniformly distributed (Haar): QR with the signs of R's diagonal."""
    drawn = stream.normal(range(1), shape[0], math.prod(shape[1:]), dtype=torch.float64)[0]
    wide = drawn.shape[0] < drawn.shape[1]
    q, r = torch.linalg.qr(drawn.T if wide else drawn)
    q = q * r.diagonal().sign()
    rows: Tensor = q.T if wide else q
    return rows.reshape(shape).float()


SCHEMES: dict[str, Scheme] = {
    "normal-0.02": Scheme(normal, lambda _in, _out: 0.02),  # Radford et al. 2016
    "he": Scheme(normal, lambda fan_in, _out: GAIN / math.sqrt(fan_in)),  # He et al. 2015, for leaky ReLUs
    "lecun": Scheme(normal, lambda fan_in, _out: 1 / math.sqrt(fan_in)),  # LeCun et al. 1998, for linear layers
    "xavier": Scheme(normal, lambda fan_in, fan_out: math.sqrt(2 / (fan_in + fan_out))),  # Glorot and Bengio 2010
    "orthogonal": Scheme(orthogonal, lambda _in, _out: 1.0),  # Saxe et al. 2014
    "fan-uniform": Scheme(uniform, lambda fan_in, _out: 1 / math.sqrt(3 * fan_in), uniform_bias=True),  # torch's own
}
