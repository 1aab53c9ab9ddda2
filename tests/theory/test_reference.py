"""Closed forms and constants of theory.md, sections 1 and 2, that no other test of this folder holds."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles_divergences import PAIRS, TABLE

from ganatomy.games.game import Game
from ganatomy.games.losses import LOSSES, Loss, least_squares, smoothed
from ganatomy.games.named import GAMES
from ganatomy.games.penalties import gradient_penalty, r1
from ganatomy.games.players import Batch, Players
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format
from ganatomy.theory.cases import CASES
from ganatomy.theory.convergence import CLOSED, alternating
from ganatomy.theory.densities import gaussian
from ganatomy.theory.dirac import dirac, quadratic
from ganatomy.theory.divergences import divergence, rule_for
from ganatomy.theory.field import Field
from ganatomy.theory.optimal import best_value, costs, optimum
from ganatomy.theory.steps import RULES, multipliers, trajectory

LINE = torch.linspace(-4, 4, 801, dtype=torch.float64)[:, None]
ONES = torch.ones(2, dtype=torch.float64)
PLACES = st.tuples(st.floats(-3, 3), st.floats(-3, 3))


def logs(pair: str, x: torch.Tensor = LINE) -> tuple[torch.Tensor, torch.Tensor]:
    p, q = PAIRS[pair]
    return p.log_density(x), q.log_density(x)


def truth(name: str, pair: str) -> float:
    return TABLE[name][list(PAIRS).index(pair)]


# 1.1


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_the_logit_of_the_best_critic_moves_by_that_of_the_prior(share: float) -> None:
    """Where a share pi of the samples is real it is log p/q + log pi / (1 - pi), by the slope of the very loss."""
    log_p, log_q = logs("C")
    scores = (log_p - log_q + math.log(share / (1 - share))).requires_grad_()
    real, fake = costs(LOSSES["minimax"], scores)
    (slope,) = torch.autograd.grad((share * log_p.exp() * real + (1 - share) * log_q.exp() * fake).sum(), scores)
    assert slope.abs().max() < 1e-15


@pytest.mark.parametrize("smoothing", [0.05, 0.1, 0.3])
def test_the_ratio_is_in_a_smoothed_critic_still(smoothing: float) -> None:
    """D* = (1 - e) p / (p + q), so that D / (1 - e - D) is p / q, though D / (1 - D) is not."""
    log_p, log_q = logs("A")
    best = optimum(smoothed(LOSSES["minimax"], smoothing)).scores(log_p, log_q).sigmoid()
    torch.testing.assert_close(best, (1 - smoothing) * (log_p - log_q).sigmoid(), rtol=1e-13, atol=0)
    assert ((best / (1 - smoothing - best)).log() - (log_p - log_q)).abs().max() < 1e-11


@pytest.mark.parametrize("pair", ["A", "B", "C", "E"])
@pytest.mark.parametrize(("low", "high", "aim"), [(-1.0, 1.0, 0.0), (0.0, 1.0, 1.0), (-2.0, 0.5, 0.0)])
def test_least_squares_is_not_pearsons(pair: str, low: float, high: float, aim: float) -> None:
    """D* = (bp + aq)/(p + q); its loss (b - a)^2 / 2 times the integral of pq/(p + q), which is (2 - triangular)/4."""
    loss, (p, q) = least_squares(low, high, aim=aim), PAIRS[pair]
    rule = rule_for(p, q)
    mass = tuple(each.exp() for each in logs(pair, rule.points))
    best = optimum(loss).critic(p, q)(rule.points)
    torch.testing.assert_close(
        best, high + (low - high) * (logs(pair, rule.points)[1] - logs(pair, rule.points)[0]).sigmoid()
    )
    shared = (2 - truth("triangular", pair)) / 4
    assert best_value(loss, p, q).value == pytest.approx(0.5 * (high - low) ** 2 * shared, abs=2e-8)
    if aim == 0 and (low, high) == (-1, 1):  # the generator's criterion, reals counted too: half of triangular
        each = torch.vmap(lambda score: loss.generator(score[None]))(best)
        criterion = rule.integral((mass[0] + mass[1]) * each).value
        assert criterion == pytest.approx(truth("triangular", pair) / 2, abs=1e-8)
        assert criterion < 1
        assert pair != "A" or truth("Pearson", pair) - 2 * criterion == pytest.approx(1.718 - 0.408, abs=1e-3)


@pytest.mark.parametrize("pair", ["A", "C", "E"])
def test_hinges_step_reads_twice_the_total_variation(pair: str) -> None:
    p, q = PAIRS[pair]
    rule = rule_for(p, q, names=("V", "TV"))
    log_p, log_q = logs(pair, rule.points)
    scores = optimum(LOSSES["hinge"]).scores(log_p, log_q)
    read = rule.integral((log_p.exp() - log_q.exp()) * scores, turning=log_p - log_q)
    assert read.value == pytest.approx(2 * truth("TV", pair), abs=1e-8)


@pytest.mark.parametrize("t", [0.5, 1.0, 4.0])
def test_the_best_critic_between_two_bells_is_a_line(t: float) -> None:
    """The logit of D* is t^2/2 - t x for N(0, 1) and N(t, 1); TV and Hellinger have closed forms there, too."""
    p, q = gaussian(0.0, 1.0), gaussian(t, 1.0)
    torch.testing.assert_close(optimum(LOSSES["minimax"]).critic(p, q)(LINE), t * t / 2 - t * LINE[:, 0])
    assert divergence("TV", p, q).value == pytest.approx(math.erf(t / math.sqrt(8)), abs=1e-9)
    assert divergence("Hellinger", p, q).value == pytest.approx(2 - 2 * math.exp(-t * t / 8), abs=1e-9)
    assert divergence("KL(p|q)", p, q).value == pytest.approx(t * t / 2, abs=1e-9)
    assert divergence("Pearson", p, q).value == pytest.approx(math.expm1(t * t), rel=1e-9)


def test_densities_are_of_float64_whatever_the_points_are() -> None:
    """The same grid in float32 moved V* by 2.7e-5 (theory.md 1.2, traps)."""
    assert PAIRS["A"][0].log_density(LINE.float()).dtype == torch.float64


# 2.1


def test_the_slope_and_bend_of_the_logistic_loss() -> None:
    """f(t) = -log(1 + e^-t): f'(0) = 1/2, f''(0) = -1/4."""
    zero = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    real, _ = costs(LOSSES["minimax"], zero)
    (slope,) = torch.autograd.grad(-real.sum(), zero, create_graph=True)
    (bend,) = torch.autograd.grad(slope.sum(), zero)
    assert (slope.item(), bend.item()) == (0.5, -0.25)


