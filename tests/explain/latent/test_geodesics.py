"""Lengths and shortest ways: a plane, where they are straight, and a sphere, where they are great circles."""

from __future__ import annotations

import pytest
import torch
from oracles_geometry import gan_of, linear_gan, matrix
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.latent.geodesics import chain_path, chords, geodesics, length, pushed_off, shortest
from ganatomy.explain.latent.paths import path
from ganatomy.explain.latent.surface import surface
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal, Sphere, Uniform
from ganatomy.models.mlp import MLP
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

ENDS = torch.tensor([[0.6, 0.0], [1.0, 2.2]], dtype=torch.float64)


def globe(z: Tensor) -> Tensor:
    u, v = z[:, 0], z[:, 1]
    return torch.stack([u.sin() * v.cos(), u.sin() * v.sin(), u.cos()], dim=1)


def test_length_and_energy_of_a_straight_line() -> None:
    weights = matrix(7, 5)
    seen = surface(linear_gan(weights))
    z = seen.latents(0, range(2))
    found = length(seen, path(Normal(5), z[0], z[1]))
    wanted = float(((z[1] - z[0]) @ weights.T).norm())
    assert found.value == pytest.approx(wanted, rel=1e-12)
    assert found.energy == pytest.approx(wanted**2, rel=1e-12)
    assert found.converged
    assert found.error < 1e-12 * wanted


def test_the_length_of_a_curve_converges_to_its_integral() -> None:
    seen = surface(gan_of(globe, 2, 3))
    found = length(seen, path(Normal(2), *ENDS), tolerance=1e-6)
    assert found.value == pytest.approx(1.6185192, abs=1e-5)  # the straight line of latents, by quadrature
    assert found.energy >= found.value**2
    assert found.chords > 64


def test_a_length_that_has_not_settled_says_so() -> None:
    seen = surface(gan_of(lambda z: torch.sin(1e5 * z), 2, 2))
    found = length(seen, path(Normal(2), *ENDS), most=64)
    assert not found.converged
    assert found.error > 1e-3 * found.value


def test_chords_do_not_depend_on_the_blocks() -> None:
    seen, way = surface(gan_of(globe, 2, 3)), path(Normal(2), *ENDS)
    t = torch.linspace(0, 1, 201, dtype=torch.float64)
    assert torch.allclose(chords(seen, way, 200), globe(way(t)).diff(dim=0).norm(dim=1), atol=1e-14)


@pytest.mark.parametrize("bent", [False, True])
def test_the_shortest_way_on_a_globe_is_a_great_circle(bent: bool) -> None:
    seen = surface(gan_of(globe, 2, 3))
    chain = path(Normal(2), *ENDS)(torch.linspace(0, 1, 33, dtype=torch.float64))
    if bent:
        chain = pushed_off(Normal(2), chain, Stream(0, "bent"), 0, share=0.2)
    found = shortest(seen, chain, rounds=200)
    circle = 1.4037038
    # Chords of an arc of length L in 32 even steps fall short by L^3 / (24 * 32^2).
    assert float(globe(found).diff(dim=0).norm(dim=1).sum()) == pytest.approx(
        circle - circle**3 / (24 * 32**2), abs=2e-6
    )
    # The fine path bends between the latents of the chain: a little longer than the arc.
    assert length(seen, chain_path(Normal(2), found), tolerance=1e-7).value == pytest.approx(circle, abs=2e-3)
    assert torch.equal(found[[0, -1]], ENDS)


def test_nothing_is_saved_on_a_plane() -> None:
    weights = matrix(7, 5)
    found = geodesics(linear_gan(weights), 3, rounds=80)
    z = Normal(5).sample(0, range(6)).double().reshape(3, 2, 5)
    assert found.arrays["straight"] == pytest.approx(((z[:, 1] - z[:, 0]) @ weights.T).norm(dim=1).numpy(), rel=1e-7)
    assert (abs(found.arrays["saved"]) <= found.arrays["floor"] + 1e-6).all()
    assert abs(found.arrays["saved"]).max() < 1e-5
    t = torch.linspace(0, 1, 17)
    straight = torch.lerp(z[:, :1], z[:, 1:], t[None, :, None].double())
    assert abs(torch.tensor(found.arrays["chain"]).double() - straight).max() < 1e-3


def test_a_saving_is_found_above_the_floor_and_pair_by_pair() -> None:
    """A hill between the samples: round it is shorter than across."""

    def hill(z: Tensor) -> Tensor:
        return torch.cat([z, 12 * torch.exp(-(z.square().sum(1, keepdim=True)))], dim=1)

    gan = gan_of(hill, 2, 3)
    found = geodesics(gan, 2, inner=15, rounds=80)
    assert (found.arrays["saved"] > found.arrays["floor"]).any()
    assert (found.arrays["shortest"] <= found.arrays["straight"] + found.arrays["floor"]).all()
    again = geodesics(gan, 1, inner=15, rounds=80)
    assert again.arrays["shortest"][0] == found.arrays["shortest"][0]
    assert "of 2 shortest paths" in found.note


def test_a_bent_start_leaves_a_straight_way_that_is_longest() -> None:
    """Straight across the top of a hill no side is better than the other, and the straight start stays there."""
    ends = Normal(2).sample(0, range(2)).double()

    def hill(z: Tensor) -> Tensor:
        return torch.cat([z, 3 * torch.exp(-3 * (z - ends.mean(0).to(z)).square().sum(1, keepdim=True))], dim=1)

    found = geodesics(gan_of(hill, 2, 3), 1, rounds=80)
    assert found.arrays["saved"][0] > max(found.arrays["floor"][0], 0.5)


@pytest.mark.parametrize("latent", [Sphere(4, classes=2), Uniform(4, classes=2)])
def test_geodesics_stay_on_the_support(latent: object) -> None:
    assert isinstance(latent, Sphere(2).__class__)
    gan = GAN.fresh(MLP(Format.picture(1, 8), latent, hidden=(16,)), 1)
    chain = torch.tensor(geodesics(gan, 1, inner=5, rounds=10).arrays["chain"][0])
    assert torch.allclose(chain, latent.project(chain), atol=1e-5)


def test_wrong_requests_are_refused() -> None:
    with pytest.raises(UsageError, match="without gradients"):
        geodesics(gan_of(lambda z: z.detach().round(), 2, 2))
    with pytest.raises(UsageError, match="0 geodesics"):
        geodesics(linear_gan(matrix(3, 2)), 0)
    with pytest.raises(UsageError, match="length from 16 chords"):
        length(surface(linear_gan(matrix(3, 2))), lambda t: t[:, None].expand(-1, 2), most=16)


def test_the_shortest_path_is_never_longer_than_the_straight_one() -> None:
    """A coarse chain of little energy may step over a ridge: then the straight path stands."""
    networks = MLP(Format.point(2), Normal(2), hidden=(16, 16), critic_hidden=(4,), norm="none", scheme="he")
    gan = GAN(networks.generator(3), networks.latent, networks.format)
    found = geodesics(gan, 4, seed=0, inner=2, rounds=8)
    assert (found.arrays["saved"] >= 0).all()
    assert (found.arrays["shortest"] <= found.arrays["straight"]).all()


def test_a_conditional_generator_has_geodesics() -> None:
    """Its gradient comes in another memory layout."""
    networks = MLP(Format.picture(1, 8), Normal(4, classes=3), hidden=(8,), critic_hidden=(4,))
    gan = GAN(networks.generator(0), networks.latent, networks.format)
    assert len(geodesics(gan, 1, seed=0, inner=3, rounds=4).units) == 1
