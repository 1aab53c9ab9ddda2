"""Running statistics against the same statistics of everything at once; merging in any grouping."""

from __future__ import annotations

import functools
import operator

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.numerics.random import Stream
from ganatomy.numerics.running import CoOccurrence, Covariance, Moments, Quantiles, TopK, rows


def table(seed: int, n: int, channels: int = 3) -> Tensor:
    """Skewed, shifted, of both signs, with ties and exact zeros."""
    x = Stream(seed, "running").normal(range(n), channels, dtype=torch.float64)
    x = x.sign() * x.abs().exp() * 10 + 3
    x[::7] = 0.0
    x[1::7] = 2.5
    return x


def summaries(x: Tensor, start: int = 0) -> dict[str, object]:
    return {
        "moments": Moments.of(x),
        "covariance": Covariance.of(x),
        "quantiles": Quantiles.of(x),
        "top": TopK.of(x, torch.arange(start, start + len(x)), 4),
        "together": CoOccurrence.of(x > 3, x < 2.5),
    }


def tensors(summary: object) -> list[Tensor]:
    return [torch.as_tensor(value).double() for value in vars(summary).values()]


def assert_same(a: object, b: object, tolerance: float = 1e-12) -> None:
    for left, right in zip(tensors(a), tensors(b), strict=True):
        scale = right[right.isfinite()].abs().max().clamp(min=1) if right.isfinite().any() else 1
        assert torch.allclose(left, right, rtol=0, atol=float(tolerance * scale))


@pytest.mark.parametrize("name", list(summaries(table(0, 10))))
@given(st.lists(st.integers(1, 60), min_size=3, max_size=6), st.integers(0, 10**6))
def test_merging_is_associative_and_equals_one_pass(name: str, sizes: list[int], seed: int) -> None:
    x = table(seed, sum(sizes))
    starts = np.cumsum([0, *sizes[:-1]]).tolist()
    parts = [summaries(x[a : a + n], a)[name] for a, n in zip(starts, sizes, strict=True)]
    left = functools.reduce(operator.add, parts)
    right = functools.reduce(lambda a, b: b + a, reversed(parts))
    assert_same(left, right)
    assert_same(left, summaries(x)[name])


@pytest.mark.parametrize("name", ["quantiles", "top", "together"])
def test_counts_and_maxima_merge_exactly_in_any_order(name: str) -> None:
    x = table(1, 90)
    parts = [summaries(x[a : a + 30], a)[name] for a in (0, 30, 60)]
    orders = [parts[0] + parts[1] + parts[2], parts[2] + parts[0] + parts[1], parts[1] + (parts[2] + parts[0])]
    for other in orders[1:]:
        assert all(torch.equal(a, b) for a, b in zip(tensors(orders[0]), tensors(other), strict=True))


def test_moments_and_covariance_against_numpy_far_from_zero() -> None:
    """A mean of 1e6 with a spread of 1: the textbook sum of squares would lose every digit in float32."""
    x = table(2, 500) / 30 + 1e6
    moments, covariance = Moments.of(x[:200]) + Moments.of(x[200:]), Covariance.of(x[:123]) + Covariance.of(x[123:])
    assert np.allclose(moments.mean, x.numpy().mean(0), rtol=1e-14)
    assert np.allclose(moments.variance(), x.numpy().var(0, ddof=1), rtol=1e-7)
    assert np.allclose(covariance.matrix(), np.cov(x.numpy().T), rtol=1e-7)
    assert torch.equal(moments.low, x.amin(0))
    assert torch.equal(moments.high, x.amax(0))


@pytest.mark.parametrize("accuracy", [0.05, 0.01, 0.001])
@pytest.mark.parametrize("q", [0.0, 0.01, 0.25, 0.5, 0.9, 0.99, 1.0])
def test_quantiles_keep_their_bound(accuracy: float, q: float) -> None:
    x = table(3, 4001)
    exact = torch.quantile(x, q, dim=0, interpolation="lower")
    found = (Quantiles.of(x[:1000], accuracy) + Quantiles.of(x[1000:], accuracy)).at(q)
    assert bool(((found - exact).abs() <= accuracy * exact.abs() + 1e-9).all())


