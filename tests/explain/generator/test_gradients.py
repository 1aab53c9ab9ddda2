"""Gradients of regions, against finite differences and the closed form of a linear generator."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.explain.generator.gradients import region_gradients, region_sensitivity, region_sums
from ganatomy.explain.passes import Draw, draws
from ganatomy.models.architectures import configure
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format
from ganatomy.tracing.edit import edit

PICTURE = Format.picture(2, 8)


def smooth() -> GAN:
    """In float64, so that differences are sharp."""
    with Stream(0, "smooth").module_rng(0):
        layers = nn.Sequential(
            nn.Linear(3, 8), nn.Softplus(), nn.Unflatten(1, (2, 2, 2)), nn.ConvTranspose2d(2, 2, 4, 4), nn.Tanh()
        )
    return GAN(layers.double(), Normal(3), PICTURE)


def test_blocks_equal_finite_differences() -> None:
    gan = smooth()
    draw = next(draws(gan, 3, seed=0))
    found = region_gradients(gan.generator, draw, ["1"], grid=(2, 3))
    assert found.of["1"].shape == (6, 3, 8)
    step = 1e-5
    for coordinate in range(3):
        shift = step * torch.eye(3)[coordinate].double()
        ends = [region_sums(gan.generator(draw.z.double() + sign * shift), (2, 3)) for sign in (1, -1)]
        slope = ((ends[0] - ends[1]) / (2 * step)).T
        assert torch.allclose(found.of["latent"][:, :, coordinate].double(), slope, atol=1e-6)
    for unit in (0, 5):
        ends = []
        for sign in (1, -1):

            def push(a: Tensor, sign: int = sign, unit: int = unit) -> Tensor:
                return a + sign * step * torch.eye(8)[unit].double()

            with edit(gan.generator, {"1": push}):
                ends.append(region_sums(gan.generator(draw.z.double()), (2, 3)))
        slope = ((ends[0] - ends[1]) / (2 * step)).T
        assert torch.allclose(found.of["1"][:, :, unit].double(), slope, atol=1e-6)


def test_a_linear_generator_has_one_jacobian_and_its_norms() -> None:
    weight = Stream(0, "weight").normal(range(128), 3)
    with Stream(0, "overwritten").module_rng(0):
        linear = nn.Linear(3, 128, bias=False)
    linear.weight.data = weight
    gan = GAN(nn.Sequential(linear, nn.Unflatten(1, (2, 8, 8))), Normal(3), Format((2, 8, 8)))
    layers, latent, place = region_sensitivity(gan, 5, seed=0, sites=["0"], grid=(2, 4))
    blocks = weight.reshape(2, 2, 4, 4, 2, 3).sum((0, 2, 4))  # (rows, columns, coordinates)
    assert np.allclose(latent.arrays["slope"], blocks.permute(2, 0, 1), atol=1e-4)
    assert np.allclose(latent.arrays["sensitivity"], blocks.permute(2, 0, 1).abs(), atol=1e-4)
    # Each number of the first layer is a pixel: it moves its own region one to one, and no other.
    assert place.arrays["sensitivity"].shape == (128, 2, 4)
    assert np.allclose(place.arrays["sensitivity"].sum((1, 2)), 1.0)
    assert np.allclose(layers.arrays["sensitivity"], np.sqrt(128 / 8))
    sd = (weight @ gan.latent.sample(0, range(5)).T).std(1, correction=0)
    assert np.allclose(place.arrays["per_sd"].sum((1, 2)), sd, atol=1e-5)


def test_places_of_all_architectures_and_points() -> None:
    for name, format in (("mlp", Format.point(3)), ("style", PICTURE), ("dcgan", PICTURE)):
        options = {"mlp": {"hidden": (5,)}, "style": {"width": 4}, "dcgan": {"width": 4}}[name]
        gan = GAN.fresh(configure(name, options, format=format, latent=Normal(4, 2)), seed=0)
        layers, latent, *places = region_sensitivity(gan, 3, seed=0, grid=(2, 2))
        shape = (2, 2) if format.kind == "picture" else (3,)
        assert latent.arrays["slope"].shape == (4, *shape)
        assert layers.units == tuple(place.target for place in places)
        assert layers.arrays["sensitivity"].shape == (len(places), *shape)
        assert (layers.arrays["sensitivity"][-1] > 0).all()


def test_blocks_of_samples_do_not_matter_and_nothing_stays() -> None:
    gan = smooth()
    gan.generator.train()
    draw = next(draws(gan, 4, seed=0))
    whole = region_gradients(gan.generator, draw, ["1"]).of["1"]
    part = region_gradients(gan.generator, Draw(range(2, 3), draw.z[2:3], None), ["1"]).of["1"]
    assert torch.allclose(whole[:, 2:3], part, atol=1e-6)
    assert gan.generator.training
    assert all(p.grad is None and p.requires_grad for p in gan.generator.parameters())
    assert not draw.z.requires_grad
    one, two = region_sensitivity(gan, 20, seed=0), region_sensitivity(gan, 20, seed=0)  # more than one block
    assert all(np.array_equal(a.arrays["slope"], b.arrays["slope"]) for a, b in zip(one[1:], two[1:], strict=True))
    every = region_gradients(gan.generator, next(draws(gan, 20, seed=0)), ["1"]).of["latent"].double()
    assert np.allclose(one[1].arrays["slope"].reshape(3, 16), every.mean(1).T, atol=1e-7)
    assert np.allclose(one[1].arrays["sensitivity"].reshape(3, 16), every.square().mean(1).sqrt().T, atol=1e-7)


def test_what_does_not_depend_on_the_latent_still_has_gradients_or_zeros() -> None:
    class Constant(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.unused = nn.Linear(2, 2), nn.ReLU()

        def forward(self, z: Tensor) -> Tensor:
            self.unused(z + 1)
            out: Tensor = self.first(z)
            return out

    with Stream(0, "constant").module_rng(0):
        gan = GAN(Constant(), Normal(2), Format.point(2))
    found = region_gradients(gan.generator, next(draws(gan, 2, seed=0)), ["unused"])
    assert not found.of["unused"].any()


def test_what_moves_samples_most_is_told_with_its_numbers() -> None:
    """Coordinate 1 of three, four times as much as the two others, and all of it in the second coordinate."""
    with Stream(0, "overwritten").module_rng(0):
        layers = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2))
    layers[0].weight.data = torch.tensor([[1.0, 0.0, 0.0], [0.0, 4.0, 1.0]])
    layers[1].weight.data = torch.eye(2)
    gan = GAN(layers, Normal(3), Format.point(2))
    told, latent, _ = region_sensitivity(gan, 200, seed=0, sites=["0"])
    sizes = latent.arrays["per_sd"][:, 1]
    assert latent.note.startswith(
        f"latent:1 moves samples most, by {sizes[1]:.3g} for each of its standard deviations, the most in coordinate 1"
        f"; the median of 2 others: {np.median([sizes[2], latent.arrays['per_sd'][0, 0]]):.3g}. 200 samples; regions 2;"
    )
    assert told.note.startswith("0 moves samples most, by ")
    assert "others" not in told.note
    layers[1].weight.data.zero_()
    assert region_sensitivity(gan, 8, seed=0, sites=["0"])[1].note.startswith("Nothing here moves a sample. 8 samples")


def test_a_region_of_a_picture_is_told_by_row_and_column() -> None:
    gan = smooth()
    layers = region_sensitivity(gan, 4, seed=0, grid=(2, 3))[0]
    moved = np.square(layers.arrays["per_sd"]).sum((1, 2))
    best = int(moved.argmax())
    row, column = np.unravel_index(layers.arrays["per_sd"][best].argmax(), (2, 3))
    assert layers.note.startswith(f"{layers.units[best]} moves samples most, by {moved[best] ** 0.5:.3g} for each")
    assert f"the most in row {row + 1}, column {column + 1}" in layers.note


def test_refusals() -> None:
    gan = smooth()
    with pytest.raises(UsageError, match=r"grid of 9 x 1 regions.*\nchoose from 1 x 1 to 8 x 8"):
        region_sensitivity(gan, 2, seed=0, grid=(9, 1))

    class Closed(nn.Module):
        def forward(self, z: Tensor) -> Tensor:
            return z.detach() * 2

    with pytest.raises(UsageError, match="without a gradient"):
        region_gradients(Closed(), Draw(range(2), torch.zeros(2, 2), None), [])
