"""The best critic reads the floor, others more; the mean over points is the integral of theory."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.explain.game.plane_near import READINGS, Against, best_for, estimated, evenly, near, near_map
from ganatomy.games.losses import LOSSES
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.results.explanation import Explanation
from ganatomy.results.formats import Format, Score
from ganatomy.theory.densities import gaussian
from ganatomy.theory.estimates import kernel_estimate
from ganatomy.theory.optimal import optimum
from ganatomy.theory.regret import nearness

LOSS = LOSSES["non-saturating"]
P = gaussian([1.0, 0.0], torch.eye(2))  # the generator makes N(0, I): the log ratio is x - 1/2


class Shifted(nn.Module):
    """An affine generator where `bend` is 0."""

    def __init__(self, bend: float = 0.0) -> None:
        super().__init__()
        self.bend = bend

    def forward(self, z: Tensor) -> Tensor:
        return z + self.bend * z.square()


class Lines(nn.Module):
    def __init__(self, slope: float, shift: float) -> None:
        super().__init__()
        self.slope, self.shift = slope, shift

    def forward(self, x: Tensor) -> Tensor:
        return self.slope * x[:, 0] + self.shift


def gan(slope: float = 1.0, shift: float = -0.5, bend: float = 0.0) -> GAN:
    return GAN(Shifted(bend), Normal(2), Format.point(2), Lines(slope, shift), Score("logit"))


def reading(found: Explanation, name: str, column: str = "value") -> float:
    return float(found.arrays[column][READINGS.index(name)])


def test_the_exact_best_critic_loses_nothing_and_a_wrong_one_does() -> None:
    against = estimated(gan(), P)
    assert against.exact
    best = near(gan(), LOSS, against, n=2000)
    assert best.arrays["value"] == pytest.approx(0.0, abs=1e-5)
    assert best.arrays["floor"] == pytest.approx(0.0, abs=1e-9)
    assert "known exactly" in best.note
    wrong = near(gan(-1.0, 0.5), LOSS, against, n=2000)
    assert reading(wrong, "share of the loss left") > 1
    assert reading(wrong, "regret", "low") > 0.1
    assert float(wrong.arrays["won_on_fresh"][0][1]) > 0.1  # on fresh samples too
    assert "at least" in wrong.note
    silent = near(gan(0.0, 0.0), LOSS, against, n=2000)
    assert reading(silent, "share of the loss left") == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["non-saturating", "least-squares", "hinge"])
def test_the_mean_over_points_is_the_integral(name: str) -> None:
    loss, slowly = LOSSES[name], near(gan(0.7), LOSSES[name], estimated(gan(), P), n=20_000)
    q = gaussian([0.0, 0.0], torch.eye(2))
    exact = nearness(loss, Scorer(gan(0.7)), P, q)
    wide = 1.5 * (slowly.arrays["high"] - slowly.arrays["low"])
    assert reading(slowly, "regret") == pytest.approx(exact.regret.value, abs=wide[0])
    assert reading(slowly, "mean |D - D*|") == pytest.approx(exact.gap, abs=wide[2])
    if name == "non-saturating":
        assert reading(slowly, "log ratio, weighted") == pytest.approx(exact.weighted, abs=wide[3])
        # Evenly over discs around the components, where theory is even over a box: both end at e^-8 of the highest.
        assert reading(slowly, "log ratio, unweighted") == pytest.approx(exact.unweighted, rel=0.1)


def test_with_an_estimate_the_best_critic_is_within_the_floor() -> None:
    bent = gan(bend=1e-3)  # no longer affine, and as good as
    against = estimated(bent, P, n=400)
    assert not against.exact
    assert "400 samples" in against.said
    found = near(bent, LOSS, against, n=2000)
    assert reading(found, "regret") < 1.5 * reading(found, "regret", "floor")
    assert reading(found, "regret", "floor") < 0.5 * reading(found, "regret", "undecided")
    assert float(found.arrays["won_on_fresh"][0][1]) <= 0  # no estimate beats the best
    wrong = near(gan(-1.0, 0.5, 1e-3), LOSS, against, n=2000)
    assert reading(wrong, "regret") > 5 * reading(wrong, "regret", "floor")
    assert reading(wrong, "regret", "second_estimate") == pytest.approx(reading(wrong, "regret"), rel=0.2)


def test_the_best_critic_for_an_estimate_is_sure_of_nothing_beyond_its_samples() -> None:
    far = torch.tensor([[50.0, 0.0], [0.0, 0.0]], dtype=torch.float64)
    scores = best_for(optimum(LOSS), P, gaussian([0.0, 0.0], torch.eye(2)), most=3.0)(far)
    assert scores.tolist() == pytest.approx([3.0, -0.5])


def test_the_map_is_that_of_theory() -> None:
    against = estimated(gan(), P)
    found = near_map(gan(), LOSS, against, side=21)
    assert found.arrays["found"] == pytest.approx(found.arrays["best"], abs=1e-4)
    assert found.arrays["regret"] == pytest.approx(0.0, abs=1e-6)
    assert found.arrays["x"].shape == (21,)


def test_pairs_are_refused_and_nothing_is_left_behind() -> None:
    made = gan()
    made.generator.train()
    against = estimated(made, P)
    assert made.generator.training
    with pytest.raises(UsageError, match="its loss is of pairs"):
        near(made, LOSSES["relativistic"], against)
    with pytest.raises(UsageError, match="potential"):
        near_map(made, LOSSES["wasserstein"], against)
    assert replace(against, width=0.1).told < 10
    assert isinstance(against, Against)


def test_places_covered_often_are_looked_at_once() -> None:
    """Ten kernels lie on one another and one far off, of equal width: half of the area each."""
    near_by = torch.cat([torch.zeros(9, 2), torch.full((1, 2), 20.0)])
    q = kernel_estimate(near_by, bandwidth=1.0)
    p = gaussian([0.0, 0.0], torch.eye(2))
    found = evenly(Against(p, p, q, q, 1.0, 10), Stream(0, "even"), 2000)
    assert (found[:, 0] > 10).double().mean() == pytest.approx(0.5, abs=0.05)
    inside = found[found[:, 0] < 10].norm(dim=1)
    assert (inside < 2).double().mean() == pytest.approx(0.25, abs=0.05)  # of a disc of radius 4
