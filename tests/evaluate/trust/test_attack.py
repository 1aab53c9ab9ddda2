"""Readings of an attack: closed forms, coverage, size under the null, and what cannot be told."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.trust.attack import ALIKE, APART, NOT_TOLD, attack, curve, found_at, null_error
from ganatomy.numerics.random import Stream


def normal(seed: int, name: str, n: int, shift: float = 0.0) -> Tensor:
    return Stream(seed, name).normal(range(n), 1, dtype=torch.float64)[:, 0] + shift


def test_the_curve_by_hand_and_by_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score, roc_curve

    known, other = normal(0, "k", 80, 0.7).mul(4).round(), normal(0, "o", 60).mul(4).round()  # with ties
    scores, members = torch.cat([known, other]), torch.arange(140) < 80
    fpr, tpr, _ = roc_curve(members, scores, drop_intermediate=False)
    found = curve(scores, members, (0.1, 0.05))
    assert found[0] == pytest.approx(roc_auc_score(members, scores))
    assert found[1] == pytest.approx(max(tpr - fpr))
    assert found[2] == pytest.approx(max(t for t, f in zip(tpr, fpr, strict=True) if f <= 0.1))
    assert found[3] == pytest.approx(max(t for t, f in zip(tpr, fpr, strict=True) if f <= 0.05))
    assert found[4] >= found[1]


def test_members_that_all_score_higher() -> None:
    told = attack(torch.ones(400), torch.zeros(400), space="c", stream=Stream(0, "a"), draws=99)
    assert told.verdict == APART
    assert {name: each.value for name, each in told.measured.items()} == dict.fromkeys(told.measured, 1.0)
    assert told.p["AUC"] == pytest.approx(0.01)
    assert told.measured["AUC"].floor == pytest.approx(0.5, abs=0.02)
    assert "lower bound" in told.note
    assert "not a privacy claim" in told.note
    assert found_at(0.01) in told.measured
    assert found_at(0.001) not in told.measured
    assert "0.001 false alarms cannot be told with so few non-members (400; it takes 3,000" in told.untold[0]


def test_the_spread_of_the_area_where_nothing_is_told_apart() -> None:
    members = torch.arange(70) < 40
    areas = torch.tensor([curve(normal(seed, "x", 70), members, ())[0] for seed in range(500)])
    assert float(areas.std()) == pytest.approx(null_error(40, 30), rel=0.1)
    assert float(areas.mean()) == pytest.approx(0.5, abs=0.01)


def test_size_floors_and_coverage_where_members_are_no_different() -> None:
    """The best advantage reads more than 0, and its floor says so."""
    told = [
        attack(normal(s, "k", 60), normal(s, "o", 60), space="c", stream=Stream(s, "a"), draws=79) for s in range(80)
    ]
    assert sum(each.verdict != ALIKE for each in told) <= 9
    best = [each.measured["best advantage"] for each in told]
    mean, floor = (sum(getattr(each, name) or 0 for each in best) / 80 for name in ("value", "floor"))
    assert mean == pytest.approx(floor, abs=0.02)
    assert mean > 0.05
    for name, true in (("AUC", 0.5), (found_at(0.1), 0.1), ("best advantage", 0.0)):
        inside = [each.measured[name].interval for each in told]
        assert sum(i is not None and true in i for i in inside) >= 71
    assert sum(each.measured[found_at(0.1)].floor or 0 for each in told) / 80 == pytest.approx(7 / 61, abs=0.005)


@pytest.mark.parametrize(("n", "m", "rate", "shift"), [(1000, 100, 0.1, 1.0), (100, 400, 0.01, 1.5)])
def test_rates_cover_though_the_threshold_is_uncertain(n: int, m: int, rate: float, shift: float) -> None:
    """With many members and few non-members the threshold is most of the error; 150 trials, of which 7.5 may miss."""
    from scipy.stats import norm

    true, covered, alone = float(norm.sf(norm.isf(rate) - shift)), 0, 0
    for seed in range(150):
        known, other = normal(seed, "k", n, shift), normal(seed, "o", m)
        found = attack(known, other, space="c", stream=Stream(seed, "a"), draws=1).measured[found_at(rate)]
        assert found.interval is not None
        covered += true in found.interval
        alone += abs(found.value - true) <= 1.96 * (true * (1 - true) / n) ** 0.5
    assert covered >= 137
    assert alone < covered


def test_groups_are_shuffled_whole_and_widen_what_is_told() -> None:
    """Twelve patients a side of 25 like samples each: by samples a difference is sure, by patients it is not."""
    ids = torch.arange(24).repeat_interleave(25)
    rejected: list[list[bool]] = []
    for seed in range(25):
        x = normal(seed, "p", 24)[ids] + 0.3 * normal(seed, "n", 600)
        ask = {"space": "c", "stream": Stream(seed, "a"), "draws": 99}
        alone = attack(x[:300], x[300:], **ask)  # type: ignore[arg-type]
        whole = attack(x[:300], x[300:], groups=(ids[:300], ids[300:]), **ask)  # type: ignore[arg-type]
        rejected.append([alone.verdict == APART, whole.verdict == APART])
    assert sum(each[0] for each in rejected) >= 12
    assert sum(each[1] for each in rejected) <= 5
    widths = [i.high - i.low for i in (t.measured["AUC"].interval for t in (alone, whole)) if i is not None]
    assert all(a < b for a, b in pairwise(widths))
    assert whole.measured["AUC"].n == 12
    assert "groups" in whole.untold[0]


def test_a_shift_of_the_data_takes_the_claim_away() -> None:
    told = attack(torch.ones(50), torch.zeros(50), space="c", stream=Stream(0, "a"), draws=99, shift="They differ.")
    assert told.verdict == NOT_TOLD
    assert "They differ." in told.note


def test_faults() -> None:
    ask = {"space": "c", "stream": Stream(0, "a")}
    with pytest.raises(UsageError, match="5 members"):
        attack(torch.ones(5), torch.ones(50), **ask)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="NaN"):
        attack(torch.full((50,), torch.nan), torch.ones(50), **ask)  # type: ignore[arg-type]
