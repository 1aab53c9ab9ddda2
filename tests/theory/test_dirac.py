"""Small games against the closed forms: J of every case by hand, the table of eigenvalues, the quadratic game."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from ganatomy.games import penalties
from ganatomy.games.losses import LOSSES, least_squares
from ganatomy.games.named import GAMES
from ganatomy.games.penalties import r1, r2
from ganatomy.theory.cases import CASES, PUBLISHED, ROOT
from ganatomy.theory.dirac import QUADRATIC_EQUILIBRIUM, SIDE, Nodes, dirac, quadratic
from ganatomy.theory.steps import RULES


@pytest.mark.parametrize("name", CASES)
def test_the_jacobian_at_rest_is_the_one_by_hand_and_rest_is_rest(name: str) -> None:
    case = CASES[name]
    field = dirac(case.game)
    here = field.at(field.start)
    wanted = torch.tensor([[-case.local.flat, -case.local.chase], [case.local.answer, 0.0]], dtype=torch.float64)
    torch.testing.assert_close(here.jacobian(), wanted, rtol=1e-12, atol=1e-14)
    assert here.speed < 1e-15


def test_every_loss_and_penalty_has_a_case() -> None:
    assert {case.game.loss.name for case in CASES.values()} == set(LOSSES)
    terms = {term.name for case in CASES.values() for term in case.game.terms}
    made = {f().name for f in (penalties.r1, penalties.r2, penalties.zero_centred, penalties.gradient_penalty)}
    assert made | {"consistency"} <= terms
    pairs = {(case.game.loss.name, tuple(t.name for t in case.game.terms)) for case in CASES.values()}
    assert {(game.loss.name, tuple(t.name for t in game.terms)) for game in GAMES.values()} <= pairs
    assert {name for name, _ in PUBLISHED} <= set(CASES)
    assert {rule for _, rule in PUBLISHED} <= set(RULES)


@pytest.mark.parametrize("point", [(0.7, -0.4), (-1.3, 0.9)])
def test_fields_off_rest_by_hand(point: tuple[float, float]) -> None:
    """Minimax: (-theta s(u), psi s(u)); non-saturating answers with s(-u); u = psi theta, s the sigmoid."""
    psi, theta = point
    here = torch.tensor(point, dtype=torch.float64)
    s = 1 / (1 + math.exp(-psi * theta))
    assert dirac(GAMES["minimax"])(here).tolist() == pytest.approx([-theta * s, psi * s], rel=1e-12)
    assert dirac(GAMES["non-saturating"])(here).tolist() == pytest.approx([-theta * s, psi * (1 - s)], rel=1e-12)
    assert dirac(GAMES["ns-r1"])(here).tolist() == pytest.approx([-theta * s - psi, psi * (1 - s)], rel=1e-12)
    pull = -(abs(psi) - 1) * math.copysign(1, psi)
    gp = dirac(CASES["wasserstein-gp"].game)(here)
    assert gp.tolist() == pytest.approx([-theta + pull, psi], rel=1e-9)


def test_the_tip_of_the_gradient_penalty_is_as_wide_as_its_root_says() -> None:
    assert penalties.off_target(torch.zeros(1, 1, dtype=torch.float64), target=0.0) == pytest.approx(ROOT**2)


def test_least_squares_with_aim_0_gives_no_answer_at_rest() -> None:
    field = dirac(replace(GAMES["least-squares"], loss=least_squares(-1, 1, aim=0)))
    assert field.at(field.start).jacobian().tolist() == [[0.0, -1.0], [0.0, 0.0]]


def test_nodes_have_the_moments_of_noise_and_reals_meet_all_fakes() -> None:
    real, fake = (
        Nodes(0, "x").child(name).normal(range(SIDE**2), 1, dtype=torch.float64)[:, 0] for name in ("r", "fake-f")
    )
    for nodes in (real, fake):
        assert float(nodes.mean()) == pytest.approx(0, abs=1e-15)
        assert float(nodes.square().mean()) == pytest.approx(1, rel=1e-12)
    assert float((real * fake).mean()) == pytest.approx(0, abs=1e-15)
    assert len(set(zip(real.tolist(), fake.tolist(), strict=True))) == SIDE**2
    assert Nodes(0, "x").uniform(range(3), 2).tolist() == [[0.5, 0.5]] * 3


LQ = {  # theory.md 2.2, to its digits
    "sat": (GAMES["minimax"], [-1.6602, -0.3927 + 0.6059j, -0.3927 - 0.6059j, -0.0116 + 0.1897j, -0.0116 - 0.1897j]),
    "ns": (
        GAMES["non-saturating"],
        [-1.6602, -0.3927 + 0.6059j, -0.3927 - 0.6059j, -0.0116 + 0.1897j, -0.0116 - 0.1897j],
    ),
    "ns + r1 0.1": (
        replace(GAMES["non-saturating"], terms=(r1(0.1),)),
        [-2.2310, -0.4000 + 0.4793j, -0.4000 - 0.4793j, -0.0189 + 0.1886j, -0.0189 - 0.1886j],
    ),
    "ns + r1 1": (GAMES["ns-r1"], [-7.5978, -0.4269, -0.2826, -0.0808 + 0.1661j, -0.0808 - 0.1661j]),
    "ns + r2 1": (
        replace(GAMES["non-saturating"], terms=(r2(1.0),)),
        [-7.5978, -0.4269, -0.2826, -0.0808 + 0.1661j, -0.0808 - 0.1661j],
    ),
    "ns + r1 10": (GAMES["ns-r1"].tuned("r1", strength=10.0), [-60.13, -1.8368, -0.4524, -0.0253, -0.0247]),
    "wgan": (
        CASES["wasserstein"].game,
        [1j * (2**0.5 + 1), -1j * (2**0.5 + 1), 1j * (2**0.5 - 1), -1j * (2**0.5 - 1), 0],
    ),
    "wgan + r1 1": (CASES["wasserstein, R1"].game, [-4.5465, -1.2820, -0.0858 + 0.4052j, -0.0858 - 0.4052j, 0]),
}


@pytest.mark.parametrize("name", LQ)
def test_eigenvalues_of_the_quadratic_game(name: str) -> None:
    game, wanted = LQ[name]
    field = quadratic(game)
    assert field.start.tolist() == list(QUADRATIC_EQUILIBRIUM)
    here = field.at(field.start)
    assert here.speed < 1e-14
    found = list(np.linalg.eigvals(here.jacobian().numpy()))
    for value in wanted:
        near = min(found, key=lambda each: abs(each - value))
        found.remove(near)
        assert abs(near - value) <= 6e-5 * max(1.0, abs(value))


@pytest.mark.parametrize("gamma", [0.0, 0.3, 1.0, 10.0])
def test_the_trace_of_the_quadratic_game(gamma: float) -> None:
    field = quadratic(replace(GAMES["non-saturating"], terms=(r1(gamma),)))
    assert float(field.at(field.start).jacobian().trace()) == pytest.approx(-2.46875 - 6 * gamma, rel=1e-12)


def test_least_squares_between_0_and_1_in_the_quadratic_game() -> None:
    """The rest lies at a score of 1/2 there, and the players answer half as strongly: the eigenvalues of theory.md."""
    field = quadratic(replace(GAMES["least-squares"], loss=least_squares(0, 1, aim=1)))
    rest = field.start.clone()
    rest[0] = 0.5
    here = field.at(rest)
    assert here.speed < 1e-14
    found = sorted(np.linalg.eigvals(here.jacobian().numpy()), key=lambda each: (each.real, each.imag))
    wanted = [-9.0184, -0.4050 - 0.4746j, -0.4050 + 0.4746j, -0.0233 - 0.1873j, -0.0233 + 0.1873j]
    np.testing.assert_allclose(found, wanted, atol=6e-5)
