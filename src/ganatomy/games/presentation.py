"""How samples are shown to the critic: changed, under noise, several at once, the spread of their group beside them.

    shown = Presentation(noise=FadingNoise(0.2, until=100_000), packing=2)
    shown.critic_format(Format.picture(3, 32))     # the critic must take 6 x 32 x 32
    shown.scored(shown.packed(pictures))           # what it is handed

All are changes of the input, so they work for any critic and every loss. Groups are of consecutive samples: a
batch may be split between processes at multiples of `block` samples and nothing changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.games.augment import Augment
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format


@dataclass(frozen=True)
class FadingNoise:
    """Gaussian noise on everything the critic sees, its standard deviation falling linearly to 0 at `until` images.

    std(seen) = start * max(0, 1 - seen / until), in units of the samples. Sønderby et al. 2017, section 3.
    """

    start: float
    until: int

    def __post_init__(self) -> None:
        if not self.start >= 0.0 or self.until < 1:
            raise UsageError(f"{self} was asked for", "start is at least 0, until at least 1 image")

    def std(self, seen: int) -> float:
        return self.start * max(0.0, 1.0 - seen / self.until)

    def add(self, samples: Tensor, seen: int, *, stream: Stream, indices: Sequence[int]) -> Tensor:
        """The samples with their addressed noise; once it has faded, the samples themselves."""
        std = self.std(seen)
        if std == 0.0:
            return samples
        dtype = torch.float64 if samples.dtype == torch.float64 else torch.float32
        draws = stream.normal(indices, *samples.shape[1:], dtype=dtype)
        return samples + std * draws.to(samples)


def pack(samples: Tensor, size: int) -> Tensor:
    """Each `size` consecutive samples as one, joined on the channel axis: (n, c, ...) to (n / size, size c, ...).

    A critic that judges several at once sees missing variety. Lin et al. 2018 (PacGAN).
    """
    if samples.shape[0] % size:
        raise UsageError(f"{samples.shape[0]} samples cannot be packed by {size}", f"give a multiple of {size} samples")
    return samples.reshape(samples.shape[0] // size, size * samples.shape[1], *samples.shape[2:])


def with_deviation(samples: Tensor, group: int) -> Tensor:
    """The samples with one more channel: the mean over features of the standard deviation in the sample's group.

    Biased variance over `group` consecutive samples, 1e-8 inside the root, so that identical samples have a gradient.
    Karras et al. 2018, section 3, there on a late layer; here on the input, which any critic has.
    """
    n = samples.shape[0]
    if n % group:
        raise UsageError(f"{n} samples cannot be put in groups of {group}", f"give a multiple of {group} samples")
    grouped = samples.reshape(n // group, group, -1)
    deviation = (grouped.var(dim=1, correction=0) + 1e-8).sqrt().mean(dim=1)
    channel = deviation.repeat_interleave(group).reshape(n, *[1] * (samples.ndim - 1))
    return torch.cat([samples, channel.expand(n, 1, *samples.shape[2:])], dim=1)


@dataclass(frozen=True)
class Presentation:
    """The switches together; the default shows each sample alone and as it is.

    `deviation_group` 0 adds no channel. First come augmentation and noise, then packing; deviation is over the packs.
    """

    noise: FadingNoise | None = None
    packing: int = 1
    deviation_group: int = 0
    augment: Augment | None = None

    def __post_init__(self) -> None:
        if self.packing < 1 or self.deviation_group < 0 or self.deviation_group == 1:
            raise UsageError(
                f"packing {self.packing} and a deviation group of {self.deviation_group} were asked for",
                "packing is at least 1; a group has at least 2 members, or 0 for no such channel",
            )

    def describe(self) -> list[str]:
        """A line for each switch that is on."""
        lines = [] if self.augment is None else [self.augment.describe()]
        if self.noise is not None:
            lines.append(f"noise of {self.noise.start:g} on what the critic sees, gone after {self.noise.until} images")
        if self.packing > 1:
            lines.append(f"the critic judges {self.packing} samples at once")
        if self.deviation_group:
            lines.append(f"the critic sees the deviation within groups of {self.deviation_group}")
        return lines

    @property
    def block(self) -> int:
        """The number of consecutive samples that must stay together when a batch is split."""
        return self.packing * max(1, self.deviation_group)

    def critic_format(self, sample: Format) -> Format:
        """What the critic must accept; the range stays that of one sample (noise may leave it)."""
        channels = self.packing * sample.shape[0] + (self.deviation_group > 0)
        return replace(sample, shape=(channels, *sample.shape[1:]))

    def noisy(self, samples: Tensor, seen: int, *, stream: Stream, indices: Sequence[int]) -> Tensor:
        """Changed and under noise; `stream` is that of this side."""
        if self.augment is not None:
            samples = self.augment(samples, seen, stream=stream.child("augment"), indices=indices)
        return samples if self.noise is None else self.noise.add(samples, seen, stream=stream, indices=indices)

    def packed(self, samples: Tensor) -> Tensor:
        """What counts as one for the critic; penalties take gradients and mix here."""
        return samples if self.packing == 1 else pack(samples, self.packing)

    def scored(self, packs: Tensor) -> Tensor:
        """The packs with the deviation channel: the critic's very input."""
        return with_deviation(packs, self.deviation_group) if self.deviation_group else packs
