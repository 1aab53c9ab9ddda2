"""The Jacobian of each game, differentiated from its own terms, against closed forms: signs, one-halves and reductions.

Dirac: data at 0, generator at theta, critic psi x (Mescheder et al. 2018). Linear-quadratic: data N(1, 1/4), generator
a + b z, critic p0 + p1 x + p2 x^2; its Jacobian at the equilibrium needs only Gaussian moments up to the fourth, which
six points carry exactly.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ganatomy.games.game import Game
from ganatomy.games.losses import LOSSES, least_squares
from ganatomy.games.penalties import gradient_penalty, r1, r2, zero_centred
from ganatomy.games.players import Batch, Players
from ganatomy.games.presentation import FadingNoise, Presentation
from ganatomy.games.terms import Term
from ganatomy.numerics.random import Stream

STREAM = Stream(0, "dirac")


def game(loss: str, *terms: Term, **more: Presentation) -> Game:
    return Game(loss, "A game.", LOSSES[loss], terms=terms, **more)


def jacobian(
    played: Game, make: Callable[[Tensor], Players], at: list[float], *, generator: int, batch: Batch
) -> Tensor:
    """d v / d w, v the negative gradients: the first `generator` of w are the generator's, the rest the critic's."""

    def field(w: Tensor) -> Tensor:
        players = make(w)
        (own,) = torch.autograd.grad(played.generator_terms(players, batch).total, w, create_graph=True)
        total = played.critic_terms(players, batch, detach=False).total
        (other,) = torch.autograd.grad(total, w, create_graph=True)
        return -torch.cat([own[:generator], other[generator:]])

    found = torch.autograd.functional.jacobian(field, torch.tensor(at, dtype=torch.float64))
    assert isinstance(found, Tensor)
    return found


def dirac(w: Tensor) -> Players:
    return Players(lambda latent: latent + w[0], lambda x: w[1] * x)


def origin(n: int = 2) -> Batch:
    zeros = torch.zeros(n, 1, dtype=torch.float64)
    return Batch(zeros, zeros, STREAM, range(n))


def root_pair(half_trace: float, determinant: float) -> list[complex]:
    root = cmath.sqrt(half_trace**2 - determinant)
    return [half_trace - root, half_trace + root]


def assert_spectrum(matrix: Tensor, wanted: list[complex], tolerance: float = 1e-9) -> None:
    """The eigenvalues, each matched to the nearest one wanted that is still free."""
    free = list(wanted)
    for found in torch.linalg.eigvals(matrix).tolist():
        nearest = min(free, key=lambda value: abs(value - found))
        assert abs(nearest - found) < tolerance
        free.remove(nearest)
    assert free == []


@pytest.mark.parametrize(
    ("loss", "turning"),
    [
        ("minimax", 0.5),
        ("non-saturating", 0.5),
        ("wasserstein", 1),
        ("least-squares", 1),
        ("hinge", 1),
        ("relativistic", 0.5),
    ],
)
def test_without_a_penalty_the_two_only_turn(loss: str, turning: float) -> None:
    found = jacobian(game(loss), dirac, [0.0, 0.0], generator=1, batch=origin())
    assert_spectrum(found, [-1j * turning, 1j * turning])


@pytest.mark.parametrize("loss", ["minimax", "non-saturating", "relativistic"])
@pytest.mark.parametrize("gamma", [0.3, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("penalty", [r1, r2, zero_centred])
def test_zero_centred_penalties_damp_by_half_gamma(loss: str, gamma: float, penalty: Callable[[float], Term]) -> None:
    found = jacobian(game(loss, penalty(gamma)), dirac, [0.0, 0.0], generator=1, batch=origin())
    assert_spectrum(found, root_pair(-gamma / 2, 0.25), 1e-6 if gamma == 1.0 else 1e-9)  # at 1 the two roots meet


def test_both_penalties_add() -> None:
    found = jacobian(game("wasserstein", r1(0.2), r2(0.5)), dirac, [0.0, 0.0], generator=1, batch=origin())
    assert_spectrum(found, root_pair(-0.35, 1.0))


@pytest.mark.parametrize("std", [0.5, 1.0])
def test_instance_noise_damps_by_its_variance(std: float) -> None:
    """-s^2/4 +- sqrt(s^4/16 - 1/4), up to the moments of the draws."""
    noisy = game("non-saturating", presentation=Presentation(FadingNoise(std, until=10)))
    found = jacobian(noisy, dirac, [0.0, 0.0], generator=1, batch=origin(100_000))
    assert_spectrum(found, root_pair(-(std**2) / 4, 0.25), 0.01 * std**2)


@pytest.mark.parametrize("psi", [0.4, -1.7])
def test_the_gradient_penalty_pulls_the_slope_to_its_target(psi: float) -> None:
    """-d/dpsi of 1/2 (|psi| - g)^2 = -(|psi| - g) sign psi."""
    w = torch.tensor([0.3, psi], dtype=torch.float64, requires_grad=True)
    for target in (1.0, 0.5):
        played = game("wasserstein", gradient_penalty(0.5, target=target))
        value = played.critic_terms(dirac(w), origin()).parts["gradient-penalty"]
        (slope,) = torch.autograd.grad(value, w)
        assert -slope[1].item() == pytest.approx(-(abs(psi) - target) * math.copysign(1.0, psi), rel=1e-9)


def test_the_logistic_fields_off_the_equilibrium() -> None:
    """u = theta psi: v_theta is psi s(-u) non-saturating, psi s(u) saturating; v_psi is -theta s(u)."""
    theta, psi = 0.7, -0.4
    s = 1 / (1 + math.exp(-theta * psi))
    w = torch.tensor([theta, psi], dtype=torch.float64, requires_grad=True)
    for loss, pull in (("non-saturating", psi * (1 - s)), ("minimax", psi * s)):
        (own,) = torch.autograd.grad(game(loss).generator_terms(dirac(w), origin()).total, w)
        (other,) = torch.autograd.grad(game(loss).critic_terms(dirac(w), origin()).total, w)
        assert [-own[0].item(), -other[1].item()] == pytest.approx([pull, -theta * s])


def linear_quadratic(w: Tensor) -> Players:
    return Players(lambda z: w[0] + w[1] * z, lambda x: w[2] + w[3] * x + w[4] * x.square())


NODES = torch.tensor([0.0, 0.0, 0.0, 0.0, 3**0.5, -(3**0.5)], dtype=torch.float64)[:, None]
ZERO_ONE = Game("zero-one", "Labels 0 and 1.", least_squares(0.0, 1.0, aim=1.0))
R1 = {gamma: r1(gamma) for gamma in (0.1, 1.0, 10.0)}
TABLE = [
    (game("minimax"), [-0.0116 + 0.1897j, -0.3927 + 0.6059j, -1.6602]),
    (game("non-saturating"), [-0.0116 + 0.1897j, -0.3927 + 0.6059j, -1.6602]),
    (game("non-saturating", R1[0.1]), [-0.0189 + 0.1886j, -0.4000 + 0.4793j, -2.2310]),
    (game("non-saturating", R1[1.0]), [-0.0808 + 0.1661j, -0.2826, -0.4269, -7.5978]),
    (game("non-saturating", r2(1.0)), [-0.0808 + 0.1661j, -0.2826, -0.4269, -7.5978]),
    (game("non-saturating", R1[10.0]), [-0.0247, -0.0253, -0.4524, -1.8368, -60.13]),
    (ZERO_ONE, [-0.0233 + 0.1873j, -0.4050 + 0.4746j, -9.0184]),
    (game("wasserstein"), [2.4142j, 0.4142j, 0]),
    (game("wasserstein", R1[1.0]), [-0.0858 + 0.4052j, -1.2820, -4.5465, 0]),
]


@pytest.mark.parametrize(("played", "upper"), TABLE, ids=[f"{g.loss.name}-{len(g.terms)}" for g, _ in TABLE])
def test_linear_quadratic_game(played: Game, upper: list[complex]) -> None:
    """Only the eigenvalues in the upper half plane are listed; the others are their mirror images."""
    six = Batch(1.0 + 0.5 * NODES, NODES, STREAM, range(6))
    found = jacobian(played, linear_quadratic, [1.0, 0.5, played.loss.undecided, 0.0, 0.0], generator=2, batch=six)
    wanted = [mirrored for value in upper for mirrored in {complex(value), complex(value).conjugate()}]
    assert_spectrum(found, wanted, 5e-3 if max(abs(value) for value in wanted) > 60 else 6e-5)


@pytest.mark.parametrize("gamma", [0.0, 0.1, 1.0])
def test_linear_quadratic_trace(gamma: float) -> None:
    six = Batch(1.0 + 0.5 * NODES, NODES, STREAM, range(6))
    played = game("non-saturating", r1(gamma))
    found = jacobian(played, linear_quadratic, [1.0, 0.5, 0.0, 0.0, 0.0], generator=2, batch=six)
    moments = [1.0, 1.25, 1 + 6 * 0.25 + 3 * 0.0625]  # 1, E x^2, E x^4
    assert found.trace().item() == pytest.approx(-sum(moments) / 2 - gamma * (1 + 4 * moments[1]))
