"""The rules are exact on polynomials, their bounds hold at kinks, and nothing narrow is missed."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.errors import UsageError
from ganatomy.theory.quadrature import Integral, Rule, _unit, finer, refined


def cell(low: float, high: float) -> Rule:
    return Rule(torch.tensor([[low]], dtype=torch.float64), torch.tensor([[high - low]], dtype=torch.float64))


@pytest.mark.parametrize("degree", range(23))
def test_both_rules_are_exact_up_to_their_degree(degree):
    points, fine, coarse = _unit(1)
    values = points[:, 0] ** degree
    assert float(fine @ values) == pytest.approx(1 / (degree + 1), abs=1e-15)
    if degree < 14:
        assert float(coarse @ values) == pytest.approx(1 / (degree + 1), abs=1e-15)


def test_the_plane_has_their_products():
    points, fine, coarse = _unit(2)
    values = points[:, 0] ** 12 * points[:, 1] ** 5
    assert (len(points), float(fine @ values)) == (225, pytest.approx(1 / 78, abs=1e-15))
    assert float(coarse @ values) == pytest.approx(1 / 78, abs=1e-15)
    assert float(coarse @ points[:, 1] ** 20) != pytest.approx(1 / 21, abs=1e-9)


@given(st.floats(-1, 1), st.floats(0.1, 5), st.floats(-3, 3))
def test_a_kink_errs_by_less_than_is_said(place, height, slope):
    rule = cell(-1, 1)
    x = rule.points[:, 0]
    found = rule.integral(height * (x - place).abs() + slope * x, turning=x - place)
    true = height * ((1 + place) ** 2 + (1 - place) ** 2) / 2
    assert abs(found.value - true) <= found.error


@given(st.floats(0, math.pi), st.floats(-0.9, 0.9))
def test_in_the_plane_too(angle, shift):
    rule = Rule(torch.full((1, 2), -1.0, dtype=torch.float64), torch.full((1, 2), 2.0, dtype=torch.float64))
    turn = torch.tensor([math.cos(angle), math.sin(angle)], dtype=torch.float64)

    def heights(points):
        return points @ turn - shift

    found = rule.integral(heights(rule.points).abs(), turning=heights(rule.points))
    fine = finer(rule, 300_000)
    true = fine.integral(heights(fine.points).abs(), turning=heights(fine.points))
    assert abs(found.value - true.value) <= found.error + true.error
    assert true.error < 0.02 * found.error + 1e-12


def test_a_needle_in_a_wide_box_is_found_and_the_tolerance_kept():
    centres, spreads = torch.tensor([[7.3]], dtype=torch.float64), torch.tensor([[1e-3]], dtype=torch.float64)

    def needle(points):
        z = (points[:, 0] - 7.3) / 1e-3
        return (torch.exp(-z * z / 2) / (1e-3 * math.sqrt(2 * math.pi)))[:, None], None

    limits = torch.tensor([-100.0], dtype=torch.float64), torch.tensor([100.0], dtype=torch.float64)
    rule = refined(needle, limits, narrow=(centres, spreads))
    found = rule.integral(needle(rule.points)[0][:, 0])
    assert abs(found.value - 1) < found.error < 1.1e-10
    assert float(rule.volumes.sum()) == pytest.approx(200)
    with pytest.raises(UsageError, match=r"std 0.001, needs \d+ points\nat most 100 are used"):
        refined(needle, limits, narrow=(centres, spreads), most=100)


def test_a_budget_that_runs_out_is_told_by_the_error():
    def sharp(points):
        gap = points[:, 0] - 0.123
        return gap.abs().sqrt()[:, None], gap

    limits = torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    wide = limits[0][None], limits[1][None]
    errors = []
    for most in (60, 240, 3000):
        rule = refined(sharp, limits, narrow=wide, most=most, tolerance=1e-12)
        found = rule.integral(sharp(rule.points)[0][:, 0], turning=rule.points[:, 0] - 0.123)
        true = 2 / 3 * (0.123**1.5 + 0.877**1.5)
        assert abs(found.value - true) <= found.error
        errors.append(found.error)
    assert errors[0] > 5 * errors[1] > 5 * errors[2]


def test_integrals_scale_and_three_dimensions_are_refused():
    assert Integral(2.0, 0.1).scaled(-3, 1) == Integral(-5.0, pytest.approx(0.3))
    assert (Integral(2.0, 0.5).low, Integral(2.0, 0.5).high) == (1.5, 2.5)
    with pytest.raises(UsageError, match="over 3 dimensions"):
        _unit(3)
