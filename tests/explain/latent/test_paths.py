"""Ways between latents: each prior's own, and what is drawn on them."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles_geometry import gan_of, linear_gan, matrix

from ganatomy.errors import UsageError
from ganatomy.explain.latent.paths import direction_of, interpolation, path, traversal
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Latent, Normal, Sphere, Uniform
from ganatomy.models.mlp import MLP
from ganatomy.results.formats import Format

T = torch.linspace(0, 1, 9, dtype=torch.float64)


@given(
    st.sampled_from([Normal(6), Uniform(6), Sphere(6)]),
    st.sampled_from(["linear", "spherical", None]),
    st.integers(0, 99),
)
def test_a_path_runs_from_end_to_end_on_the_support(latent: Latent, how: str | None, seed: int) -> None:
    z = latent.sample(seed, range(2), dtype=torch.float64)
    along = path(latent, z[0], z[1], how=how)(T)  # type: ignore[arg-type]
    assert torch.allclose(along[[0, -1]], z, atol=1e-12)
    assert torch.allclose(along, latent.project(along), atol=1e-12)
    if latent.kind == "sphere":
        assert torch.allclose(along.norm(dim=1), torch.full((9,), 6.0**0.5, dtype=torch.float64))


def test_straight_and_round_ways() -> None:
    start, end = torch.tensor([2.0, 0.0]).double(), torch.tensor([0.0, 4.0]).double()
    half = torch.tensor([0.5]).double()
    assert torch.allclose(path(Normal(2), start, end)(half), torch.tensor([[1.0, 2.0]]).double())
    # Half way round a right angle, at the mean of both norms.
    wanted = torch.full((1, 2), 3 / 2**0.5, dtype=torch.float64)
    assert torch.allclose(path(Normal(2), start, end, how="spherical")(half), wanted)


def test_the_arc_has_constant_speed_and_the_chord_on_a_sphere_has_not() -> None:
    latent = Sphere(5)
    z = latent.sample(3, range(2), dtype=torch.float64)
    arc, chord = (path(latent, z[0], z[1], how=how)(T).diff(dim=0).norm(dim=1) for how in ("spherical", "linear"))  # type: ignore[arg-type]
    assert torch.allclose(arc, arc[:1].expand(8))
    assert float(chord.max() / chord.min()) > 1.05


def test_a_short_arc_is_a_line() -> None:
    start = torch.tensor([1.0, 0.0], dtype=torch.float64)
    end = torch.tensor([1.0, 1e-9], dtype=torch.float64)
    for near in (end, start):
        along = path(Normal(2), start, near, how="spherical")(T)
        assert torch.allclose(along, torch.lerp(start, near, T[:, None]), rtol=0, atol=1e-15)


def test_arcs_that_do_not_exist_are_refused() -> None:
    one = torch.ones(3, dtype=torch.float64)
    with pytest.raises(UsageError, match="opposite"):
        path(Sphere(3), one, -one)
    with pytest.raises(UsageError, match="latent 0"):
        path(Normal(3), one, 0 * one, how="spherical")
    with pytest.raises(UsageError, match="way between latents"):
        path(Normal(3), one, one, how="liner")  # type: ignore[arg-type]


def test_interpolation_shows_the_samples_at_its_ends() -> None:
    gan = GAN.fresh(MLP(Format.picture(1, 8), Sphere(4, classes=3), hidden=(16,)), 0)
    found = interpolation(gan, 3, seed=5, steps=7)
    assert found.arrays["pictures"].shape == (3, 7, 1, 8, 8)
    assert found.units == ("0 to 1", "2 to 3", "4 to 5")
    starts = gan.sample(5, [0, 2, 4])
    assert torch.allclose(torch.tensor(found.arrays["pictures"][:, 0]), starts, atol=1e-5)
    assert found.target == "spherical"
    again = interpolation(gan, 2, seed=5, steps=7)
    assert (again.arrays["steps"] == found.arrays["steps"][:2]).all()


def test_the_steps_of_a_linear_generator_are_all_alike() -> None:
    weights = matrix(6, 4)
    found = interpolation(linear_gan(weights), 2, steps=5)
    z = Normal(4).sample(0, range(2)).double()
    assert torch.allclose(
        torch.tensor(found.arrays["steps"][0]), ((z[1] - z[0]) @ weights.T).norm().expand(4) / 4, atol=1e-6
    )
    assert float(found.arrays["norms"][0, 2]) == pytest.approx(float((z[0] + z[1]).norm() / 2 / 2))


def test_a_grid_moves_rows_along_the_first_and_columns_along_the_second() -> None:
    gan = gan_of(lambda z: z, 3, 3)
    found = traversal(gan, 0, torch.tensor([0.0, 0.0, 7.0]), index=4, steps=5, extent=2.0)
    z = Normal(3).sample(0, [4])[0]
    made = torch.tensor(found.arrays["pictures"])
    assert torch.allclose(made[2, 2].float(), z, atol=1e-6)
    assert torch.allclose(made[4, 1].float() - z, torch.tensor([2.0, 0.0, -1.0]), atol=1e-6)
    assert found.units == ("-2", "-1", "+0", "+1", "+2")
    inside = traversal(gan_of(lambda z: z, 3, 3, latent=Uniform(3)), 0, 1, extent=9.0)
    assert abs(inside.arrays["latents"]).max() == 1.0


def test_wrong_directions_and_sizes_are_refused() -> None:
    gan = gan_of(lambda z: z, 3, 3)
    with pytest.raises(UsageError, match="coordinate 3"):
        traversal(gan, 3, 0)
    with pytest.raises(UsageError, match="length 0"):
        direction_of(gan.latent, torch.zeros(3))
    with pytest.raises(UsageError, match="0 paths of 9"):
        interpolation(gan, 0)
    with pytest.raises(UsageError, match="grid of 1 steps"):
        traversal(gan, 0, 1, steps=1)
