"""Random sets that are held against a searched one."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.errors import UsageError
from ganatomy.explain.generator.matching import WITHIN, comparable, sets_apart
from ganatomy.numerics.random import Stream


@given(st.integers(1, 5), st.integers(12, 60), st.integers(0, 1000))
def test_sets_are_distinct_apart_of_one_size_and_as_active(size: int, units: int, seed: int) -> None:
    mass = Stream(seed, "mass").uniform(range(units), dtype=torch.float64).reshape(-1) + 0.2
    chosen = tuple(Stream(seed, "chosen").permutation(0, units)[:size].tolist())
    found = sets_apart(chosen, mass, 19, stream=Stream(seed, "sets"))
    assert 1 <= len(found.sets) <= 19
    assert len(set(found.sets)) == len(found.sets)
    for units_of in found.sets:
        assert len(set(units_of)) == size
        assert not set(units_of) & set(chosen)
        if found.matched:
            ratio = float(mass[list(units_of)].sum() / mass[list(chosen)].sum())
            assert abs(ratio - 1) <= WITHIN + 1e-12
    assert found == sets_apart(chosen, mass, 19, stream=Stream(seed, "sets"))


def test_farther_units_are_let_in_until_there_are_enough() -> None:
    assert len(sets_apart((3,), torch.ones(40), 30, stream=Stream(0, "sets")).sets) == 30


def test_where_none_is_as_active_only_the_size_is_the_same() -> None:
    mass = torch.cat([torch.tensor([100.0]), torch.ones(20)])
    found = sets_apart((0,), mass, 9, stream=Stream(0, "sets"))
    assert not found.matched
    assert len(found.sets) == 9
    assert "size only" in found.how


def test_where_fewer_are_as_active_than_a_claim_needs_only_the_size_is_the_same() -> None:
    """Five of forty are as active; ten are needed, or three."""
    mass = torch.cat([torch.full((6,), 100.0), torch.ones(35)])
    found = sets_apart((0,), mass, 20, stream=Stream(0, "sets"), least=10)
    assert (len(found.sets), found.matched) == (20, False)
    assert found.how == "size only, since no more than 5 were as active"
    few = sets_apart((0,), mass, 20, stream=Stream(0, "sets"), least=3)
    assert (sorted(few.sets), few.matched) == ([(unit,) for unit in range(1, 6)], True)


def test_sets_too_small_to_be_compared_are_passed_over() -> None:
    assert comparable([(1,), (1, 2)], 10, 19) == [(1, 2)]
    assert comparable([(1,), (1, 2)], 10, 9) == [(1,), (1, 2)]
    assert comparable([(1,), (1, 2)], 4, 19) == [(1,), (1, 2)]


def test_too_large_a_set_is_refused() -> None:
    with pytest.raises(UsageError, match="controls for 6 of 10 units"):
        sets_apart(range(6), torch.ones(10), 9, stream=Stream(0, "sets"))
