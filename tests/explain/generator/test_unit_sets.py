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
from ganatomy.explain.generator.set_search import greedy, optimised, single_effects
from ganatomy.explain.generator.unit_sets import SetPlan, judge_set, unit_set
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
TRAIN, HELD_OUT = Latents(0, range(32)), Latents(0, range(32, 112))
A, B, C, D = range(4)


@pytest.fixture(scope="module", name="targets")
def _targets() -> list[ConceptAt]:
    return [concept_at(PLANTED.gan, "units", MEASURER, concept, latents=TRAIN) for concept in range(4)]


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


def test_the_redundant_pair_is_present_jointly_and_beats_the_top_two(targets: list[ConceptAt]) -> None:
    finding = judge_set(targets[C], (3, 4), HELD_OUT, rival=(0, 1))
    assert finding.verdict == "present"
    curve = finding.arrays["curve"]
    assert abs(curve[0, 0]) < 1e-6, "one alone does nothing"
    base = float(scores(MEASURER, PLANTED.gan.sample(0, list(HELD_OUT.indices)))[:, C].mean())
    assert finding.effect == pytest.approx(-base, rel=1e-4)
    assert finding.positive_control.value == pytest.approx(-base, rel=1e-4)
    assert abs(finding.negative_control.value) < finding.smallest_effect
    assert "Against the top 2 by single effect (0, 1)" in finding.note
    assert "a difference is present" in finding.note
    assert 10 <= len(finding.arrays["controls"]) <= 39
    assert finding.arrays["inserted"][0] > 0.3


def test_the_cancelling_pair_is_absent_though_one_of_it_is_not(targets: list[ConceptAt]) -> None:
    finding = judge_set(targets[A], TRUTH.cancelling, HELD_OUT, plan=SetPlan(controls=5))
    assert finding.verdict == "absent"
    assert finding.arrays["curve"][0, 0] / targets[A].mean < -0.5
    assert abs(finding.effect) < 1e-6


def test_a_dead_end_is_absent_though_it_goes_with_the_part(targets: list[ConceptAt]) -> None:
    assert judge_set(targets[A], (7,), HELD_OUT, plan=SetPlan(controls=3)).verdict == "absent"


def test_search_and_judgement_use_different_latents() -> None:
    finding = unit_set(PLANTED.gan, "units", MEASURER, C, seed=0, plan=SetPlan(size=2, train=24, held_out=48))
    assert finding.verdict == "present"
    assert finding.arrays["units"].tolist() == [3, 4]
    assert finding.population == "latents of the prior, seed 0, 24 to 71"


def test_a_set_that_nothing_makes_is_judged_by_its_best_unit() -> None:
    nothing = Measurer("nothing", ("nothing",), "score", lambda pictures: pictures[:, :1, 0, 0] * 0 + 1)
    plan = SetPlan(size=2, train=8, held_out=16, controls=3, smallest=0.01)
    finding = unit_set(PLANTED.gan, "units", nothing, seed=0, plan=plan)
    assert finding.verdict == "absent"
    assert finding.note.startswith("The search found no set")


def twin_saying(told: Tensor | float) -> Measurer:
    return replace(MEASURER, twin=lambda pictures: PLANTED.measure(pictures) * told)


@pytest.mark.parametrize(("twin", "verdict"), [(1.0, "present"), (0.0, "undetermined")])
def test_a_claim_needs_both_measurers(targets: list[ConceptAt], twin: float, verdict: str) -> None:
    target = replace(targets[C], measurer=twin_saying(twin))
    finding = judge_set(target, (3, 4), HELD_OUT, plan=SetPlan(controls=3))
    assert finding.verdict == verdict
    assert finding.family == "one set, both measurers"


def test_scores_of_flat_places_and_labels_and_nothing_stays() -> None:
    gan = GAN.fresh(configure("mlp", {"hidden": (12,)}, format=Format.picture(1, 4), latent=Normal(3, 2)), seed=0)
    bright = Measurer("bright", ("bright",), "score", lambda pictures: pictures.mean((1, 2, 3))[:, None])
    gan.generator.train()
    plan = SetPlan(size=2, train=32, held_out=64, controls=9, ablate="mean")
    one, two = (unit_set(gan, "hidden1.act", bright, seed=0, plan=plan) for _ in range(2))
    assert np.array_equal(one.arrays["curve"], two.arrays["curve"])
    unit_set(gan, "hidden1.act", bright, seed=0, plan=replace(plan, method="optimised"))
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
