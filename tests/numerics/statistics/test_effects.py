"""Present, absent, undetermined: p-values against scipy, verdicts at the stated rates."""

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
from ganatomy.numerics.statistics.effects import (
    judged_together,
    mean_effect,
    paired_effect,
    unpaired_effect,
    verdict_of,
)
from ganatomy.numerics.statistics.interval import Interval

X = 0.4 + Stream(1, "effects").normal(range(1), 24, dtype=torch.float64)[0]


def draws(trials: int, n: int, name: str = "draws") -> torch.Tensor:
    return Stream(8, name).normal(range(trials), n, dtype=torch.float64)


def test_at_smallest_zero_presence_is_the_two_sided_t_test():
    assert mean_effect(X, smallest=0).p_present == pytest.approx(stats.ttest_1samp(X.numpy(), 0).pvalue, rel=1e-12)
    a, b = X[:9], X[9:]
    wanted = stats.ttest_ind(a.numpy(), b.numpy(), equal_var=False).pvalue
    assert unpaired_effect(a, b, smallest=0).p_present == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("d", [0.05, 0.5, 3.0])
def test_presence_adds_both_tails_and_absence_takes_the_worse(d):
    found = mean_effect(X, smallest=d)

    def one_sided(bound: float, side: str) -> float:
        return float(stats.ttest_1samp(X.numpy(), bound, alternative=side).pvalue)

    m, s = float(X.mean()), float(X.std()) / math.sqrt(24)
    tails = stats.t.sf((abs(m) - d) / s, 23) + stats.t.sf((abs(m) + d) / s, 23)
    assert found.p_present == pytest.approx(min(1, tails), rel=1e-10)
    assert found.p_absent == pytest.approx(max(one_sided(d, "less"), one_sided(-d, "greater")), rel=1e-10)


def test_pairing_subtracts_and_keeps_the_sign():
    before = 100 * draws(1, 24)[0]
    found = paired_effect(before - X, before, smallest=0.1)
    assert found.value == pytest.approx(-float(X.mean()))
    assert found.sd == pytest.approx(float(X.std()))
    with pytest.raises(UsageError, match="pair every sample"):
        paired_effect(before, X[:3], smallest=0)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(values=st.lists(st.floats(-5, 5), min_size=1, max_size=12), d=st.floats(0, 4), scale=st.sampled_from([0.5, 4.0]))
def test_laws(values, d, scale):
    found = mean_effect(values, smallest=d)
    turned = mean_effect([-v for v in values], smallest=d)
    scaled = mean_effect([scale * v for v in values], smallest=scale * d)
    assert (turned.value, turned.p_present, turned.p_absent) == pytest.approx(
        (-found.value, found.p_present, found.p_absent)
    )
    assert scaled.verdict == found.verdict
    assert 0 <= found.p_present <= 1
    assert 0 <= found.p_absent <= 1
    assert found.p_present > 0.05 or found.p_absent > 0.05
    assert d > 0 or found.verdict != "absent"


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([5.0], "undetermined"),
        ([5.0] * 5, "undetermined"),
        ([5.0] * 6, "present"),
        ([0.0] * 4, "undetermined"),
        ([0.0] * 60, "absent"),
        ([7e-8] * 60, "absent"),
        ([1.0] * 60, "undetermined"),  # exactly the smallest effect of interest
    ],
)
def test_without_spread_the_sign_test_decides(values, verdict):
    assert mean_effect(values, smallest=1).verdict == verdict


def test_groups_are_the_units():
    found = mean_effect(X.repeat_interleave(50), smallest=0.2, groups=torch.arange(24).repeat_interleave(50))
    alone = mean_effect(X, smallest=0.2)
    assert found.n == 24
    assert (found.p_present, found.p_absent) == pytest.approx((alone.p_present, alone.p_absent), rel=1e-9)


