"""Against random directions: exact under the null, sure where there is something, honest about its floor."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from oracles_latent import gaussian, linear_gan, reader
from scipy import stats

from ganatomy.explain.latent.boundaries import from_scores
from ganatomy.explain.latent.controls import Pool, against_random, control_effects, lengths
from ganatomy.explain.latent.directions import Directions, blank, random_directions, random_vectors
from ganatomy.explain.latent.panel import Panel
from ganatomy.explain.latent.responses import Plan
from ganatomy.explain.latent.steering import steer


def test_controls_are_unit_directions_of_the_same_length_on_the_judged_latents() -> None:
    weight = gaussian(6, 4)
    gan, panel = linear_gan(weight), Panel.of([reader("s", torch.eye(6).double())])
    plan = Plan(n=16, sizes=(1.5,), controls=50, seed=2)
    found = random_directions(gan, 2, seed=2)
    ((places, effects),) = control_effects(gan, found, panel, plan=plan).groups
    assert places == (0, 1)
    z = effects @ torch.linalg.pinv(weight).T  # a linear generator gives the direction back
    assert torch.allclose(z.norm(dim=1), torch.full((50,), 1.5).double(), atol=1e-4)
    assert not torch.allclose(z[:2] / 1.5, found.vectors, atol=1e-2)


def test_steps_of_different_length_have_controls_of_their_own() -> None:
    gan = linear_gan(gaussian(6, 4))
    scales = torch.tensor([0.5, 2.0, 0.5])
    found = Directions("m", ("a", "b", "c"), torch.eye(6)[:3].double(), scales, blank(3), site="out")
    assert lengths(found) == [(0, 2), (1,)]
    pool = control_effects(gan, found, Panel.of([reader("s", torch.eye(6).double())]), plan=Plan(n=8, controls=9))
    assert torch.allclose(pool.of(0).norm(dim=1), torch.full((9,), 0.5).double(), atol=1e-5)
    assert torch.allclose(pool.of(1).norm(dim=1), torch.full((9,), 2.0).double(), atol=1e-5)


def test_p_is_the_rank_of_the_largest_ratio_by_hand() -> None:
    effects, others = gaussian(3, 4), gaussian(79, 4, seed=1)
    found = against_random(effects, Pool((((0, 1, 2), others),)), level=0.95)
    assert found.exact
    for place in range(3):
        rows = torch.cat([effects[place : place + 1], others]).abs()
        ratio = (rows / rows.square().mean(0).sqrt()).amax(1)
        assert float(found.p[place]) == pytest.approx(float((ratio >= ratio[0]).double().mean()))
    assert found.floor == pytest.approx(1 / 80)
    assert torch.allclose(found.specificity, effects.abs() / others.square().mean(0).sqrt())
    aimed = against_random(effects, Pool((((0, 1, 2), others),)), level=0.95, aims=[2, None, 0])
    assert float(aimed.p[0]) == pytest.approx(float(((others[:, 2].abs() >= effects[0, 2].abs()).sum() + 1) / 80))
    assert aimed.p[1] == found.p[1]


def test_few_controls_are_compared_by_a_t_law() -> None:
    effects, others = gaussian(4, 3), gaussian(19, 3, seed=1)
    found = against_random(effects, Pool((((0, 1, 2, 3), others),)), level=0.95, aims=[None, 1, None, None])
    assert not found.exact
    ratio = effects.abs() / others.square().mean(0).sqrt()
    assert float(found.p[0]) == pytest.approx(min(1.0, 3 * 2 * stats.t.sf(float(ratio[0].max()), 19)))
    assert float(found.p[1]) == pytest.approx(2 * stats.t.sf(float(ratio[1, 1]), 19))


@pytest.mark.parametrize(("dim", "controls"), [(3, 19), (64, 19), (64, 200)])
def test_random_directions_do_not_beat_random_directions(dim: int, controls: int) -> None:
    """400 studies of 8 directions whose effects on 3 concepts are linear: in at most 5 % is there any winner."""
    studies = 0
    for study in range(400):
        slopes = gaussian(dim, 3, seed=study)
        vectors = random_vectors(8 + controls, dim, seed=study)
        effects = vectors @ slopes
        found = against_random(effects[:8], Pool(((tuple(range(8)), effects[8:]),)), level=0.95)
        assert found.exact == (controls == 200)
        studies += bool(found.beats.any())
    assert studies <= 31  # binomial(400, 0.05): P(more) = 0.7 %


def test_nothing_moves_nothing_and_does_not_win() -> None:
    found = against_random(torch.zeros(2, 3).double(), Pool((((0, 1), torch.zeros(19, 3).double()),)), level=0.95)
    assert found.p.tolist() == [1.0, 1.0]
    assert found.specificity.tolist() == [[0.0] * 3] * 2


def test_boundaries_of_random_labels_beat_random_directions_no_more_often_than_stated() -> None:
    """Under the null p is uniform: of 60 studies of one boundary each, those with p <= 0.1 are binomial(60, 0.1)."""
    gan = linear_gan(gaussian(6, 10))
    measurer = reader("s", gaussian(3, 6, seed=1))
    plan = Plan(n=8, sizes=(1.0,), controls=19, samples=0)
    wins = sure = 0
    for study in range(60):
        noise = gaussian(200, 1, seed=1000 + study)
        found = from_scores(gan, gan.latent.sample(study, range(200)), noise, names=["noise"], method="least squares")
        found = replace(found, targets=())  # judged on whatever it moves most
        told = steer(gan, found, [measurer], plan=replace(plan, seed=study)).random
        wins += float(told.p) <= 0.1
        sure += bool(told.beats)
    assert wins <= 12  # P(more) = 0.7 %
    assert sure <= 8
