"""Closed forms against the very losses of `games`: their gradient is 0 there, and any other critic is worse."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles_divergences import PAIRS, TABLE

from ganatomy.errors import UsageError
from ganatomy.games.losses import LOSSES, Loss, least_squares, smoothed
from ganatomy.games.named import GAMES
from ganatomy.theory.densities import gaussian
from ganatomy.theory.divergences import divergence, rule_for
from ganatomy.theory.fgan import DUALS
from ganatomy.theory.optimal import best_value, costs, optimum
from ganatomy.theory.penalised import penalised
from ganatomy.theory.transport import potential

CASES: dict[str, Loss] = {
    **{name: loss for name, loss in LOSSES.items() if name != "wasserstein"},
    "smoothed": smoothed(LOSSES["minimax"], 0.1),
    "labels 0 and 1": least_squares(0.0, 1.0, aim=1.0),
}
COUNTS = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=2, max_size=4)


def batch(loss: Loss, scores, counts):
    """The critic's loss where atom i is real p_i and generated q_i times; losses of pairs meet all pairs."""
    reals, fakes = zip(*counts, strict=True)
    n, m = sum(reals), sum(fakes)
    real = torch.repeat_interleave(scores, torch.tensor(reals))
    fake = torch.repeat_interleave(scores, torch.tensor(fakes))
    if loss.needs_real:
        return loss.critic(real.repeat_interleave(m), fake.repeat(n))
    return loss.critic(real, fake)


def best_scores(loss: Loss, counts):
    table = torch.tensor(counts, dtype=torch.float64)
    return optimum(loss).scores(*(table / table.sum(0)).log().T)


