"""Sets of units on the generator whose wiring is known: the OR pair is found, the cancelling pair is not claimed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.concepts.measurer import Measurer, scores
from ganatomy.explain.generator.changed import set_to
from ganatomy.explain.generator.concept_at import ConceptAt, Latents, concept_at
from ganatomy.explain.generator.panel_at import PanelAt, panel_at, set_effects
from ganatomy.explain.generator.set_claims import set_claims
from ganatomy.explain.generator.set_search import greedy, optimised, single_effects
from ganatomy.explain.generator.unit_sets import SetPlan, judge_set, unit_set, unit_sets
from ganatomy.explain.passes import draws, made
from ganatomy.models.architectures import configure
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.planted.parts import parts
from ganatomy.planted.wiring import PARTS, TRUTH, WIRING
from ganatomy.results.formats import Format
from ganatomy.tracing.edit import edit

PLANTED = parts()
MEASURER = Measurer("parts", PLANTED.concepts, PLANTED.kind, PLANTED.measure)
TRAIN, HELD_OUT = Latents(0, range(32)), Latents(0, range(512, 592))
A, B, C, D = range(4)


@pytest.fixture(scope="module", name="targets")
def _targets() -> list[ConceptAt]:
    return [concept_at(PLANTED.gan, "units", MEASURER, concept, latents=TRAIN) for concept in range(4)]


@pytest.fixture(scope="module", name="at")
def _at() -> PanelAt:
    return panel_at(PLANTED.gan, "units", [MEASURER], seed=0)


def test_effects_are_the_wiring(targets: list[ConceptAt]) -> None:
    for target in targets:
        shares = -single_effects(target, TRAIN) / target.mean
        for unit in range(24):
            wanted = TRUTH.single.get((unit, target.name), 0.0)
            if unit != TRUTH.eraser:  # how often it fires in 32 samples is up to chance
                assert float(shares[unit]) == pytest.approx(wanted, abs=1e-5), (unit, target.name)


def test_what_is_inserted_is_read_where_it_was_put(targets: list[ConceptAt]) -> None:
    """At its cell a unit draws the middle of its stamp, whatever was there; read elsewhere it would be nothing."""
    cells = [(unit,) for unit in range(24)]
    for target in targets:
        put = target.inserted(cells, TRAIN).mean(0)
        for unit in range(16):
            weight = WIRING.get((unit, target.name), 0.0)
            assert (put[unit] > 0.3) == (weight > 0.4), (unit, target.name)
            assert (put[unit] < -1e-4) == (weight < 0), (unit, target.name)


def test_paired_effects_are_those_of_plain_edits(targets: list[ConceptAt]) -> None:
    target = targets[C]
    (draw,) = draws(PLANTED.gan, 20, seed=3)
    before = scores(MEASURER, made(PLANTED.gan.generator, draw))[:, C]
    with edit(PLANTED.gan.generator, {"units": set_to(torch.zeros(24), (3, 4))}):
        after = scores(MEASURER, made(PLANTED.gan.generator, draw))[:, C]
    assert torch.allclose(target.without([(0,), (3, 4)], Latents(3, range(20)))[:, 1], after - before, atol=1e-7)


def test_levels_are_quantiles_of_peaks_and_means(targets: list[ConceptAt]) -> None:
    assert targets[A].on[0] == pytest.approx(1.0, rel=0.02)
    assert not targets[A].off.any()
    by_mean = concept_at(PLANTED.gan, "units", MEASURER, A, latents=TRAIN, ablate="mean")
    assert torch.allclose(by_mean.off.double(), by_mean.mass, atol=1e-6), "none of these units is ever negative"


@pytest.mark.parametrize(("concept", "wanted"), [(A, (0,)), (C, (3, 4))])
def test_greedy_finds_the_drawers_and_pairs_that_stand_in_for_each_other(
    targets: list[ConceptAt], concept: int, wanted: tuple[int, ...]
) -> None:
    found = greedy(targets[concept], TRAIN, size=3)
    assert tuple(sorted(found.units)) == wanted
    assert float(found.single[list(TRUTH.redundant)].abs().max()) < 1e-6, "alone they do nothing"


@pytest.mark.parametrize(("concept", "wanted"), [(A, {0}), (C, {3, 4})])
def test_the_optimised_mask_finds_them_too(targets: list[ConceptAt], concept: int, wanted: set[int]) -> None:
    found = optimised(targets[concept], TRAIN, size=4, steps=60)
    assert set(found.units) == wanted
    assert found.weights is not None
    assert float(found.weights.min()) >= 0
    assert float(found.weights.max()) <= 1
    idle = [unit for unit in TRUTH.idle if unit != 13]
    assert float(found.weights[idle].max()) < 0.05


def test_of_equally_heavy_units_the_one_with_the_larger_effect_comes_first(targets: list[ConceptAt]) -> None:
    """Half of B goes with each of two units; D's eraser aside, all of it with one: nothing is left to chance."""
    everything = Measurer(
        "all",
        ("all",),
        "score",
        lambda p: (p[:, :4] * torch.tensor([1, 2, 3, 9.0])[:, None, None]).sum((1, 2, 3))[:, None],
    )
    target = concept_at(PLANTED.gan, "units", everything, 0, latents=TRAIN)
    assert optimised(target, TRAIN, size=1, steps=12).units == (5,)


