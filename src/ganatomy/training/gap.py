"""How far generated samples are from held-out ones: one cheap number with its floor, for probes, goals and "the best".

    ruler = Ruler.between(train, held_out, seed=0)
    ruler.gap(samples)                        # 0 for the same law; unit-free
    ruler.floor.mean, ruler.floor.upper       # what as many real training samples read in its place

The gap is a generalised energy distance, 2 E phi|x-y| - E phi|x-x'| - E phi|y-y'|, as a share of E phi|y-y'| of the
held-out samples y: U-statistics, so it can fall a little below 0. phi(t) = log(1 + t / s), s the median distance from
a held-out sample to the nearest other one. log(1 + t) is a Bernstein function, so 0 means the same law, as with phi(t)
= t (Székely and Rizzo 2013), but near and far differences weigh alike and narrow modes are seen: among 25 of them the
plain distance takes modes four times too wide for right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.data.order import batch_indices
from ganatomy.errors import UsageError
from ganatomy.features.space import FeatureSpace, pixels, random_convolution
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

SAMPLES = {"picture": 256, "point": 512}  # generated samples a reading takes
REFERENCE = 1024  # held-out samples at most
POOL = 4  # real training samples for the floor, as a multiple of the generated ones
REPEATS = 200  # subsets of them
NEIGHBOUR = 5  # a held-out sample is covered by what is nearer than its so many-th neighbour


@dataclass(frozen=True)
class Floor:
    """What real training samples read in the place of generated ones: the mean, and the end of the 95 % range."""

    mean: float
    upper: float
    coverage: float
    fidelity: float


@dataclass(frozen=True)
class Reading:
    """gap: see above. coverage: the share of held-out samples with a generated one within the ball of their neighbours.
    fidelity: the share of generated samples that lie in such a ball (Naeem et al. 2020; Kynkäänniemi et al. 2019).
    """

    gap: float
    coverage: float
    fidelity: float


@dataclass(frozen=True, eq=False)
class Ruler:
    """Held-out samples in a fixed space, what is known of them, and the floor for `n` samples."""

    space: FeatureSpace
    n: int
    reference: Tensor
    scale: float
    within: float
    radii: Tensor
    floor: Floor

    @classmethod
    def between(cls, train: Dataset, held_out: Dataset, *, seed: int, n: int | None = None) -> Ruler:
        """The space is random convolutions for pictures and the coordinates for points; addresses hang on the seed."""
        space = space_for(train.format)
        wanted = SAMPLES[train.format.kind] if n is None else n
        n = min(wanted, train.size // 2, held_out.size)
        if n < NEIGHBOUR + 2:
            raise UsageError(
                f"a gap was asked for with {train.size} training and {held_out.size} held-out samples",
                f"give at least {2 * NEIGHBOUR + 4} and {NEIGHBOUR + 2}",
            )
        stream = Stream(seed, "gap")
        reference = space(chosen(held_out, stream.child("held-out"), REFERENCE), held_out.format).double()
        pool = space(chosen(train, stream.child("train"), POOL * n), train.format).double()
        return cls._made(space, reference, pool, n, stream)

    @classmethod
    def _made(cls, space: FeatureSpace, reference: Tensor, pool: Tensor, n: int, stream: Stream) -> Ruler:
        table = torch.cdist(reference, reference)
        near = table.topk(NEIGHBOUR + 1, largest=False).values  # the first is the sample itself
        # Copies among the held-out samples have no distance; any scale below the typical distance will do.
        scale = float(near[:, 1].median()) or float(table.mean()) / 100 or 1.0
        blank = Ruler(space, n, reference, scale, _apart(_phi(table, scale)), near[:, -1], Floor(0.0, 0.0, 1.0, 1.0))
        return cls(space, n, reference, scale, blank.within, blank.radii, blank._floor(pool, stream))

    def gap(self, samples: Tensor) -> float:
        return self.read(samples).gap

    def read(self, samples: Tensor, features: Tensor | None = None) -> Reading:
        """Of finite samples in the format of the space, or of their features where those are known already."""
        x = (self.space(samples, self.space.format) if features is None else features).double()
        between = torch.cdist(x, self.reference)
        inside = between <= self.radii
        gap = (2 * _phi(between, self.scale).mean() - _apart(_phi(torch.cdist(x, x), self.scale))) / self.within - 1
        return Reading(float(gap), float(inside.any(0).double().mean()), float(inside.any(1).double().mean()))

    def _floor(self, pool: Tensor, stream: Stream) -> Floor:
        """Subsets of the pool against the same reference, so that the reference's own chance is in the floor."""
        between = torch.cdist(pool, self.reference)
        inside, n = between <= self.radii, self.n
        subsets = [stream.child("floor").permutation(repeat, len(pool))[:n] for repeat in range(REPEATS)]
        member = torch.zeros(REPEATS, len(pool), dtype=torch.float64).scatter_(1, torch.stack(subsets), 1.0)
        far = member @ _phi(between, self.scale).mean(1) / n
        near = ((member @ _phi(torch.cdist(pool, pool), self.scale).fill_diagonal_(0.0)) * member).sum(1)
        gaps = (2 * far - near / (n * (n - 1))) / self.within - 1
        coverage = sum(float(inside[mine].any(0).double().mean()) for mine in subsets) / REPEATS
        # Subsets of one pool are more alike than fresh samples: the usual correction for drawing from a finite set.
        spread = (float(gaps.quantile(0.95)) - float(gaps.mean())) / math.sqrt(max(1 - n / len(pool), 0.25))
        fidelity = float(inside.any(1).double().mean())
        return Floor(float(gaps.mean()), float(gaps.mean()) + spread, coverage, fidelity)


def space_for(format: Format) -> FeatureSpace:
    """Random convolutions for pictures, the coordinates for points."""
    return random_convolution(format) if format.kind == "picture" else pixels(format)


def addresses(data: Dataset, stream: Stream, n: int) -> list[int]:
    """Up to n samples, each once, in a random order: a stored set may be sorted by class."""
    return batch_indices(stream, 0, batch=min(n, data.size), size=data.size)


def chosen(data: Dataset, stream: Stream, n: int) -> Tensor:
    return data.read(addresses(data, stream, n))


def _phi(distances: Tensor, scale: float) -> Tensor:
    return torch.log1p(distances / scale)


def _apart(table: Tensor) -> float:
    """The mean over pairs of two different samples."""
    n = len(table)
    return float(table.sum() - table.diagonal().sum()) / (n * (n - 1))
