"""Tails: scipy's exact interval, the rule of three, and how often the interval holds the share."""

from __future__ import annotations

import pytest
import torch
from scipy import stats
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.evaluate.trust.tails import Tail, at_most, clopper_pearson, grouping, never
from ganatomy.numerics.random import Stream


@pytest.mark.parametrize(("count", "n"), [(0, 20), (3, 20), (20, 20), (7, 1000)])
def test_as_scipy_has_it(count: int, n: int) -> None:
    told = clopper_pearson(count, n)
    theirs = stats.binomtest(count, n).proportion_ci(0.95, method="exact")
    assert (told.low, told.high) == pytest.approx((theirs.low, theirs.high))


def test_the_rule_of_three() -> None:
    assert at_most(0, 1000) == pytest.approx(1 - 0.05 ** (1 / 1000))
    assert at_most(0, 1000) == pytest.approx(3 / 1000, rel=0.01)
    assert never(100) == "none of 100 was seen, so at most 2.95% of all (3/n, 95 %)"
    with pytest.raises(UsageError, match="5 of 3"):
        clopper_pearson(5, 3)


def normals(n: int, name: str, seed: int) -> Tensor:
    return Stream(seed, name).normal(range(n), dtype=torch.float64)


@pytest.mark.parametrize(("share", "shift", "m"), [(0.01, 0.0, 300), (0.01, 1.0, 500), (0.05, 0.5, 200)])
def test_the_interval_holds_the_share_beyond_the_true_point(share: float, shift: float, m: int) -> None:
    due = float(stats.norm.sf(stats.norm.isf(share) - shift))
    held, seen, floor = 0, 0.0, 0.0
    for seed in range(400):
        tail = Tail.of(normals(m, "real", seed), share)
        told = tail.told(tail.counted(normals(400, "made", seed) + shift), 400, name="tail", space=None)
        assert told.interval is not None
        held += due in told.interval
        seen, floor = seen + told.value / 400, tail.floor
    assert held >= 375  # 95 % less two standard errors; it is 98 % or so
    if shift == 0:
        assert seen == pytest.approx(floor, rel=0.12)


def test_groups_widen_it() -> None:
    """Five alike in each of 60 groups: 300 real samples say what some 70 do."""
    due, held, blind = float(stats.norm.sf(stats.norm.isf(0.05) - 0.5)), 0, 0
    ids = torch.arange(300) // 5
    for seed in range(400):
        real = 0.95 * normals(60, "group", seed)[ids] + (1 - 0.95**2) ** 0.5 * normals(300, "real", seed)
        made = normals(5000, "made", seed) + 0.5
        for groups in (ids, None):
            tail = Tail.of(real, 0.05, groups)
            within = tail.told(tail.counted(made), 5000, name="tail", space=None).interval
            assert within is not None
            held, blind = held + (groups is not None) * (due in within), blind + (groups is None) * (due in within)
    assert held >= 375
    assert blind < held
    assert grouping(normals(60, "group", 0)[ids] > 0, ids) == pytest.approx(5, rel=0.05)


def test_too_few_real_ones() -> None:
    with pytest.raises(UsageError, match="999 real"):
        Tail.of(normals(500, "real", 0), 0.001)
    tail = Tail.of(normals(150, "real", 0), 0.01)
    assert tail.points[2] == float("inf")


def test_all_beyond_all_real_ones_is_sure_where_real_ones_are_enough() -> None:
    """With 359 the point lies beyond the largest in 2.7 % of cases, with 250 in 8 %."""
    for m, low in ((359, 0.99), (250, 0.0), (2000, 0.99)):
        tail = Tail.of(normals(m, "real", 0), 0.01)
        within = tail.told(tail.counted(normals(2000, "made", 0) + 20), 2000, name="tail", space=None).interval
        assert within is not None
        assert within.high == 1
        assert within.low >= low
        assert (within.low > 0) is (low > 0)