def test_the_redundant_pair_is_present_jointly_and_beats_the_top_two(targets: list[ConceptAt], at: PanelAt) -> None:
    finding = judge_set(targets[C], (3, 4), HELD_OUT, at=at, rival=(0, 1))
    assert finding.verdict == "present"
    curve, band = finding.arrays["curve"], finding.arrays["band"]
    assert abs(curve[0, 0]) < 1e-6, "one alone does nothing"
    base = float(scores(MEASURER, PLANTED.gan.sample(0, list(HELD_OUT.indices)))[:, C].mean() / at.spread[C])
    assert finding.effect == pytest.approx(-base, rel=1e-4)
    assert curve[1, 0] == pytest.approx(-base, rel=1e-4)
    assert finding.positive_control.value == pytest.approx(-base, rel=1e-4)
    assert abs(finding.negative_control.value) < finding.smallest_effect
    assert curve[1, 2] < band[1, 1], "the set lies below the band of random ones"
    assert band.shape == (2, 3)
    assert "Against the top 2 by single effect (0, 1)" in finding.note
    assert "a difference is present" in finding.note
    assert 10 <= len(finding.arrays["controls"]) <= 39
    assert finding.arrays["inserted"][0] > 0.3


def test_three_ablations_agree_on_the_pair_and_nothing_else_changes(targets: list[ConceptAt], at: PanelAt) -> None:
    """Off target the effects are not small, they are nothing; and only one other concept would do."""
    finding = judge_set(targets[C], (3, 4), HELD_OUT, at=at, plan=SetPlan(controls=3))
    effect = finding.arrays["effect"]
    assert finding.arrays["concepts"].tolist() == [f"parts: {part}" for part in PARTS]
    assert effect.shape == (3, 4)
    assert (effect[:, C] < -0.5).all()
    assert (finding.arrays["high"][:, C] < -0.1).all()
    assert np.abs(np.delete(effect, C, 1)).max() < 1e-5
    assert finding.arrays["claim"].tolist() == [-1, -1, 1, -1]
    assert "By zero -" in finding.note
    assert "disagree" not in finding.note
    assert "Off target: 0 of 3 other concepts change, 3 are shown not to" in finding.note


def test_a_set_that_draws_two_parts_has_an_off_target_effect(targets: list[ConceptAt], at: PanelAt) -> None:
    finding = judge_set(targets[A], (0, 5), HELD_OUT, at=at, plan=SetPlan(controls=3))
    assert finding.verdict == "present"
    assert finding.arrays["claim"].tolist()[1:] == [-1, -1, 1]
    assert "1 of 3 other concepts change, 2 are shown not to; the most by zero: 'parts: D' -" in finding.note


def test_the_cancelling_pair_is_absent_though_one_of_it_is_not(targets: list[ConceptAt], at: PanelAt) -> None:
    finding = judge_set(targets[A], TRUTH.cancelling, HELD_OUT, at=at, plan=SetPlan(controls=5))
    assert finding.verdict == "absent"
    assert finding.p < 1e-6, "of what the verdict says"
    assert finding.arrays["curve"][0, 0] * float(at.spread[A]) / targets[A].mean < -0.5
    assert abs(finding.effect) < 1e-6


@pytest.mark.parametrize("units", [(7,), (7, 13), (8, 9, 10)])
def test_dead_ends_are_absent_though_they_go_with_parts(
    targets: list[ConceptAt], at: PanelAt, units: tuple[int, ...]
) -> None:
    finding = judge_set(targets[A], units, HELD_OUT, at=at, plan=SetPlan(controls=3))
    assert finding.verdict == "absent"
    assert (finding.arrays["claim"] == -1).all()


def test_search_and_judgement_use_different_latents() -> None:
    plan = SetPlan(size=2, train=24, held_out=48, controls=5)
    finding = unit_set(PLANTED.gan, "units", [MEASURER], C, seed=0, plan=plan)
    assert finding.verdict == "present"
    assert finding.arrays["units"].tolist() == [3, 4]
    assert finding.population == "latents of the prior, seed 0, 512 to 559", "neither searched on nor the reference"
    assert replace(plan, train=700).judging == range(700, 748)


def test_a_concept_that_never_varies_is_not_judged() -> None:
    """In standard deviations of the concept nothing can be said, on target or off."""
    plan = SetPlan(size=2, train=8, held_out=16, controls=3)
    told: list[tuple[int, int]] = []
    nothing, parts_of = unit_sets(
        PLANTED.gan, "units", [NOTHING, A_ALONE], seed=0, plan=plan, progress=lambda done, of: told.append((done, of))
    )
    assert nothing.verdict == "undetermined"
    assert nothing.p == 1
    assert nothing.note.startswith("The search found no set")
    assert "the same in all natural samples" in nothing.note
    assert parts_of.arrays["units"].tolist() == [0]
    assert np.isnan(parts_of.arrays["effect"][:, 0]).all()
    assert told == sorted(set(told)), "progress goes on, and never back"
    assert len(told) > 20
    assert told[-1] == (2 * plan.pictures(24), 2 * plan.pictures(24))


