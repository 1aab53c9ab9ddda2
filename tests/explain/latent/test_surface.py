"""The generator as a surface: its points, its pushes, and nothing left on the modules."""

from __future__ import annotations

import pytest
import torch
from oracles_geometry import gan_of, linear_gan, matrix
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.explain.latent.surface import points, pushed, rounding, surface
from ganatomy.features.space import FeatureSpace, random_convolution, space
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.results.formats import Format

SMALL = Format.picture(1, 8)


def small_gan(classes: int = 0) -> GAN:
    gan = GAN.fresh(DCGAN(SMALL, Normal(5, classes)), 0)
    with torch.no_grad():  # fresh weights make nearly nothing
        list(gan.generator.parameters())[-2].mul_(100)
    return gan


class Backward(torch.autograd.Function):
    """Doubles, and has no forward-mode rule."""

    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return 2 * x

    @staticmethod
    def backward(ctx: object, grad: Tensor) -> Tensor:
        return 2 * grad


class Rounded(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1).detach().round()


def test_points_are_the_pictures_and_the_features() -> None:
    gan = small_gan()
    z = gan.latent.sample(0, range(70))
    pictures = gan.decode(z)
    assert torch.allclose(points(surface(gan), z.double()).float(), pictures.flatten(1), atol=1e-5)
    there = random_convolution(Format.picture(1, 8, low=0.0, high=1.0))
    assert torch.allclose(points(surface(gan, there), z.double()).float(), there(pictures, gan.format), atol=1e-4)


def test_labels_reach_a_conditional_generator() -> None:
    gan = small_gan(3)
    z, labels = gan.latent.sample(0, range(4)), torch.tensor([0, 1, 2, 1])
    seen = surface(gan, double=False)
    assert torch.allclose(points(seen, z, labels), gan.decode(z, labels).flatten(1), atol=1e-6)
    assert pushed(seen, z, torch.ones_like(z), labels).shape == (4, 64)


def test_float64_where_it_can_be_had() -> None:
    assert surface(small_gan()).dtype == torch.float64
    assert surface(small_gan(), double=False).dtype == torch.float32
    fixed = matrix(3, 2).float()
    stubborn = gan_of(lambda z: z @ fixed.T, 2, 3, dtype=torch.float32)  # float32 weights that no copy converts
    seen = surface(stubborn)
    assert seen.dtype == torch.float32
    assert seen.generator is stubborn.generator


def test_a_push_is_the_jacobian_times_the_direction() -> None:
    gan = GAN.fresh(MLP(SMALL, Normal(3), hidden=(16,)), 1)
    seen = surface(gan)
    z, v = seen.latents(0, range(5)), seen.latents(1, range(5))
    whole = torch.autograd.functional.jacobian(lambda at: seen(at[None])[0], z[2])
    assert torch.allclose(pushed(seen, z, v)[2], whole @ v[2], atol=1e-12)


def test_without_forward_rules_differences_stand_in() -> None:
    weights = matrix(4, 3)
    gan = gan_of(lambda z: torch.sin(Backward.apply(z) @ weights.T.to(z)), 3, 4)
    seen = surface(gan)
    assert (seen.forward, seen.backward) == (False, True)
    z, v = seen.latents(0, range(6)), seen.latents(1, range(6))
    wanted = torch.cos(2 * z @ weights.T) * (2 * v @ weights.T)
    assert torch.allclose(pushed(seen, z, v), wanted, atol=1e-7)


def test_a_space_without_gradients_gives_way_to_pixels() -> None:
    gan = small_gan()
    flat = space("rounded", Rounded(), SMALL)
    seen = surface(gan, flat)
    assert seen.name == "pixels"
    assert "rounded has no gradients" in seen.note
    assert surface(gan, random_convolution(SMALL)).note == ""


def test_a_generator_without_gradients_is_known() -> None:
    assert not surface(gan_of(lambda z: z.detach().round(), 2, 2)).backward


def test_a_space_for_another_shape_is_refused() -> None:
    other: FeatureSpace = random_convolution(Format.picture(1, 16))
    with pytest.raises(UsageError, match=r"reads picture 1 x 16 x 16.*the GAN makes picture 1 x 8 x 8"):
        surface(small_gan(), other)


def test_a_generator_that_works_in_place_spoils_no_latents() -> None:
    gan = gan_of(lambda z: z.mul_(2), 2, 2)
    seen = surface(gan)
    z = seen.latents(0, range(3))
    assert torch.equal(points(seen, z), points(seen, z))
    assert torch.equal(z, seen.latents(0, range(3)))


def test_rounding_is_that_of_float32() -> None:
    gan = small_gan()
    size = float(gan.sample(0, range(32)).flatten(1).norm(dim=1).mean())
    assert 1e-9 < rounding(surface(gan)) / size < 1e-5
    assert rounding(surface(linear_gan(matrix(4, 3)))) < 1e-14


def test_the_modules_are_left_as_they_were() -> None:
    gan = small_gan()
    gan.generator.train()
    before = {name: value.clone() for name, value in gan.generator.state_dict().items()}
    for double in (True, False):
        seen = surface(gan, double=double)
        z = seen.latents(0, range(4)).requires_grad_()
        torch.autograd.grad(seen(z).sum(), z)
        pushed(seen, z.detach(), torch.ones_like(z))
    assert all(module.training for module in gan.generator.modules())
    assert all(weight.requires_grad and weight.grad is None for weight in gan.generator.parameters())
    assert all(torch.equal(value, before[name]) for name, value in gan.generator.state_dict().items())
    assert not any(module._forward_hooks for module in gan.generator.modules())
