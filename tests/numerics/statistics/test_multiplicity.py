"""Adjusted p-values against scipy and the definitions; error rates in simulation."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles_statistics import agrees
from scipy import stats
from scipy.special import ndtri

from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.multiplicity import benjamini_hochberg, holm, selected_level

P = st.lists(st.floats(0, 1), min_size=1, max_size=30)
Q = 0.05


def normals(name: str, trials: int, tests: int) -> torch.Tensor:
    return Stream(7, name).normal(range(trials), tests, dtype=torch.float64)


def two_sided(z: torch.Tensor) -> torch.Tensor:
    return 2 * torch.special.ndtr(-z.abs())


@settings(deadline=None, derandomize=True, max_examples=80)
@given(p=P)
def test_benjamini_hochberg_is_scipys(p):
    assert benjamini_hochberg(p).tolist() == pytest.approx(stats.false_discovery_control(p).tolist(), abs=1e-15)


@settings(deadline=None, derandomize=True, max_examples=80)
@given(p=P)
def test_holm_is_the_closed_test_by_bonferroni(p):
    """p_i adjusted = max over k <= rank of (m - k + 1) p_(k), written out."""
    ranked = sorted(p)
    wanted = [min(1, max((len(p) - k) * ranked[k] for k in range(len(p)) if ranked[k] <= own)) for own in p]
    assert holm(p).tolist() == pytest.approx(wanted, abs=1e-15)


@settings(deadline=None, derandomize=True, max_examples=80)
@given(p=P)
def test_adjusting_never_helps_and_keeps_the_order(p):
    for adjusted in (benjamini_hochberg(p), holm(p)):
        assert bool((adjusted >= torch.tensor(p, dtype=torch.float64) - 1e-15).all())
        assert bool((adjusted[torch.tensor(p).argsort()].diff() >= -1e-15).all())


@pytest.mark.parametrize("p", [[-0.1, 0.5], [0.5, 1.5]])
def test_p_lies_between_0_and_1(p):
    with pytest.raises(UsageError, match="between 0 and 1"):
        holm(p)


def test_selected_level_is_benjamini_yekutielis():
    assert selected_level(12, 512, q=0.05) == pytest.approx(1 - 0.05 * 12 / 512)
    assert selected_level(10, 10, q=0.1) == 0.9
    with pytest.raises(UsageError, match="between 1 and tests"):
        selected_level(0, 10)
    with pytest.raises(UsageError, match="a rate lies"):
        selected_level(1, 10, q=1)


def test_benjamini_hochberg_holds_its_false_discovery_rate():
    """For independent tests it is q times the share of true nulls exactly: 0.05 * 40 / 50."""
    z = normals("bh", 4000, 50)
    z[:, 40:] += 3
    found = torch.stack([benjamini_hochberg(p) <= Q for p in two_sided(z)])
    share = found[:, :40].sum(1) / found.sum(1).clamp(min=1)
    assert abs(float(share.mean()) - 0.04) <= 3.29 * float(share.std()) / math.sqrt(4000)
    assert float(found[:, 40:].double().mean()) > 0.5


def test_under_the_global_null_both_err_at_the_stated_rate():
    p = two_sided(normals("null", 2000, 20))
    assert agrees(sum(bool((benjamini_hochberg(row) <= Q).any()) for row in p), 2000, Q)
    assert agrees(sum(bool((holm(row) <= Q).any()) for row in p), 2000, 1 - (1 - Q / 20) ** 20)


def test_holm_holds_the_familywise_rate_among_true_effects():
    z = normals("holm", 2000, 20)
    z[:, 10:] += 4
    wrong = sum(bool((holm(p)[:10] <= Q).any()) for p in two_sided(z))
    assert agrees(wrong, 2000, Q, wrong="greater")
    assert agrees(wrong, 2000, 1 - (1 - Q / 20) ** 10, wrong="less")  # better than Bonferroni


def test_selected_intervals_cover_at_their_level_and_ordinary_ones_do_not():
    truth = torch.cat([torch.zeros(80), torch.full((20,), 2.0)]).double()
    missed = {"selected": [], "ordinary": []}
    for z in normals("fcr", 1000, 100) + truth:
        chosen = benjamini_hochberg(two_sided(z)) <= 0.2
        count = int(chosen.sum())
        if not count:
            continue
        for name, level in {"selected": selected_level(count, 100, q=0.2), "ordinary": 0.8}.items():
            half = float(ndtri((1 + level) / 2))
            missed[name].append(float(((z - truth).abs() > half)[chosen].double().mean()))
    rates = {name: torch.tensor(shares).sum() / 1000 for name, shares in missed.items()}
    noise = 3.29 * float(torch.tensor(missed["selected"]).std()) / math.sqrt(1000)
    assert rates["selected"] <= 0.2 + noise
    assert rates["ordinary"] > 0.3