NOTHING = Measurer("nothing", ("nothing",), "score", lambda pictures: pictures[:, :1, 0, 0] * 0 + 1)
A_ALONE = Measurer("A", ("A",), "score", lambda pictures: pictures[:, :1].mean((2, 3)))


def test_the_smallest_effect_of_interest_is_the_users(targets: list[ConceptAt], at: PanelAt) -> None:
    plan = SetPlan(controls=3, smallest=3.0)
    finding = judge_set(targets[C], (3, 4), HELD_OUT, at=at, plan=plan)
    assert finding.smallest_effect == 3.0
    assert finding.verdict == "absent"
    few = Latents(0, range(8))
    target = concept_at(PLANTED.gan, "units", MEASURER, C, latents=few, smallest=100.0)
    assert greedy(target, few, size=2).units == (), "nor does a search go on for less"


def twin_saying(told: Tensor | float) -> Measurer:
    return replace(MEASURER, twin=lambda pictures: PLANTED.measure(pictures) * told)


@pytest.mark.parametrize(("twin", "verdict"), [(1.0, "present"), (0.0, "undetermined")])
def test_a_claim_needs_both_measurers(targets: list[ConceptAt], at: PanelAt, twin: float, verdict: str) -> None:
    measurer = twin_saying(twin)
    both = panel_at(PLANTED.gan, "units", [measurer], seed=0)
    finding = judge_set(replace(targets[C], measurer=measurer), (3, 4), HELD_OUT, at=both, plan=SetPlan(controls=3))
    assert finding.verdict == verdict
    assert finding.family == "one set, three ablations that must agree, both measurers"
    assert both.located(2) == (measurer, 2)
    with pytest.raises(UsageError, match="'parts' is not in the panel of parts: A, parts: B"):
        judge_set(targets[C], (3, 4), HELD_OUT, at=replace(at, panel=both.panel))
    with pytest.raises(UsageError, match="concept 4 of a panel"):
        both.located(4)


def test_what_one_measurer_alone_says_is_no_claim() -> None:
    """The twin takes C for A: the set of C is absent from A by one, present by the other."""
    measurer = replace(MEASURER, twin=lambda pictures: PLANTED.measure(pictures)[:, [C, B, C, D]])
    both = panel_at(PLANTED.gan, "units", [measurer], seed=0)
    claims = set_claims(set_effects(both, (3, 4), Latents(0, range(512, 560))), both, A, smallest=0.1)
    assert claims.verdict == "undetermined"
    assert claims.arrays["claim"].tolist() == [0, -1, 1, -1]
    assert claims.twinned


def test_scores_of_flat_places_and_labels_and_nothing_stays() -> None:
    gan = GAN.fresh(configure("mlp", {"hidden": (12,)}, format=Format.picture(1, 4), latent=Normal(3, 2)), seed=0)
    bright = Measurer("bright", ("bright",), "score", lambda pictures: pictures.mean((1, 2, 3))[:, None])
    gan.generator.train()
    plan = SetPlan(size=2, train=32, held_out=64, controls=9, ablate="mean")
    one, two = (unit_set(gan, "hidden1.act", [bright], seed=0, plan=plan) for _ in range(2))
    assert np.array_equal(one.arrays["curve"], two.arrays["curve"])
    unit_set(gan, "hidden1.act", [bright], seed=0, plan=replace(plan, method="optimised"))
    assert gan.generator.training
    assert all(p.grad is None and p.requires_grad for p in gan.generator.parameters())
    assert not any(module._forward_hooks for module in gan.generator.modules())


def test_refusals(targets: list[ConceptAt]) -> None:
    with pytest.raises(UsageError, match="set of 13 of 24 units"):
        greedy(targets[A], TRAIN, size=13)
    with pytest.raises(UsageError, match=r"the set \(3, 3\) of 'units'"):
        judge_set(targets[A], (3, 3), HELD_OUT)
    with pytest.raises(UsageError, match="concept 4 of 'parts'"):
        concept_at(PLANTED.gan, "units", MEASURER, 4, latents=TRAIN)
    with pytest.raises(UsageError, match="way to ablate"):
        concept_at(PLANTED.gan, "units", MEASURER, 0, latents=TRAIN, ablate="zeros")
    hard = Measurer("hard", PARTS, "mask", lambda pictures: (PLANTED.measure(pictures) > 0.5).float())
    target = replace(targets[A], measurer=hard)
    with pytest.raises(UsageError, match="'hard' gives no gradient"):
        optimised(target, TRAIN, size=2, steps=2)
