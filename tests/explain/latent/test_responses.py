"""Paired scores: closed forms of a linear generator, both signs, twins, priors that end."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
import torch
from oracles_latent import gaussian, linear_gan, reader
from oracles_memory import every, tensors_alive
from torch import Tensor

from ganatomy.errors import GanatomyError
from ganatomy.explain.concepts.looks import brightness, edges
from ganatomy.explain.latent.boundaries import boundaries
from ganatomy.explain.latent.coordinates import unit_changes
from ganatomy.explain.latent.directions import HELD_OUT, axes, random_directions
from ganatomy.explain.latent.jacobian import averaged
from ganatomy.explain.latent.monotone import one_way, spearman
from ganatomy.explain.latent.panel import Panel, scored
from ganatomy.explain.latent.pca import pca
from ganatomy.explain.latent.responses import Plan, responses
from ganatomy.explain.latent.steering import steer
from ganatomy.explain.passes import draws
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal, Uniform
from ganatomy.models.mlp import MLP
from ganatomy.numerics.running import Moments
from ganatomy.numerics.statistics.interval import mean_of
from ganatomy.results.formats import Format


def test_scores_of_a_linear_generator_move_by_its_columns() -> None:
    weight, reads = gaussian(6, 3), gaussian(2, 6, seed=1)
    gan, panel, plan = linear_gan(weight), Panel.of([reader("s", reads)]), Plan(n=70, sizes=(2.0, 0.5))
    seen = responses(gan, axes(gan), panel, plan=plan)
    assert seen.steps == (-2.0, -0.5, 0.5, 2.0)
    z = gan.latent.sample(0, range(HELD_OUT, HELD_OUT + 70)).double()
    assert seen.base.n == 70
    assert torch.allclose(seen.base.mean, (z @ weight.T @ reads.T).mean(0), atol=1e-4)
    assert torch.allclose(seen.base.variance(), (z @ weight.T @ reads.T).var(0), rtol=1e-4)
    slopes = (reads @ weight).T
    change = seen.change.mean.reshape(3, 4, 2)
    for place, size in enumerate(seen.steps):
        assert torch.allclose(change[:, place], size * slopes, atol=1e-4)
    assert torch.allclose(seen.odd_means, 2 * slopes, atol=1e-4)
    assert torch.allclose(seen.aimed, 2 * slopes, atol=1e-4)
    natural = (z @ weight.T).var(0).sum()
    assert torch.allclose(seen.jolt[:, 3], 2 * weight.norm(dim=0) / natural.sqrt(), rtol=1e-4)
    assert float(seen.norm[:, 0].mean()) > 1
    assert float(seen.cut.max()) == 0


@pytest.mark.parametrize(("n", "first"), [(40, 10), (100, 25), (300, 75)])
def test_sums_over_blocks_are_what_all_pairs_kept_would_give(n: int, first: int) -> None:
    """Latents of a block may aim, judge, or both; at 300 the first block only aims."""
    gan = GAN.fresh(MLP(Format.picture(1, 8), Normal(3), hidden=(6,)), 0)
    panel, found = Panel.of([brightness(gan.format), edges(gan.format)]), axes(gan)
    plan = Plan(n=n, sizes=(1.5, 0.5))
    seen = responses(gan, found, panel, plan=plan)
    parts = [
        scored(gan, draw, found, panel, steps=plan.steps) for draw in draws(gan, n, seed=plan.seed, start=plan.start)
    ]
    base, moved = torch.cat([part.base for part in parts]), torch.cat([part.moved for part in parts], dim=2)
    assert plan.aiming == first
    odd = (moved[:, 3] - moved[:, 0]) / 2
    assert torch.allclose(seen.aimed, odd[:, :first].mean(1), rtol=1e-9)
    change = (moved - base)[:, :, first:]
    assert torch.allclose(seen.change.mean, change.mean(2).flatten(), rtol=1e-9)
    assert torch.allclose(seen.change.variance(), change.var(2).flatten(), rtol=1e-9)
    for place in range(3):
        for column in range(seen.columns):
            wanted, got = mean_of(odd[place, first:, column] / 3), seen.odd(place, column, unit=3.0)
            assert (got.value, got.error) == (pytest.approx(wanted.value, rel=1e-9), pytest.approx(wanted.error))
            assert (got.df, got.n) == (wanted.df, wanted.n)
    path = torch.cat([moved[:, :2, first:], base[None, None, first:].expand(3, -1, -1, -1), moved[:, 2:, first:]], 1)
    assert torch.allclose(seen.spearman, spearman(path).mean(1))
    up, down = one_way(path)
    assert torch.allclose(seen.one_way, torch.maximum(up.double().mean(1), down.double().mean(1)))
    alone = responses(gan, found.only([1]), panel, plan=plan)
    assert torch.equal(alone.odds.mean, seen.odd_means[1])


def test_equal_effects_have_no_spread_and_not_a_spread_of_rounding() -> None:
    gan = linear_gan(gaussian(6, 3))
    seen = responses(gan, axes(gan), Panel.of([reader("s", gaussian(1, 6))]), plan=Plan(n=8))
    values = torch.tensor([0.3, 0.1 + 0.2, 0.3, 0.3], dtype=torch.float64)[:, None].expand(-1, 3)
    alike = replace(seen, odds=Moments.of(values)).odd(0, 0)
    assert alike.error == mean_of(values[:, 0]).error == 0
    assert replace(seen, odds=Moments.of(values.cumsum(0))).odd(0, 0).error > 0


def test_memory_does_not_grow_with_the_number_of_latents() -> None:
    """Numbers alive after every block: at eight times as many latents not one more."""
    gan = linear_gan(gaussian(6, 3))
    measurers = [reader("s", gaussian(8, 6, seed=1))]
    found = random_directions(gan, 12, seed=0)

    def peak(n: int) -> int:
        plan = Plan(n=n, controls=19, samples=0)
        return tensors_alive(lambda look: steer(gan, found, measurers, plan=plan, progress=every(look, 16)))

    few, many = peak(128), peak(1024)
    assert many < 1.1 * few
    assert 1.1 * few < few + 896 * 12 * 8 * 8, "one step of all pairs would show"


def test_another_split_into_blocks_gives_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    gan = GAN.fresh(DCGAN(Format.picture(1, 8), Normal(4), width=4, critic_width=4, scheme="he"), 0)
    measurers = [brightness(gan.format), edges(gan.format)]
    panel, plan = Panel.of(measurers), Plan(n=40)

    def everything() -> list[Tensor]:
        seen = responses(gan, axes(gan), panel, plan=plan)
        found = [pca(gan, "up1.act", k=2, n=200), boundaries(gan, measurers, n=200), averaged(gan, k=2, n=40)]
        units = unit_changes(gan, axes(gan), ["up1.act"], plan=plan)["up1.act"]
        return [
            seen.odd_means,
            seen.change.mean,
            seen.jolt,
            seen.spearman,
            *units,
            *(each.vectors for each in found),
            *(each.fit for each in found),
        ]

    whole = everything()
    for module in ("responses", "pca", "boundaries", "jacobian", "coordinates"):
        monkeypatch.setattr(f"ganatomy.explain.latent.{module}.draws", partial(draws, block=17))
    for first, second in zip(whole, everything(), strict=True):
        assert torch.allclose(first, second, rtol=1e-5, atol=1e-5)


def test_a_prior_that_ends_is_reported() -> None:
    gan = linear_gan(gaussian(6, 3), latent=Uniform(3))
    seen = responses(gan, axes(gan), Panel.of([reader("s", gaussian(2, 6))]), plan=Plan(n=200, sizes=(1.0,)))
    share = 0.5 / 3**0.5  # one standard deviation is 1 / sqrt 3, of a range of 2
    assert seen.cut.flatten().tolist() == pytest.approx([share] * 6, abs=0.1)


def test_twins_stand_behind_the_concepts() -> None:
    alone, learnt = reader("a", gaussian(1, 6)), reader("b", gaussian(2, 6, seed=1))
    learnt = replace(learnt, twin=lambda samples: learnt.measure(samples) * 3)
    panel = Panel.of([alone, learnt])
    assert panel.concepts == ("a: c0", "b: c0", "b: c1")
    assert panel.twins == (-1, 3, 4)
    told = panel(gaussian(4, 6).float())
    assert told.shape == (4, 5)
    assert torch.allclose(told[:, 3:], 3 * told[:, 1:3])
    both = Panel.of([learnt, alone])
    assert both.twins == (3, 4, -1)


def test_plans_that_cannot_be_are_refused() -> None:
    with pytest.raises(GanatomyError, match="4 latents"):
        Plan(n=4)
    with pytest.raises(GanatomyError, match="sizes"):
        Plan(sizes=(1.0, 1.0))
    with pytest.raises(GanatomyError, match="sizes"):
        Plan(sizes=(0.0,))
    with pytest.raises(GanatomyError, match="no measurers"):
        Panel.of([])


def test_the_norm_is_the_root_mean_square_and_so_has_an_expectation_in_one_dimension() -> None:
    gan = linear_gan(gaussian(3, 1))
    seen = responses(gan, axes(gan), Panel.of([reader("s", gaussian(1, 3))]), plan=Plan(n=96, sizes=(2.0,)))
    z = gan.latent.sample(0, range(Plan().start, Plan().start + 96)).double()
    both = [float(((z + step).square().sum() / z.square().sum()).sqrt()) for step in (-2, 2)]
    assert seen.norm[0].tolist() == pytest.approx(both, rel=1e-5)
    assert max(both) < 3, "where the mean of |z + 2| / |z| has no bound"
