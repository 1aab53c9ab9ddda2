"""Spectra by products are those of the dense Jacobian; angles along paths and runs have known answers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.games.named import GAMES
from ganatomy.games.players import Batch, Players
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format
from ganatomy.theory.dirac import dirac, quadratic
from ganatomy.theory.field import Field
from ganatomy.theory.spectra import Spectrum, _once, path_angle, spectrum, turning
from ganatomy.theory.steps import RULES, trajectory

NETWORKS = MLP(Format.point(1), Normal(1), hidden=(6, 6), critic_hidden=(6, 6), norm="none", dropout=0.0)


def game(name: str = "ns-r1") -> Field:
    """A bell of 32 quantiles against small networks: 122 weights."""
    nodes = torch.special.ndtri((torch.arange(32, dtype=torch.float64) + 0.5) / 32)[:, None]
    batch = Batch(1 + 0.5 * nodes, nodes, stream=Stream(0, "spectra"), indices=range(32))
    return Field(GAMES[name], Players(NETWORKS.generator(0), NETWORKS.critic(1)), batch)


@pytest.mark.parametrize("name", ["ns-r1", "wasserstein-gp"])
def test_arnoldi_finds_the_ends_of_the_dense_spectrum(name: str) -> None:
    field = game(name)
    found = spectrum(field, field.start, each=3)
    dense = np.linalg.eigvals(field.at(field.start).jacobian().numpy())
    assert found.complete
    assert found.weights == len(dense) > 64
    assert found.products > 0
    assert found.rotation == pytest.approx(np.abs(dense.imag).max(), rel=1e-6)
    assert found.expansion == pytest.approx(dense.real.max(), rel=1e-6)
    assert found.contraction == pytest.approx(-dense.real.min(), rel=1e-6)
    assert abs(found.values[0]) == pytest.approx(np.abs(dense).max(), rel=1e-6)
    for value in found.values:
        assert np.abs(dense - value).min() < 1e-6 * abs(found.values[0])
    assert found.speed == pytest.approx(float(field(field.start).norm()))


def test_the_same_spectrum_each_time_and_small_games_are_dense() -> None:
    field = game()
    first, again = spectrum(field, field.start), spectrum(field, field.start)
    assert np.array_equal(first.values, again.values)
    small = quadratic(GAMES["ns-r1"])
    found = spectrum(small, small.start)
    assert len(found.values) == 5
    assert found.contraction == pytest.approx(7.5978, abs=1e-4)
    assert found.speed < 1e-14


def test_the_largest_rate_is_where_the_step_operator_reaches_the_circle() -> None:
    """Of the quadratic non-saturating game 0.641, with R1 of 1 0.263, of 10 0.033. theory.md 2.2."""
    for strength, wanted in ((None, 0.641), (1.0, 0.263), (10.0, 0.033)):
        chosen = GAMES["non-saturating"] if strength is None else GAMES["ns-r1"].tuned("r1", strength=strength)
        field = quadratic(chosen)
        found = spectrum(field, field.start)
        assert found.largest_rate == pytest.approx(wanted, abs=6e-4)
        assert np.abs(found.multipliers(found.largest_rate)).max() == pytest.approx(1, abs=1e-9)
    circling = dirac(GAMES["wasserstein-gp"].tuned("gradient-penalty", strength=0.0))
    assert spectrum(circling, circling.start).largest_rate == 0.0


def test_an_iteration_that_gives_up_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganatomy.theory.spectra.KRYLOV", 9)
    field = game()
    found = spectrum(field, field.start, each=1, tolerance=1e-14, most=1)
    assert not found.complete


def test_equal_ends_are_listed_once() -> None:
    values = np.array([1 + 2j, 1 - 2j, 1 + 2j, -3.0, -3.0 + 1e-12])
    assert _once(values).tolist() == [-3.0, 1 + 2j, 1 - 2j]


@pytest.mark.parametrize(("pull", "turn", "off"), [(0.3, 1.0, 0.2), (1.0, 0.0, 0.1), (0.5, -2.0, 0.05)])
def test_the_angle_along_a_path_past_a_linear_rest(pull: float, turn: float, off: float) -> None:
    """v = A w, A = [[-a, -b], [b, -a]], on a line past 0 at distance e: -(a s + b e) / (|(a, b)| |(s, e)|)."""
    matrix = torch.tensor([[-pull, -turn], [turn, -pull]], dtype=torch.float64)

    def v(weights: Tensor) -> Tensor:
        return matrix @ weights

    first, last = torch.tensor([-1.0, off], dtype=torch.float64), torch.tensor([1.0, off], dtype=torch.float64)
    found = path_angle(v, first, last, places=[0.0, 0.3, 0.5, 0.9, 1.5])
    s = 2 * found.places - 1
    wanted = -(pull * s + turn * off) / (np.hypot(pull, turn) * np.hypot(s, off))
    np.testing.assert_allclose(found.cosine, wanted, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found.speed, np.hypot(pull, turn) * np.hypot(s, off), rtol=1e-12)


def test_the_plateau_of_the_dirac_game_is_its_damping() -> None:
    """|Re lambda| / |lambda| = 0.3 for R1 of 0.3, roughly, averaged over directions; attraction changes the sign."""
    field = dirac(GAMES["ns-r1"].tuned("r1", strength=0.3))
    found = []
    for angle in np.linspace(0, np.pi, 16, endpoint=False):
        way = 1e-3 * torch.tensor([np.cos(angle), np.sin(angle)])
        curve = path_angle(field, -way, way, places=[0.0, 1.0])
        assert curve.cosine[0] == pytest.approx(-curve.cosine[1], abs=1e-3)
        pulled = np.array([-0.3 * way[0] - 0.5 * way[1], 0.5 * way[0]])
        assert curve.cosine[0] == pytest.approx(-pulled @ way.numpy() / np.linalg.norm(pulled) / 1e-3, abs=1e-3)
        found.append(curve.cosine[0])
    assert np.mean(found) == pytest.approx(0.3, abs=0.03)
    still = path_angle(dirac(GAMES["minimax"]), -way, way, places=[0.0])
    assert still.cosine[0] == pytest.approx(0, abs=1e-3)


def test_turning_along_a_run() -> None:
    straight = torch.arange(5.0)[:, None] * torch.tensor([[1.0, 2.0]])
    assert turning(straight).next_update.tolist() == pytest.approx([1, 1, 1])
    assert turning(straight).way_to_end.tolist() == pytest.approx([1, 1, 1, 1])
    back = torch.tensor([[0.0], [1.0], [0.0], [1.0]])
    assert turning(back).next_update.tolist() == [-1, -1]
    assert turning(back).way_to_end.tolist() == [1, 0, 1]
    circle = trajectory(
        dirac(GAMES["wasserstein-clip"]), RULES["alternating"], start=torch.tensor([0.004, 0.004]), h=0.1, rounds=50
    )
    assert turning(circle).next_update.tolist() == pytest.approx([np.cos(0.1)] * 49, abs=2e-3)


def test_what_has_no_answer_is_refused() -> None:
    field = quadratic(GAMES["minimax"])
    with pytest.raises(UsageError, match="0 eigenvalues"):
        spectrum(field, field.start, each=0)
    with pytest.raises(UsageError, match="not finite"):
        spectrum(field, field.start * torch.nan)
    with pytest.raises(UsageError, match="two equal places"):
        path_angle(field, field.start, field.start)
    with pytest.raises(UsageError, match="3 rows"):
        turning(torch.zeros(2, 4))
    assert Spectrum(np.array([-1 + 1j]), 0.0, 1, 1, True).largest_rate == pytest.approx(1.0)