def test_quantiles_of_tiny_huge_and_constant_channels() -> None:
    x = torch.tensor([[1e-12, 5.0, 1e12], [-1e-12, 5.0, -1e12], [0.0, 5.0, 7.0]], dtype=torch.float64)
    found = Quantiles.of(x).at(0.5)
    assert found.tolist() == pytest.approx([0.0, 5.0, 7.0], rel=0.01, abs=1e-9)


def test_memory_of_a_summary_does_not_grow_with_the_samples() -> None:
    def size(summary: object) -> int:
        return sum(
            value.numel() * value.element_size() for value in vars(summary).values() if isinstance(value, Tensor)
        )

    small, large = summaries(table(0, 50)), summaries(table(0, 5000))
    assert {name: size(summary) for name, summary in small.items()} == {name: size(s) for name, s in large.items()}


def test_top_k_against_a_slow_sort_with_ties() -> None:
    x = table(4, 60)
    top = TopK.of(x, torch.arange(60), 5)
    for channel in range(x.shape[1]):
        slow = sorted(range(60), key=lambda i: (-float(x[i, channel]), i))[:5]
        assert top.indices[:, channel].tolist() == slow
    few = TopK.of(x[:2], torch.arange(2), 5)
    assert few.indices[2:].unique().tolist() == [-1]


def test_co_occurrence_against_counting() -> None:
    x = table(5, 200)
    a, b = x > 3, x[:, :2] < 2.5
    both = CoOccurrence.of(a[:50], b[:50]) + CoOccurrence.of(a[50:], b[50:])
    for i in range(3):
        for j in range(2):
            together = sum(bool(p and q) for p, q in zip(a[:, i], b[:, j], strict=True))
            either = sum(bool(p or q) for p, q in zip(a[:, i], b[:, j], strict=True))
            assert int(both.together[i, j]) == together
            assert float(both.iou()[i, j]) == (together / either if either else 0.0)


def test_rows_puts_each_place_of_a_map_in_a_row_of_channels() -> None:
    maps = torch.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    assert rows(maps).shape == (40, 3)
    assert rows(maps)[0].tolist() == maps[0, :, 0, 0].tolist()
    assert rows(maps)[7].tolist() == maps[0, :, 1, 2].tolist()


@pytest.mark.parametrize("kind", [Moments.of, Covariance.of, Quantiles.of])
def test_nan_nothing_and_wrong_shapes_are_refused(kind) -> None:
    with pytest.raises(InputError, match="NaN"):
        kind(torch.tensor([[1.0, float("nan")]]))
    with pytest.raises(UsageError, match="at least one row"):
        kind(torch.empty(0, 3))
    with pytest.raises(UsageError, match="shape"):
        kind(torch.ones(3))
    with pytest.raises(UsageError, match="same accuracy"):
        Quantiles.of(torch.ones(2, 1), 0.01) + Quantiles.of(torch.ones(2, 1), 0.02)
    with pytest.raises(UsageError, match="same k"):
        TopK.of(torch.ones(2, 1), torch.arange(2), 1) + TopK.of(torch.ones(2, 1), torch.arange(2), 2)
    with pytest.raises(UsageError, match="boolean tables"):
        CoOccurrence.of(torch.ones(2, 1), torch.ones(2, 1))
    narrow, wide = summaries(table(0, 5)), summaries(table(0, 5, channels=1))
    for name in narrow:
        with pytest.raises(UsageError, match="cannot be merged"):
            narrow[name] + wide[name]  # type: ignore[operator]
    with pytest.raises(UsageError, match="at least two"):
        Moments.of(torch.ones(1, 1)).variance()


def test_the_batch_is_not_touched() -> None:
    x = table(6, 20).float()
    before = x.clone()
    summaries(x)
    assert torch.equal(x, before)
    assert not x.requires_grad
