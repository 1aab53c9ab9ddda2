"""Climbs pass goals at the score they name; a planted concept is what changes; pixel noise is told from pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from shared_tiny import SIDE, SMALL, Looks, brightness, greys, linear, tiny
from torch import Tensor, nn

from ganatomy.data.dataset import stored
from ganatomy.errors import UsageError
from ganatomy.explain.concepts.catalogue import measurers_for
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.critic.samples.climb_told import Compared, changes_of
from ganatomy.explain.critic.samples.climbing import climb
from ganatomy.explain.critic.samples.nearest import Room
from ganatomy.explain.critic.samples.trajectories import ClimbPlan, climbs
from ganatomy.explain.critic.scorer import critic_of
from ganatomy.explain.generator.panel import Panel
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Score

PLAN = ClimbPlan(n=12, frames=3, shown=3, reference=100)


def test_goals_are_passed_at_their_score_along_the_slope() -> None:
    start = Stream(0, "start").normal(range(4), 3)
    slope = torch.tensor([1.0, 2.0, -2.0])
    goals = (start @ slope)[:, None] + torch.tensor([1.5, 3.0, 600.0])
    found = climb(lambda x: x @ slope, start, goals=goals, step=0.1, room=Room(), steps=30)
    assert found.reached[:, :2].all()
    assert not found.reached[:, 2].any()
    for goal in range(2):
        assert torch.allclose(found.at[:, goal] @ slope, goals[:, goal], atol=1e-3)
        assert torch.allclose(found.at[:, goal] - start, slope * (1.5 + 1.5 * goal) / 9, atol=1e-3)
    assert torch.equal(found.at[:, 2], start)


def test_a_peak_ends_the_climb() -> None:
    start = torch.tensor([[1.0, 1.0]])
    found = climb(lambda x: -x.square().sum(1), start, goals=torch.tensor([[1.0]]), step=0.3, room=Room(), steps=200)
    assert float(found.score) > -1e-4
    assert not found.reached.any()


def test_brightness_is_what_changes_and_frames_are_equal_steps_of_the_score() -> None:
    gan, data = tiny(brightness), greys(100)
    found = climbs(gan, measurers_for(SMALL), data, plan=PLAN)
    arrays = found.frames.arrays
    for way in ("latent", "picture"):
        score = gan.realness(torch.tensor(arrays[way]).flatten(0, 1)).reshape(3, 4)
        steps = (score[:, 1:] - score[:, :-1])[torch.tensor(arrays[f"{way}_reached"][:, 1:])]
        assert len(steps) > 3
        assert torch.allclose(steps, steps[0], rtol=0.01)
    assert found.changed is not None
    at = found.changed.units.index("brightness")
    assert found.changed.arrays["verdict"][at] == "present"
    assert "brightness +" in found.changed.note
    assert abs(found.changed.arrays["control"][at]) < 0.5 * found.changed.arrays["effect"][at]
    assert found.realism is not None
    assert found.realism.arrays["n"][0] == 12


def halves(x: Tensor) -> Tensor:
    """The upper half less the lower: brightness has no part in it."""
    return (x[:, 0, :3] - x[:, 0, 3:]).mean((1, 2))


class Blocks(nn.Module):
    """Brightness by the first number of the latent, the upper half against the lower by the second."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.1))

    def forward(self, z: Tensor) -> Tensor:
        up = torch.tensor([1.0, 1, 1, -1, -1, -1])[:, None].expand(SIDE, SIDE)
        return (self.weight * (z[:, :1, None, None] + z[:, 1:2, None, None] * up)).clamp(-1, 1)


def test_a_concept_that_the_score_ignores_is_not_claimed() -> None:
    gan = GAN(Blocks(), Normal(3), SMALL, Looks(halves), Score("unbounded"))
    found = climbs(gan, measurers_for(SMALL)[:1], plan=PLAN)
    assert found.realism is None
    assert found.changed is not None
    assert found.changed.units == ("brightness",)
    assert found.changed.arrays["verdict"][0] == "absent"
    assert abs(found.changed.arrays["effect"][0]) < 0.05


@pytest.mark.parametrize(
    ("aside", "verdict", "twin"),
    [(0.0, "present", 1.0), (0.3, "absent", 1.0), (0.0, "undetermined", -1.0), (-0.1, "present", 1.0)],
)
def test_a_change_needs_more_than_chance_and_a_twin_that_agrees(aside: float, verdict: str, twin: float) -> None:
    def told(pictures: Tensor) -> Tensor:
        return pictures.mean((1, 2, 3))[:, None]

    panel = Panel((Measurer("light", ("light",), "score", told, twin=lambda x: twin * told(x)),))
    before = 0.01 * Stream(0, "b").normal(range(20), 1, SIDE, SIDE)
    noise = 0.0002 * Stream(0, "n").normal(range(20), 1, SIDE, SIDE)
    found = changes_of(tiny(), panel, [before, before + 0.3, before + aside + noise], how=Compared())
    assert found.arrays["verdict"][0] == verdict
    assert np.sign(round(float(found.arrays["control"][0]), 1)) == np.sign(aside)


class Flat(nn.Module):
    """Plain greys, of one latent; the rest of the latent does nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.1))

    def forward(self, z: Tensor) -> Tensor:
        return (self.weight * z[:, :1, None, None]).expand(-1, 1, SIDE, SIDE).clamp(-1, 1)


class Hungry(nn.Module):
    """Wants brightness, and pixel noise of one pattern even more."""

    def __init__(self) -> None:
        super().__init__()
        pattern = torch.where(Stream(0, "p").normal(range(SIDE), SIDE) > 0, 1.0, -1.0)
        self.weight = nn.Parameter(0.05 + pattern - pattern.mean())

    def forward(self, x: Tensor) -> Tensor:
        return (x[:, 0] * self.weight).sum((1, 2))


def test_noise_that_the_critic_likes_is_told_from_pictures() -> None:
    gan = GAN(Flat(), Normal(3), SMALL, Hungry(), Score("unbounded"))
    levels = torch.linspace(60, 200, 100).round().to(torch.uint8)
    data = stored("flat", "held-out", pictures=levels[:, None, None, None].expand(-1, 1, SIDE, SIDE).clone())
    found = climbs(gan, real=data, plan=PLAN)
    assert found.realism is not None
    assert "no picture" in found.realism.note
    ratio = found.realism.arrays["ratio"]
    assert ratio[1, 1] > ratio[1, 0]


def test_nothing_is_left_behind_and_a_rerun_is_the_same() -> None:
    gan = tiny(linear)
    critic = critic_of(gan).train()
    first, second = (climbs(gan, plan=PLAN).frames.arrays for _ in range(2))
    assert critic.training
    assert all(weight.grad is None for weight in critic.parameters())
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_bad_plans_are_refused() -> None:
    with pytest.raises(UsageError, match="two or more starts"):
        ClimbPlan(n=1)
    with pytest.raises(UsageError, match="above 0"):
        ClimbPlan(stride=0)
