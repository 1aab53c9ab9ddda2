"""Against random directions: exact under the null, sure where there is something, honest about its floor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
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
    found = against_random(effects, Pool(4, (((0, 1, 2), others),)), level=0.95)
    assert found.exact
    for place in range(3):
        rows = torch.cat([effects[place : place + 1], others]).abs()
        ratio = (rows / rows.square().mean(0).sqrt()).amax(1)
        assert float(found.p[place]) == pytest.approx(float((ratio >= ratio[0]).double().mean()))
    assert found.floor == pytest.approx(1 / 80)
    assert torch.allclose(found.specificity, effects.abs() / others.square().mean(0).sqrt())
    aimed = against_random(effects, Pool(4, (((0, 1, 2), others),)), level=0.95, aims=[2, None, 0])
    assert float(aimed.p[0]) == pytest.approx(float(((others[:, 2].abs() >= effects[0, 2].abs()).sum() + 1) / 80))
    assert aimed.p[1] == found.p[1]


def test_few_controls_of_many_dimensions_are_compared_by_a_t_law() -> None:
    effects, others = gaussian(4, 3), gaussian(19, 3, seed=1)
    found = against_random(effects, Pool(10**6, (((0, 1, 2, 3), others),)), level=0.95, aims=[None, 1, None, None])
    assert not found.exact
    assert found.decides
    ratio = effects.abs() / others.square().mean(0).sqrt()
    assert float(found.p[0]) == pytest.approx(min(1.0, 3 * 2 * stats.t.sf(float(ratio[0].max()), 19)), rel=1e-3)
    assert float(found.p[1]) == pytest.approx(2 * stats.t.sf(float(ratio[1, 1]), 19), rel=1e-3)


@pytest.mark.parametrize(("dim", "controls"), [(2, 1), (2, 99), (3, 19), (8, 99), (64, 19)])
def test_p_is_how_often_a_random_direction_goes_as_far(dim: int, controls: int) -> None:
    """Of 20,000 that are drawn, beside their own controls each: at every p but the very smallest."""
    stream = np.random.default_rng(dim)
    own = stream.beta(0.5, (dim - 1) / 2, 20_000)
    ratios = np.sort(own / stream.beta(0.5, (dim - 1) / 2, (20_000, controls)).mean(1))[::-1]
    others = torch.ones(controls, 1).double()
    for share in (0.3, 0.05, 0.01, 0.003):
        effect = torch.tensor([[float(ratios[int(20_000 * share)]) ** 0.5]]).double().expand(20, 1)
        found = against_random(effect, Pool(dim, ((tuple(range(20)), others),)), level=0.999)
        assert not found.exact
        assert float(found.p[0]) == pytest.approx(share, rel=5 / (20_000 * share) ** 0.5)


@pytest.mark.parametrize(("dim", "decides"), [(1, False), (2, False), (4, False), (8, True), (16, True), (64, True)])
def test_a_lone_perfect_direction_is_found_among_15_where_dimensions_are_enough(dim: int, decides: bool) -> None:
    """One along the slope of its concept, 14 that do nothing: it wins, or it is said that none could."""
    slope = gaussian(dim, 1)
    controls = random_vectors(99, dim, seed=0) @ slope
    effects = torch.cat([slope.norm().reshape(1, 1), torch.zeros(14, 1).double()])
    found = against_random(effects, Pool(dim, ((tuple(range(15)), controls),)), level=0.95, aims=[0] * 15)
    assert not found.exact
    assert found.decides == decides
    assert found.beats.tolist() == [decides] + [False] * 14


def test_by_rank_one_direction_can_be_decided_in_two_dimensions_but_not_in_one() -> None:
    for dim in (1, 2):
        slope = gaussian(dim, 1)
        pool = Pool(dim, (((0,), random_vectors(99, dim, seed=0) @ slope),))
        found = against_random(slope.norm().reshape(1, 1), pool, level=0.95)
        assert found.exact
        assert found.decides == bool(found.beats) == (dim == 2)


@pytest.mark.parametrize(
    ("dim", "controls", "bent"),
    [(2, 49, True), (4, 49, False), (4, 49, True), (16, 49, True), (64, 49, True), (64, 200, False)],
)
def test_random_directions_do_not_beat_random_directions(dim: int, controls: int, bent: bool) -> None:
    """60 studies of 8 directions and 3 concepts, linear or of a tanh layer: in at most 5 % is there any winner.

    Of the 480 tests of one direction for one concept those with p <= 0.05 are 5 %.
    """
    studies = tests = 0
    for study in range(60):
        slopes, inner = gaussian(12, 3, seed=study), gaussian(dim, 12, seed=1000 + study) / dim**0.5
        vectors, z = random_vectors(8 + controls, dim, seed=study), gaussian(8, 1, dim, seed=2000 + study)
        told = [((at @ inner).tanh() if bent else at @ inner) @ slopes for at in (z + vectors, z - vectors)]
        effects = (told[0] - told[1]).mean(0) / 2
        pool = Pool(dim, ((tuple(range(8)), effects[8:]),))
        found = against_random(effects[:8], pool, level=0.95)
        assert found.exact == (controls == 200)
        studies += bool(found.beats.any())
        aimed = against_random(effects[:8], pool, level=0.95, aims=[place % 3 for place in range(8)])
        tests += int((aimed.p <= 0.05).sum())
    assert studies <= (8 if dim > 2 else 0)  # binomial(60, 0.05): P(more) = 0.3 %; in two dimensions nothing wins
    assert 8 <= tests <= 44  # 24 are expected; those of one study share their controls


def test_nothing_moves_nothing_and_does_not_win() -> None:
    found = against_random(torch.zeros(2, 3).double(), Pool(5, (((0, 1), torch.zeros(19, 3).double()),)), level=0.95)
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
