"""Densities equal their formulas, their images are those of affine maps, and affine generators have one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from ganatomy.data.worlds import WORLDS
from ganatomy.errors import UsageError
from ganatomy.models.latent import Normal, Uniform
from ganatomy.numerics.random import Stream
from ganatomy.theory.densities import Density, bells, gaussian, of_generator, of_world

STREAM = Stream(5, "densities")
TILTED = [[1.0, 0.5], [0.5, 2.0]]


@pytest.mark.parametrize("name", ["two-gaussians", "three-gaussians", "ring8", "moons"])
def test_a_world_is_its_density(name):
    world = WORLDS[name]()
    density, x = of_world(world), world.sample(STREAM, range(50))
    assert torch.allclose(density.log_density(x), world.log_density(x), rtol=1e-11, atol=1e-11)
    assert torch.allclose(density.sample(STREAM, range(50)), x)
    assert density.note == "exact"


def test_a_tilted_gaussian_equals_scipys():
    mean = [1.0, -2.0]
    x = gaussian(mean, TILTED).sample(STREAM, range(60))
    oracle = stats.multivariate_normal(mean, TILTED)
    assert np.allclose(gaussian(mean, TILTED).log_density(x), oracle.logpdf(x.numpy()), rtol=1e-12)
    big = gaussian(mean, TILTED).sample(STREAM, range(20_000))
    assert torch.allclose(big.T.cov(), torch.tensor(TILTED).double(), atol=0.06)


def test_the_distribution_function_and_what_lies_outside():
    p = bells([-1.0, 3.0], [0.5, 2.0], weights=[1, 3])
    x = torch.tensor([-2.0, 0.0, 4.0], dtype=torch.float64)
    assert np.allclose(p.below(x), 0.25 * stats.norm(-1, 0.5).cdf(x) + 0.75 * stats.norm(3, 2).cdf(x), rtol=1e-12)
    box = torch.tensor([-2.0], dtype=torch.float64), torch.tensor([4.0], dtype=torch.float64)
    ends = p.below(torch.cat(box))
    assert float(p.weights @ p.outside(*box)) == pytest.approx(float(1 - ends[1] + ends[0]), abs=1e-14)
    with pytest.raises(UsageError, match="it is one of the line"):
        gaussian([0.0, 0.0], TILTED).below(x)


def test_images_marginals_and_blur():
    p = gaussian([1.0, -2.0], TILTED)
    row = torch.tensor([[0.6, 0.8]])
    marginal = p.image(row)
    assert marginal.centres.item() == pytest.approx(-1.0)
    assert marginal.covariances.item() == pytest.approx(0.36 + 2 * 0.48 * 0.5 + 0.64 * 2)
    assert torch.allclose(p.blurred(0.5).covariances[0], torch.tensor([[1.25, 0.5], [0.5, 2.25]]).double())
    turn, shift = torch.tensor([[2.0, 1.0], [0.0, 3.0]]).double(), torch.tensor([5.0, 6.0]).double()
    x = p.sample(STREAM, range(9))
    moved = p.image(turn, shift).log_density(x @ turn.T + shift)
    assert torch.allclose(moved, p.log_density(x) - torch.tensor(6.0).double().log(), rtol=1e-11)  # Jacobian


def test_an_affine_generator_has_an_exact_density():
    generator = nn.Linear(3, 2, device="meta").to_empty(device="cpu")  # no draw from the global generator
    with torch.no_grad():
        generator.weight.copy_(torch.tensor([[1.0, 0.0, 2.0], [0.5, -1.0, 0.0]]))
        generator.bias.copy_(torch.tensor([3.0, -1.0]))
    density = of_generator(generator, Normal(3))
    assert torch.allclose(density.centres, torch.tensor([[3.0, -1.0]]).double(), atol=1e-6)
    assert torch.allclose(density.covariances[0], torch.tensor([[5.0, 0.5], [0.5, 1.25]]).double(), atol=1e-5)


def test_other_generators_are_refused():
    with pytest.raises(UsageError, match="estimate it from samples"):
        of_generator(torch.tanh, Normal(2))
    with pytest.raises(UsageError, match="normal latent alone"):
        of_generator(lambda z: z, Uniform(2))
    with pytest.raises(UsageError, match="the mass lies on a line or a point"):
        of_generator(lambda z: z @ torch.tensor([[1.0, 2.0], [1.0, 2.0]]), Normal(2))


def test_impossible_densities_are_refused():
    with pytest.raises(UsageError, match="symmetric covariance"):
        gaussian([0.0, 0.0], [[1.0, 0.2], [0.0, 1.0]])
    with pytest.raises(UsageError, match="one positive std and weight"):
        bells([0.0], [-1.0])
    with pytest.raises(UsageError, match=r"points have shape \(n, 1\)"):
        bells([0.0], [1.0]).log_density(torch.zeros(3, 2))


def test_it_is_differentiable_and_cut_into_blocks():
    p = Density(
        "many",
        torch.randn(3000, 2, generator=torch.Generator().manual_seed(0)).double(),
        torch.eye(2).double().expand(3000, 2, 2),
        torch.full((3000,), 1 / 3000).double(),
    )
    x = torch.zeros(1500, 2).double().requires_grad_()
    (slope,) = torch.autograd.grad(p.log_density(x).sum(), x)
    assert slope.shape == x.shape
    assert torch.allclose(slope, slope[:1].expand_as(slope), rtol=1e-9)
