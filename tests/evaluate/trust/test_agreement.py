"""Repetitions that agree: ranks, sets, signs, each with chance level, interval and p."""

from __future__ import annotations

import pytest
import torch
from scipy.stats import hypergeom, spearmanr
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.trust.agreement import (
    MEASURES,
    agreement,
    chance,
    left_out,
    of_some,
    ranks,
    shuffled,
    weights,
)
from ganatomy.numerics.random import Stream

STREAM = Stream(0, "agreement/tests")


def noisy(noise: float, repeats: int, *, n: int = 48, name: str = "noise", start: int = 0) -> Tensor:
    base = STREAM.child("truth").normal(range(1), n, dtype=torch.float64)
    indices = range(start * repeats, (start + 1) * repeats)
    return base + noise * STREAM.child(name).normal(indices, n, dtype=torch.float64)


def pairs_mean(table: Tensor) -> float:
    return float(table[~torch.eye(len(table), dtype=torch.bool)].mean())


def test_rank_correlation_is_that_of_scipy_with_ties() -> None:
    table = noisy(0.5, 4).round()
    ours = agreement(table, stream=STREAM, draws=19)
    oracle = torch.from_numpy(spearmanr(table.numpy(), axis=1).statistic)
    assert torch.allclose(ours.pairs["rank correlation"], oracle, atol=1e-12)
    assert ours.readings["rank correlation"].value == pytest.approx(pairs_mean(oracle))
    assert ranks(torch.tensor([[3.0, 1.0, 3.0]], dtype=torch.float64)).tolist() == [[2.5, 1.0, 2.5]]


def test_overlap_counts_common_members_by_size() -> None:
    table = torch.tensor([[-9.0, 8, 1, 0], [7, 1, 8, 0], [9, 8, 1, 0]], dtype=torch.float64)
    found = agreement(table, stream=STREAM, top=2, draws=19)
    assert found.pairs["overlap of the largest 2"].tolist() == [[1, 0.5, 1], [0.5, 1, 0.5], [1, 0.5, 1]]
    assert found.readings["overlap of the largest 2"].floor == 0.5


def test_equal_values_share_places_so_that_dead_units_are_not_found_again() -> None:
    table = torch.zeros(3, 10, dtype=torch.float64)
    table[:, 0] = 1
    assert weights(table, 4)[0].tolist() == pytest.approx([1.0, *[1 / 3] * 9])
    overlap = agreement(table, stream=STREAM, top=4, draws=19).pairs["overlap of the largest 4"]
    assert float(overlap[0, 1]) == pytest.approx((1 + 9 / 9) / 4)


def test_signs_half_for_zeros() -> None:
    table = torch.tensor([[1.0, -1, 0, 2], [1, 1, 1, 2], [1, -1, -1, 2]], dtype=torch.float64)
    pairs = agreement(table, stream=STREAM, top=1, draws=19).pairs["same sign"]
    assert pairs[0, 1] == pytest.approx(2.5 / 4)
    assert pairs[0, 2] == pytest.approx(3.5 / 4)


@pytest.mark.parametrize("name", MEASURES)
def test_floor_is_what_permuted_values_read(name: str) -> None:
    table, measure = noisy(0.5, 3) + 0.7, MEASURES[name]
    drawn = [pairs_mean(measure.between(shuffled(table, STREAM, draw), 6)) for draw in range(400)]
    spread = torch.tensor(drawn).std()
    assert abs(sum(drawn) / 400 - measure.floor(table, 6)) < 4 * float(spread) / 20


def test_hypergeometric_law() -> None:
    assert chance(50, 5) == hypergeom.ppf(0.95, 50, 5, 5) / 5


def test_interval_covers_the_mean_agreement() -> None:
    """120 sets of 5 repetitions; the truth from 300 repetitions."""
    many = noisy(1.0, 300, name="many")
    for name, measure in MEASURES.items():
        truth = pairs_mean(measure.between(many, 6))
        tables = [noisy(1.0, 5, start=at) for at in range(120)]
        hits = sum(truth in left_out(measure.between(each, 6), low=measure.low, high=1.0) for each in tables)
        assert 0.92 <= hits / 120 <= 1.0, name


def test_the_size_of_the_test() -> None:
    rejected = [
        agreement(STREAM.child(f"null {at}").normal(range(3), 12, dtype=torch.float64), stream=STREAM, draws=19).p
        for at in range(80)
    ]
    for name in rejected[0]:
        assert sum(p[name] <= 0.05 for p in rejected) / 80 < 0.12, name
    assert max(agreement(noisy(0.3, 3), stream=STREAM, draws=39).p.values()) == 1 / 40


def test_jackknife_leaves_out_each_repetition() -> None:
    table = MEASURES["rank correlation"].between(noisy(0.8, 5), 1)
    each = torch.tensor(
        [pairs_mean(table[[k for k in range(5) if k != j]][:, [k for k in range(5) if k != j]]) for j in range(5)]
    )
    error = float((4 / 5 * (each - each.mean()).square().sum()).sqrt())
    found = left_out(table)
    assert (found.high - found.low) / 2 == pytest.approx(2.776445 * error, rel=1e-5)


def test_few_equal_repetitions_are_no_proof() -> None:
    assert left_out(torch.ones(4, 4), low=0, high=1).low == 0
    assert left_out(torch.ones(8, 8), low=0, high=1).low == 1
    assert of_some(torch.ones(2, 2), "x", floor=None, says="two").interval is None


@pytest.mark.parametrize("table", [torch.zeros(2, 5), torch.zeros(3, 1), torch.zeros(5)])
def test_too_little(table: Tensor) -> None:
    with pytest.raises(UsageError, match="repetitions"):
        agreement(table, stream=STREAM)


def test_unusable_values() -> None:
    with pytest.raises(InputError, match="NaN"):
        agreement(torch.full((3, 4), torch.nan), stream=STREAM)
    with pytest.raises(InputError, match="equal"):
        agreement(torch.ones(3, 4), stream=STREAM)
    with pytest.raises(UsageError, match="largest 9"):
        agreement(noisy(1, 3, n=9), stream=STREAM, top=9)
