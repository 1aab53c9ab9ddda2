"""Areas under the ROC curve against scikit-learn and pair counting; the interval by simulation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from ganatomy.errors import InputError, UsageError
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import mean_of
from ganatomy.numerics.statistics.roc import areas, at_ends, auc, newcombe, separated

few = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=12)


@given(few, few)
def test_areas_count_pairs_with_ties_as_halves(above: list[float], below: list[float]) -> None:
    a, b = torch.tensor(above), torch.tensor(below)
    pairs = (a[:, None] > b).double() + 0.5 * (a[:, None] == b).double()
    assert float(areas(a[:, None], b[:, None])) == pytest.approx(float(pairs.mean()), abs=1e-12)
    found = auc(a, b)
    assert found.interval.low <= found.value <= found.interval.high
    assert found.interval.low >= 0
    assert found.interval.high <= 1


def test_columns_are_those_of_scikit_learn() -> None:
    table = Stream(0, "roc").normal(range(90), 3)
    above, below = table[:40] + torch.tensor([0.0, 0.5, 3.0]), table[40:]
    names = [1] * 40 + [0] * 50
    wanted = [roc_auc_score(names, torch.cat([above, below])[:, column]) for column in range(3)]
    assert areas(above, below).tolist() == pytest.approx(wanted, abs=1e-12)


def test_the_interval_covers_also_near_one() -> None:
    normal = torch.distributions.Normal(0.0, 1.0)
    for shift in (0.0, 1.0, 3.0):
        truth = float(normal.cdf(torch.tensor(shift / 2**0.5)))
        draws = Stream(1, f"roc {shift}").normal(range(400), 60)
        hits = sum(truth in auc(row[:30] + shift, row[30:]).interval for row in draws)
        assert hits >= 0.92 * len(draws), (shift, hits)


def test_the_interval_of_a_perfect_order_is_no_point_and_mirrors() -> None:
    high, low = newcombe(1.0, 20, 20), newcombe(0.0, 20, 20)
    assert high.high == 1.0
    assert 0.75 < high.low < 0.99
    assert low.high == pytest.approx(1 - high.low)
    assert auc(torch.zeros(30), torch.arange(1.0, 31.0)).reversed


def test_the_error_of_an_area_is_delongs_with_ties() -> None:
    x = Stream(0, "x").integers(range(17), 6, 2).double() + 1
    y = Stream(0, "y").integers(range(23), 6, 2).double()
    for column, error in enumerate([mean.error for mean in separated(x, y)]):
        a, b = x[:, column].tolist(), y[:, column].tolist()
        above = np.array([[1.0 if p > q else 0.5 if p == q else 0.0 for q in b] for p in a])
        wanted = (above.mean(1).var(ddof=1) / len(a) + above.mean(0).var(ddof=1) / len(b)) ** 0.5
        assert error == pytest.approx(wanted, rel=1e-12)


def test_what_cannot_be_ranked_is_refused() -> None:
    with pytest.raises(UsageError, match="0 and 3 samples"):
        auc(torch.empty(0), torch.zeros(3))
    with pytest.raises(InputError, match="NaN"):
        auc(torch.tensor([float("nan")]), torch.zeros(3))
    with pytest.raises(UsageError, match=r"\(3, 1\)"):
        auc(torch.zeros(3, 1), torch.zeros(3))


@pytest.mark.parametrize("ratio", [1.0, 3.0, 10.0])
def test_the_interval_covers_whatever_the_spreads(ratio: float) -> None:
    draws = Stream(2, f"roc spreads {ratio}").normal(range(400), 200)
    misses = sum(0.5 not in auc(ratio * row[:100], row[100:]).interval for row in draws)
    assert misses <= 31  # 20 on average; 0.995 of binomial draws


def test_of_samples_in_groups_the_interval_covers() -> None:
    ids, misses = torch.arange(10).repeat_interleave(20), 0
    for trial in range(300):
        shared, own = (Stream(trial, name).normal(range(n), 1)[:, 0] for name, n in (("shared", 10), ("own", 400)))
        misses += 0.5 not in auc(0.7 * shared[ids] + 0.7 * own[:200], own[200:], groups=(ids, None)).interval
    assert misses <= 25  # 15 on average


def test_errors_over_groups_are_those_of_the_mean_of_placements() -> None:
    x, y = Stream(0, "gx").normal(range(40), 2).double() + 0.5, Stream(0, "gy").normal(range(30), 2).double()
    ids, others = torch.arange(40) // 7, torch.arange(30) % 4
    for column, mean in enumerate(separated(x, y, groups=(ids, others))):
        above = (x[:, None, column] > y[None, :, column]).double()
        sides = [mean_of(above.mean(1), ids), mean_of(above.mean(0), others)]
        assert mean.error == pytest.approx((sides[0].error ** 2 + sides[1].error ** 2) ** 0.5, rel=1e-9)
        assert mean.df == pytest.approx(mean.error**4 / sum(side.error**4 / side.df for side in sides), rel=1e-9)
        assert mean.n == 4


def test_an_area_at_its_end_is_tested_by_ranks() -> None:
    (perfect,) = separated(torch.ones(25, 1), torch.zeros(30, 1))
    assert perfect.error == 0
    assert at_ends(perfect, 25, 30).error == pytest.approx((56 / (12 * 25 * 30)) ** 0.5)
    (inside,) = separated(torch.arange(25.0)[:, None], torch.arange(30.0)[:, None])
    assert at_ends(inside, 25, 30) == inside
    one = auc(torch.ones(20), torch.zeros(20), groups=(torch.zeros(20).long(), None)).interval
    assert one.low < 0.5, "one group is one sample"
