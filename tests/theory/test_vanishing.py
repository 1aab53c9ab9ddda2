"""Gradients at the best critic: their closed forms, their sum, and what dies as supports part."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles_divergences import NORMAL, ring

from ganatomy.errors import UsageError
from ganatomy.games.losses import LOSSES
from ganatomy.theory.densities import gaussian
from ganatomy.theory.divergences import divergence
from ganatomy.theory.optimal import optimum
from ganatomy.theory.vanishing import gaussian_gradients, parting, pulls, shift_gradient

TABLE = {
    0.5: (0.235263506, 0.264736494),
    1.0: (0.397972867, 0.602027133),
    2.0: (0.449599509, 1.550400491),
    4.0: (0.137194818, 3.862805182),
    8.0: (3.92874736e-4, 7.999607125),
    10.0: (4.4641035e-6, 9.9999955),  # theory.md has 4.4641002e-6: 3e-12 apart
}


@pytest.mark.parametrize("t", TABLE)
def test_the_table_and_their_sum(t):
    saturating, other = gaussian_gradients(t)
    assert (saturating.value, other.value) == (
        pytest.approx(TABLE[t][0], abs=1e-9),
        pytest.approx(TABLE[t][1], abs=1e-7),
    )
    assert saturating.value + other.value == pytest.approx(t, abs=1e-11)


@settings(max_examples=8)
@given(st.floats(0.1, 9))
def test_they_are_the_pulls_of_the_very_losses_and_slopes_of_divergences(t):
    p, q = NORMAL, gaussian(t, 1.0)
    saturating, other = gaussian_gradients(t)
    for name, wanted in (("minimax", saturating), ("non-saturating", other)):
        assert -shift_gradient(LOSSES[name], p, q)[0].value == pytest.approx(wanted.value, abs=1e-9)
    h = 1e-3
    ends = [{n: divergence(n, p, gaussian(t + s, 1.0)).value for n in ("JSD", "KL(q|p)")} for s in (-h, h)]
    slopes = {name: (ends[1][name] - ends[0][name]) / (2 * h) for name in ends[0]}
    assert saturating.value == pytest.approx(2 * slopes["JSD"], abs=1e-6)
    assert other.value == pytest.approx(slopes["KL(q|p)"] - 2 * slopes["JSD"], abs=1e-6)


def test_as_supports_part():
    found = parting([1.0, 4.0, 8.0])
    assert found.pulls["wasserstein"].tolist() == pytest.approx([1.0, 1.0, 1.0], abs=1e-9)
    assert found.pulls["hinge"].tolist() == [0.0, 0.0, 0.0]  # a step has no slope
    for name in ("minimax", "least-squares"):
        assert found.pulls[name][2] < 1e-3 < found.pulls[name][0]
    for name in ("non-saturating", "relativistic"):
        assert (found.pulls[name].diff() > 0).all()
    assert found.apart["W1"].tolist() == pytest.approx([1.0, 4.0, 8.0])
    assert found.apart["JSD"][2] == pytest.approx(0.6931, abs=1e-3)
    own = parting([0.5], losses=("minimax",), pair=lambda t: (NORMAL, gaussian(t, 4.0)))
    assert own.apart["KL(q|p)"].item() == pytest.approx(divergence("KL(q|p)", NORMAL, gaussian(0.5, 4.0)).value)


def test_samples_are_pulled_to_where_the_critic_is_higher():
    p, q = ring(0.3), gaussian([0.0, 0.0], [[1.0, 0.0], [0.0, 1.0]])
    critic = optimum(LOSSES["non-saturating"]).critic(p, q)
    x = torch.tensor([[1.0, 0.1], [0.1, 1.2], [-2.3, 0.0]], dtype=torch.float64)
    kept = x.clone()
    pulled = pulls(LOSSES["non-saturating"], critic, x)
    assert (critic(x + 1e-3 * pulled) > critic(x)).all()
    points = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(critic(points).sum(), points)
    assert torch.allclose(pulled, slope * (-critic(x)).sigmoid()[:, None])  # -d softplus(-s)
    assert torch.equal(x, kept)
    assert not x.requires_grad
    saturating = pulls(LOSSES["minimax"], critic, x)
    assert torch.allclose(saturating, slope * critic(x).sigmoid()[:, None])
    assert torch.allclose(saturating + pulled, slope)  # g_s + g_n = t, sample by sample


def test_pairs_need_the_other_half():
    with pytest.raises(UsageError, match="without real samples"):
        pulls(LOSSES["relativistic"], lambda x: x[:, 0], torch.zeros(3, 1))
    pulled = pulls(
        LOSSES["relativistic"], lambda x: x[:, 0], torch.zeros(3, 1), real=(torch.tensor([[0.0], [2.0]]), None)
    )
    wanted = (0.5 + torch.sigmoid(torch.tensor(2.0)).item()) / 2
    assert torch.allclose(pulled, torch.full((3, 1), wanted))
