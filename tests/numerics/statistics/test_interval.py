"""Closed-form intervals against scipy, by hand, and in simulation."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles_statistics import agrees
from scipy import stats

from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import difference, mean_interval, mean_of, t_interval, wilson

X = Stream(1, "interval").normal(range(1), 30, dtype=torch.float64)[0]
IDS = torch.arange(30) // 4  # seven groups of four and one of two


@settings(deadline=None, derandomize=True, max_examples=60)
@given(n=st.integers(1, 400), share=st.floats(0, 1), level=st.floats(0.5, 0.999))
def test_wilson_is_scipys(n, share, level):
    hits = round(share * n)
    found = wilson(hits, n, level=level)
    wanted = stats.binomtest(hits, n).proportion_ci(level, method="wilson")
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=1e-12)
    assert 0 <= found.low <= hits / n <= found.high <= 1


def test_t_is_scipys():
    found = mean_interval(X, level=0.9)
    wanted = stats.ttest_1samp(X.numpy(), 0).confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), rel=1e-12)
    assert found.method == "t, 29 degrees of freedom"


def test_groups_of_one_size_give_t_over_their_means():
    ids = torch.arange(30) % 6
    found = mean_interval(X, ids)
    means = torch.stack([X[ids == group].mean() for group in range(6)])
    wanted = stats.ttest_1samp(means.numpy(), 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), rel=1e-12)


def test_the_error_by_groups_is_what_leaving_each_out_gives():
    found = mean_of(X, IDS)
    left = torch.stack([X[group != IDS].mean() for group in range(8)])
    assert found.error == pytest.approx(math.sqrt(7 / 8 * float((left - X.mean()).square().sum())), rel=1e-12)
    assert (found.n, found.df) == (8, 7)
    assert found.sd == pytest.approx(found.error * math.sqrt(8))


def test_a_difference_is_welchs():
    first, second = X[:12], 3 * X[12:]
    found = t_interval(difference(mean_of(first), mean_of(second)))
    wanted = stats.ttest_ind(first.numpy(), second.numpy(), equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), rel=1e-12)


@pytest.mark.parametrize(("n", "known"), [(1, False), (5, False), (6, True), (300, True)])
def test_equal_values_say_something_only_where_the_median_is_sure(n, known):
    found = mean_interval([0.1] * n)
    assert (found.low, found.high) == (pytest.approx((0.1, 0.1)) if known else (-math.inf, math.inf))
    assert "equal values" in found.method or "no spread" in found.method


def test_one_group_leaves_the_whole_line():
    assert mean_interval(X, [7] * 30).high == math.inf
    assert t_interval(difference(mean_of(X), mean_of([1.0]))).low == -math.inf


def test_counts_that_cannot_be_are_refused():
    with pytest.raises(UsageError, match="between 0 and n"):
        wilson(5, 4)
    with pytest.raises(UsageError, match="n is at least 1"):
        wilson(0, 0)


def test_an_interval_holds_its_ends():
    found = wilson(0, 20)
    assert 0 in found
    assert found.high in found
    assert 0.5 not in found


def test_wilson_covers():
    """On average over shares: at any one, whole numbers of successes move the rate by 1 or 2 %."""
    shares = Stream(2, "shares").uniform(range(2000), dtype=torch.float64)
    hits = (Stream(2, "wilson").uniform(range(2000), 100) < shares[:, None]).sum(1)
    assert agrees(sum(float(s) in wilson(int(k), 100) for s, k in zip(shares, hits, strict=True)), 2000, 0.95)


def test_t_covers():
    x = Stream(3, "t").normal(range(1000), 6, dtype=torch.float64)
    assert agrees(sum(0 in mean_interval(row) for row in x), 1000, 0.95)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_by_groups_it_covers_where_samples_taken_as_independent_do_not(level):
    sizes = torch.tensor([1, 2, 4, 8] * 5)
    ids = torch.arange(20).repeat_interleave(sizes)
    shared = Stream(4, "shared").normal(range(1000), 20, dtype=torch.float64)[:, ids]
    x = shared + Stream(4, "own").normal(range(1000), len(ids), dtype=torch.float64)
    assert agrees(sum(0 in mean_interval(row, ids, level=level) for row in x), 1000, level)
    assert not agrees(sum(0 in mean_interval(row, level=level) for row in x), 1000, level, wrong="less")


def test_welch_covers_with_unequal_arms():
    a = Stream(5, "a").normal(range(1000), 8, dtype=torch.float64)
    b = 3 * Stream(5, "b").normal(range(1000), 20, dtype=torch.float64)
    hits = sum(0 in t_interval(difference(mean_of(x), mean_of(y))) for x, y in zip(a, b, strict=True))
    assert agrees(hits, 1000, 0.95)