@given(PLACES)
def test_what_the_flow_does_to_the_radius(place: tuple[float, float]) -> None:
    """Minimax keeps psi^2 + theta^2; non-saturating pulls by d(r^2)/dt = -2 u tanh(u/2), u = psi theta."""
    here = torch.tensor(place, dtype=torch.float64)
    u = place[0] * place[1]
    assert float(2 * here @ dirac(GAMES["minimax"])(here)) == pytest.approx(0, abs=1e-12)
    pulled = float(2 * here @ dirac(GAMES["non-saturating"])(here))
    assert pulled == pytest.approx(-2 * u * math.tanh(u / 2), abs=1e-12)


def test_minimax_leaves_at_the_rate_of_its_radius_or_circles_for_ever() -> None:
    """Simultaneous: sqrt(1 + h^2/4) a round. Alternating: swings of 1.4, whose mean is next to nothing, so that the
    average of a generator's weights hides that it does not converge.
    """
    field = dirac(GAMES["minimax"])
    radii = trajectory(field, RULES["simultaneous"], start=1e-4 * ONES, h=0.1, rounds=100).norm(dim=1)
    assert float(radii[-1] / radii[0]) ** 0.01 == pytest.approx(math.sqrt(1 + 0.1**2 / 4), abs=1e-9)
    run = trajectory(field, RULES["alternating"], start=ONES, h=0.1, rounds=800)
    assert float(run[-300:].norm(dim=1).min()) > 1.3
    assert float(run[-300:, 1].abs().max()) > 1.35
    assert abs(float(run[:, 1].mean())) < 0.08  # what a turn that is cut short leaves, 1.4 * 140 / (pi * 800)


@pytest.mark.parametrize(("name", "radius", "after"), [("minimax", 0.998752, 2e-11), ("wasserstein", 0.995038, 9e-44)])
def test_extragradient_of_the_reference(name: str, radius: float, after: float) -> None:
    """|1 + h lambda + h^2 lambda^2|; to its power of 20,000, from (1, 1), the distances that were read there."""
    found = abs(multipliers(dirac(CASES[name].game), RULES["extragradient"], 0.1)[0])
    assert found == pytest.approx(radius, abs=6e-7)
    assert math.log(math.sqrt(2)) + 20_000 * math.log(found) == pytest.approx(math.log(after), abs=0.5)


