"""The nearest flip is the closed form where there is one, no farther than brute force elsewhere, and beats chance."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from shared_tiny import DIM, SIDE, Linear, direction, greys, linear, tiny
from torch import Tensor, nn

from ganatomy.errors import InputError, UsageError
from ganatomy.explain.critic.samples.flips import WAYS, FlipPlan, FlipsFound, apart, flips
from ganatomy.explain.critic.samples.flips_told import median_of
from ganatomy.explain.critic.samples.nearest import NORMS, Room, nearest
from ganatomy.explain.critic.samples.robustness import robustness
from ganatomy.explain.critic.samples.starts import random_step, starts
from ganatomy.explain.critic.scorer import critic_of
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Latent, Normal, Sphere, Uniform
from ganatomy.numerics.distances import neighbours
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format, Score

PLAN = FlipPlan(n=6, draws=5, n_judge=40, shown=2, steps=25)


@pytest.fixture(scope="module", name="found")
def _found() -> FlipsFound:
    return flips(tiny(linear), greys(100, shift=0.02), plan=PLAN)


def test_of_a_linear_critic_sizes_are_the_closed_forms(found: FlipsFound) -> None:
    told, w = found.told.arrays, 2 * direction()
    a = Linear().weight.detach()
    margin = np.abs(told["score"] - found.cut.threshold)
    size = told["size"]
    assert np.allclose(size[:, 0], margin / float(w.norm()), rtol=0.01)
    assert np.allclose(size[:, 1], margin / float(w.abs().sum()), rtol=0.01)
    made = told["sort"] == "generated"
    assert np.allclose(size[made, 2], margin[made] / float((a.T @ w).norm()), rtol=0.01)
    assert np.isnan(size[~made, 2]).all()
    assert np.allclose(told["relative"][:, 0], size[:, 0] / 2 / SIDE)
    assert np.allclose(told["relative"][:, 1], size[:, 1] / 2)
    assert np.allclose(told["change"][:, 0], size[:, 0], rtol=1e-3)


def test_what_is_shown_has_flipped_and_stays_in_range(found: FlipsFound) -> None:
    gan, shown = tiny(linear), found.shown.arrays
    assert [unit.split()[0] for unit in found.shown.units] == ["real", "real", "generated", "generated"]
    for at in range(len(WAYS)):
        rows = shown["tried"][:, at]
        before = gan.realness(torch.tensor(shown["before"][rows]))
        after = gan.realness(torch.tensor(shown["after"][rows, at]))
        assert bool(((before > found.cut.threshold) != (after > found.cut.threshold)).all())
    assert np.abs(shown["after"]).max() <= 1


def test_random_changes_of_that_size_seldom_do_it(found: FlipsFound) -> None:
    told = found.told.arrays
    assert np.nanmean(told["random"][:, 0]) < 0.1
    assert "an upper bound" in found.told.note
    assert "all 6 flip" in found.told.note
    data = greys(100, shift=0.02)
    flat = data.read(range(100)).flatten(1)
    assert apart(tiny(), data, 1000) == float(neighbours(flat, flat, skip_self=True)[0].median())
    assert np.allclose(told["neighbours"][:, 0], told["change"][:, 0] / apart(tiny(), data, 1000))


def test_curves_fall_from_one_hold_the_found_sizes_and_lie_below_chance(found: FlipsFound) -> None:
    curve = robustness(tiny(linear), found, greys(100, shift=0.02), plan=PLAN).arrays
    assert (curve["kept"][0, :, :2] == 1).all()
    falls = np.diff(curve["kept"], axis=0)
    assert (falls[np.isfinite(falls)] <= 0).all()
    rows = found.told.arrays["sort"] == "real"
    for step in (3, 8):
        size = curve["size"][step, 0]
        assert curve["kept"][step, 0, 0] == np.mean(found.told.arrays["size"][rows, 0] > size)
    with np.errstate(invalid="ignore"):
        assert np.nanmean(curve["chance"] - curve["kept"]) > 0.1
        assert not (curve["low"] > curve["kept"]).any()
    assert np.isnan(curve["kept"][:, 0, 2]).all()


def circle(x: Tensor) -> Tensor:
    return x.square().sum(1) - 4


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_no_point_of_a_fine_grid_is_nearer(norm: str) -> None:
    def bent(x: Tensor) -> Tensor:
        return x[:, 1] - 0.3 * (3 * x[:, 0]).sin() - 0.2 * x[:, 0].square()

    start = Stream(4, "points").uniform(range(12), 2) * 2 - 1
    found = nearest(bent, start, norm=norm, room=Room(bounds=(-2.0, 2.0)), steps=60)
    axis = torch.linspace(-2, 2, 801)
    grid = torch.stack(torch.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    side = bent(grid) > 0
    best = torch.stack([NORMS[norm].size(grid[side != (bent(p[None]) > 0)] - p).min() for p in start])
    assert bool((found.size >= best - 0.01).all())
    near = found.size <= 1.02 * best + 0.005
    assert int(near.sum()) >= 11  # a flip may be the nearest of its surroundings alone
    assert bool((found.size <= 1.3 * best).all())


def test_of_a_circle_the_distance_is_that_to_its_rim() -> None:
    start = Stream(0, "points").normal(range(20), 2)
    found = nearest(circle, start, norm="l2")
    assert torch.allclose(found.size, (start.norm(dim=1) - 2).abs().double(), rtol=0.01, atol=1e-4)


def test_one_by_one_is_the_same_and_what_cannot_flip_says_so() -> None:
    start = Stream(0, "points").normal(range(5), 2)
    whole = nearest(circle, start, norm="linf")
    alone = torch.cat([nearest(circle, start[at : at + 1], norm="linf").size for at in range(5)])
    assert torch.allclose(whole.size, alone, rtol=1e-5)
    never = nearest(lambda x: x.square().sum(1) + 1, start, norm="l2")
    assert not bool(never.reached.any())
    assert bool(torch.isinf(never.size).all())
    assert torch.equal(never.at, start)


def test_bounds_are_kept_and_make_flips_dearer() -> None:
    start = torch.full((1, 4), 0.9)
    slope = torch.tensor([10.0, 1.0, 1.0, 1.0])

    def low(x: Tensor) -> Tensor:
        return 12.9 - x @ slope  # the first value alone would do it, and has no room

    found = nearest(low, start, norm="l2", room=Room(bounds=(-1.0, 1.0)))
    free = nearest(low, start, norm="l2")
    assert float(free.size) == pytest.approx(float(low(start)) / float(slope.norm()), rel=1e-3)
    assert float(found.size) > float(free.size)
    assert float(found.at.max()) <= 1
    assert float(low(found.at)) <= 0


@pytest.mark.parametrize("latent", [Normal(DIM), Uniform(DIM), Sphere(DIM)])
def test_latents_stay_where_the_prior_is(latent: Latent) -> None:
    found = flips(tiny(linear, latent=latent), greys(100, shift=0.02), plan=PLAN)
    sizes = found.told.arrays["size"][found.told.arrays["sort"] == "generated", 2]
    assert np.isfinite(sizes).any()


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_random_steps_are_as_long_as_asked_where_there_is_room(norm: str) -> None:
    black = torch.full((3, 1, SIDE, SIDE), -1.0)
    size = torch.tensor([0.0, 0.1, 0.3])
    noise = Stream(0, "n").normal(range(3), 1, SIDE, SIDE)
    moved = random_step(black, size, norm=norm, room=Room(bounds=(-1.0, 1.0)), noise=noise)
    assert torch.allclose(NORMS[norm].size(moved - black), size, atol=1e-5)
    assert float(moved.min()) >= -1
    if norm == "linf":  # where there is no room outward every value moves inward
        assert torch.allclose((moved - black).flatten(1), size[:, None].expand(-1, SIDE * SIDE), atol=1e-5)
    assert bool((random_step(black, size, norm=norm, room=Room(), noise=noise) != black)[1:].all())


def test_medians_allow_for_what_was_never_found() -> None:
    middle, within = median_of(torch.tensor([1.0, 2, 3, math.inf, math.inf, math.inf, 0.5]).double())
    assert middle == 3
    assert within.low == 0.5
    assert within.high == math.inf
    covered = 0
    for trial in range(200):
        covered += 0 in median_of(Stream(trial, "m").normal(range(31), 1)[:, 0].double())[1]
    assert covered >= 185


def test_nothing_is_left_on_the_networks_and_inputs_stay() -> None:
    gan, data = tiny(linear), greys(100)
    critic = critic_of(gan).train()
    begun = starts(gan, data, n=3, seed=0)["real"].pictures.clone()
    flips(gan, data, plan=PLAN)
    assert critic.training
    assert all(weight.grad is None and weight.requires_grad for weight in critic.parameters())
    assert torch.equal(begun, starts(gan, data, n=3, seed=0)["real"].pictures)


def test_what_cannot_be_done_is_said() -> None:
    with pytest.raises(UsageError, match="without real data"):
        flips(tiny(), plan=PLAN)
    assert flips(tiny(score=Score("logit")), plan=PLAN).cut.threshold == 0
    with pytest.raises(UsageError, match="without gradients"):
        nearest(lambda x: x.detach().sum(1), torch.ones(2, 2), norm="l2")
    with pytest.raises(InputError, match="NaN"):
        nearest(lambda x: x.sum(1).sqrt() * float("nan"), torch.ones(2, 2), norm="l2")
    with pytest.raises(UsageError, match="one or more"):
        FlipPlan(n=0)


def test_points_of_a_plane_flip_too() -> None:
    class Plane(nn.Module):
        def __init__(self, weight: list[list[float]]) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.tensor(weight))

        def forward(self, x: Tensor) -> Tensor:
            return x @ self.weight

    gan = GAN(Plane([[1.0, 0.5], [0.0, 2.0]]), Normal(2), Format.point(2), Plane([[3.0], [4.0]]), Score("logit"))
    found = flips(gan, plan=PLAN).told.arrays
    assert np.allclose(found["size"][:, 0], np.abs(found["score"]) / 5, rtol=0.01)
    assert np.allclose(found["relative"][:, 0], found["size"][:, 0])
    assert np.allclose(found["size"][:, 2], np.abs(found["score"]) / np.hypot(5, 8), rtol=0.01)


def test_groups_that_are_not_heeded_are_said_and_numbers_are_those_of_the_data() -> None:
    data = replace(greys(100, shift=0.02), groups=torch.arange(100) // 10)
    plan = FlipPlan(n=3, draws=2, n_judge=40, shown=1, steps=5)
    found = flips(tiny(linear), data, plan=plan)
    assert "take pictures of one group as independent" in found.told.note
    assert "take pictures of one group as independent" in robustness(tiny(linear), found, data, plan=plan).note
    number = int(found.told.arrays["number"][0])
    assert found.told.units[0] == f"real {number}"
    assert np.allclose(found.shown.arrays["before"][0], data.read([number])[0])


def test_a_margin_of_zero_is_no_flip_from_the_generated_side() -> None:
    start = torch.tensor([[-1.0], [1.0]])
    found = nearest(lambda x: x[:, 0].clamp(max=0.0), start, norm="l2")
    assert found.reached.tolist() == [False, False]
