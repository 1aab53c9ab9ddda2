"""Leading principal components of rows as they come, however wide and however many: memory of `rank` rows.

    total = Leading.of(first, rank=64) + Leading.of(second, rank=64)
    values, vectors = total.components(10)         # variances, falling, and (10, width)
    values, vectors = exact(covariance, 10)        # the same of a Covariance, for narrow rows

Two summaries are merged by the eigenvectors of their rows' Gram matrix (sequential Karhunen-Loeve, Levy & Lindenbaum
2000), with the row that the difference of their means adds (Ross et al. 2008). It is exact until more than `rank`
directions have been seen; from then on what is dropped is the smallest variance. The total is always exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.explain.latent.directions import signed
from ganatomy.numerics.running import Covariance

NARROW = 1024  # up to this width the whole covariance is kept
TOGETHER = 512  # rows that are added to a summary at once


@dataclass(frozen=True, eq=False)
class Leading:
    """`rows` are the kept directions, scaled so that rows^T rows is the scatter; `squares` is the whole scatter."""

    n: int
    mean: Tensor
    rows: Tensor
    squares: float
    rank: int

    @classmethod
    def of(cls, batch: Tensor, *, rank: int) -> Leading:
        if rank < 1:
            raise UsageError(f"a sketch of rank {rank} was asked for", "keep one direction or more")
        x = batch.detach().cpu().double()
        if not bool(torch.isfinite(x).all()):
            raise InputError("activations hold NaN or infinite values", "leave those samples out")
        mean = x.mean(0)
        centred = x - mean
        return cls(len(x), mean, _reduced(centred, rank), float(centred.square().sum()), rank)

    def __add__(self, other: Leading) -> Leading:
        n = self.n + other.n
        apart = other.mean - self.mean
        row = apart * (self.n * other.n / n) ** 0.5
        rows = _reduced(torch.cat([self.rows, other.rows, row[None]]), self.rank)
        squares = self.squares + other.squares + float(row.square().sum())
        return Leading(n, self.mean + apart * (other.n / n), rows, squares, self.rank)

    def components(self, k: int) -> tuple[Tensor, Tensor]:
        """Variances (n - 1) and unit vectors, (k, width)."""
        rows = _reduced(self.rows, k)
        sizes = rows.norm(dim=1)
        if len(rows) < k or float(sizes[-1]) <= 1e-9 * float(sizes[0]):
            raise UsageError(f"{k} components of rows of lower rank were asked for", "ask for fewer")
        return sizes.square() / (self.n - 1), signed(rows / sizes[:, None])

    def variance(self) -> float:
        """Of all directions together, exact."""
        return self.squares / (self.n - 1)


def exact(covariance: Covariance, k: int) -> tuple[Tensor, Tensor]:
    """Leading eigenvalues and eigenvectors, (k, width)."""
    values, vectors = torch.linalg.eigh(covariance.matrix())
    values, vectors = values.flip(0), vectors.flip(1).T
    if k > len(values) or float(values[k - 1]) <= 1e-12 * float(values[0]):
        raise UsageError(f"{k} components of rows of lower rank were asked for", "ask for fewer")
    return values[:k], signed(vectors[:k])


def together(parts: Iterable[Tensor], rows: int = TOGETHER) -> Iterator[Tensor]:
    """Small batches joined to batches of at least so many rows."""
    kept: list[Tensor] = []
    for part in parts:
        kept.append(part)
        if sum(map(len, kept)) >= rows:
            yield torch.cat(kept)
            kept = []
    if kept:
        yield torch.cat(kept)


def _reduced(rows: Tensor, rank: int) -> Tensor:
    """At most `rank` rows with nearly the same rows^T rows, orthogonal, of falling length; none of length 0."""
    values, turn = torch.linalg.eigh(rows @ rows.T)
    kept = min(rank, int((values > 1e-18 * values[-1].clamp(min=1e-300)).sum()))
    reduced: Tensor = turn[:, len(values) - kept :].flip(1).T @ rows
    return reduced
