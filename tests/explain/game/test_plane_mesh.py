"""The mesh of generators whose density is known in closed form, folds among them."""

from __future__ import annotations

import math
import re

import pytest
import torch
from oracles_geometry import gan_of, linear_gan
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.game.plane_mesh import laid_out, lying_on, mesh
from ganatomy.models.latent import Normal, Sphere, Uniform
from ganatomy.theory.densities import of_generator

MATRIX = torch.tensor([[2.0, 0.5], [-0.3, 0.8]], dtype=torch.float64)


def folded(z: Tensor) -> Tensor:
    return torch.stack([z[:, 0].abs(), z[:, 1]], 1)


def test_the_density_of_an_affine_generator_is_exact() -> None:
    gan = linear_gan(MATRIX, dtype=torch.float32)
    found = mesh(gan, n=200, side=9)
    q = of_generator(gan.generator, gan.latent)
    where = torch.as_tensor(found.arrays["lines"].copy()).reshape(-1, 2)
    logs = torch.as_tensor(found.arrays["log_density"].copy()).reshape(-1)
    torch.testing.assert_close(logs, q.log_density(where), atol=1e-4, rtol=1e-4)
    assert found.arrays["lines"].shape[0] == 18
    assert not found.arrays["turned"].any()
    assert not found.arrays["others"].any()  # nothing lies on it
    assert "0.0% [0.0%" in found.note


def test_the_jacobian_is_that_of_autograd() -> None:
    def bent(z: Tensor) -> Tensor:
        return torch.stack([z[:, 0] ** 3 + z[:, 1], (z[:, 0] * z[:, 1]).sin()], 1)

    z = Normal(2).sample(0, range(5)).double()
    where, turn = laid_out(gan_of(bent, 2, 2), z)
    slowly = [torch.linalg.det(torch.autograd.functional.jacobian(bent, each[None])[0, :, 0]) for each in z]  # type: ignore[no-untyped-call]
    torch.testing.assert_close(turn, torch.stack(slowly))
    torch.testing.assert_close(where, bent(z))


def test_a_fold_doubles_the_density() -> None:
    gan = gan_of(folded, 2, 2, latent=Uniform(2))
    found = mesh(gan, n=400, side=21)
    inner = found.arrays["nodes"][1:-1, 1:-1]  # at the very edge of the sheet one side alone is there
    others = found.arrays["others"][1:-1, 1:-1][inner[..., 0] > 0.01]
    assert others == pytest.approx(0.25)  # as much as its own: together 1/2, which is the density of |z|
    assert found.arrays["log_density"] == pytest.approx(math.log(0.25))
    assert 0.45 < found.arrays["turned"].mean() < 0.55
    left = (gan.latent.sample(0, range(400))[:, 0] < 0).float().mean()
    assert f"{min(left, 1 - left):.1%} [" in found.note
    # Of nodes all but those on the fold and on the edge, half.
    assert 0.4 < float(re.findall(r"(\d+)% of the density", found.note)[0]) / 100 < 0.5


def test_a_cell_drawn_out_between_modes_is_thin() -> None:
    """Its ends are dense; what lies on a node between is the mass of the cell over its long area."""
    ticks = torch.linspace(0, 1, 5, dtype=torch.float64)
    nodes = torch.stack(torch.meshgrid(ticks, ticks, indexing="ij"), -1)
    nodes[3:, :, 0] += 100.0  # the sheet jumps
    other = nodes.flip(0) + torch.tensor([0.37, 0.01])
    both = torch.cat([nodes, other])
    found = lying_on(both, torch.full((10, 5), 1 / 16, dtype=torch.float64))
    assert found.max() < 3.0
    assert lying_on(nodes, torch.full((5, 5), 1 / 16, dtype=torch.float64)).max() == 0


@pytest.mark.parametrize(
    ("latent", "length"), [(Sphere(2), 2 * math.pi * math.sqrt(2)), (Normal(1), None), (Uniform(1), 2.0)]
)
def test_a_curve_has_a_density_per_length(latent: object, length: float | None) -> None:
    gan = gan_of(lambda z: 3 * z if z.shape[1] == 2 else torch.cat([3 * z, 0 * z], 1), latent.dim, 2, latent=latent)  # type: ignore[attr-defined,arg-type]
    found = mesh(gan, n=50)
    logs = torch.as_tensor(found.arrays["log_density"].copy())[0]
    assert found.arrays["lines"].shape[0] == 1
    if length is not None:
        torch.testing.assert_close(logs, torch.full_like(logs, -math.log(3 * length)))
    else:
        x = torch.as_tensor(found.arrays["lines"].copy())[0, :, 0] / 3
        torch.testing.assert_close(logs, torch.distributions.Normal(0, 1).log_prob(x) - math.log(3))  # type: ignore[no-untyped-call]
    assert "no density in the plane" in found.note


@pytest.mark.parametrize("latent", [Normal(5), Uniform(5), Sphere(5)])
def test_longer_latents_are_cut_and_it_is_said_what_the_plane_carries(latent: object) -> None:
    """Of independent coordinates with strengths 3, 2, 1 in a map to the plane, the plane carries its share."""
    weights = torch.zeros(2, 5, dtype=torch.float64)
    weights[0, 0], weights[1, 1] = 3.0, 2.0
    gan = linear_gan(weights, latent=latent, dtype=torch.float32)  # type: ignore[arg-type]
    found = mesh(gan, n=500, side=5)
    if latent.kind != "sphere":  # type: ignore[attr-defined]
        assert float(found.arrays["carried"]) == pytest.approx(1.0)
        mixed = gan_of(
            lambda z: z[:, :2] * z.new_tensor([3.0, 2.0]) + (5 * z[:, 2:4]).sin() * 0.5,
            5,
            2,
            latent=latent,  # type: ignore[arg-type]
        )
        assert 0.5 < float(mesh(mixed, n=500, side=5).arrays["carried"]) < 0.999
    else:
        radius = found.arrays["lines"] @ torch.diag(1 / torch.tensor([3.0, 2.0])).numpy()
        assert (radius**2).sum(-1).max() <= 5 + 1e-4  # on the sphere
    assert "kernel estimate" in found.note


def test_what_is_no_plane_is_refused() -> None:
    with pytest.raises(UsageError, match="points of two numbers"):
        mesh(linear_gan(torch.ones(3, 2, dtype=torch.float64)))
    with pytest.raises(UsageError, match="latent of two points"):
        mesh(gan_of(lambda z: torch.cat([z, z], 1), 1, 2, latent=Sphere(1)))
