"""The Fréchet distance of two samples' features, squared as usual, with interval and floor; also from a stream.

    frechet(both)["Fréchet distance"]                              # value, interval, floor, space
    seen = Streamed.of(first_batch, stream=at) + Streamed.of(next_batch, first=256, stream=at)
    frechet_streamed(seen, made, space=space.id, stream=at)        # from the moments of blocks alone

It is called FID only in the space of the Inception weights of 2015, and so never here. It sees two moments: samples of
equal means and covariances are at distance 0. With no more samples than features the form by singular values is taken;
no covariance is formed then, and the bias, which does not fall as 1/n, stays on.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.evaluate.quality.pairs import BLOCKS, Pair, Readings
from ganatomy.evaluate.quality.plug_in import Form, Parts, Said, plug_in
from ganatomy.numerics.distances import frechet_gaussian, frechet_thin
from ganatomy.numerics.random import Stream
from ganatomy.numerics.running import Covariance

NAME = "Fréchet distance"
ENOUGH = 4  # samples a feature from which the bias falls as 1/n, near enough to be taken off


def _together(parts: Sequence[Covariance]) -> Covariance:
    return functools.reduce(operator.add, parts)


MOMENTS: Form[Covariance] = Form(_together, frechet_gaussian, bends=True)
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
    real, made = both.split(both.real, both.made)
    if max(both.sizes) > both.width:
        moments = [Covariance.of(table) for table in real], [Covariance.of(table) for table in made]
        return _from_moments(*moments, both.space, both.stream)
    parts = Parts(real, made, [len(table) for table in real], [len(table) for table in made])
    said = Said(both.says("by singular values"), both.space, both.stream, corrects=False)
    return plug_in(NAME, TABLES, parts, said)


def frechet_streamed(real: Streamed, made: Streamed, *, space: str, stream: Stream) -> Readings:
    """The same from streams."""
    return _from_moments(real.full(), made.full(), space, stream)


def _from_moments(real: list[Covariance], made: list[Covariance], space: str, stream: Stream) -> Readings:
    parts = Parts(real, made, [block.n for block in real], [block.n for block in made])
    n, m = sum(parts.real_sizes), sum(parts.made_sizes)
    how = f"symmetric, n - 1, float64, {n} real and {m} generated"
    said = Said(how, space, stream, corrects=min(n, m) >= ENOUGH * len(real[0].mean))
    return plug_in(NAME, MOMENTS, parts, said)