def test_consensus_of_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    """-gamma/4 +- i/2 by the very rule; off rest what it adds is -d(|v|^2 / 2)/dw, without a further half."""
    field = dirac(GAMES["minimax"])
    for gamma, radius in ((0.3, 0.993759), (1.0, 0.976281)):
        monkeypatch.setattr("ganatomy.theory.steps.CONSENSUS", gamma)
        found = multipliers(field, RULES["consensus"], 0.1)
        np.testing.assert_allclose((found - 1) / 0.1, [-gamma / 4 + 0.5j, -gamma / 4 - 0.5j], atol=1e-12)
        assert abs(found[0]) == pytest.approx(radius, abs=6e-7)
    here = field.at(torch.tensor([0.4, 0.7], dtype=torch.float64))  # its psi is minus ours
    assert (-here.pull(here.value)).tolist() == pytest.approx([-0.193286, -0.263372], abs=6e-7)


def test_alternating_turns_of_the_reference() -> None:
    """sqrt(n_critic n_generator) h f'(0) <= 2, at h = 0.1: 1600 turns of the critic still circle, 2000 leave."""
    for turns, radius in ((1, 1.0), (1600, 1.0), (2000, 2.618034)):
        assert abs(alternating(CASES["minimax"].local, 0.1, turns=turns)).max() == pytest.approx(radius, abs=1e-6)


@pytest.mark.parametrize(
    ("gamma", "momentum", "radius"),
    [(0.3, -0.5, 0.98544), (0.3, 0.0, 0.98615), (0.3, 0.5, 0.98852), (0.3, 0.9, 1.00374), (1.0, 0.9, 0.9487)],
)
def test_momentum_breaks_a_game_that_converges(gamma: float, momentum: float, radius: float) -> None:
    """w + b (w - w_before) + h (1 - b) v, by its operator and by a run of it near rest."""
    field = dirac(replace(GAMES["minimax"], terms=(r1(gamma),)))
    jacobian, step = field.at(field.start).jacobian(), 0.1 * (1 - momentum)
    eye = torch.eye(2, dtype=torch.float64)
    operator = torch.cat(
        [torch.cat([(1 + momentum) * eye + step * jacobian, -momentum * eye], 1), torch.cat([eye, 0 * eye], 1)]
    )
    assert np.abs(np.linalg.eigvals(operator.numpy())).max() == pytest.approx(
        radius, abs=6e-6 if radius > 0.95 else 6e-5
    )
    before, now = 1e-4 * ONES, 1e-4 * ONES
    sizes = []
    for _ in range(300):
        before, now = now, now + momentum * (now - before) + step * field(now)
        sizes.append(float(now.norm()))
    assert (max(sizes[-100:]) < max(sizes[:100])) == (radius < 1)


def test_the_least_squares_game_of_the_reference_rests_on_a_whole_curve() -> None:
    """Zero-sum, f = -(t - 1)^2 / 2: +-i at 0, and still wherever theta psi = 1: at (1, 1) it looks converged."""
    still = Loss(
        "zero-sum least squares",
        "",
        lambda real, fake: 0.5 * (fake - 1).square().mean() + 0 * real.mean(),
        lambda real, fake: -0.5 * (fake - 1).square().mean(),
        LOSSES["least-squares"].score,
    )
    field = dirac(Game("zero-sum", "", still))
    values = np.linalg.eigvals(field.at(field.start).jacobian().numpy())
    np.testing.assert_allclose(np.sort_complex(values), [-1j, 1j], atol=1e-12)
    for place in ((1.0, 1.0), (2.0, 0.5), (-0.25, -4.0)):
        assert float(field(torch.tensor(place, dtype=torch.float64)).norm()) < 1e-14
    run = trajectory(field, RULES["simultaneous"], start=1e-3 * ONES, h=0.1, rounds=100).norm(dim=1)
    assert float(run[-1] / run[0]) ** 0.01 == pytest.approx(math.sqrt(1.01), abs=1e-4)


@pytest.mark.parametrize(("rule", "size"), [("simultaneous", 0.971), ("alternating", 0.89)])
def test_the_cycle_of_the_gradient_penalty(rule: str, size: float) -> None:
    """(|psi| - g)^2 / 2: mean |theta| is 0.971 g under simultaneous steps, 0.89 g under alternating ones."""
    field = dirac(replace(GAMES["wasserstein-gp"], terms=(gradient_penalty(0.5, target=1.0),)))
    run = trajectory(field, RULES[rule], start=ONES, h=0.1, rounds=450)
    assert float(run[-320:, 1].abs().mean()) == pytest.approx(size, rel=0.04)


