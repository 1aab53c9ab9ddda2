"""Something readable and writable at a site: a channel, a direction, a feature of a dictionary.

unit = channel("up1.act", 7)
unit.read(activation)                       # (n, ...) without the channels
unit.write(activation, 0.0)                 # read(write(a, v)) == v; the rest stays
edit(network, {unit.site: unit.set_to(0.0)})

An activation is (n, channels, ...). A latent coordinate is a channel of the latent itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.tracing.edit import Edit
from ganatomy.tracing.site import Site, site_named


@dataclass(frozen=True, eq=False)
class Unit:
    """`reads` and `writes` are over the channels, or the number of one channel; a rectified unit is never negative.

    A unit reads <reads, activation> + bias, and is written along `writes`.
    """

    site: Site
    name: str
    reads: Tensor | int
    writes: Tensor | int
    bias: float = 0.0
    rectified: bool = False

    def read(self, activation: Tensor) -> Tensor:
        value = self._linear(activation)
        return value.clamp(min=0) if self.rectified else value

    def write(self, activation: Tensor, value: Tensor | float) -> Tensor:
        """A new activation."""
        linear = self._linear(activation)
        if isinstance(self.reads, int) or isinstance(self.writes, int):
            written = activation.clone()
            written[:, self.reads] = value
            return written
        wanted = torch.as_tensor(value).to(linear).expand_as(linear)
        change = wanted - linear
        if self.rectified:  # what reads zero already need not move
            change = change.masked_fill((linear <= 0) & (wanted <= 0), 0)
        along = self.writes / (self.reads * self.writes).sum()
        return activation + (change[..., None] * along.to(activation)).movedim(-1, 1)

    def set_to(self, value: Tensor | float) -> Edit:
        return lambda activation: self.write(activation, value)

    def _linear(self, activation: Tensor) -> Tensor:
        """Without a matrix product, which would be rounded under autocast."""
        channels = activation.shape[1] if activation.ndim > 1 else 0
        if not (self.reads < channels if isinstance(self.reads, int) else len(self.reads) == channels):
            said = f"the unit {self.name} was looked for in an activation of {channels} channels"
            raise UsageError(said, "channels are counted from 0, and a vector has a number for each")
        if isinstance(self.reads, int):
            return activation[:, self.reads]
        return (activation.movedim(1, -1) * self.reads.to(activation)).sum(-1) + self.bias


def channel(site: str | Site, index: int) -> Unit:
    if type(index) is not int or index < 0:
        raise UsageError(f"channel {index!r} of {site} was asked for", "channels are counted from 0")
    return Unit(site_named(site), f"{site}:{index}", index, index)


def direction(site: str | Site, vector: Tensor, *, name: str = "direction") -> Unit:
    """Of unit length, whatever length is given."""
    length = float(vector.double().norm())
    if vector.ndim != 1 or not 0 < length < float("inf"):
        raise UsageError(f"a direction of shape {tuple(vector.shape)} and length {length:g} was given", "give a vector")
    return Unit(site_named(site), name, vector / length, vector / length)


def feature(site: str | Site, reads: Tensor, writes: Tensor, *, bias: float = 0.0, name: str = "feature") -> Unit:
    """Of a dictionary: an encoder's row, with its bias and a rectifier, and a decoder's column."""
    if reads.shape != writes.shape or reads.ndim != 1 or float(reads @ writes) <= 0:
        said = "a feature was given that does not read what it writes"
        raise UsageError(said, "give vectors with reads @ writes > 0")
    return Unit(site_named(site), name, reads, writes, bias, rectified=True)