@pytest.mark.parametrize("name", CASES)
@given(counts=COUNTS, seed=st.integers(0, 99))
def test_the_loss_is_level_there_and_higher_elsewhere(name, counts, seed):
    loss = CASES[name]
    scores = best_scores(loss, counts).requires_grad_()
    value = batch(loss, scores, counts)
    push = torch.randn(len(counts), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    for size in (1e-3, 0.3, 5.0):
        assert batch(loss, scores.detach() + size * push, counts) >= value - 1e-12
    if not optimum(loss).stepped:
        (slope,) = torch.autograd.grad(value, scores)
        assert slope.abs().max() < 1e-12


@given(COUNTS)
def test_hinges_step_lies_between_a_fall_and_a_rise(counts):
    scores = best_scores(CASES["hinge"], counts)
    for k, (real, fake) in enumerate(counts):
        unit = torch.eye(len(counts), dtype=torch.float64)[k] * 1e-4
        here, up, down = (batch(CASES["hinge"], scores + move, counts) for move in (0, unit, -unit))
        shares = real / sum(a for a, _ in counts), fake / sum(b for _, b in counts)
        if abs(shares[0] - shares[1]) > 1e-12:
            assert min(up, down) > here


@given(COUNTS, st.integers(0, 99))
def test_wassersteins_potential_has_slope_one_against_its_gradient(counts, seed):
    """On atoms of the line with steps s_k between them the loss falls along s_k = sign(F_q - F_p), to the end."""
    table = torch.tensor(counts, dtype=torch.float64)
    below = (table / table.sum(0)).cumsum(0)[:-1]
    gaps = torch.rand(len(counts) - 1, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + 0.1

    def loss(steps):
        scores = torch.cat([torch.zeros(1, dtype=torch.float64), (steps * gaps).cumsum(0)])
        return batch(LOSSES["wasserstein"], scores, counts)

    best = torch.sign(below[:, 1] - below[:, 0]).requires_grad_()
    (slope,) = torch.autograd.grad(loss(best), best)
    assert torch.all(slope * best.detach() <= 1e-15)
    assert loss(best).item() == pytest.approx(-float(gaps @ (below[:, 0] - below[:, 1]).abs()), abs=1e-12)


@pytest.mark.parametrize("pair", PAIRS)
def test_the_best_values_are_the_divergences(pair):
    p, q = PAIRS[pair]
    place = list(PAIRS).index(pair)
    truth = {name: row[place] for name, row in TABLE.items()}
    wanted = {
        "minimax": -truth["V"],
        "non-saturating": math.log(4) - 2 * truth["JSD"],
        "hinge": 2 * (1 - truth["TV"]),
        "least-squares": 2 * (2 - truth["triangular"]) / 4,
        "labels 0 and 1": (2 - truth["triangular"]) / 8,
    }
    for name, value in wanted.items():
        found = best_value(CASES[name], p, q)
        assert found.value == pytest.approx(value, abs=2e-7 if name == "hinge" else 3e-9), name
        assert found.error < 1e-8
    if pair in "AC":  # as printed in theory.md
        assert best_value(CASES["hinge"], p, q).value == pytest.approx(
            {"A": 1.23415017, "C": 0.87967923}[pair], abs=3e-8
        )


def test_what_the_score_means_the_ratio_gives_back():
    log_p = torch.linspace(-4, 2, 41, dtype=torch.float64)
    log_q = torch.linspace(1, -3, 41, dtype=torch.float64)
    for name, loss in CASES.items():
        best = optimum(loss)
        if best.ratio is not None:
            back = best.ratio(best.scores(log_p, log_q))
            assert torch.allclose(back, log_p - log_q, atol=1e-11), name


def test_a_smoothed_logit_is_not_the_log_ratio():
    p, q = PAIRS["A"]
    x = torch.linspace(-4, 4, 801, dtype=torch.float64)[:, None]
    off = optimum(CASES["smoothed"]).critic(p, q)(x) - (p.log_density(x) - q.log_density(x))
    assert off.abs().max() == pytest.approx(2.4, abs=0.05)


def test_expected_logits_are_the_two_divergences():
    p, q = PAIRS["C"]
    rule = rule_for(p, q)
    logit = optimum(LOSSES["minimax"]).critic(p, q)(rule.points)
    assert rule.integral(p.log_density(rule.points).exp() * logit).value == pytest.approx(0.850003088, abs=1e-8)
    assert -rule.integral(q.log_density(rule.points).exp() * logit).value == pytest.approx(1.992631456, abs=1e-8)


def test_pairs_come_to_twice_their_weight_only_where_nothing_is_known():
    p, q = PAIRS["A"]
    same = best_value(LOSSES["relativistic"], p, p)
    assert same.value == pytest.approx(math.log(2), abs=1e-12)
    assert best_value(LOSSES["relativistic"], p, q).value == pytest.approx(0.4918017090, abs=1e-9)
    # For Gaussians r(x) - r(y) = y - x is N(1, 2): one integral over the line.
    z = torch.linspace(-15, 17, 20_001, dtype=torch.float64)
    weight = torch.exp(-((z - 1) ** 2) / 4) / math.sqrt(4 * math.pi)
    slow = float(torch.trapezoid(weight * torch.nn.functional.softplus(-z), z))
    assert best_value(LOSSES["relativistic"], p, q).value == pytest.approx(slow, abs=1e-8)


@pytest.mark.parametrize("name", GAMES)
def test_every_game_has_its_best_critic(name):
    loss, (p, q) = GAMES[name].loss, PAIRS["A"]
    x = torch.tensor([[-1.0], [2.0]], dtype=torch.float64)
    critic = potential(p, q) if loss is LOSSES["wasserstein"] else optimum(loss).critic(p, q)
    left, right = critic(x).tolist()
    assert left > right  # real lies to the left


def test_costs_are_those_of_the_loss():
    scores = torch.linspace(-3, 3, 7, dtype=torch.float64)
    for name in ("minimax", "least-squares", "hinge", "smoothed"):
        real, fake = costs(CASES[name], scores)
        assert float(real.mean() + fake.flip(0).mean()) == pytest.approx(
            float(CASES[name].critic(scores, scores)), abs=1e-12
        )


def test_unknown_ones_are_refused():
    with pytest.raises(UsageError, match=r"transport.potential\(p, q\)"):
        optimum(LOSSES["wasserstein"])
    with pytest.raises(UsageError, match="known are: hinge, least_squares"):
        optimum(Loss("mine", "", lambda r, f: r.mean(), lambda r, f: f.mean(), LOSSES["hinge"].score))


@pytest.mark.parametrize("name", DUALS)
@pytest.mark.parametrize("pair", ["A", "C"])
def test_f_divergences_primal_and_dual(name, pair):
    """sup_T E_p T - E_q f*(T) = E_q f(p/q) at T* = f'(p/q); any other T is lower; T gives the ratio back."""
    dual, (p, q) = DUALS[name], PAIRS[pair]
    rule = rule_for(p, q, names=("V", "TV"))
    log_p, log_q = p.log_density(rule.points), q.log_density(rule.points)
    kept = (log_p - log_q).abs() < 300  # beyond, the ratio itself overflows
    u = (log_p - log_q)[kept].exp().requires_grad_()
    a, b = (rule.weights[kept] * each[kept].exp() for each in (log_p, log_q))
    best = dual.critic(u)

    def value(t):
        return float((a @ t - b @ dual.conjugate(t)).detach())

    primal = float((b @ dual.f(u)).detach())
    assert value(best) == pytest.approx(primal, abs=1e-10)
    for size in (0.99, 0.9):
        assert value(best * size) < primal
    (slope,) = torch.autograd.grad(dual.f(u).sum(), u)
    assert torch.allclose(slope, best, rtol=1e-9, atol=1e-9)
    names = {"KL": "KL(p|q)", "reverse KL": "KL(q|p)", "Pearson": "Pearson", "Hellinger": "Hellinger", "TV": "TV"}
    if name in names:
        assert primal == pytest.approx(divergence(names[name], p, q).value, abs=1e-5)
    else:
        shift = 0.0 if name == "JS" else -math.log(4)
        assert primal == pytest.approx(2 * divergence("JSD", p, q).value + shift, abs=1e-7)
    if dual.ratio is not None:
        middle = (log_p - log_q)[kept].abs() < 12
        assert torch.allclose(dual.ratio(best)[middle], u[middle], rtol=1e-8)


@pytest.mark.parametrize("name", ["minimax", "least-squares"])
def test_a_penalty_bends_the_best_critic_by_what_the_very_penalty_says(name):
    loss, (p, q) = LOSSES[name], PAIRS["A"]
    found = penalised(loss, p, q, r1=0.5, r2=0.2)
    rule = rule_for(p, q, names=("V", "TV"))
    log_p, log_q = p.log_density(rule.points), q.log_density(rule.points)

    def total(critic):
        x = rule.points.requires_grad_()
        scores = critic(x)
        (slope,) = torch.autograd.grad(scores.sum(), x)
        real, fake = costs(loss, scores.detach())
        square = slope.square().sum(1) / 2  # games.penalties.half_square, before the mean
        return float(rule.weights @ (log_p.exp() * (real + 0.5 * square) + log_q.exp() * (fake + 0.2 * square)))

    best = total(found.critic)
    assert best == pytest.approx(found.loss + found.penalty, abs=1e-5)
    for change in (lambda x: 0.05 * x.sin()[:, 0], lambda x: 0 * x[:, 0] + 0.05, lambda x: 0.05 * x[:, 0]):
        for sign in (-1, 1):
            assert total(lambda x, c=change, s=sign: found.critic(x) + s * c(x)) > best
    assert best < total(optimum(loss).critic(p, q))


def test_without_penalty_it_tends_to_the_closed_form_and_with_much_to_nothing():
    p, q = PAIRS["A"]
    weak, strong = (penalised(LOSSES["minimax"], p, q, r1=gamma) for gamma in (1e-4, 1e4))
    x = torch.linspace(-2, 3, 21, dtype=torch.float64)[:, None]
    assert torch.allclose(weak.critic(x), 0.5 - x[:, 0], atol=4e-3)
    assert weak.loss == pytest.approx(-TABLE["V"][0], abs=1e-6)
    assert strong.loss == pytest.approx(math.log(4), abs=1e-3)
    with pytest.raises(UsageError, match="solved for on the line"):
        penalised(LOSSES["hinge"], p, q, r1=1.0)
    with pytest.raises(UsageError, match="solved for on the line"):
        penalised(LOSSES["minimax"], gaussian([0.0, 0.0], torch.eye(2)), p, r1=1.0)
