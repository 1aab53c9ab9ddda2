"""Slopes against finite differences; what is left alone; in what precision; and that nothing is scored twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from oracles_games import Critic, batch, built, players
from torch import Tensor, nn

from ganatomy.games.named import GAMES
from ganatomy.games.slopes import Judge, slopes_of
from ganatomy.numerics.random import Stream

PICTURES = Stream(0, "pictures").normal(range(5), 2, 3, 3, dtype=torch.float64)


def test_slopes_equal_finite_differences_one_by_one() -> None:
    critic = built(Critic, 18)
    judge: Judge = lambda points: critic(points)[:, 0]  # noqa: E731
    found = slopes_of(judge, PICTURES)
    assert found.shape == (5, 18)
    for i in range(5):
        for j in range(18):
            nudge = torch.zeros(18, dtype=torch.float64)
            nudge[j] = 1e-6
            up, down = (judge(PICTURES[i : i + 1] + sign * nudge.view(1, 2, 3, 3)) for sign in (1, -1))
            assert found[i, j].item() == pytest.approx((up - down).item() / 2e-6, abs=1e-8)


def test_the_callers_points_are_left_alone_even_without_grad_mode() -> None:
    points = torch.ones(3, 2)
    before = points._version
    with torch.no_grad():
        found = slopes_of(lambda own: own.square().sum(dim=1), points)
    assert torch.equal(found, torch.full((3, 2), 2.0))
    assert (points.requires_grad, points.grad, points._version) == (False, None, before)


def test_slopes_are_taken_in_float32_under_autocast() -> None:
    layer = built(nn.Linear, 2, 1).float()
    nn.init.constant_(layer.weight, 1.001)  # not a bfloat16 number
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = slopes_of(lambda points: layer(points)[:, 0], torch.ones(3, 2, dtype=torch.bfloat16))
    assert torch.equal(found, torch.full((3, 2), 1.001))


@pytest.mark.parametrize("name", ["ns-r1", "ns-r1-r2", "r3"])
def test_penalised_sides_are_in_float32_under_autocast_and_without_grad_mode(name: str) -> None:
    pair, given = players(), batch()
    assert given.real is not None
    pair = replace(pair, critic=pair.critic.float(), generator=pair.generator.float())  # type: ignore[attr-defined]
    given = replace(given, real=given.real.float(), latent=given.latent.float())
    wanted = GAMES[name].critic_terms(pair, given).parts["r1"]
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        assert GAMES[name].critic_terms(pair, given).parts["r1"] == wanted


@pytest.mark.parametrize(("name", "passes"), [("hinge", 2), ("ns-r1", 2), ("r3", 2), ("wasserstein-gp", 3)])
def test_each_side_is_scored_once(name: str, passes: int) -> None:
    pair, seen = players(), []

    def counting(samples: Tensor) -> Tensor:
        seen.append(samples)
        return pair.critic(samples)

    GAMES[name].critic_terms(replace(pair, critic=counting), batch())
    assert len(seen) == passes