def test_the_circle_of_the_reference() -> None:
    """Non-saturating, simultaneous, h = 0.1: sqrt(2h) = 0.4472, 0.4471 read. Begun on it, so that it is soon there."""
    start = torch.tensor([math.sqrt(0.2), 0.0], dtype=torch.float64)
    run = trajectory(dirac(GAMES["non-saturating"]), RULES["simultaneous"], start=start, h=0.1, rounds=400)
    assert float(run.norm(dim=1).mean()) == pytest.approx(0.4472, rel=0.01)
    small = trajectory(dirac(GAMES["non-saturating"]), RULES["simultaneous"], start=0.5 * start, h=0.1, rounds=400)
    assert float(small[-1].norm()) > 1.02 * float(small[0].norm())  # from inside it goes out, so that it draws runs in


# 2.2


@pytest.mark.parametrize(("name", "chase"), [("non-saturating", 0.5), ("minimax", 0.5), ("wasserstein", 1.0)])
@pytest.mark.parametrize("gamma", [0.0, 0.1, 10.0])
def test_the_jacobian_of_the_quadratic_game_by_its_moments(name: str, chase: float, gamma: float) -> None:
    """[[-E phi phi^T / 2 - gamma E phi' phi'^T, -c M], [c M^T, 0]]: phi = (1, x, x^2), M = dE phi / d(a, b)."""
    a, b = 1.0, 0.5
    moment = [1.0, a, a**2 + b**2, a**3 + 3 * a * b**2, a**4 + 6 * a**2 * b**2 + 3 * b**4]
    square = np.array([[moment[i + j] for j in range(3)] for i in range(3)])
    slopes = np.array([[0, 0, 0], [0, 1, 2 * moment[1]], [0, 2 * moment[1], 4 * moment[2]]])
    flat = (0.0 if name == "wasserstein" else 0.5) * square + gamma * slopes
    across = np.array([[0.0, 0.0], [1.0, 0.0], [2 * a, 2 * b]])
    wanted = np.block([[-flat, -chase * across], [chase * across.T, np.zeros((2, 2))]])
    field = quadratic(replace(CASES[name].game, terms=(r1(gamma),)))
    np.testing.assert_allclose(field.at(field.start).jacobian().numpy(), wanted, atol=1e-12)
    assert np.trace(wanted) == pytest.approx((0 if name == "wasserstein" else -2.46875) - 6 * gamma)
    assert np.linalg.svd(across)[1] == pytest.approx([math.sqrt(2) + 1, math.sqrt(2) - 1])


def test_the_penalised_quadratic_game_comes_to_rest_at_its_rate() -> None:
    """R1 of 1, h = 0.1: e^(-0.0808 h) a round, 4e-8 after the 2500 rounds of theory.md; Wasserstein's does not."""
    field = quadratic(GAMES["ns-r1"])
    rest = field.start
    run = trajectory(field, RULES["simultaneous"], start=rest + 0.02, h=0.1, rounds=500)
    off = (run - rest).norm(dim=1)
    slowest = abs(1 + 0.1 * complex(-0.0807598, 0.1660600))
    assert float(off[-100:].max() / off[-300:-200].max()) == pytest.approx(slowest**200, rel=0.1)
    free = quadratic(CASES["wasserstein"].game)
    away = trajectory(free, RULES["simultaneous"], start=rest + 0.02, h=0.1, rounds=60)[:, 1:]
    assert float((away[-1] - rest[1:]).norm()) > 2 * float((away[0] - rest[1:]).norm())


# 2.3


def test_products_are_those_of_the_full_jacobian_on_networks() -> None:
    networks = MLP(Format.point(1), Normal(1), hidden=(6, 6), critic_hidden=(6, 6), dropout=0.0)
    nodes = torch.special.ndtri((torch.arange(32, dtype=torch.float64) + 0.5) / 32)[:, None]
    batch = Batch(1 + 0.5 * nodes, nodes, stream=Stream(0, "reference"), indices=range(32))
    field = Field(GAMES["ns-r1"], Players(networks.generator(0), networks.critic(1)), batch)
    here = field.at(field.start)
    jacobian = here.jacobian()
    direction = Stream(1, "reference").normal(range(1), len(field.start), dtype=torch.float64)[0]
    assert (here.push(direction) - jacobian @ direction).abs().max() < 1e-12
    assert (here.pull(direction) - jacobian.T @ direction).abs().max() < 1e-12


def test_wassersteins_radii_do_not_hang_on_autograd() -> None:
    """+-i: sqrt(1 + h^2) under simultaneous steps, 1 under alternating ones, for every h up to 2."""
    for h in (0.01, 0.1, 1.0, 1.9):
        local = CASES["wasserstein"].local
        assert abs(CLOSED["simultaneous"](local, h)).max() == pytest.approx(math.sqrt(1 + h * h))
        assert abs(CLOSED["alternating"](local, h)).max() == pytest.approx(1)
