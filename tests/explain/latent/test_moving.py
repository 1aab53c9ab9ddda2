"""Moved latents stay on the prior: lines, great circles, clamped boxes."""

from __future__ import annotations

import math

import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles_latent import gaussian, linear_gan

from ganatomy.explain.latent.directions import Directions, axes, blank, random_vectors
from ganatomy.explain.latent.moving import moved, step, strips
from ganatomy.explain.passes import draws, made
from ganatomy.models.latent import Normal, Sphere, Uniform


@given(length=st.floats(-6, 6), seed=st.integers(0, 50))
def test_a_spherical_latent_moves_by_an_arc_and_stays_on_the_sphere(length: float, seed: int) -> None:
    latent, towards = Sphere(5), random_vectors(1, 5, seed=seed)[0]
    z = latent.sample(seed, range(6), dtype=torch.float64)
    taken = step(latent, z, towards, length)
    radius = math.sqrt(5)
    assert torch.allclose(taken.z.norm(dim=1), torch.full((6,), radius).double())
    angle = torch.acos(((taken.z * z).sum(1) / 5).clamp(-1, 1))
    whole = torch.full((6,), abs(length) / radius).double()
    assert torch.allclose(angle[~taken.cut], whole[~taken.cut], atol=1e-6)
    sign = 1 if length >= 0 else -1
    assert bool((sign * (taken.z - z) @ towards >= -1e-9).all()), "it moves towards the direction, not past the pole"
    at_pole = taken.z[taken.cut] @ towards * sign
    assert torch.allclose(at_pole, torch.full_like(at_pole, radius), atol=1e-6)
    basis = torch.stack([z[0], towards])  # the circle lies in the plane of both
    rest = taken.z[0] - basis.T @ torch.linalg.lstsq(basis.T, taken.z[0]).solution
    assert float(rest.norm()) < 1e-6


def test_at_the_pole_a_spherical_latent_stays() -> None:
    pole = torch.tensor([[2.0, 0, 0, 0]])
    taken = step(Sphere(4), pole, torch.tensor([1.0, 0, 0, 0]), 1.0)
    assert torch.equal(taken.z, pole)
    assert bool(taken.cut.all())


def test_a_uniform_latent_is_clamped_and_says_so() -> None:
    z = torch.tensor([[0.0, 0.0], [0.9, 0.0]])
    taken = step(Uniform(2), z, torch.tensor([1.0, 0.0]), 0.5)
    assert torch.allclose(taken.z, torch.tensor([[0.5, 0.0], [1.0, 0.0]]))
    assert taken.cut.tolist() == [False, True]


def test_a_normal_latent_moves_on_a_line() -> None:
    z = Normal(3).sample(0, range(4))
    taken = step(Normal(3), z, torch.tensor([0.0, 1.0, 0.0]), -2.0)
    assert torch.allclose(taken.z - z, torch.tensor([0.0, -2.0, 0.0]).expand(4, 3), atol=1e-6)
    assert not bool(taken.cut.any())


def test_samples_move_along_the_columns_of_a_linear_generator_in_z_and_at_a_site() -> None:
    weight = gaussian(6, 3)
    gan = linear_gan(weight)
    draw = next(draws(gan, 5, seed=0))
    still = made(gan.generator, draw).double()
    ahead = moved(gan, draw, axes(gan), place=1, steps=2.0).double()
    assert torch.allclose(ahead - still, 2 * weight[:, 1].expand(5, 6), atol=1e-5)
    vector = torch.eye(6)[:1].double()
    at_site = Directions("m", ("a",), vector, torch.tensor([0.5]), blank(1), site="out")
    assert torch.allclose(moved(gan, draw, at_site, place=0, steps=3.0).double() - still, 1.5 * vector, atol=1e-5)
    assert not any(module._forward_hooks for module in gan.generator.modules())


def test_strips_hold_every_direction_latent_and_step() -> None:
    weight = gaussian(6, 3)
    gan = linear_gan(weight)
    drawn = strips(gan, axes(gan), latents=2, steps=(-1.0, 0.0, 2.0), seed=1, start=7)
    assert drawn.shape == (3, 2, 3, 6)
    still = gan.sample(1, range(7, 9))
    assert torch.allclose(drawn[2, :, 1], still, atol=1e-6)
    assert torch.allclose(drawn[2, :, 2] - still, 2 * weight[:, 2].float(), atol=1e-5)
