"""Three ways to ablate a set, against the same edits by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.generator.concept_at import Latents, concept_at
from ganatomy.explain.generator.panel_at import SetEffects, panel_at, set_effects
from ganatomy.explain.generator.plan import REFERENCE
from ganatomy.explain.generator.set_claims import set_claims
from ganatomy.explain.generator.unit_sets import SetPlan, judge_set
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.results.formats import Format


class Two(nn.Module):
    """Units are the latents, half of them shifted below zero; the point is (u0 - u1 + 1, |u2|)."""

    def __init__(self) -> None:
        super().__init__()
        self.units = nn.Identity()

    def forward(self, z: Tensor) -> Tensor:
        u = self.units(z + torch.tensor([2.0, -2.0, 0.0, 3.0]))
        return torch.stack([u[:, 0] - u[:, 1] + 1, u[:, 2].abs()], 1)


GAN_OF_TWO = GAN(Two(), Normal(4), Format.point(2))
BOTH = Measurer("xy", ("x", "y"), "score", lambda points: points)
LATENTS = Latents(1, range(REFERENCE, REFERENCE + 100))


def test_each_way_is_the_edit_by_hand_turned_to_where_zero_goes() -> None:
    at = panel_at(GAN_OF_TWO, "units", [BOTH], seed=1)
    done = set_effects(at, (0, 1), LATENTS)
    shift = torch.tensor([2.0, -2.0, 0.0, 3.0])
    sample = GAN_OF_TWO.latent.sample(1, range(REFERENCE + 200)) + shift
    seen, own, other = sample[:REFERENCE], sample[REFERENCE : REFERENCE + 100], sample[REFERENCE + 100 :]
    sd, mean = (seen[:, 0] - seen[:, 1]).std(), seen.mean(0)
    does = seen[:128, :2].mean(0) * torch.tensor([-1.0, 1.0])  # each alone to x, when set to zero
    for way, new in enumerate((torch.zeros(100, 2), seen[:, :2].mean(0).expand(100, 2), other[:, :2])):
        change = (new - own[:, :2]) @ torch.tensor([1.0, -1.0]) / sd
        turned = -((own[:, :2] - new) * does / mean[:2]).sum(1).sign() if way else 1
        assert torch.allclose(done.changes[:, way, 0], (change * turned).double(), atol=1e-5), way
    assert not done.changes[:, :, 1].any()
    assert (done.changes[:, :, 0].mean(0) < -0.5).all(), "also where a unit is below zero"


def test_the_share_of_nearer_natural_activations_is_that_of_the_edited_ones() -> None:
    at = panel_at(GAN_OF_TWO, "units", [BOTH], seed=1)
    done = set_effects(at, (0, 1, 3), LATENTS)
    own = GAN_OF_TWO.latent.sample(1, LATENTS.indices) + torch.tensor([2.0, -2.0, 0.0, 3.0])
    own[:, [0, 1, 3]] = 0
    wanted = at.natural.manifold.place(own[:, :, None]).before().mean()
    assert float(done.unlike[0]) == pytest.approx(float(wanted), abs=1e-9)
    assert done.unlike[0] > 0.9 > done.unlike[2]


def test_ablations_that_disagree_are_reported_and_claim_nothing() -> None:
    """y is |u2|: by zero it falls, by the mean (0) as well, by another sample's value it does not on average."""
    at = panel_at(GAN_OF_TWO, "units", [BOTH], seed=1)
    target = concept_at(GAN_OF_TWO, "units", BOTH, 1, latents=Latents(1, range(64)))
    finding = judge_set(target, (2,), LATENTS, at=at, plan=SetPlan(controls=2))
    assert finding.effect < -1
    assert finding.arrays["verdict"][0, 1] == 1
    assert finding.verdict == "undetermined"
    assert "The ablations disagree." in finding.note
    x = concept_at(GAN_OF_TWO, "units", BOTH, 0, latents=Latents(1, range(64)))
    assert "The ablations disagree on 1: xy: y" in judge_set(x, (2,), LATENTS, at=at, plan=SetPlan(controls=2)).note


class Either(nn.Module):
    """x is drawn by either of two units; a third, which comes and goes by itself, draws y and takes a fifth of x."""

    def __init__(self) -> None:
        super().__init__()
        self.units = nn.Identity()

    def forward(self, z: Tensor) -> Tensor:
        u = self.units((z > 0).float()[:, [0, 0, 1, 2]])
        return torch.stack([u[:, 0].maximum(u[:, 1]) - 0.2 * u[:, 2], u[:, 2]], 1)


def test_units_of_a_set_that_go_their_own_ways_do_not_hide_each_other() -> None:
    """x and y each lose what their own units do, though these seldom fall together; alone only the third changes x."""
    gan = GAN(Either(), Normal(3), Format.point(2))
    at = panel_at(gan, "units", [BOTH], seed=1)
    zero, mean, resample = set_effects(at, (0, 1, 2), LATENTS).changes.mean(0) * at.spread
    assert torch.allclose(zero, torch.tensor([-0.4, -0.5], dtype=torch.float64), atol=0.15)
    assert torch.allclose(mean, torch.tensor([-0.5, -0.5], dtype=torch.float64), atol=0.1)
    assert torch.allclose(resample, torch.tensor([-0.45, -0.5], dtype=torch.float64), atol=0.15)


def test_ways_that_are_present_to_different_sides_disagree() -> None:
    at = panel_at(GAN_OF_TWO, "units", [BOTH], seed=1)
    noise = 0.1 * torch.sin(torch.arange(50.0, dtype=torch.float64))[:, None, None]
    changes = torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64)[None, :, None] + noise.expand(50, 3, 2)
    claims = set_claims(SetEffects(changes, torch.zeros(3)), at, 0, smallest=0.1)
    assert [effect.verdict for effect in claims.own] == ["present"] * 3
    assert claims.verdict == "undetermined"
    assert "The ablations disagree." in claims.note
    assert "The ablations disagree on 1: xy: y" in claims.note
