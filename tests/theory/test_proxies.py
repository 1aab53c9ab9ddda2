"""Proxies are what their names say, and in a game with a known rest some of them rank runs as the distance does."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganatomy.errors import UsageError
from ganatomy.games.named import GAMES
from ganatomy.theory.cases import CASES
from ganatomy.theory.dirac import QUADRATIC_EQUILIBRIUM, quadratic
from ganatomy.theory.proxies import PROXIES, Course, Watched, course, proxies, studied, tracking, watched
from ganatomy.theory.steps import RULES, trajectory

REST = torch.tensor(QUADRATIC_EQUILIBRIUM, dtype=torch.float64)


def made(weights: torch.Tensor, *, speed: float = 0.0, rest: float = 1.0) -> Watched:
    n = len(weights)
    return Watched(weights, np.full(n, speed), np.linspace(1, 2, n), np.linspace(-1, 1, n), rest)


def test_each_proxy_on_a_straight_line_and_on_a_circle() -> None:
    line = torch.arange(8.0, dtype=torch.float64)[:, None] * torch.tensor([[3.0, 4.0]], dtype=torch.float64)
    told = proxies(made(line, speed=0.5))  # the last two of eight
    assert told["speed"] == 0.5
    assert told["straightness"] == pytest.approx(1)
    assert told["last weights off their mean"] == pytest.approx(2.5)
    assert told["spread of the weights"] == pytest.approx(2.5)
    assert told["gap of the scores"] == pytest.approx((5 / 7 + 1) / 2)
    assert told["critic's loss off its value at rest"] == pytest.approx((6 / 7 + 1) / 2)
    assert told["spread of the critic's loss"] == pytest.approx(1 / 14)
    turns = torch.linspace(0, 8 * np.pi, 161, dtype=torch.float64)
    circle = proxies(made(torch.stack([turns.cos(), turns.sin()], dim=1)))
    assert circle["straightness"] == pytest.approx(0, abs=0.03)
    assert circle["consistency"] == pytest.approx(np.cos(8 * np.pi / 160))


def test_a_watched_run_is_the_trajectory() -> None:
    field = quadratic(GAMES["ns-r1"])
    start = REST + 0.1
    run = watched(field, RULES["alternating"], start=start, h=0.1, rounds=40, every=5)
    whole = trajectory(field, RULES["alternating"], start=start, h=0.1, rounds=40)
    assert torch.equal(run.weights, whole[5::5])
    assert run.speeds[3] == pytest.approx(float(field(whole[20]).norm()))
    # Losses and the gap, at the last place, from the six latents by hand.
    p, (a, b) = whole[40, :3], whole[40, 3:]
    z = torch.tensor([-1.0, 0, 0, 0, 0, 1.0], dtype=torch.float64) * 3**0.5
    real, fake = (p[0] + p[1] * x + p[2] * x**2 for x in (1 + 0.5 * z, a + b * z))
    assert run.gaps[-1] == pytest.approx(float(real.mean() - fake.mean()), rel=1e-9)
    wanted = torch.nn.functional.softplus(-real).mean() + torch.nn.functional.softplus(fake).mean()
    assert run.losses[-1] == pytest.approx(float(wanted), rel=1e-9)
    assert run.rest == pytest.approx(2 * np.log(2))
    with pytest.raises(UsageError, match="give 40 or more"):
        watched(field, RULES["alternating"], start=start, h=0.1, rounds=39, every=5)


def test_proxies_rank_runs_of_the_quadratic_game_by_their_distance() -> None:
    """The gap of the scores best, straightness not at all, as in theory.md 2.3."""
    names = ("minimax", "ns-r1-r2", "wasserstein", "wasserstein, R1")
    found = tracking(*studied([CASES[name] for name in names], rounds=100))
    assert set(found) == set(PROXIES)
    assert found["gap of the scores"] > 0.7
    assert found["critic's loss off its value at rest"] > 0.6
    assert found["speed"] > 0.5
    assert found["straightness"] < 0.2


def test_the_distance_is_to_the_nearest_rest() -> None:
    """A constant on all scores is free in the Wasserstein game, and a width of -b makes the same bell."""
    for name, first in (("wasserstein", 1), ("ns-r1", 0)):
        (run,), (distance,) = studied([CASES[name]], rates=[0.05], rounds=40)
        off = run.last().weights - REST
        other = off.clone()
        other[:, 4] = -run.last().weights[:, 4] - REST[4]
        near = torch.minimum(off[:, first:].norm(dim=1), other[:, first:].norm(dim=1))
        assert distance == pytest.approx(float(near.mean()))


def test_correlations_are_of_ranks() -> None:
    runs = [made(torch.rand(8, 2, generator=torch.Generator().manual_seed(0)), speed=s) for s in (1.0, 9.0, 2.0, 100.0)]
    found = tracking(runs, [0.1, 0.3, 0.2, 0.4])
    assert found["speed"] == pytest.approx(1.0)
    assert np.isnan(found["straightness"])  # the same in every run
    with pytest.raises(UsageError, match="at least 4"):
        tracking(runs[:3], [1.0, 2.0, 3.0])
    with pytest.raises(UsageError, match="as many of each"):
        tracking(runs, [1.0])


def test_a_course_sets_cheap_numbers_beside_the_spectrum() -> None:
    field = quadratic(GAMES["ns-r1"])
    run = trajectory(field, RULES["alternating"], start=REST + 0.2, h=0.1, rounds=100)[::20]
    found = course(field, run)
    assert all(len(column) == 6 for column in (*found.cheap.values(), *found.spectral.values()))
    values = np.linalg.eigvals(field.at(run[2]).jacobian().numpy())
    assert found.spectral["rotation"][2] == pytest.approx(np.abs(values.imag).max())
    assert found.spectral["expansion"][2] == pytest.approx(values.real.max())
    assert found.spectral["contraction"][2] == pytest.approx(-values.real.min())
    assert found.cheap["speed"][2] == pytest.approx(float(field(run[2]).norm()))
    steps = run.diff(dim=0)
    wanted = torch.nn.functional.cosine_similarity(steps[1], steps[2], dim=0)
    assert found.cheap["consistency"][2] == pytest.approx(float(wanted))


def test_a_course_tells_rank_correlations() -> None:
    told = Course({"up": np.array([1.0, 2, 4]), "flat": np.ones(3)}, {"down": np.array([3.0, 2, -9])}).told()
    assert told["up", "down"] == pytest.approx(-1)
    assert np.isnan(told["flat", "down"])
