"""Coordinates of z: what each does to samples, concepts and units, and those that do nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracles_latent import gaussian, linear_gan, reader

from ganatomy.explain.concepts.looks import brightness
from ganatomy.explain.latent.coordinates import WATCHED, coordinates, unit_changes
from ganatomy.explain.latent.directions import HELD_OUT, axes
from ganatomy.explain.latent.responses import Plan
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.results.formats import Format

QUICK = Plan(n=80, controls=19, samples=0)


def test_a_coordinate_without_weights_does_nothing_and_is_named() -> None:
    weight = gaussian(6, 4)
    weight[:, 2] = 0
    gan = linear_gan(weight)
    result = coordinates(gan, [reader("s", gaussian(2, 6, seed=1))], plan=QUICK)
    assert result.arrays["nothing"].tolist() == [False, False, True, False]
    assert "z2 does nothing" in result.note
    assert (result.arrays["verdict"][2] == "absent").all()
    assert result.method == "coordinates"
    assert result.units == ("z0", "z1", "z2", "z3")
    assert result.arrays["strip"].shape == (4, 3, 7, 6)


def test_units_of_a_linear_layer_move_by_their_weights_in_their_own_deviations() -> None:
    weight = gaussian(6, 4)
    gan = linear_gan(weight)
    plan = Plan(n=40, sizes=(2.0,))
    mean, size = unit_changes(gan, axes(gan), ["out"], plan=plan)["out"]
    z = gan.latent.sample(0, range(HELD_OUT, HELD_OUT + WATCHED)).double()
    wanted = 2 * weight.T / (z @ weight.T).std(0)
    assert torch.allclose(mean, wanted, atol=1e-4)
    assert torch.allclose(size, wanted.abs(), atol=1e-4)
    result = coordinates(gan, [reader("s", gaussian(2, 6))], sites=["out"], plan=plan, latents=0)
    assert result.arrays["units out"] == pytest.approx(mean.numpy())


def test_every_inner_place_of_a_network_is_looked_at_by_default() -> None:
    gan = GAN.fresh(DCGAN(Format.picture(1, 8), Normal(3), width=4, critic_width=4), 0)
    result = coordinates(gan, [brightness(gan.format)], plan=Plan(n=8, controls=5, samples=0), latents=1)
    assert {name for name in result.arrays if name.startswith("units")} == {
        *("units start.act", "units start.act size"),
        *("units up1.act", "units up1.act size"),
    }
    assert result.arrays["units up1.act"].shape == (3, 4)
    assert (result.arrays["units up1.act size"] >= np.abs(result.arrays["units up1.act"]) - 1e-12).all()
    assert "Every coordinate changes the pictures." in result.note
    assert unit_changes(gan, axes(gan), [], plan=QUICK) == {}
    assert not any(module._forward_hooks for module in gan.generator.modules())
