"""Areas under the ROC curve against scikit-learn and pair counting; the interval by simulation."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from ganatomy.errors import InputError, UsageError
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.roc import areas, auc, auc_interval

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
    high, low = auc_interval(1.0, 20, 20), auc_interval(0.0, 20, 20)
    assert high.high == 1.0
    assert 0.75 < high.low < 0.99
    assert low.high == pytest.approx(1 - high.low)
    assert auc(torch.zeros(30), torch.arange(1.0, 31.0)).reversed


def test_what_cannot_be_ranked_is_refused() -> None:
    with pytest.raises(UsageError, match="0 and 3 samples"):
        auc(torch.empty(0), torch.zeros(3))
    with pytest.raises(InputError, match="NaN"):
        auc(torch.tensor([float("nan")]), torch.zeros(3))
    with pytest.raises(UsageError, match=r"\(3, 1\)"):
        auc(torch.zeros(3, 1), torch.zeros(3))
