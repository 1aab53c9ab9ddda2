"""Paired scores: closed forms of a linear generator, both signs, twins, priors that end."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
import torch
from oracles_latent import gaussian, linear_gan, reader
from torch import Tensor

from ganatomy.errors import GanatomyError
from ganatomy.explain.concepts.looks import brightness, edges
from ganatomy.explain.latent.boundaries import boundaries
from ganatomy.explain.latent.coordinates import unit_changes
from ganatomy.explain.latent.directions import HELD_OUT, axes
from ganatomy.explain.latent.jacobian import averaged
from ganatomy.explain.latent.pca import pca
from ganatomy.explain.latent.responses import Panel, Plan, responses
from ganatomy.explain.passes import draws
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal, Uniform
from ganatomy.results.formats import Format


def test_scores_of_a_linear_generator_move_by_its_columns() -> None:
    weight, reads = gaussian(6, 3), gaussian(2, 6, seed=1)
    gan = linear_gan(weight)
    seen = responses(gan, axes(gan), Panel.of([reader("s", reads)]), plan=Plan(n=70, sizes=(2.0, 0.5)))
    assert seen.steps == (-2.0, -0.5, 0.5, 2.0)
    z = gan.latent.sample(0, range(HELD_OUT, HELD_OUT + 70)).double()
    assert torch.allclose(seen.base, z @ weight.T @ reads.T, atol=1e-4)
    slopes = (reads @ weight).T
    change = seen.moved - seen.base
    for place, size in enumerate(seen.steps):
        wanted = (size * slopes)[:, None].expand(3, 70, 2)
        assert torch.allclose(change[:, place], wanted, atol=1e-4)
    assert torch.allclose(seen.odd(2.0), (2 * slopes)[:, None].expand(3, 70, 2), atol=1e-4)
    natural = (z @ weight.T).var(0).sum()
    assert torch.allclose(seen.change[:, 3], 2 * weight.norm(dim=0) / natural.sqrt(), rtol=1e-4)
    assert float(seen.norm[:, 0].mean()) > 1
    assert float(seen.cut.max()) == 0


def test_another_number_of_latents_gives_the_same_bits_for_those_shared() -> None:
    gan = linear_gan(gaussian(6, 3))
    panel = Panel.of([reader("s", gaussian(2, 6))])
    few = responses(gan, axes(gan), panel, plan=Plan(n=64))
    many = responses(gan, axes(gan), panel, plan=Plan(n=100))
    assert torch.equal(few.moved, many.moved[:, :, :64])
    one = responses(gan, axes(gan).only([1]), panel, plan=Plan(n=64))
    assert torch.equal(one.moved[0], few.moved[1])


def test_another_split_into_blocks_gives_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    gan = GAN.fresh(DCGAN(Format.picture(1, 8), Normal(4), width=4, critic_width=4, scheme="he"), 0)
    measurers = [brightness(gan.format), edges(gan.format)]
    panel, plan = Panel.of(measurers), Plan(n=40)

    def everything() -> list[Tensor]:
        seen = responses(gan, axes(gan), panel, plan=plan)
        found = [pca(gan, "up1.act", k=2, n=200), boundaries(gan, measurers, n=200), averaged(gan, k=2, n=40)]
        units = unit_changes(gan, axes(gan), ["up1.act"], plan=plan)["up1.act"]
        return [seen.moved, seen.change, *units, *(each.vectors for each in found), *(each.fit for each in found)]

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
