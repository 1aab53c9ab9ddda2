"""How far the ground floor is from the plain way of doing the same: time ratios, both in one process in turn.

rows = speed(progress=lambda done, total: None)
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from ganatomy.bench.rows import Row, Work, compared
from ganatomy.numerics.distances import frechet_gaussian, neighbours
from ganatomy.numerics.random import Stream
from ganatomy.numerics.running import Covariance, Quantiles

Case = tuple[str, str, float | None, Callable[[], tuple[Work, Work]]]


def speed(*, progress: Callable[[int, int], None], rounds: int = 15) -> list[Row]:
    """A row for each case below."""
    rows = []
    for done, (name, unit, at_most, make) in enumerate(CASES):
        ours, theirs = make()
        rows.append(Row(name, compared(ours, theirs, rounds=rounds), unit, at_most=at_most))
        progress(done + 1, len(CASES))
    return rows


def _normals() -> tuple[Work, Work]:
    stream, generator = Stream(0, "bench"), torch.Generator().manual_seed(0)
    return lambda: stream.normal(range(4096), 128), lambda: torch.randn(4096, 128, generator=generator)


def _frechet() -> tuple[Work, Work]:
    x, y = (Covariance.of(Stream(seed, "bench").normal(range(2000), 256, dtype=torch.float64)) for seed in (0, 1))

    def plain() -> object:
        return torch.linalg.eigvals(x.matrix() @ y.matrix()).sqrt().real.sum()

    return lambda: frechet_gaussian(x, y), plain


def _neighbours() -> tuple[Work, Work]:
    x, y = (Stream(seed, "bench").normal(range(3000), 64, dtype=torch.float64) for seed in (0, 1))
    return lambda: neighbours(x, y, 5), lambda: torch.cdist(x, y).topk(5, largest=False)


def _quantiles() -> tuple[Work, Work]:
    x = Stream(0, "bench").normal(range(20_000), 64)
    return lambda: Quantiles.of(x), lambda: x.sort(dim=0)


CASES: tuple[Case, ...] = (
    ("addressed normals, 4,096 x 128", "times torch.randn", None, _normals),
    ("Fréchet distance, 256 features", "times the eigenvalues of the product", 1.0, _frechet),
    ("5 nearest of 3,000 among 3,000, chunked and exact", "times torch.cdist and topk", None, _neighbours),
    ("quantiles of 20,000 x 64, mergeable", "times a sort", None, _quantiles),
)
