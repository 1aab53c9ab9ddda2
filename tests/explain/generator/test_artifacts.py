"""One unit that adds a checkerboard to half of the pictures is found and told from its clean twin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError
from ganatomy.explain.generator.artifacts import ArtifactPlan, artifact_units, corrected
from ganatomy.explain.generator.changed import set_to
from ganatomy.explain.generator.concept_at import Latents
from ganatomy.explain.generator.removal import Removal, removed
from ganatomy.explain.passes import draws, made
from ganatomy.features.space import pixels
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.distances import frechet
from ganatomy.numerics.random import Stream
from ganatomy.numerics.running import Covariance
from ganatomy.results.explanation import Explanation
from ganatomy.results.finding import Finding
from ganatomy.results.formats import Format
from ganatomy.tracing.edit import edit

UNITS, SPOILER = 30, 11
PICTURE = Format.picture(1, 8)
PLAN = ArtifactPlan(size=2, rank=192, judge=192, real=200, controls=19)


class Tiles(nn.Module):
    """Thirty units on a 4 x 4 map; unit 11 is on in half of the pictures and draws a checkerboard, or nothing."""

    def __init__(self, strength: float) -> None:
        super().__init__()
        waves = Stream(0, "waves").normal(range(UNITS * 16), 6).reshape(UNITS, 16, 6)
        self.register_buffer("waves", waves)
        self.units = nn.ReLU()
        self.draw = nn.ConvTranspose2d(UNITS, 1, 2, stride=2, bias=False)
        smooth = 0.08 * Stream(0, "smooth").normal(range(UNITS), 1, 1, 1).expand(-1, 1, 2, 2).clone()
        smooth[SPOILER, 0] = strength * torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
        self.draw.weight.data = smooth
        self.range = nn.Tanh()

    def forward(self, z: Tensor) -> Tensor:
        maps = torch.einsum("upd,nd->nup", self.waves, z[:, :6]) / 2
        maps = torch.cat(
            [maps[:, :SPOILER], 0.8 * z[:, 6, None, None].sign().expand(-1, 1, 16), maps[:, SPOILER + 1 :]], 1
        )
        out: Tensor = self.range(self.draw(self.units(maps.unflatten(2, (4, 4)))))
        return out


def tiles(strength: float) -> GAN:
    with Stream(0, "overwritten").module_rng(0):
        generator = Tiles(strength)
    return GAN(generator, Normal(7), PICTURE)


def clean_pictures() -> Dataset:
    clean = tiles(0.0)
    return Dataset(
        "clean", "train", 1000, PICTURE, PICTURE, lambda indices: clean.sample(99, list(indices)), fingerprint="clean"
    )


Result = tuple[Explanation, Finding]


DONE: list[tuple[int, int]] = []


@pytest.fixture(scope="module", name="spoilt")
def _spoilt() -> Result:
    progress = lambda done, of: DONE.append((done, of))  # noqa: E731
    return artifact_units(tiles(0.4), "units", clean_pictures(), seed=0, plan=PLAN, progress=progress)


def test_the_spoiling_unit_is_found_and_removing_it_helps(spoilt: Result) -> None:
    ranking, finding = spoilt
    assert int(ranking.arrays["rank_correlation"].argmax()) == SPOILER
    assert ranking.arrays["p"][SPOILER] < 1e-6
    assert finding.arrays["units"].tolist() == [SPOILER]
    assert finding.verdict == "present"
    assert finding.effect < -finding.smallest_effect
    assert finding.p == pytest.approx(1 / (1 + len(finding.arrays["controls"])))
    assert finding.interval.high < 0
    assert finding.negative_control.value > finding.effect


def test_progress_goes_on_to_the_end_in_small_steps(spoilt: Result) -> None:
    assert spoilt
    assert sorted(set(DONE)) == DONE
    assert DONE[-1] == (PLAN.pictures, PLAN.pictures)
    assert len(DONE) > 20
    assert DONE[-2][0] > 0.9 * PLAN.pictures, "the total is what was made"


def test_held_out_correlations_have_intervals_and_p_of_their_own(spoilt: Result) -> None:
    """Those of scipy; one-sided, corrected over all units."""
    from scipy import stats

    arrays = spoilt[0].arrays
    values, n = arrays["neighbours"], PLAN.judge
    interval = np.tanh(np.arctanh(values)[:, None] + np.array([-1.959964, 1.959964]) / np.sqrt(n - 3))
    np.testing.assert_allclose(np.stack([arrays["neighbours_low"], arrays["neighbours_high"]], 1), interval, atol=1e-6)
    p = stats.norm.sf(np.arctanh(values) * np.sqrt(n - 3))
    np.testing.assert_allclose(arrays["neighbours_p"], stats.false_discovery_control(p), rtol=1e-6, atol=1e-12)


def test_the_smallest_change_of_interest_is_said(spoilt: Result) -> None:
    finding = spoilt[1]
    before = finding.smallest_effect / 0.05
    assert f"The smallest change of interest is 5% of the distance as it is ({before:.4g})." in finding.note
    _, own = artifact_units(tiles(0.4), "units", clean_pictures(), seed=0, plan=replace(PLAN, controls=3, smallest=9.0))
    assert own.smallest_effect == 9.0
    assert "change of interest" not in own.note


def test_several_places_are_one_family(spoilt: Result) -> None:
    finding = spoilt[1]
    assert corrected([finding]) == (finding,)
    two = corrected([replace(finding, p=0.025), replace(finding, p=0.04)])
    assert [(each.p, each.verdict) for each in two] == [(0.05, "present"), (0.05, "present")]
    three = corrected([replace(finding, p=0.025), replace(finding, p=0.04), replace(finding, p=0.9, verdict="absent")])
    assert [each.verdict for each in three] == ["undetermined", "undetermined", "absent"]
    assert three[0].family == "3 places, Holm"


def test_the_change_is_the_difference_of_two_distances(spoilt: Result) -> None:
    gan, space, latents = tiles(0.4), pixels(PICTURE), Latents(0, range(70, 230))
    real = space(clean_pictures().read(range(200)), PICTURE)
    removal = Removal(gan, "units", torch.zeros(UNITS), space, Covariance.of(real))
    sets = [(SPOILER,), (0, 3)]
    ours = removed(removal, sets, latents)
    for units, change in zip(sets, ours.changes, strict=True):
        plain, after = [], []
        for draw in draws(gan, 160, seed=0, start=70):
            plain.append(made(gan.generator, draw))
            with edit(gan.generator, {"units": set_to(torch.zeros(UNITS), units)}):
                after.append(made(gan.generator, draw))
        both = [torch.cat(some).flatten(1) for some in (after, plain)]
        assert ours.before == pytest.approx(frechet(both[1], real), rel=1e-5)
        assert change == pytest.approx(frechet(both[0], real) - frechet(both[1], real), rel=1e-4)
        if units == sets[0]:  # leaving out each tenth, slowly
            parts = [torch.arange(70, 230) % 10 != part for part in range(10)]
            left = [frechet(both[0][kept], real) - frechet(both[1][kept], real) for kept in parts]
            error = np.sqrt(9 / 10 * np.square(np.array(left) - np.mean(left)).sum())
            assert (ours.interval.high - ours.interval.low) / 2 == pytest.approx(2.262157 * error, rel=1e-4)


def test_a_clean_generator_has_no_artifact_units() -> None:
    ranking, finding = artifact_units(tiles(0.0), "units", clean_pictures(), seed=0, plan=PLAN)
    assert finding.verdict != "present"
    assert ranking.arrays["p"][SPOILER] > 0.05
    assert "hardly farther from the data than real ones" in finding.note


class Noses(nn.Module):
    """A critic that dislikes checkerboards."""

    def forward(self, x: Tensor) -> Tensor:
        pattern = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(4, 4)
        return -(x[:, 0] * pattern).sum((1, 2)).abs()


def test_a_critic_is_asked_too_where_there_is_one() -> None:
    gan = replace(tiles(0.4), critic=Noses())
    ranking, _ = artifact_units(gan, "units", clean_pictures(), seed=0, plan=replace(PLAN, controls=5))
    assert int(ranking.arrays["critic"].argmax()) == SPOILER
    assert ranking.arrays["critic"][SPOILER] > 0.8
    assert "critic's score" in ranking.note


def test_so_few_controls_allow_no_claim() -> None:
    _, finding = artifact_units(tiles(0.4), "units", clean_pictures(), seed=0, plan=replace(PLAN, controls=9))
    assert finding.verdict == "undetermined"
    assert "cannot give less than 0.1: no claim that it helps is possible" in finding.note


def test_where_too_few_are_as_active_the_sets_are_of_the_same_size_only() -> None:
    """Nineteen are needed for one place, 59 for three: then one unit of thirty is too few, and two are removed."""
    _, finding = artifact_units(
        tiles(0.4), "units", clean_pictures(), seed=0, plan=replace(PLAN, controls=59, places=3)
    )
    assert len(finding.arrays["units"]) == 2
    assert SPOILER in finding.arrays["units"]
    assert len(finding.arrays["controls"]) == 59
    assert "no claim" not in finding.note
    assert finding.p == pytest.approx(1 / 60)
    _, one = artifact_units(
        tiles(0.4), "units", clean_pictures(), seed=0, plan=replace(PLAN, size=1, controls=59, places=3)
    )
    assert len(one.arrays["controls"]) == 29, "all others"
    assert "no claim that it helps is possible" in one.note


def test_refusals() -> None:
    with pytest.raises(UsageError, match="two times 600 real samples"):
        artifact_units(tiles(0.4), "units", clean_pictures(), seed=0, plan=replace(PLAN, real=600))
    with pytest.raises(UsageError, match=r"up to 16 of 30 units.*\nchoose from 1 to 15"):
        artifact_units(tiles(0.4), "units", clean_pictures(), seed=0, plan=replace(PLAN, size=16))
    with Stream(0, "overwritten").module_rng(0):
        lone = GAN(
            nn.Sequential(nn.Linear(7, 1), nn.ReLU(), nn.Linear(1, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8))),
            Normal(7),
            PICTURE,
        )
    with pytest.raises(
        UsageError, match="of '1' were asked for: this place has one unit, so there is nothing to compare"
    ):
        artifact_units(lone, "1", clean_pictures(), seed=0, plan=replace(PLAN, size=0))
    with pytest.raises(UsageError, match="19 latents to judge"):
        artifact_units(tiles(0.4), "units", clean_pictures(), seed=0, plan=replace(PLAN, rank=19))
