"""Pieces are found where they were put, and none where there is noise alone."""

from __future__ import annotations

import pytest
import torch
from shared_records import noise
from torch import Tensor

from ganatomy.explain.game.changes import SHORTEST, _cost, _costs, _cut, _root, _simulated, changes


def _null(seed: int, bins: int, carried: float) -> Tensor:
    table = torch.stack([noise(seed, f"null/{row}", bins, carried) for row in range(3)])
    table[1, torch.arange(bins) % 3 != 0] = torch.nan
    return table


@pytest.mark.parametrize("carried", [0.0, 0.6])
def test_noise_alone_is_one_piece_in_nearly_all_records(carried: float) -> None:
    cut = sum(len(changes(_null(seed, 24, carried), seed=seed).cuts) > 1 for seed in range(40))
    assert cut <= 4  # 2 are expected; more than 5 of 40 would be a chance of 1 in 100


@pytest.mark.parametrize("carried", [0.0, 0.8])
def test_noise_that_the_readings_share_is_one_piece_too(carried: float) -> None:
    cut = 0
    for seed in range(40):
        base = noise(seed, "shared", 48, carried)
        table = torch.stack([base + 0.1 * noise(seed, f"own/{row}", 48, 0.0) for row in range(3)])
        cut += len(changes(0.2 * table, seed=seed).cuts) > 1
    assert cut <= 6  # 2 and 3 errors


@pytest.mark.parametrize("place", [10, 20])
def test_a_step_and_a_bend_are_found_where_they_are(place: int) -> None:
    table = 0.2 * _null(1, 32, 0.3)
    table[0, place:] += 3.0
    table[2, place:] -= 0.4 * torch.arange(32 - place)
    found = changes(table)
    assert len(found.cuts) == 2
    assert abs(found.cuts[1] - place) <= 1


def test_a_cut_names_the_reading_that_turned() -> None:
    table = 0.2 * _null(1, 32, 0.3)
    table[2, 16:] += 3.0
    assert changes(table).turned == (2,)
    assert changes(torch.cat([torch.full((1, 32), torch.nan), table])).turned == (3,)


def test_what_correlates_is_simulated_so() -> None:
    base = noise(0, "base", 400, 0.5)
    table = torch.stack([base, base + 0.1 * noise(1, "own", 400, 0.5), noise(2, "apart", 400, 0.5)])
    drawn = _simulated(table, torch.full((3,), 0.5), 0)
    found = torch.corrcoef(drawn.transpose(0, 1).flatten(1))
    assert found[0, 1] > 0.95
    assert found[0, 2].abs() < 0.15
    assert drawn.std(dim=(0, 2)) == pytest.approx(torch.ones(3), abs=0.03)
    impossible = torch.tensor([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]], dtype=torch.float64)
    assert (_root(impossible) @ _root(impossible).T).diagonal() == pytest.approx(torch.ones(3))


def test_a_straight_fall_is_one_piece() -> None:
    assert changes(0.2 * _null(2, 32, 0.3) - 0.3 * torch.arange(32)).cuts == (0,)


def test_the_cost_of_a_piece_is_the_squared_residual_of_a_line() -> None:
    values, spread = torch.tensor([[1.0, torch.nan, 4.0, 3.0, 9.0, 2.0]], dtype=torch.float64), torch.tensor([2.0])
    x, y = torch.tensor([2.0, 3.0, 4.0, 5.0], dtype=torch.float64), values[0, 2:]
    design = torch.stack([torch.ones(4, dtype=torch.float64), x], 1)
    left = y - design @ torch.linalg.lstsq(design, y[:, None]).solution[:, 0]
    assert float(_cost(values, spread)[0, 2, 6]) == pytest.approx(float(left.square().sum()) / 4)


def test_the_cut_is_the_best_of_all_cuts() -> None:
    table = 0.5 * _null(3, 16, 0.0)
    table[0, 6:] += 2.0
    costs = _costs(table[None], torch.ones(1, 3), SHORTEST)[0]
    found = _cut(costs, 3.0, SHORTEST)
    every = [(0,), *((0, a) for a in range(16)), *((0, a, b) for a in range(16) for b in range(a, 16))]
    best = min(every, key=lambda cuts: _sum(costs, cuts) + 3.0 * len(cuts))
    assert found == best or len(found) > 3


def _sum(costs: Tensor, cuts: tuple[int, ...]) -> float:
    return sum(float(costs[a, b]) for a, b in zip(cuts, (*cuts[1:], 16), strict=True))


def test_too_little_is_one_piece() -> None:
    assert changes(torch.randn(2, 5, generator=torch.Generator().manual_seed(0)).double()).cuts == (0,)
    assert changes(torch.full((2, 30), torch.nan, dtype=torch.float64)).cuts == (0,)
