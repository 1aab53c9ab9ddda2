"""Steering: closed forms of a linear generator, claims with twins, monotone paths, what the note says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from oracles_latent import gaussian, known_gan, linear_gan, reader
from scipy.stats import spearmanr

from ganatomy.errors import GanatomyError
from ganatomy.explain.concepts.looks import brightness, edges
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.latent.boundaries import boundaries
from ganatomy.explain.latent.directions import axes, random_directions
from ganatomy.explain.latent.panel import Panel, scored
from ganatomy.explain.latent.pca import pca
from ganatomy.explain.latent.responses import Plan, responses
from ganatomy.explain.latent.sefa import sefa
from ganatomy.explain.latent.steering import steering
from ganatomy.explain.passes import draws
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal, Uniform
from ganatomy.models.style import Style
from ganatomy.planted.directions import STRENGTHS, directions
from ganatomy.results.explanation import Explanation
from ganatomy.results.formats import Format

QUICK = Plan(n=32, controls=39, samples=0)


def same(first: Explanation, second: Explanation) -> bool:
    return first.note == second.note and all(
        np.array_equal(values, second.arrays[name], equal_nan=values.dtype.kind == "f")
        for name, values in first.arrays.items()
    )


def test_the_factors_of_a_planted_generator_are_steered_one_by_one() -> None:
    planted = directions(STRENGTHS["distinct"])
    measurer = Measurer("factors", planted.concepts, "score", planted.measure)
    found = boundaries(planted.gan, [measurer], n=400)
    result = steering(planted.gan, found, [measurer], plan=replace(QUICK, controls=99, samples=2))
    assert result.units == tuple(f"factors: {name}" for name in planted.concepts)
    assert np.diag(result.arrays["effect"] * result.arrays["unit"]) == pytest.approx(np.ones(4), abs=1e-3)
    assert (result.arrays["verdict"] == np.where(np.eye(4), "present", "absent")).all()
    assert result.arrays["selectivity"] == pytest.approx(np.ones(4), abs=1e-4)
    assert np.diag(result.arrays["one_way"]) == pytest.approx(np.ones(4))
    assert np.diag(result.arrays["spearman"]) == pytest.approx(np.ones(4))
    assert result.arrays["beats_random"].all()
    assert result.arrays["stability"] == pytest.approx(np.ones(4), abs=1e-3)
    assert result.arrays["target"].tolist() == list(found.names)
    assert result.arrays["overlap"] == pytest.approx(np.eye(4), abs=0.01)
    assert result.arrays["strip"].shape == (4, 4, 7, 1, 16, 16)
    assert "4 effects are present" in result.note
    assert "4 of 4 are found again" in result.note


def test_what_goes_with_the_weights_is_not_what_goes_with_a_concept() -> None:
    """P3 with a strong nuisance: SeFa's first direction is no factor, and its effects are absent."""
    planted = directions(STRENGTHS["nuisance"])
    measurer = Measurer("factors", planted.concepts, "score", planted.measure)
    result = steering(planted.gan, sefa(planted.gan, k=2), [measurer], plan=QUICK, latents=0)
    assert (result.arrays["verdict"][0] == "absent").all()
    assert result.arrays["verdict"][1, 0] == "present"
    assert not result.arrays["beats_random"][0]
    assert "strip" not in result.arrays
    assert "nothing to find again" not in result.note, "nobody asked"


def test_the_steps_have_intervals_that_hold_the_truth_and_both_signs() -> None:
    gan, _ = known_gan([2.0, 1.0, 0.5])
    reads = gaussian(2, 20, seed=4)
    result = steering(gan, sefa(gan, k=2), [reader("s", reads)], plan=QUICK)
    weight = gan.generator.get_parameter("out.weight").detach().double()
    slopes = (reads @ weight @ torch.from_numpy(result.arrays["vector"].copy()).T).T.numpy()
    for place, size in enumerate(result.arrays["steps"][0]):
        truth = size * slopes / result.arrays["unit"]
        assert result.arrays["step_effect"][:, place] == pytest.approx(truth, abs=1e-3)
        assert (result.arrays["step_low"][:, place] <= truth + 1e-3).all()
        assert (result.arrays["step_high"][:, place] >= truth - 1e-3).all()


