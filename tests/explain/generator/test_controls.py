"""Matched controls: nearest in activation, sets of one size and mass, and where an effect lies among them."""

from __future__ import annotations

import pytest
import torch

from ganatomy.explain.generator.controls import nearest, specificity


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
