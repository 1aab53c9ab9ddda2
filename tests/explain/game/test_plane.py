"""A critic with a known field, pulls with known directions, latents that go where they are sent."""

from __future__ import annotations

import pytest
import torch
from oracles_geometry import gan_of
from torch import Tensor, nn

from ganatomy.data.worlds import WORLDS
from ganatomy.errors import UsageError
from ganatomy.explain.game.plane import field, pulled, trajectories
from ganatomy.explain.game.plane_near import estimated
from ganatomy.games.losses import LOSSES
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.results.formats import Format, Score
from ganatomy.theory.densities import gaussian

REAL = torch.tensor([[1.0, 0.0], [2.0, 0.0], [-1.0, 0.0], [3.0, 1.0]])


class Slope(nn.Module):
    def __init__(self, shift: float = 0.0, turned: float = 1.0) -> None:
        super().__init__()
        self.shift, self.turned = shift, turned

    def forward(self, x: Tensor) -> Tensor:
        return self.turned * (x[:, 0] - self.shift)


def gan(shift: float = 0.0, score: Score | None = None, turned: float = 1.0) -> GAN:
    return GAN(nn.Identity(), Normal(2), Format.point(2), Slope(shift, turned), score or Score("logit"))


def test_the_field_is_the_critic_s_and_rows_go_upwards() -> None:
    found = field(gan(0.5), REAL, n=50, side=11)
    x = found.arrays["x"]
    for row in found.arrays["score"]:
        assert row == pytest.approx(x - 0.5, abs=1e-5)
    assert found.arrays["real_scores"] == pytest.approx([0.5, 1.5, -1.5, 2.5])
    assert "75.0% [" in found.note
    assert float(found.arrays["level"]) == 0.0
    turned = field(gan(0.5, Score("logit", "fake"), -1.0), REAL, n=50, side=11)
    assert turned.arrays["score"] == pytest.approx(found.arrays["score"])


def test_an_unbounded_score_is_undecided_where_its_loss_is_or_half_way() -> None:
    unbounded = gan(0.0, Score("unbounded"))
    made = unbounded.sample(0, range(50))[:, 0].double().mean()
    half = 0.5 * (float(made) + 1.25)
    assert float(field(unbounded, REAL, n=50, side=5).arrays["level"]) == pytest.approx(half)
    assert float(field(unbounded, REAL, loss=LOSSES["wasserstein"], n=50, side=5).arrays["level"]) == pytest.approx(
        half
    )
    assert float(field(unbounded, REAL, loss=LOSSES["hinge"], n=50, side=5).arrays["level"]) == 0.0
    assert len(field(unbounded, n=50, side=5).arrays["real"]) == 0


def test_pulls_beside_those_of_the_best_critic() -> None:
    loss, p = LOSSES["non-saturating"], gaussian([1.0, 0.0], torch.eye(2))
    against = estimated(gan(0.5), p)
    found = pulled(gan(0.5), loss, REAL, against=against, n=40)
    x = torch.as_tensor(found.arrays["samples"].copy())[:, 0]
    assert found.arrays["pull"][:, 0] == pytest.approx(torch.sigmoid(0.5 - x).numpy(), abs=1e-5)  # 1 - D
    assert found.arrays["pull"] == pytest.approx(found.arrays["best"], abs=1e-4)
    assert found.arrays["cosine"] == pytest.approx(1.0)
    away = pulled(gan(0.5, turned=-1.0), loss, REAL, against=against, n=40)
    assert away.arrays["cosine"] == pytest.approx(-1.0)
    assert "0.0% [0.0%" in away.note
    assert "best" not in pulled(gan(), loss, REAL, n=5).arrays
    stepped = pulled(gan(), LOSSES["hinge"], REAL, against=against, n=5)
    assert "is a step" in stepped.note
    assert pulled(gan(), LOSSES["relativistic"], REAL, n=5).arrays["pull"].shape == (5, 2)


def test_trajectories_of_a_generator_that_is_moved() -> None:
    world = WORLDS["grid25"]()
    shifts = {"round 1": 0.0, "round 2": 0.2, "round 3": 2.2}
    gans = {
        name: gan_of(lambda z, by=by: 0.01 * z + z.new_tensor([by, 0.0]), 2, 2)  # type: ignore[misc]
        for name, by in shifts.items()
    }
    found = trajectories(gans, n=30, world=world)
    steps = found.arrays["places"][1:] - found.arrays["places"][:-1]
    assert steps[0] == pytest.approx(torch.tensor([0.2, 0.0]).expand(30, 2).numpy(), abs=1e-6)
    assert found.arrays["moved"].tolist() == pytest.approx([0.0, 0.2, 2.0])
    assert found.arrays["changed"].tolist() == [0, 0, 30]
    assert "most by round 3, 100.0%" in found.note
    assert found.units == tuple(shifts)
    assert "changed" not in trajectories(gans, n=5).arrays
    still = trajectories({"round 1": gans["round 1"], "round 2": gans["round 2"]}, n=5, world=world)
    assert still.arrays["changed"].tolist() == [0, 0]


def test_one_checkpoint_or_pictures_are_refused() -> None:
    with pytest.raises(UsageError, match="asked of 1 checkpoint"):
        trajectories({"now": gan()})
    with pytest.raises(UsageError, match="points of two numbers"):
        field(gan_of(lambda z: z[:, :1], 2, 1))
