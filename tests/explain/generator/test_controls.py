"""Matched controls: nearest in activation, sets of one size and mass, and where an effect lies among them."""

from __future__ import annotations

import pytest
import torch

from ganatomy.errors import UsageError
from ganatomy.explain.generator.controls import MASS, matched_sets, nearest, specificity
from ganatomy.numerics.random import Stream


def test_the_nearest_in_activation_are_taken_and_never_the_unit() -> None:
    size = torch.tensor([1.0, 2.0, 0.0, 1.1, 100.0, 0.9])
    assert nearest(size, 0, 2).tolist() == [3, 5]
    assert 0 not in nearest(size, 0, 99).tolist()
    assert len(nearest(size, 0, 99)) == 5


def test_p_counts_controls_at_least_as_large_and_never_falls_below_its_floor() -> None:
    effects = torch.tensor([[-5.0, 0.0], [1.0, 0.0], [5.0, 0.0], [2.0, 0.0]])
    band = specificity(effects, torch.ones(4))
    assert band.p.tolist() == [[0.5, 1], [1, 1], [0.5, 1], [0.75, 1]]
    assert band.floor == 0.25
    assert band.median[1].tolist() == [5, 0]
    assert specificity(effects[:1], torch.ones(1)).p.tolist() == [[1, 1]]


def test_only_matched_units_are_controls_and_the_worst_match_is_told() -> None:
    size = torch.cat([torch.ones(40), torch.full((40,), 3.0)])
    effects = torch.cat([torch.zeros(40, 1), torch.ones(40, 1)])
    effects[0] = 0.5
    band = specificity(effects, size)
    assert float(band.p[0]) == band.floor == 1 / 40
    assert float(band.ratio[0]) == 1
    few = specificity(effects[38:42], size[38:42])
    assert float(few.ratio[0]) == pytest.approx(3)


def test_random_sets_match_in_size_and_mass_and_are_distinct() -> None:
    size = 1 + Stream(0, "size").uniform(range(1), 60)[0]
    found = matched_sets(size, (3, 4, 9), count=19, stream=Stream(0, "sets"))
    assert len(set(found)) == len(found) == 19
    for each in found:
        assert len(set(each)) == 3
        assert each != (3, 4, 9)
        assert abs(float(size[list(each)].sum() / size[[3, 4, 9]].sum()) - 1) <= MASS
    assert found == matched_sets(size, (3, 4, 9), count=19, stream=Stream(0, "sets"))


def test_where_few_sets_match_there_are_few() -> None:
    assert matched_sets(torch.tensor([1.0, 1.0, 50.0]), (0, 1), count=19, stream=Stream(0, "sets")) == ()


@pytest.mark.parametrize("chosen", [(1, 1), (0, 7), (), (-1, 2)])
def test_a_set_of_no_such_units_is_an_error(chosen: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="different units below 5"):
        matched_sets(torch.ones(5), chosen, count=3, stream=Stream(0, "sets"))
