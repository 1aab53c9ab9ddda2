"""The regret identity holds for any critic, errors are those of their definitions, and training brings them down."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles_divergences import PAIRS, TABLE, ring
from torch import nn

from ganatomy.errors import UsageError
from ganatomy.games.losses import LOSSES
from ganatomy.numerics.random import Stream
from ganatomy.theory.densities import gaussian
from ganatomy.theory.divergences import rule_for
from ganatomy.theory.optimal import costs, optimum
from ganatomy.theory.regret import nearness, over_steps, ratio_map, regret_density, scored, shortfall
from ganatomy.theory.transport import potential

LOGISTIC = LOSSES["minimax"]


def network(inputs: int, width: int, seed: int) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Linear(inputs, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 1)
        )


def trained(p, q, *, steps: int, marks: tuple[int, ...], width: int = 32):
    """Checkpoints of a critic trained on fresh samples with a decayed rate."""
    critic = network(p.dimensions, width, 0)
    optimiser = torch.optim.Adam(critic.parameters(), 1e-2)
    kept = []
    for step in range(steps + 1):
        if step in marks:
            copied = network(p.dimensions, width, 0)
            copied.load_state_dict(critic.state_dict())
            kept.append((step, copied))
        optimiser.param_groups[0]["lr"] = 1e-2 * 0.5 * (1 + math.cos(math.pi * step / (steps + 1)))
        rows = range(128 * step, 128 * (step + 1))
        real, fake = (d.sample(Stream(0, name), rows).float() for name, d in (("p", p), ("q", q)))
        optimiser.zero_grad()
        LOGISTIC.critic(critic(real), critic(fake)).backward()
        optimiser.step()
    return kept


@given(st.sampled_from("ABCE"), st.integers(0, 1000), st.floats(-3, 3))
def test_the_identity_for_any_critic(pair, seed, scale):
    """V(D*) - V(D) = integral of (p + q) KL(Bern(D*) | Bern(D))."""
    p, q = PAIRS[pair]
    rule = rule_for(p, q)
    log_p, log_q = p.log_density(rule.points), q.log_density(rule.points)
    scores = scale * scored(network(1, 16, seed), rule.points)
    best, found = (log_p - log_q).sigmoid(), scores.sigmoid()
    logs = [nn.functional.logsigmoid(t) for t in (log_p - log_q, log_q - log_p, scores, -scores)]
    apart = best * (logs[0] - logs[2]) + (1 - best) * (logs[1] - logs[3])
    slow = float(rule.weights @ ((log_p.exp() + log_q.exp()) * apart))
    value = float(rule.weights @ (log_p.exp() * found.log() + log_q.exp() * torch.log1p(-found)))
    wanted = TABLE["V"][list(PAIRS).index(pair)]
    assert wanted - value == pytest.approx(slow, abs=2e-9)
    assert float(rule.weights @ regret_density(LOGISTIC, scores, log_p, log_q)) == pytest.approx(slow, abs=1e-12)


@pytest.mark.parametrize("name", ["minimax", "least-squares", "hinge"])
def test_regret_is_nowhere_negative_and_nothing_for_the_best(name):
    loss, (p, q) = LOSSES[name], PAIRS["C"]
    x = torch.linspace(-6, 6, 200, dtype=torch.float64)[:, None]
    logs = p.log_density(x), q.log_density(x)
    assert regret_density(loss, torch.sin(3 * x[:, 0]), *logs).min() > -1e-15
    best = nearness(loss, optimum(loss).critic(p, q), p, q)
    assert (best.regret.value, best.gap) == (pytest.approx(0, abs=1e-12), pytest.approx(0, abs=1e-12))
    off = nearness(loss, lambda points: torch.zeros(len(points)).double(), p, q)
    zero = sum(float(cost) for cost in costs(loss, torch.zeros(1, dtype=torch.float64)))
    assert off.regret.value + off.least.value == pytest.approx(zero, abs=2e-9)
    assert off.regret.value > 0.1


def test_errors_are_those_of_their_definitions():
    p, q = PAIRS["A"]
    near = nearness(LOGISTIC, lambda points: 0.5 - points[:, 0] + 0.3, p, q, step=7)
    x = torch.linspace(-10, 11, 40_001, dtype=torch.float64)
    mass = (p.log_density(x[:, None]).exp() + q.log_density(x[:, None]).exp()) / 2
    apart = ((0.8 - x).sigmoid() - (0.5 - x).sigmoid()).abs()
    assert near.step == 7
    assert near.gap == pytest.approx(float(torch.trapezoid(mass * apart, x)), abs=1e-8)
    assert near.worst == pytest.approx(float(apart.max()), abs=1e-5)
    assert (near.weighted, near.unweighted) == (pytest.approx(0.3), pytest.approx(0.3))


def test_training_comes_near_and_the_tails_last():
    p, q = PAIRS["A"]
    steps = over_steps(LOGISTIC, trained(p, q, steps=240, marks=(0, 30, 240)), p, q)
    assert [each.step for each in steps] == [0, 30, 240]
    assert steps[0].regret.value > 10 * steps[1].regret.value > 10 * steps[2].regret.value
    last = steps[-1]
    assert last.gap < 0.01
    assert last.regret.error < 1e-6
    assert last.weighted < last.unweighted
    assert 0 < last.regret.value < 1e-3


def test_a_map_of_the_plane_is_the_tables_of_its_points():
    p, q = ring(0.3), gaussian([0.5, 0.0], [[1.0, 0.0], [0.0, 2.0]])
    shown = ratio_map(LOGISTIC, lambda x: x[:, 0] - 2 * x[:, 1], p, q, side=11)
    across, up = float(shown.ticks[0][7]), float(shown.ticks[1][2])
    assert float(shown.found[2, 7]) == pytest.approx(across - 2 * up)
    point = torch.tensor([[across, up]], dtype=torch.float64)
    assert float(shown.best[2, 7]) == pytest.approx(float(p.log_density(point) - q.log_density(point)))
    assert shown.regret.min() >= -1e-15
    assert shown.found.shape == (11, 11)
    assert ratio_map(LOGISTIC, lambda x: x[:, 0], *PAIRS["A"]).best.shape == (121,)


def test_a_short_wasserstein_critic_is_told_its_slope():
    p, q = PAIRS["C"]
    best = potential(p, q)
    short, slope = shortfall(lambda x: 3 * best(x), p, q)
    assert (short.value, slope) == (pytest.approx(0, abs=1e-5), pytest.approx(3))
    assert shortfall(lambda x: x[:, 0].sin(), p, q)[0].value > 0.1


def test_the_critic_is_as_it_was_and_may_be_a_module_of_float32():
    critic = nn.Sequential(network(1, 8, 1), nn.Dropout(0.5)).train()
    before = {name: value.clone() for name, value in critic.state_dict().items()}
    points = torch.linspace(-1, 1, 9, dtype=torch.float64)[:, None]
    assert torch.equal(scored(critic, points), scored(critic, points))  # no dropout
    assert critic.training
    assert critic[1].training
    assert all(torch.equal(before[name], value) for name, value in critic.state_dict().items())
    assert all(each.grad is None for each in critic.parameters())


def test_losses_of_pairs_are_refused():
    with pytest.raises(UsageError, match="its loss is of pairs"):
        nearness(LOSSES["relativistic"], lambda x: x[:, 0], *PAIRS["A"])
    with pytest.raises(UsageError, match="scores of shape"):
        nearness(LOGISTIC, lambda x: x[:1, 0], *PAIRS["A"])
