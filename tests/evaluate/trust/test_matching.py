"""Units with and without partners."""

from __future__ import annotations

import itertools

import pytest
import torch
from shared_tiny import brightness, tiny
from torch import Tensor, nn

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.trust.matching import (
    assigned,
    concept_profiles,
    cosines,
    dealt_anew,
    exchanged,
    largest_of_all,
    matched,
    mismatched,
    responses,
    standing,
    unit_effects,
)
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.critic.lots import fakes
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format, Score

STREAM = Stream(0, "matching/tests")
MIX = STREAM.child("mix").normal(range(6), 6, dtype=torch.float64)


def law(name: str, n: int = 16) -> Tensor:
    return STREAM.child(name).normal(range(n), 6, dtype=torch.float64) @ MIX + 0.5


def test_assignment_is_the_best_of_all() -> None:
    table = STREAM.normal(range(5), 5, dtype=torch.float64)
    best = max(itertools.permutations(range(5)), key=lambda order: sum(float(table[i, j]) for i, j in enumerate(order)))
    assert assigned(table)[0].tolist() == list(best)
    partner, value = assigned(table[:, :3])
    assert sorted(partner.tolist())[:2] == [-1, -1]
    assert bool((value.isnan() == (partner < 0)).all())


def test_partners_are_found_again_under_other_numbers() -> None:
    order, first = STREAM.permutation(0, 24), law("a", 24)
    found = matched(first, first[order] + 0.05 * law("noise", 24), stream=STREAM, draws=39)
    assert found.partner.tolist() == order.argsort().tolist()
    assert found.p_all == 1 / 40
    assert found.readings["nearest in the other"].value > 0.95
    assert found.readings["units found again"].value == float(found.sure.double().mean()) > 0.1


def test_units_of_one_law_have_no_partners() -> None:
    """60 pairs of unrelated GANs: any false partner in about 5 %, all together in 5 %, shares at their floors."""
    found = [matched(law(f"a{at}"), law(f"b{at}"), stream=Stream(at, "null"), draws=39) for at in range(60)]
    assert sum(bool((each.p <= 0.05).any()) for each in found) / 60 < 0.12
    assert sum(each.p_all <= 0.05 for each in found) / 60 < 0.12
    nearest = [each.readings["nearest in the other"] for each in found]
    assert sum(each.value for each in nearest) / 60 == pytest.approx(nearest[0].floor, abs=0.04)
    alike = [each.readings["similarity of matched units"] for each in found]
    centre = sum(each.value for each in alike) / 60
    assert centre == pytest.approx(sum(each.floor or 0 for each in alike) / 60, abs=0.01)
    assert sum(centre in each.interval for each in alike if each.interval) / 60 > 0.9


def test_heavy_tails_do_not_pass_for_partners_of_all() -> None:
    heavy = [[law(f"{side}{at}", 12).pow(3) for side in "ab"] for at in range(80)]
    p = [exchanged(*pair, cosines, stream=Stream(at, "heavy"), draws=19) for at, pair in enumerate(heavy)]
    assert sum(each <= 0.05 for each in p) / 80 < 0.12


def test_nulls_keep_what_they_say() -> None:
    profiles = law("a", 12)
    dealt = dealt_anew(profiles, STREAM, 3)
    assert torch.allclose(dealt.mean(0), profiles.mean(0))
    axes = torch.linalg.svd(profiles - profiles.mean(0)).Vh.T
    assert torch.allclose((dealt @ axes).sort(0).values, (profiles @ axes).sort(0).values)
    many = torch.stack([dealt_anew(profiles, STREAM, draw).T.cov() for draw in range(300)]).mean(0)
    assert torch.allclose(many, profiles.T.cov(), atol=0.05 * float(profiles.T.cov().abs().max()))
    assert float(cosines(profiles, dealt).amax()) < 0.999
    other = mismatched(profiles, STREAM, 3)
    assert torch.equal(other.sort(1).values, profiles.sort(1).values)


def test_p_is_that_of_the_largest() -> None:
    chance = STREAM.normal(range(19), 3, dtype=torch.float64)
    found = largest_of_all(torch.tensor([9.0, 0.0, torch.nan], dtype=torch.float64), chance)
    assert found[0] == 1 / 20
    assert found[1] > 0.5
    assert found[2] == 1


class Two(nn.Module):
    """The latent's axes as units: the first makes the left half, the second the right one twice, the third nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.act = nn.ReLU()
        self.weight = nn.Parameter(torch.tensor([1.0, 2.0, 0.0]))

    def forward(self, z: Tensor) -> Tensor:
        left, right, _ = (self.act(z) * self.weight).unbind(1)
        rows = torch.stack([left, left, right, right], 1)
        return torch.tanh(rows[:, None, None].expand(-1, 1, 4, 4) * 0.1)


HALVES = Measurer("halves", ("left", "right"), "score", lambda x: x[:, 0].unflatten(2, (2, 2)).mean((1, 3)))


def test_effects_are_those_of_switching_a_unit_off() -> None:
    gan = GAN(Two(), Normal(3), Format.picture(1, 4), None, Score("logit"))
    mean, size = unit_effects(gan, [HALVES], "act", n=100)
    left = torch.tanh(0.1 * gan.latent.sample(0, range(100)).clamp(min=0)[:, 0].double())
    assert mean[0].tolist() == pytest.approx([-float(left.mean()), 0], abs=1e-6)
    assert size[0].tolist() == pytest.approx([float(left.square().mean().sqrt()), 0], abs=1e-6)
    assert float(mean[2].abs().max()) == 0
    profiles = concept_profiles(gan, [HALVES], "act", n=100)
    assert profiles.shape == (3, 4)
    assert torch.allclose(profiles, standing(torch.cat([mean, size], 1)))
    assert torch.allclose(profiles.std(0), torch.ones(4, dtype=torch.float64))


def test_flat_columns_say_nothing() -> None:
    assert standing(torch.full((4, 2), 3.0, dtype=torch.float64)).abs().max() == 0


def test_responses_of_a_critic_to_the_same_pictures() -> None:
    with STREAM.module_rng(0):
        critic = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32, 1))
    gan = tiny(brightness)
    gan = GAN(gan.generator, gan.latent, gan.format, critic, Score("unbounded"))
    lots = list(fakes(gan, 70, seed=0))
    found = responses(gan, lots, "1")
    pictures = torch.cat([lot.pictures for lot in lots])
    assert found.shape == (2, 70)
    assert torch.allclose(found, critic[:2](pictures).detach().double().mean((2, 3)).T, atol=1e-6)


def test_unusable_profiles() -> None:
    with pytest.raises(InputError, match="NaN"):
        matched(torch.full((3, 4), torch.nan), law("a"), stream=STREAM)
    with pytest.raises(UsageError, match="over 4 and 6"):
        matched(torch.ones(3, 4), law("a"), stream=STREAM)
    with pytest.raises(UsageError, match="draws"):
        matched(law("a"), law("b"), stream=STREAM, draws=5)
    with pytest.raises(UsageError, match="kind of null"):
        matched(law("a"), law("b"), stream=STREAM, null="dealt")
    with pytest.raises(UsageError, match="units, concepts"):
        matched(torch.ones(3), law("b"), stream=STREAM)