def test_a_claim_needs_both_twins_on_the_same_side() -> None:
    weight = gaussian(6, 3)
    gan, plain = linear_gan(weight), reader("s", weight[:, :1].T)
    one = axes(gan).only([0])

    def verdict(measurer: Measurer) -> str:
        return str(steering(gan, one, [measurer], plan=QUICK, latents=0).arrays["verdict"][0, 0])

    assert verdict(plain) == "present"
    assert verdict(replace(plain, twin=lambda samples: 2 * plain.measure(samples))) == "present"
    assert verdict(replace(plain, twin=lambda samples: -plain.measure(samples))) == "undetermined"
    across = torch.linalg.svd(weight[:, :1].T)[2][1:2]  # what the first coordinate does not draw
    assert verdict(reader("s", across)) == "absent"
    assert verdict(replace(plain, twin=reader("s", across).measure)) == "undetermined"
    assert verdict(replace(reader("s", across), twin=plain.measure)) == "undetermined"


def test_monotone_paths_and_rank_correlations_are_scipys() -> None:
    gan = linear_gan(gaussian(6, 3), latent=Uniform(3))
    bent = Measurer("b", ("bent", "flat"), "score", lambda x: torch.stack([(3 * x[:, 0]).sin(), 0 * x[:, 0]], 1))
    panel, plan = Panel.of([bent]), Plan(n=16)
    seen = responses(gan, axes(gan), panel, plan=plan)
    (draw,) = draws(gan, 16, seed=plan.seed, start=plan.start)
    pairs = scored(gan, draw, axes(gan), panel, steps=plan.steps)
    for place in range(3):
        path = torch.cat([pairs.moved[place, :2, 4:, 0], pairs.base[None, 4:, 0], pairs.moved[place, 2:, 4:, 0]])
        theirs = [spearmanr(range(5), path[:, latent].numpy()).statistic for latent in range(12)]
        assert float(seen.spearman[place, 0]) == pytest.approx(np.mean(theirs))
        up, down = (path.diff(dim=0) >= 0).all(0), (path.diff(dim=0) <= 0).all(0)
        most = max(float(up.float().mean()), float(down.float().mean()))
        assert float(seen.one_way[place, 0]) == pytest.approx(most)
    assert seen.one_way[:, 1].tolist() == [0.0] * 3
    assert seen.spearman[:, 1].tolist() == [0.0] * 3


def test_an_effect_with_two_signs_is_no_effect_but_is_not_monotone_either() -> None:
    gan = linear_gan(torch.eye(2).double())
    even = Measurer("e", ("even",), "score", lambda x: x[:, :1].square())
    result = steering(gan, axes(gan), [even], plan=Plan(n=200, controls=9, samples=0), latents=0)
    assert result.arrays["verdict"][0, 0] != "present"
    assert result.arrays["one_way"][0, 0] < 0.7
    assert result.arrays["step_effect"][0, 0, 0] > 0.5
    assert result.arrays["step_effect"][0, -1, 0] > 0.5


def test_directions_of_a_style_space_are_steered_where_they_live() -> None:
    gan = GAN.fresh(Style(Format.picture(1, 8), Normal(4), width=4, critic_width=4, latent_width=6), 0)
    found = sefa(gan, k=2, source="mapping")
    result = steering(gan, found, [brightness(gan.format)], plan=Plan(n=8, controls=5, samples=0), latents=1)
    assert np.isnan(result.arrays["norm"]).all()
    assert "Steps are taken at mapping" in result.note
    assert (result.arrays["change"] > 0).all()
    assert not any(module._forward_hooks for module in gan.generator.modules())


