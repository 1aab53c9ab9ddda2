"""Streaming principal components against scikit-learn's, narrow and wide."""

from __future__ import annotations

import pytest
import torch
from oracles_latent import gaussian
from sklearn.decomposition import PCA

from ganatomy.errors import GanatomyError
from ganatomy.explain.latent.sketch import Leading, exact, signed, together
from ganatomy.numerics.running import Covariance


def decaying(n: int, width: int, *, by: float = 0.8) -> torch.Tensor:
    """Rows with an offset and falling variances, along no axis."""
    turn = torch.linalg.qr(gaussian(width, width, seed=5))[0]
    return gaussian(n, width) * by ** torch.arange(width) @ turn + 3.0


def leading(rows: torch.Tensor, *, rank: int, block: int) -> Leading:
    parts = [Leading.of(part, rank=rank) for part in rows.split(block)]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def test_it_is_scikit_learns_pca_while_everything_is_kept() -> None:
    rows = decaying(300, 40)
    total = leading(rows, rank=40, block=64)
    values, vectors = total.components(6)
    theirs = PCA(6, svd_solver="full").fit(rows.numpy())
    assert values.numpy() == pytest.approx(theirs.explained_variance_, rel=1e-9)
    assert torch.allclose(vectors, signed(torch.from_numpy(theirs.components_)), atol=1e-7)
    assert total.mean.numpy() == pytest.approx(theirs.mean_)
    assert total.variance() == pytest.approx(float(rows.var(0).sum()))
    whole = [Covariance.of(part) for part in rows.split(64)]
    narrow = exact(whole[0] + whole[1] + whole[2] + whole[3] + whole[4], 6)
    assert torch.allclose(narrow[0], values)
    assert torch.allclose(narrow[1], vectors, atol=1e-7)


def test_the_leading_ones_are_right_though_most_is_dropped() -> None:
    rows = decaying(600, 120, by=0.9)
    values, vectors = leading(rows, rank=30, block=100).components(4)
    theirs = PCA(4, svd_solver="full").fit(rows.numpy())
    assert values.numpy() == pytest.approx(theirs.explained_variance_, rel=1e-3)
    assert float((vectors @ torch.from_numpy(theirs.components_).T).diagonal().abs().min()) > 0.999
    assert leading(rows, rank=30, block=100).rows.shape == (30, 120)


def test_rows_of_low_rank_and_bad_rows_are_refused() -> None:
    flat = torch.ones(50, 8) * gaussian(50, 1)
    with pytest.raises(GanatomyError, match="lower rank"):
        Leading.of(flat, rank=4).components(2)
    with pytest.raises(GanatomyError, match="lower rank"):
        exact(Covariance.of(flat), 2)
    with pytest.raises(GanatomyError, match="NaN"):
        Leading.of(torch.full((3, 2), float("nan")), rank=2)
    with pytest.raises(GanatomyError, match="rank 0"):
        Leading.of(flat, rank=0)


def test_small_batches_are_joined() -> None:
    parts = [torch.full((3, 1), float(each)) for each in range(5)]
    joined = list(together(parts, rows=6))
    assert [len(part) for part in joined] == [6, 6, 3]
    assert torch.equal(torch.cat(joined), torch.cat(parts))
