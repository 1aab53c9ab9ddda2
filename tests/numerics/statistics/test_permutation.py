"""Permutation p-values against scipy's exact ones, their floors, and their rates under the null."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracles_statistics import agrees
from scipy import stats

from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.permutation import against_controls, permute_labels, sign_flip

STREAM = Stream(9, "permutation")


def draws(trials: int, n: int, name: str) -> torch.Tensor:
    return Stream(10, name).normal(range(trials), n, dtype=torch.float64)


def mean_gap(x: torch.Tensor, y: torch.Tensor) -> float:
    return float(x.mean() - y.mean())


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_few_signs_are_all_tried_as_in_scipy(alternative):
    x = draws(1, 10, "signs")[0] + 0.4
    found = sign_flip(x, stream=STREAM, alternative=alternative)
    wanted = stats.permutation_test(
        (x.numpy(),), np.mean, permutation_type="samples", alternative=alternative, n_resamples=np.inf
    )
    assert found.p == pytest.approx(wanted.pvalue)
    assert found.exact
    assert found.arrangements == 1024
    assert found.floor == (2 if alternative == "two-sided" else 1) / 1024
    assert found.observed == pytest.approx(float(x.mean()))


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("statistic", [None, mean_gap])
def test_few_labels_are_all_tried_as_in_scipy(alternative, statistic):
    x, y = draws(1, 5, "x")[0] + 0.5, draws(1, 6, "y")[0]
    found = permute_labels(x, y, stream=STREAM, statistic=statistic, alternative=alternative)
    wanted = stats.permutation_test(
        (x.numpy(), y.numpy()), lambda a, b: a.mean() - b.mean(), alternative=alternative, n_resamples=np.inf
    )
    # scipy doubles the smaller tail where this counts |difference|; they agree one-sided.
    if alternative == "two-sided":
        both = np.abs(wanted.null_distribution) >= abs(wanted.statistic) - 1e-12
        assert found.p == pytest.approx(both.mean())
    else:
        assert found.p == pytest.approx(wanted.pvalue)
    assert found.arrangements == 462
    assert found.floor == 1 / 462


def test_drawn_p_values_are_near_the_exact_ones():
    x, y = draws(1, 8, "near")[0] + 0.6, draws(1, 8, "far")[0]
    exact = permute_labels(x, y, stream=STREAM, draws=12870)
    drawn = permute_labels(x, y, stream=STREAM, draws=5000)
    assert exact.exact
    assert not drawn.exact
    assert stats.binomtest(round(drawn.p * 5001) - 1, 5000, exact.p).pvalue > 0.001
    exact, drawn = (sign_flip(x, stream=STREAM, draws=n) for n in (256, 255))
    assert (exact.exact, drawn.exact) == (True, False)
    assert stats.binomtest(round(drawn.p * 256) - 1, 255, exact.p).pvalue > 0.001


def test_groups_move_whole():
    """Three groups on each side leave 20 relabellings, however many samples they hold."""
    x, y = 1 + draws(1, 30, "gx")[0] / 10, draws(1, 40, "gy")[0] / 10
    ids = (torch.arange(30) // 10, 3 + torch.arange(40) // 14)
    found = permute_labels(x, y, stream=STREAM, groups=ids, alternative="greater")
    assert (found.p, found.floor, found.arrangements) == (1 / 20, 1 / 20, 20)
    flipped = sign_flip(x, stream=STREAM, groups=ids[0])
    assert (flipped.p, flipped.floor, flipped.arrangements) == (0.25, 0.25, 8)


def test_a_relabelling_keeps_the_numbers_of_samples_in_unequal_groups():
    seen = set()

    def note(x: torch.Tensor, y: torch.Tensor) -> float:
        seen.add((tuple(x[:, 0].int().tolist()), len(y)))
        return 0.0

    table = torch.tensor([[0.0], [0], [1], [2], [2], [2]])
    words = (["a", "a", "b"], ["c", "c", "c"])
    found = permute_labels(table[:3], table[3:], stream=STREAM, statistic=note, groups=words)
    assert {x for x, _ in seen} == {(0, 0, 1), (0, 0, 2, 2, 2), (1, 2, 2, 2)}
    assert all(len(x) + y == 6 for x, y in seen)
    assert found.p == 1


def test_controls_bound_the_p_value():
    found = against_controls(3.0, [1.0, 2.0, 3.0, 0.0])
    assert (found.p, found.floor) == (2 / 5, 1 / 5)
    assert against_controls(-9.0, [1.0, -2.0], alternative="two-sided").p == 1 / 3
    assert against_controls(9.0, [1.0], alternative="less").p == 1


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: permute_labels([1.0], torch.zeros(2, 2), stream=STREAM), "the same shape"),
        (lambda: permute_labels(torch.zeros(2, 2), torch.zeros(2, 2), stream=STREAM), "a statistic where"),
        (lambda: permute_labels([1.0], [2.0], stream=STREAM, groups=([1], [1])), "both x and y"),
        (lambda: permute_labels([1.0], [2.0], stream=STREAM, groups=([1, 2], [1])), "one id for each"),
        (lambda: sign_flip([1.0], stream=STREAM, alternative="bigger"), "legal are: two-sided"),
        (lambda: sign_flip([1.0] * 20, stream=STREAM, draws=0), "at least one draw"),
    ],
)
def test_what_cannot_be_permuted_is_refused(ask, message):
    with pytest.raises(UsageError, match=message):
        ask()


def test_draws_have_addresses_and_large_tables_come_in_parts(monkeypatch):
    x = draws(1, 40, "parts")[0] + 0.3
    whole = sign_flip(x, stream=STREAM, draws=500), permute_labels(x[:20], x[20:], stream=STREAM, draws=500)
    monkeypatch.setattr("ganatomy.numerics.statistics.permutation.CHUNK", 400)
    assert whole == (sign_flip(x, stream=STREAM, draws=500), permute_labels(x[:20], x[20:], stream=STREAM, draws=500))


@pytest.mark.parametrize("n", [9, 20])
def test_sign_flips_reject_a_true_null_at_the_stated_rate(n):
    """All 512 signs in the first case (p is a multiple of 2 / 512), 199 drawn in the second (of 1 / 200)."""
    rate = 0.05 if n == 20 else 24 / 512
    p = [
        sign_flip(x, stream=STREAM.child(str(i)), draws=512 if n == 9 else 199).p
        for i, x in enumerate(draws(1000, n, "h0"))
    ]
    assert agrees(sum(value <= 0.05 for value in p), 1000, rate)


@pytest.mark.parametrize("grouped", [False, True])
def test_relabelling_rejects_a_true_null_at_the_stated_rate(grouped):
    ids = torch.arange(24).repeat_interleave(torch.tensor([1, 3] * 12))
    cut = int((ids < 10).sum())
    x = draws(1000, 24, "shared")[:, ids] + draws(1000, len(ids), "own")
    if not grouped:
        x = draws(1000, len(ids), "own")
    groups = (ids[:cut], ids[cut:]) if grouped else None
    p = [
        permute_labels(row[:cut], row[cut:], stream=STREAM.child(str(i)), groups=groups, draws=199).p
        for i, row in enumerate(x)
    ]
    assert agrees(sum(value <= 0.05 for value in p), 1000, 0.05)
    assert agrees(sum(value <= 0.5 for value in p), 1000, 0.5)


def test_relabelling_samples_of_groups_one_by_one_rejects_too_often():
    ids = torch.arange(24).repeat_interleave(4)
    x = draws(500, 24, "shared")[:, ids] + draws(500, 96, "own")
    wrong = sum(permute_labels(row[:48], row[48:], stream=STREAM, draws=99).p <= 0.05 for row in x)
    assert not agrees(wrong, 500, 0.05, wrong="greater")