def test_it_is_deterministic_leaves_the_modules_alone_and_counts_its_work() -> None:
    gan = GAN.fresh(DCGAN(Format.picture(1, 8), Normal(4), width=4, critic_width=4), 0)
    found, measurers = pca(gan, "start.act", k=2, n=100), [brightness(gan.format), edges(gan.format)]
    before, seen = gan.digest(), []
    plan = Plan(n=16, controls=5, samples=1)
    first = steering(gan, found, measurers, plan=plan, progress=lambda done, total: seen.append((done, total)))
    assert same(first, steering(gan, found, measurers, plan=plan))
    assert gan.digest() == before
    assert gan.generator.training
    whole, drawn, again = [(16 * each, 16 * 7) for each in range(1, 8)], [(1, 2), (2, 2)], [(1, 1)]
    assert seen == [*whole, *drawn, *again], "2 directions and 5 controls, then strips, then another sample"
    with pytest.raises(GanatomyError, match="no measured concept called 'smile'"):
        steering(gan, replace(found, targets=("smile", "")), measurers, plan=plan)


def test_the_note_says_by_what_law_directions_are_compared() -> None:
    gan = linear_gan(gaussian(6, 32))
    found = random_directions(gan, 4, seed=0)
    result = steering(gan, found, [reader("s", gaussian(2, 6))], plan=Plan(n=8, controls=19, samples=0), latents=0)
    assert (
        "19 controls, corrected, by the law of a random direction's cosine, since ranks of so few cannot decide"
        in result.note
    )
    one = steering(gan, found.only([0]), [reader("s", gaussian(2, 6))], plan=Plan(n=8, controls=19, samples=0))
    assert "19 controls, corrected, by rank; the smallest p is 0.05" in one.note


def test_in_few_dimensions_it_is_said_that_nothing_can_be_decided() -> None:
    gan, plan = linear_gan(gaussian(6, 3)), Plan(n=8, controls=19, samples=0)
    result = steering(gan, random_directions(gan, 4, seed=0), [reader("s", gaussian(2, 6))], plan=plan, latents=0)
    assert not result.arrays["beats_random"].any()
    assert "cannot be decided in a latent of so few dimensions (3)" in result.note


def test_of_a_concept_that_never_varies_nothing_is_claimed() -> None:
    """Nor of one that only rounds otherwise: a large number with a last bit that moves."""
    gan = linear_gan(gaussian(6, 8))
    read = Measurer(
        "m",
        ("first", "flat", "rounded"),
        "score",
        lambda x: torch.stack([x[:, 0], torch.ones(len(x)), 100 + 1e-5 * x[:, 0].sign()], dim=1).double(),
    )
    result = steering(gan, axes(gan), [read], plan=QUICK, latents=0)
    alone = steering(gan, axes(gan), [reader("s", torch.eye(6)[:1])], plan=QUICK, latents=0)
    assert (result.arrays["verdict"][:, 0] == alone.arrays["verdict"][:, 0]).all(), "the family is that of one concept"
    assert (result.arrays["verdict"][:, 1:] == "undetermined").all()
    for name in ("effect", "low", "high", "unit", "step_effect"):
        assert np.isnan(result.arrays[name][..., 1:]).all()
        assert np.isfinite(result.arrays[name][..., 0]).all()
    assert result.arrays["selectivity"] == pytest.approx(np.ones(8))
    assert result.arrays["target"].tolist() == ["m: first"] * 8
    assert "Of 8 pairs of 8 directions and 1 concepts" in result.note
    assert "Nothing is claimed of what never varies: m: flat, m: rounded." in result.note


def test_of_a_constant_generator_nothing_is_claimed_at_all() -> None:
    gan = linear_gan(torch.zeros(6, 3).double())
    result = steering(gan, axes(gan), [reader("s", gaussian(2, 6))], plan=QUICK, latents=0)
    assert (result.arrays["verdict"] == "undetermined").all()
    assert result.arrays["target"].tolist() == [""] * 3
    assert not result.arrays["beats_random"].any()
    assert "Nothing is claimed of what never varies: s: c0, s: c1." in result.note
    assert "random directions" not in result.note
    assert "pairs" not in result.note


def test_where_a_twin_never_varies_there_is_no_claim() -> None:
    gan = linear_gan(torch.eye(4).double())
    lame = Measurer("m", ("first",), "score", lambda x: x[:, :1], twin=lambda x: 0 * x[:, :1])
    result = steering(gan, axes(gan), [lame], plan=QUICK, latents=0)
    assert (result.arrays["verdict"] == "undetermined").all()
    assert np.isfinite(result.arrays["effect"]).all()
