"""Distances of transport against closed forms, against distances between samples, and against each other."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles_divergences import PAIRS, TABLE, ring
from scipy import stats

from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream
from ganatomy.theory.densities import bells, gaussian
from ganatomy.theory.divergences import rule_for
from ganatomy.theory.transport import (
    assigned,
    gaussian_wasserstein,
    potential,
    sliced,
    wasserstein,
    wasserstein_between,
)

M1, M2 = torch.tensor([0.0, 0.0]).double(), torch.tensor([1.0, -1.0]).double()
S1 = torch.tensor([[1.0, 0.5], [0.5, 2.0]], dtype=torch.float64)
S2 = torch.tensor([[2.0, -0.3], [-0.3, 0.5]], dtype=torch.float64)


@pytest.mark.parametrize("place", range(5), ids=list(PAIRS))
def test_the_table(place):
    p, q = list(PAIRS.values())[place]
    found = wasserstein(p, q)
    assert found.value == pytest.approx(TABLE["W1"][place], abs=3e-8)
    assert found.error < 3e-10


@given(st.floats(-3, 3), st.floats(0.2, 3), st.floats(-3, 3), st.floats(0.2, 3))
def test_between_bells_it_is_the_mean_of_a_folded_normal(a, s, b, t):
    """F_p^-1 - F_q^-1 = (a - b) + (s - t) z: E|N(a - b, (s - t)^2)|."""
    shift, spread = a - b, abs(s - t)
    true = abs(shift) if spread < 1e-12 else float(stats.foldnorm(abs(shift) / spread, scale=spread).mean())
    found = wasserstein(bells([a], [s]), bells([b], [t]))
    assert abs(found.value - true) <= found.error + 1e-12


@pytest.mark.parametrize("pair", PAIRS)
def test_the_potential_reads_the_distance_and_has_slope_one(pair):
    p, q = PAIRS[pair]
    critic, rule = potential(p, q), rule_for(p, q, names=("V", "TV"))
    x = rule.points.requires_grad_()
    scores = critic(x)
    (slope,) = torch.autograd.grad(scores.sum(), x)
    assert slope.abs().max() <= 1 + 1e-12
    fine = torch.linspace(-20, 20, 400_001, dtype=torch.float64)[:, None]
    mass = p.log_density(fine).exp() - q.log_density(fine).exp()
    assert float(torch.trapezoid(mass * critic(fine), fine[:, 0])) == pytest.approx(
        TABLE["W1"][list(PAIRS).index(pair)], abs=2e-7
    )


def test_between_gaussians():
    square, turn = gaussian_wasserstein(M1, S1, m2=M2, s2=S2)
    assert square == pytest.approx(2.928835644, abs=2e-9)
    assert square - 2 == pytest.approx(0.928835644, abs=2e-9)
    assert torch.allclose(turn @ S1 @ turn, S2, atol=1e-12)
    assert torch.allclose(turn, turn.T, atol=1e-12)


def test_assignment_is_an_estimate_of_it():
    x = gaussian(M1, S1).sample(Stream(0, "x"), range(500))
    y = gaussian(M2, S2).sample(Stream(0, "y"), range(500))
    assert assigned(x, y, order=2) ** 2 == pytest.approx(2.93, abs=0.3)
    assert assigned(x[:, :1], y[:, :1]) == pytest.approx(stats.wasserstein_distance(x[:, 0], y[:, 0]), abs=1e-12)
    with pytest.raises(UsageError, match="two samples"):
        assigned(x, y[:5])


def test_in_the_plane_the_bounds_hold():
    p, q = gaussian(M1, S1), gaussian(M2, S2)
    low, high = wasserstein_between(p, q, directions=16)
    assert high == pytest.approx(math.sqrt(2.928835644), abs=1e-6)
    assert math.sqrt(2) <= low <= high  # the means alone are so far apart
    x, y = (each.sample(Stream(1, str(k)), range(400)) for k, each in enumerate((p, q)))
    assert low - 0.05 <= assigned(x, y) <= high + 0.15
    moved = gaussian([3.0, 4.0], S1)
    assert wasserstein_between(gaussian([0.0, 0.0], S1), moved, directions=64)[1] == pytest.approx(5, abs=1e-6)
    assert wasserstein_between(ring(0.1), ring(0.1), directions=8) == (
        pytest.approx(0, abs=1e-6),
        pytest.approx(0, abs=1e-5),
    )


def test_slices_of_a_shift_are_its_mean_projection():
    found = sliced(gaussian([0.0, 0.0], S1), gaussian([3.0, 4.0], S1))
    assert found.value == pytest.approx(5 * 2 / math.pi, abs=found.error)
    assert found.error < 5e-3
    with pytest.raises(UsageError, match="densities of the plane"):
        sliced(*PAIRS["A"])