@pytest.mark.parametrize("smallest", [-1, math.nan, math.inf])
def test_a_smallest_effect_is_finite_and_not_negative(smallest):
    with pytest.raises(UsageError, match="smallest effect of interest"):
        mean_effect(X, smallest=smallest)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.2, 0.9, "present"), (-3, -1.1, "present"), (-0.1, 0.1, "absent"), (0, 0.2, "undetermined")],
)
def test_any_interval_gives_a_verdict(low, high, verdict):
    assert verdict_of(Interval(low, high, 0.95, "any"), smallest=0.15) == verdict


def test_a_family_adjusts_both_claims_and_widens_what_it_selects():
    shifts = [2.0, 2.0, 0.0, 0.0, 0.45]
    effects = [mean_effect(shift + x, smallest=0.5) for shift, x in zip(shifts, draws(5, 80, "family"), strict=True)]
    family = judged_together(effects, adjust="benjamini-hochberg")
    assert [e.verdict for e in family] == ["present", "present", "absent", "absent", "undetermined"]
    wanted = stats.false_discovery_control([e.p_present for e in effects])
    assert [e.p_present for e in family] == pytest.approx(list(wanted))
    wanted = stats.false_discovery_control([e.p_absent for e in effects])
    assert [e.p_absent for e in family] == pytest.approx(list(wanted))
    assert family[0].interval.level == pytest.approx(1 - 0.05 * 2 / 5)
    assert family[0].interval.high - family[0].interval.low > effects[0].interval.high - effects[0].interval.low
    assert "for 2 selected of 5" in family[0].interval.method
    assert family[4].interval == effects[4].interval


def test_families_that_cannot_be_are_refused():
    with pytest.raises(UsageError, match="at least one"):
        judged_together([])
    with pytest.raises(UsageError, match="one level"):
        judged_together([mean_effect(X, smallest=1), mean_effect(X, smallest=1, level=0.9)])
    with pytest.raises(UsageError, match="did you mean 'holm'"):
        judged_together([mean_effect(X, smallest=1)], adjust="holms")


@pytest.mark.parametrize("claim", ["present", "absent"])
@pytest.mark.parametrize("truth", [-1.0, 1.0])
def test_at_the_boundary_a_claim_is_made_at_the_stated_rate(claim, truth):
    """At |effect| = smallest both claims are false; n is such that only one boundary is in reach."""
    x = truth + draws(2000, 12)
    assert agrees(sum(mean_effect(row, smallest=1).verdict == claim for row in x), 2000, 0.05)


@pytest.mark.parametrize("d", [0.0, 0.1, 0.3])
def test_presence_near_zero_is_claimed_at_most_at_the_stated_rate(d):
    """Where both tails matter the test is exact at d = 0 and slightly cautious beyond."""
    for truth in (0, d):
        x = truth + draws(1000, 8)
        made = sum(mean_effect(row, smallest=d).verdict == "present" for row in x)
        assert agrees(made, 1000, 0.05, wrong="greater")
        assert truth < d or made > 0.03 * 1000


def test_grouped_claims_hold_their_rate():
    ids = torch.arange(15).repeat_interleave(torch.tensor([2, 3, 7] * 5))
    x = 1 + draws(1000, 15, "shared")[:, ids] + draws(1000, len(ids), "own")
    for claim in ("present", "absent"):
        made = sum(mean_effect(row, smallest=1, groups=ids).verdict == claim for row in x)
        assert agrees(made, 1000, 0.05)


def test_a_family_makes_few_false_claims_of_either_sort():
    """15 effects: at 0 (absent is true), at twice the smallest (present is true), and on the boundary (neither is)."""
    truth = torch.tensor([0.0, 2.0, 1.0]).repeat(5).double()
    false = {"present": [], "absent": []}
    for trial in range(500):
        x = truth[:, None] + draws(15, 20, f"trial-{trial}")
        verdicts = [e.verdict for e in judged_together([mean_effect(row, smallest=1) for row in x])]
        for claim, right in (("present", 2.0), ("absent", 0.0)):
            made = [t == right for t, verdict in zip(truth, verdicts, strict=True) if verdict == claim]
            false[claim].append(1 - sum(made) / len(made) if made else 0.0)
    for shares in false.values():
        shares = torch.tensor(shares)
        assert float(shares.mean()) <= 0.05 + 3.29 * float(shares.std()) / math.sqrt(500)
