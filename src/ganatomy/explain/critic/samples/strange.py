"""Pictures of kinds that a critic was never trained on: noise, constants, blends, mirrored ones, other data.

sources = Sources(real, partner, fake, gan.format, moments, Stream(0, "critic/specials"), range(64))
KINDS["uniform noise"].make(sources)             # (64, *shape), in the format's range
fitted(other_data, gan.format, range(64))        # pictures of another data set in this size, colour and range
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

GREY = (0.299, 0.587, 0.114)  # luma of red, green and blue (ITU-R BT.601)


@dataclass(frozen=True, eq=False)
class Sources:
    """Consecutive real pictures, as many others, generated ones; `moments`: mean and sd of each channel of real ones.

    Without real data generated pictures stand in for noise to be like.
    """

    real: Tensor | None
    partner: Tensor | None
    fake: Tensor
    format: Format
    moments: tuple[Tensor, Tensor]
    stream: Stream
    indices: range

    @property
    def own(self) -> Tensor:
        return self.fake if self.real is None else self.real


@dataclass(frozen=True, eq=False)
class Kind:
    """`absurd`: no picture of the data could look like this. `level`: of a blend, the share of the second."""

    family: str
    make: Callable[[Sources], Tensor]
    absurd: bool = False
    of_real: bool = False  # needs real data
    pictures: bool = False  # makes no sense for points
    single: bool = False  # one picture, however often it is made
    level: float = float("nan")


def uniform(sources: Sources) -> Tensor:
    """Over the range; for points over mean -+ sqrt(3) sd, which has their mean and sd."""
    drawn = sources.stream.child("uniform").uniform(sources.indices, *sources.format.shape)
    if sources.format.bounds is None:
        mean, sd = _shaped(sources)
        return mean + sd * 3**0.5 * (2 * drawn - 1)
    low, high = sources.format.bounds
    return low + (high - low) * drawn


def gaussian(sources: Sources) -> Tensor:
    """White, with the data's mean and sd of each channel, cut at the range."""
    mean, sd = _shaped(sources)
    return cut(mean + sd * sources.stream.child("gaussian").normal(sources.indices, *sources.format.shape), sources)


def shuffled(sources: Sources) -> Tensor:
    """The pixels of each picture at other places of it, each picture in its own order."""
    flat = sources.own.flatten(2)
    order = sources.stream.child("shuffled").uniform(sources.indices, flat.shape[2]).argsort(dim=1, stable=True)
    return flat.gather(2, order[:, None].expand_as(flat)).reshape(sources.own.shape)


def constant(share: float, sources: Sources) -> Tensor:
    """One grey, a share of the range up from its low end."""
    low, high = sources.format.bounds or (0.0, 1.0)
    return torch.full_like(sources.fake, low + share * (high - low))


def mirrored(axis: int, sources: Sources) -> Tensor:
    return sources.own.flip(axis)


def negative(sources: Sources) -> Tensor:
    low, high = sources.format.bounds or (0.0, 1.0)
    return low + high - sources.own


def blended(level: float, with_real: bool, sources: Sources) -> Tensor:
    """(1 - level) of a real picture and `level` of a generated one, or of another real one."""
    assert sources.real is not None
    assert sources.partner is not None
    return torch.lerp(sources.real, sources.partner if with_real else sources.fake, level)


KINDS: dict[str, Kind] = {
    "uniform noise": Kind("noise", uniform, absurd=True),
    "Gaussian noise": Kind("noise", gaussian, absurd=True),
    "shuffled pixels": Kind("noise", shuffled, absurd=True, pictures=True),
    "black": Kind("constant", partial(constant, 0.0), absurd=True, pictures=True, single=True),
    "grey": Kind("constant", partial(constant, 0.5), absurd=True, pictures=True, single=True),
    "white": Kind("constant", partial(constant, 1.0), absurd=True, pictures=True, single=True),
    "mirrored": Kind("changed", partial(mirrored, 3), of_real=True, pictures=True),
    "upside down": Kind("changed", partial(mirrored, 2), of_real=True, pictures=True),
    "negative": Kind("changed", negative, of_real=True, pictures=True),
}


def kinds_for(format: Format, levels: tuple[float, ...], *, real: bool) -> dict[str, Kind]:
    """Those that can be made."""
    blends = {
        f"{level:g} {name}": Kind(f"blend with {name}", partial(blended, level, again), of_real=True, level=level)
        for name, again in (("generated", False), ("another real", True))
        for level in levels
    }
    ranged = format.kind == "picture" and format.bounds is not None
    every = {**KINDS, **blends}
    return {name: kind for name, kind in every.items() if (real or not kind.of_real) and (ranged or not kind.pictures)}


def fitted(data: Dataset, format: Format, places: Sequence[int]) -> Tensor:
    """Another data set's pictures in this size (bilinear, antialiased), with these channels and in this range."""
    if data.format.kind != format.kind or (format.kind == "point" and data.format.shape != format.shape):
        raise UsageError(f"the data {data.name!r} are {data.format}, wanted was {format}", "give data of the same kind")
    pictures = data.format.rescale(data.read(places), format)
    if format.kind == "point":
        return pictures
    if pictures.shape[2:] != format.shape[1:]:
        size = list(format.shape[1:])
        pictures = torch.nn.functional.interpolate(pictures, size=size, mode="bilinear", antialias=True)
    pictures = _coloured(pictures, format.shape[0], data.name)
    return pictures if format.bounds is None else pictures.clamp(*format.bounds)


def cut(samples: Tensor, sources: Sources) -> Tensor:
    return samples if sources.format.bounds is None else samples.clamp(*sources.format.bounds)


def _coloured(pictures: Tensor, channels: int, name: str) -> Tensor:
    if pictures.shape[1] == channels:
        return pictures
    if channels == 1 and pictures.shape[1] == 3:
        return (pictures * torch.tensor(GREY)[:, None, None]).sum(1, keepdim=True)
    if pictures.shape[1] == 1:
        return pictures.expand(-1, channels, -1, -1).contiguous()
    raise UsageError(
        f"the data {name!r} have {pictures.shape[1]} channels, wanted were {channels}", "give grey or RGB pictures"
    )


def _shaped(sources: Sources) -> tuple[Tensor, Tensor]:
    """Mean and sd of each channel, beside samples."""
    wide = (-1, *([1] * (len(sources.format.shape) - 1)))
    mean, sd = sources.moments
    return mean.reshape(wide), sd.reshape(wide)
