"""The pull-back metric against closed forms: linear generators, spheres, and coordinates that do nothing."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from oracles_geometry import gan_of, linear_gan, matrix
from oracles_memory import every, tensors_alive
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.latent.metric import idle, metric_at, squared_path_length, stretch, stretch_at
from ganatomy.explain.latent.surface import surface
from ganatomy.features.space import random_projection
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal, Sphere
from ganatomy.models.mlp import MLP
from ganatomy.results.formats import Format

PICTURE = Format.picture(1, 8)


def test_of_a_linear_generator_it_is_the_same_everywhere() -> None:
    weights = matrix(7, 5)
    seen = surface(linear_gan(weights))
    found = metric_at(seen, seen.latents(0, range(3)))
    assert torch.allclose(found, (weights.T @ weights).expand(3, 5, 5), atol=1e-12)
    largest, whole = stretch_at(seen, seen.latents(0, range(3)))
    assert torch.allclose(largest, torch.linalg.matrix_norm(weights, 2).expand(3))
    assert torch.allclose(whole, weights.norm().expand(3))


def test_of_a_network_it_is_autograds() -> None:
    gan = GAN.fresh(MLP(PICTURE, Normal(3, classes=2), hidden=(16,)), 1)
    seen, labels = surface(gan), torch.tensor([1, 0])
    z = seen.latents(0, range(2))
    found = metric_at(seen, z, labels)
    whole = torch.autograd.functional.jacobian(lambda at: seen(at[None], labels[1:])[0], z[1])
    assert torch.allclose(found[1], whole.T @ whole, atol=1e-12)
    assert torch.allclose(metric_at(seen, z[1:], labels[1:])[0], found[1], atol=1e-12), "a batch is one by one"


def test_on_a_sphere_only_tangents_count() -> None:
    weights = matrix(7, 5)
    seen = surface(linear_gan(weights, latent=Sphere(5)))
    z = seen.latents(0, range(1))
    found, out = metric_at(seen, z)[0], z[0] / z[0].norm()
    assert float((found @ out).norm()) < 1e-12
    tangent = torch.eye(5, dtype=torch.float64) - torch.outer(out, out)
    assert torch.allclose(found, tangent @ weights.T @ weights @ tangent, atol=1e-12)
    assert torch.allclose(metric_at(seen, z, tangent=False)[0], weights.T @ weights, atol=1e-12)


def test_in_a_feature_space_lengths_are_the_features() -> None:
    gan = GAN.fresh(MLP(PICTURE, Normal(3), hidden=(16,)), 1)
    there = random_projection(PICTURE, 64)
    z = surface(gan).latents(0, range(2))
    # 64 orthonormal directions of 64 pixels: a rotation, which changes no length.
    assert torch.allclose(metric_at(surface(gan, there), z), metric_at(surface(gan), z), atol=1e-5)
    assert stretch(gan, 2, space=there).target == there.id


def test_quantiles_of_a_known_stretch() -> None:
    # x = z^2 / 2: J = diag(z), so the Frobenius norm is |z|, of two normal coordinates: sqrt(-2 log(1 - q)).
    found = stretch(gan_of(lambda z: z.square() / 2, 2, 2), 300)
    wanted = [math.sqrt(-2 * math.log(1 - float(q))) for q in found.units]
    assert found.arrays["frobenius"][2:6] == pytest.approx(np.array(wanted[2:6]), rel=0.15)
    assert (found.arrays["largest"] <= found.arrays["frobenius"] * 1.02).all()
    assert "300 latents" in found.note


def test_coordinates_and_directions_that_do_nothing() -> None:
    weights = matrix(9, 6)
    weights[:, 4] = 0  # one coordinate
    weights[:, 1] = weights[:, 0]  # and one direction, (1, -1, 0, ...)
    found = idle(linear_gan(weights, dtype=torch.float32), 5)
    nothing = found.arrays["idle"]
    assert [unit for unit, flag in zip(found.units, nothing, strict=True) if flag] == [
        "z[4]",
        "direction 4",
        "direction 5",
    ]
    null = found.arrays["vectors"][-2:]
    assert abs(null @ np.array([1, 1, 0, 0, 0, 0]) / 2**0.5).max() < 1e-5
    assert found.arrays["stretch"][:6] == pytest.approx(weights.norm(dim=0).numpy(), rel=1e-6)
    assert found.arrays["stretch"][6] == pytest.approx(float(torch.linalg.matrix_norm(weights, 2)), rel=1e-6)
    assert found.arrays["share"][:6].sum() == pytest.approx(1)
    assert "1 of 6 coordinates do nothing (4)" in found.note
    assert "of 6 directions (eigenvectors) 2 do nothing" in found.note


def test_what_does_little_is_not_nothing() -> None:
    weights = torch.diag(torch.tensor([1.0, 1e-3], dtype=torch.float64))
    assert not idle(linear_gan(weights, dtype=torch.float32), 3).arrays["idle"].any()


def test_a_constant_generator_does_nothing_at_all() -> None:
    found = idle(gan_of(lambda z: 0 * z + 1, 3, 3), 2)
    assert found.arrays["idle"].all()
    assert "3 of 3 coordinates" in found.note


@pytest.mark.parametrize("step", [1e-4, 1e-2])
def test_squared_path_length_of_a_linear_generator_is_twice_its_square(step: float) -> None:
    weights = matrix(8, 6)
    found = squared_path_length(linear_gan(weights), 1000, step=step)
    assert found.interval is not None
    assert 2 * float(weights.square().sum()) in found.interval
    # The same paths in the same order: |A (z2 - z1)|^2, without sampling error.
    z = Normal(6).sample(0, range(2000)).double().reshape(1000, 2, 6)
    assert found.value == pytest.approx(float(((z[:, 1] - z[:, 0]) @ weights.T).square().sum(1).mean()), rel=1e-8)
    assert found.floor is not None
    assert found.floor < 1e-15 * found.value


def test_squared_path_length_on_a_sphere() -> None:
    """E[angle^2] |A|^2 for radius sqrt(n), E[angle^2] = 2.533970 at n = 16."""
    weights = matrix(8, 16)
    found = squared_path_length(linear_gan(weights, latent=Sphere(16)), 1000)
    assert found.interval is not None
    assert 2.533970 * float(weights.square().sum()) in found.interval


@pytest.mark.parametrize("what", [stretch, idle])
def test_memory_does_not_grow_with_the_number_of_latents(what: Callable[..., object]) -> None:
    """Sixteen more Jacobians of 200 x 40 float32 would be half a megabyte."""
    gan = linear_gan(matrix(200, 40))
    few, many = (tensors_alive(lambda look, n=n: what(gan, n, progress=every(look, n))) for n in (3, 24))
    assert many < few + 100_000


def test_of_path_lengths_only_one_number_each_is_kept() -> None:
    """300 more pictures of 2000 numbers would be 4.8 megabytes."""
    gan = linear_gan(matrix(2000, 5))
    few, many = (
        tensors_alive(lambda look, n=n: squared_path_length(gan, n, progress=every(look, 8))) for n in (64, 364)
    )
    assert many < few + 1_000_000


def test_progress_and_wrong_requests() -> None:
    said: list[tuple[int, int]] = []
    stretch(linear_gan(matrix(3, 2)), 3, progress=lambda done, of: said.append((done, of)))
    assert said == [(1, 3), (2, 3), (3, 3)]
    with pytest.raises(UsageError, match="0 latents"):
        idle(linear_gan(matrix(3, 2)), 0)
    with pytest.raises(UsageError, match="1 paths"):
        squared_path_length(linear_gan(matrix(3, 2)), 1)


def test_flat_in_one_direction() -> None:
    def ridge(z: Tensor) -> Tensor:
        return torch.tanh(3 * z[:, :1]).expand(-1, 2)

    found = idle(gan_of(ridge, 2, 2), 4)
    assert found.arrays["idle"].tolist() == [False, True, False, True]


def test_a_constant_generator_has_no_directions_to_move_in() -> None:
    gan = linear_gan(torch.zeros(4, 3, dtype=torch.float64))
    assert "of 3 directions (eigenvectors) 3 do nothing. Stretch in" in idle(gan, 3, seed=0).note
    assert "0 in the middle and 0 at 99 %" in stretch(gan, 3, seed=0).note
