"""Is it continuous? Planted steps are, steep ridges, kinks and cusps are not, called jumps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from oracles_geometry import gan_of, linear_gan, matrix, pretrained
from oracles_memory import every, tensors_alive
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.latent.continuity import answer, continuity, scale_test
from ganatomy.explain.latent.jumps import JUMP, UNDETERMINED, refined, stepped
from ganatomy.explain.latent.jumps import SMOOTH as SMOOTH_STEP
from ganatomy.explain.latent.paths import path
from ganatomy.explain.latent.surface import surface
from ganatomy.features.space import random_projection
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal, Sphere
from ganatomy.models.mlp import MLP
from ganatomy.results.formats import Format

WEIGHTS = matrix(4, 2)


def smooth(z: Tensor) -> Tensor:
    return z @ WEIGHTS.T.to(z)


def step(z: Tensor) -> Tensor:
    """A hard threshold on the first coordinate."""
    return smooth(z) + 20 * (z[:, :1] > 0).to(z.dtype)


SMOOTH: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": smooth,
    "steep": lambda z: smooth(z) + 20 * torch.tanh(1e4 * z[:, :1]),
    "steeper": lambda z: smooth(z) + 20 * torch.tanh(1e6 * z[:, :1]),
    "kinks": lambda z: smooth(torch.relu(50 * z - 3)),
    "cusp": lambda z: smooth(z) + 20 * z[:, :1].abs().clamp(min=1e-300).sqrt(),
}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_planted_step_is_found_on_just_the_paths_that_cross_it(dtype: torch.dtype) -> None:
    found = continuity(gan_of(step, 2, 4, dtype=dtype), 24)
    told = answer(found)
    signs = Normal(2).sample(0, range(48))[:, 0].reshape(24, 2) > 0
    across = (signs[:, 0] != signs[:, 1]).numpy()
    assert (found.arrays["jumps"] == across).all()
    assert (told.verdict, told.jumping, told.paths) == ("discontinuous", across.sum(), 24)
    assert told.jumping / 24 in told.interval
    assert found.arrays["jump"].max(1)[across] == pytest.approx(np.full(across.sum(), 40.0), rel=1e-4)  # 20 in 4 values
    assert found.note.startswith("Discontinuous. ")


@pytest.mark.parametrize("kind", SMOOTH)
def test_what_is_steep_is_not_a_jump(kind: str) -> None:
    found = continuity(gan_of(SMOOTH[kind], 2, 4), 16)
    told = answer(found)
    assert (told.verdict, told.jumps) == ("continuous", 0), found.note
    assert told.interval.low == 0
    if kind.startswith("steep"):
        assert found.arrays["refined"].any(), "nothing was put to the test"
        assert "came apart into small ones" in found.note


def test_a_jump_inside_a_steep_ridge_is_not_explained_by_it() -> None:
    def both(z: Tensor) -> Tensor:
        return 20 * torch.tanh(1e4 * z[:, :1]) + 8 * (z[:, :1] > 3e-5).to(z.dtype) + 0 * smooth(z)

    found = continuity(gan_of(both, 2, 4), 12)
    assert found.arrays["jumps"].sum() == found.arrays["refined"].sum() > 2
    assert found.arrays["jump"].max() == pytest.approx(16, rel=1e-4)


def test_rounded_pictures_jump_everywhere() -> None:
    told = answer(continuity(gan_of(lambda z: (8 * smooth(z)).round() / 8, 2, 4), 4))
    assert (told.verdict, told.jumping) == ("discontinuous", 4)
    assert told.jumps > 40


def test_a_linear_generator_is_even() -> None:
    found = continuity(linear_gan(WEIGHTS), 4, steps=40)
    assert answer(found).spike == pytest.approx(1)
    assert found.arrays["speed"] == pytest.approx(found.arrays["speed"][:, :1].repeat(41, 1))
    assert found.arrays["fastest"] == pytest.approx(0.05)
    assert found.arrays["length"] == pytest.approx(found.arrays["apart"])
    assert not found.arrays["refined"].any()


def test_the_share_of_the_fastest_steps_is_the_closed_form() -> None:
    """tanh(k t) on [-2, 2]: the fastest 5 % of the way hold tanh(0.1 k) / tanh(2 k) of it."""
    seen = surface(gan_of(lambda z: torch.tanh(5 * z), 1, 1))
    way = path(Normal(1), torch.tensor([-2.0]).double(), torch.tensor([2.0]).double())
    lengths = stepped(seen, way, 200).lengths
    share = float(lengths.topk(10).values.sum() / lengths.sum())
    assert share == pytest.approx(0.4621, abs=1e-3)


def test_where_classes_change_the_steps_are_long() -> None:
    def two(z: Tensor) -> Tensor:
        return torch.cat([torch.tanh(4 * z[:, :1]), 0.1 * z], dim=1)

    gan = gan_of(two, 2, 3)
    classes = continuity(gan, 12, label=lambda x: (x[:, 0] > 0).long())
    across = Normal(2).sample(0, range(24))[:, 0].reshape(12, 2).sign().diff(dim=1)[:, 0].ne(0).numpy()
    assert (classes.arrays["crossing"].sum(1) == across).all()
    crossing = classes.arrays["crossing"]
    assert np.median(classes.arrays["step"][crossing]) > 3 * np.median(classes.arrays["step"][~crossing])
    assert "paths cross classes" in classes.note
    several = continuity(gan, 12, label=lambda x: torch.stack([x[:, 0], -x[:, 0], 0 * x[:, 0] - 9], dim=1))
    assert (several.arrays["crossing"] == crossing).all()
    score = continuity(gan, 12, label=lambda x: x[:, 0].double())
    assert score.arrays["crossing"].any()
    none = continuity(gan, 2, label=lambda x: torch.zeros(len(x), dtype=torch.long))
    assert "No path crosses" in none.note


def test_jumps_at_crossings_are_counted() -> None:
    found = continuity(gan_of(step, 2, 4), 12, label=lambda x: (x.sum(1) > 40).long())
    assert "jumps are there" in found.note


def test_a_path_is_the_same_alone() -> None:
    gan = GAN.fresh(MLP(Format.picture(1, 8), Sphere(4, classes=3), hidden=(16,)), 1)
    many, few = (continuity(gan, paths, steps=70) for paths in (4, 1))
    assert all((few.arrays[name][0] == values[0]).all() for name, values in many.arrays.items())
    there = continuity(gan, 1, space=random_projection(gan.format, 8))
    assert there.target.startswith("random-projection-8")


def test_without_forward_rules_in_float32_every_step_is_put_to_the_test() -> None:
    class Stubborn(torch.autograd.Function):
        @staticmethod
        def forward(ctx: object, x: Tensor) -> Tensor:
            if x.dtype == torch.float64:
                raise TypeError("float32 only")
            return x + 0

    gan = gan_of(lambda z: step(Stubborn.apply(z)), 2, 4, dtype=torch.float32)
    assert surface(gan).dtype == torch.float32
    assert (continuity(gan, 12).arrays["jumps"] == continuity(gan_of(step, 2, 4), 12).arrays["jumps"]).all()
    even = gan_of(lambda z: smooth(Stubborn.apply(z)), 2, 4, dtype=torch.float32)
    assert answer(continuity(even, 4)).verdict == "continuous"


def test_without_forward_rules_in_float64_jumps_are_found() -> None:
    class NoRule(torch.autograd.Function):
        @staticmethod
        def forward(ctx: object, x: Tensor) -> Tensor:
            return x + 0

    gan = gan_of(lambda z: step(NoRule.apply(z)), 2, 4)
    assert not surface(gan).forward
    assert (continuity(gan, 8).arrays["jumps"] == continuity(gan_of(step, 2, 4), 8).arrays["jumps"]).all()


def test_refinement_narrows_to_the_ridge() -> None:
    seen = surface(gan_of(lambda z: torch.tanh(1e5 * z), 1, 1))
    way = path(Normal(1), torch.tensor([-1.0]).double(), torch.tensor([1.1]).double())
    found = refined(seen, way, stepped(seen, way, 64))
    assert not ((found.verdicts == JUMP) | (found.verdicts == UNDETERMINED)).any()
    assert 1e-8 < float(found.widths[0]) < 1e-4, "the ridge is 1e-5 wide"


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        (lambda z: torch.tanh(2e10 * z), SMOOTH_STEP),
        (lambda z: z.sign() * z.abs().clamp(min=1e-300) ** 0.06, UNDETERMINED),
    ],
    ids=["a ridge at the limit of float64", "a cusp that hardly shrinks"],
)
def test_at_the_limit_nothing_is_called_a_jump(kind: Callable[[Tensor], Tensor], wanted: int) -> None:
    seen = surface(gan_of(kind, 1, 1))
    way = path(Normal(1), torch.tensor([-1.0]).double(), torch.tensor([1.1]).double())
    found = refined(seen, way, stepped(seen, way, 64))
    assert found.verdicts.tolist() == [wanted] * len(found.verdicts)
    assert len(found.verdicts)


def test_the_scale_test_has_slope_0_or_minus_1() -> None:
    level = scale_test(linear_gan(WEIGHTS), 256)
    assert float(level.arrays["slope"][0]) == pytest.approx(0, abs=1e-3)
    # All samples sit at a step: x = round(z) of tiny latents never far from it.
    edge = scale_test(gan_of(lambda z: (1e4 * z).floor() % 2, 2, 2), 256, scales=(1e-1, 1e-2, 1e-3))
    assert float(edge.arrays["slope"][0]) == pytest.approx(-1, abs=0.05)
    with pytest.raises(UsageError, match="1 samples"):
        scale_test(linear_gan(WEIGHTS), 1)


def test_a_real_generator_is_continuous() -> None:
    found = continuity(pretrained(), 3, steps=48, label=lambda pictures: pictures.mean((1, 2, 3)))
    assert answer(found).verdict == "continuous"
    assert 1 < answer(found).spike < 100


def test_of_a_path_only_its_steps_are_kept() -> None:
    """Five more paths of 151 pictures of 1000 numbers would be 3 megabytes; a path's row takes eight numbers a step."""
    gan = gan_of(lambda z: z.repeat(1, 500), 2, 1000)
    few, many = (
        tensors_alive(lambda look, paths=paths: continuity(gan, paths, steps=150, progress=every(look, paths)))
        for paths in (1, 6)
    )
    assert many - few < 2 * 5 * 150 * 8 * 8


def test_wrong_requests_are_refused() -> None:
    gan = gan_of(step, 2, 4)
    with pytest.raises(UsageError, match="0 paths"):
        continuity(gan, 0)
    with pytest.raises(UsageError, match=r"shape \(65, 2, 2\)|shape \(64, 2, 2\)"):
        continuity(gan, 1, label=lambda x: torch.zeros(len(x), 2, 2))


def test_of_pictures_that_never_change_no_speed_is_told() -> None:
    found = continuity(gan_of(lambda z: 0 * z, 2, 2), 3)
    assert "The pictures never change on any path." in found.note
    assert "inf" not in found.note
    assert "smaller than" not in found.note
    assert np.isnan(answer(found).spike)
    mostly = continuity(gan_of(lambda z: (z - 2).relu(), 2, 2), 6)
    assert "On most steps the pictures do not change." in mostly.note
    assert "inf" not in mostly.note
