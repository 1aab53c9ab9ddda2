"""Singular directions of the Jacobian: of a linear generator, by products alone, and by automatic differentiation."""

from __future__ import annotations

import pytest
import torch
from oracles_latent import gaussian, known_gan, linear_gan
from torch import Tensor, nn

from ganatomy.errors import GanatomyError
from ganatomy.explain.latent.jacobian import averaged, gram, local
from ganatomy.explain.passes import draws
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.numerics.linear import jacobian_singular
from ganatomy.results.formats import Format


@pytest.fixture(scope="module", name="gan")
def _gan() -> GAN:
    return GAN.fresh(DCGAN(Format.picture(1, 8), Normal(5), width=4, critic_width=4, scheme="he"), 0)


def test_of_a_linear_generator_they_are_the_singular_directions_everywhere() -> None:
    gan, known = known_gan([3.0, 2.0, 1.0, 0.5])
    for found in (local(gan, k=3, index=4), averaged(gan, k=3, n=7)):
        assert torch.allclose((found.vectors * known[:3]).sum(1).abs(), torch.ones(3).double(), atol=1e-6)
        assert found.facts["stretch"].tolist() == pytest.approx([3.0, 2.0, 1.0], rel=1e-5)
        assert found.fit[0] == pytest.approx(9 / 14.25, rel=1e-5)


def test_at_a_latent_they_are_those_of_products_alone(gan: GAN) -> None:
    found = local(gan, k=2, index=3, seed=1)
    z = gan.latent.sample(1, [3])[0]
    gan.generator.eval()
    theirs = jacobian_singular(lambda point: gan.generator(point[None]), z, 2)
    gan.generator.train()
    assert found.facts["stretch"].tolist() == pytest.approx(theirs.values.tolist(), rel=1e-4)
    assert float((found.vectors @ theirs.right.detach().double()).diagonal().abs().min()) > 0.999


@pytest.mark.parametrize("site", [None, "up1.act"])
def test_the_average_is_that_of_whole_jacobians_and_leaves_nothing_behind(gan: GAN, site: str | None) -> None:
    draw = next(draws(gan, 5, seed=0))
    found = gram(gan, draw, site=site)

    def output(z: Tensor) -> Tensor:
        kept: list[Tensor] = []
        place = gan.generator.get_submodule(site or "")
        handle = place.register_forward_hook(lambda _module, _inputs, out: kept.append(out))
        gan.generator(z[None])
        handle.remove()
        return kept[0].flatten()

    gan.generator.eval()
    whole = [torch.autograd.functional.jacobian(output, z).double() for z in draw.z]
    gan.generator.train()
    assert torch.allclose(found, sum(each.T @ each for each in whole), rtol=1e-3, atol=1e-5)
    assert not found.requires_grad
    assert all(parameter.grad is None for parameter in gan.generator.parameters())
    assert not any(module._forward_hooks for module in gan.generator.modules())


def test_blocks_of_the_jacobian_are_summed_alike(gan: GAN, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = next(draws(gan, 6, seed=0))
    whole = gram(gan, draw)
    monkeypatch.setattr("ganatomy.explain.latent.jacobian.ENTRIES", 2 * 5 * 64)
    assert torch.allclose(gram(gan, draw), whole, rtol=1e-5)


def test_labels_are_handed_on_and_wishes_are_checked() -> None:
    gan = GAN.fresh(MLP(Format.point(3), Normal(4, classes=2), hidden=(8,), critic_hidden=(4,), norm="none"), 0)
    assert len(averaged(gan, k=3, n=8)) == 3
    with pytest.raises(GanatomyError, match="9 Jacobian directions"):
        averaged(gan, k=9, n=8)


def test_a_generator_without_forward_derivatives_is_refused() -> None:
    class Stopped(torch.autograd.Function):
        @staticmethod
        def forward(ctx: object, z: Tensor) -> Tensor:
            return z.sin()

        @staticmethod
        def backward(ctx: object, slope: Tensor) -> Tensor:
            return slope

    class Foreign(nn.Module):
        def forward(self, z: Tensor) -> Tensor:
            out: Tensor = Stopped.apply(z)
            return out

    gan = GAN(Foreign(), Normal(2), Format.point(2))
    with pytest.raises(GanatomyError, match="no forward-mode derivative"):
        local(gan, k=1)


def test_the_output_as_a_place_is_called_the_output() -> None:
    gan = linear_gan(gaussian(4, 3))
    assert "Jacobian of the output in z" in averaged(gan, k=1, n=2, site="").note
