"""The Fréchet distance of two samples' features, squared as usual, with interval and floor; also from a stream.

    frechet(both)["Fréchet distance"]                              # value, interval, floor, space
    seen = Streamed.of(first_batch, stream=at) + Streamed.of(next_batch, first=256, stream=at)
    frechet_streamed(seen, made, space=space.id, stream=at)        # from the moments of blocks alone

It is called FID in the space of the Inception weights of 2015 (`features.inception`), and only there. It sees two
moments: samples of equal means and covariances are at distance 0. With no more samples than features the form by
singular values is taken; no covariance is formed then, and the bias, which does not fall as 1/n, stays on. An interval
and a floor take some 70 distances, each in time of the cube of the features: beyond 256 of these the floor is read from
fewer splits, and beyond 1,024 the interval from 10 blocks instead of 20, which makes it some 8 % wider.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.evaluate.quality.pairs import BLOCKS, Pair, Readings
from ganatomy.evaluate.quality.plug_in import SPLITS, Form, Parts, Said, plug_in
from ganatomy.features.inception import title
from ganatomy.numerics.distances import frechet_gaussian, frechet_thin
from ganatomy.numerics.random import Stream
from ganatomy.numerics.running import Covariance

Part = TypeVar("Part", Covariance, Tensor)

NAME = title("")  # in any other space than that of the FID
ENOUGH = 4  # samples a feature from which the bias falls as 1/n, near enough to be taken off
WIDE, FEW_SPLITS = 256, 2  # features from which the floor's splits become fewer, and the fewest
WIDER = 1024  # features from which the blocks are joined in pairs


def together(parts: Sequence[Covariance]) -> Covariance:
    """The sum of many at once: one table is written to, and what lies between the means is one product."""
    sizes = torch.tensor([part.n for part in parts], dtype=torch.float64, device=parts[0].mean.device)
    means = torch.stack([part.mean for part in parts])
    mean = sizes @ means / sizes.sum()
    away = means - mean
    scatter = (sizes[:, None] * away).T @ away
    for part in parts:
        scatter += part.scatter
    return Covariance(int(sizes.sum()), mean, scatter)


MOMENTS: Form[Covariance] = Form(together, frechet_gaussian, bends=True)
TABLES: Form[Tensor] = Form(lambda parts: torch.cat(list(parts)), frechet_thin, bends=True)


@dataclass(frozen=True, eq=False)
class Streamed:
    """Moments of `BLOCKS` blocks, so that samples need not be kept; merges by +. A block may still be empty."""

    blocks: tuple[Covariance | None, ...]

    @classmethod
    def of(cls, features: Tensor, *, stream: Stream, first: int = 0) -> Streamed:
        """Sample i, counted over all batches from `first` on, falls into a block that its address decides."""
        drawn = stream.child("blocks").integers(range(first, first + len(features)), BLOCKS)
        tables = [features[(drawn == j).to(features.device)] for j in range(BLOCKS)]
        return cls(tuple(Covariance.of(table) if len(table) else None for table in tables))

    def __add__(self, other: Streamed) -> Streamed:
        pairs = zip(self.blocks, other.blocks, strict=True)
        return Streamed(tuple(b if a is None else a if b is None else a + b for a, b in pairs))

    def full(self) -> list[Covariance]:
        found = [block for block in self.blocks if block is not None]
        if len(found) < len(self.blocks):
            raise UsageError(
                f"only {len(found)} of {BLOCKS} blocks hold a sample", f"stream {10 * BLOCKS} samples or more"
            )
        return found


def frechet(both: Pair) -> Readings:
    """Of the Gaussians fitted to both tables, covariances with n - 1."""
    real, made = (_joined(tables, TABLES.merge) for tables in both.split(both.real, both.made))
    if max(both.sizes) > both.width:
        moments = [Covariance.of(table) for table in real], [Covariance.of(table) for table in made]
        return _from_moments(*moments, both.space, both.stream)
    parts = Parts(real, made, [len(table) for table in real], [len(table) for table in made])
    said = Said(both.says("by singular values"), both.space, both.stream, corrects=False)
    return plug_in(title(both.space), TABLES, parts, said)


def frechet_streamed(real: Streamed, made: Streamed, *, space: str, stream: Stream) -> Readings:
    """The same from streams."""
    return _from_moments(_joined(real.full(), together), _joined(made.full(), together), space, stream)


def _from_moments(real: list[Covariance], made: list[Covariance], space: str, stream: Stream) -> Readings:
    parts = Parts(real, made, [block.n for block in real], [block.n for block in made])
    n, m = sum(parts.real_sizes), sum(parts.made_sizes)
    how = f"symmetric, n - 1, float64, {n} real and {m} generated"
    said = Said(how, space, stream, corrects=min(n, m) >= ENOUGH * len(real[0].mean))
    return plug_in(title(space), replace(MOMENTS, splits=splits(len(real[0].mean))), parts, said)


def splits(width: int) -> int:
    """How many halves, quarters and tenths the floor is read from; the wider, the less a single one of them varies."""
    return max(FEW_SPLITS, min(SPLITS, SPLITS * WIDE // width))


def _joined(blocks: list[Part], merge: Callable[[Sequence[Part]], Part]) -> list[Part]:
    first = blocks[0]
    width = len(first.mean) if isinstance(first, Covariance) else first.shape[1]
    if width <= WIDER or len(blocks) < BLOCKS:
        return blocks
    return [merge(blocks[j : j + 2]) for j in range(0, len(blocks), 2)]
