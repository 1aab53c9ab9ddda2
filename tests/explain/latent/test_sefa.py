"""Eigenvectors of the first map: the SVD of a linear generator, NumPy's, and the recorded ones of a real network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from oracles_latent import gaussian, known_gan, linear_gan
from safetensors.torch import load_file
from shared_data import need
from torch import Tensor, nn

from ganatomy.errors import GanatomyError
from ganatomy.explain.latent.directions import Directions
from ganatomy.explain.latent.pca import pca
from ganatomy.explain.latent.sefa import sefa, spectrum
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.models.style import Style
from ganatomy.numerics.linear import top_singular
from ganatomy.planted.directions import STRENGTHS, directions
from ganatomy.results.formats import Format

PAIR = "gan_mnist_wgangp_akanametov"


def test_of_a_linear_generator_they_are_the_singular_directions() -> None:
    weight = gaussian(12, 5)
    found = sefa(linear_gan(weight, bias=100 * gaussian(12, 1)[:, 0]), k=4)
    left = top_singular(weight, 4)
    assert torch.allclose(found.vectors, left.right.T, atol=1e-5)
    assert found.facts["gain"].tolist() == pytest.approx(left.values.tolist(), rel=1e-5)
    assert float(found.facts["share"].sum()) < 1
    assert found.again is None


def test_they_are_sorted_and_normalising_columns_is_another_method() -> None:
    a = gaussian(6, 40) * torch.linspace(0.1, 3, 40)
    values, vectors = spectrum(a, normalise=False)
    theirs = np.linalg.svd(a.numpy())
    assert values.numpy() == pytest.approx(theirs.S**2)
    assert np.abs((vectors.numpy() * theirs.U.T).sum(1)) == pytest.approx(np.ones(6))
    normed, _ = spectrum(a, normalise=True)
    assert float(normed.sum()) == pytest.approx(40)
    assert normed.numpy() == pytest.approx(np.linalg.svd((a / a.norm(dim=0)).numpy()).S ** 2)
    assert not torch.allclose(normed / normed.sum(), values / values.sum(), rtol=0.05)
    zero = spectrum(torch.cat([a, torch.zeros(6, 3)], 1), normalise=True)[0]
    assert torch.allclose(zero, normed)


def test_equal_strengths_are_told() -> None:
    gan, known = known_gan([2.0, 2.0, 1.0, 0.5])
    found = sefa(gan, k=3)
    assert "only their plane is determined: 0 and 1." in found.note
    inside = (found.vectors[:2] @ known[:2].T).square().sum(1)
    assert torch.allclose(inside, torch.ones(2).double(), atol=1e-5)


def test_the_recorded_eigenvalues_of_a_real_network() -> None:
    class Theirs(nn.Module):
        def __init__(self, first: nn.Module) -> None:
            super().__init__()
            self.first = first

        def forward(self, z: Tensor) -> Tensor:
            out: Tensor = self.first(z[:, :, None, None])
            return out.flatten(1)

    weights = load_file(need(PAIR) / "generator.safetensors")
    layer = nn.utils.skip_init(nn.ConvTranspose2d, 64, 256, 3, 2)
    layer.load_state_dict({name: weights[f"model.0.block.0.{name}"] for name in ("weight", "bias")})
    gan = GAN(Theirs(layer), Normal(64), Format.point(256 * 9))
    with np.load(need(PAIR) / "golden.npz") as golden:
        assert sefa(gan, k=64).facts["eigenvalue"].numpy() == pytest.approx(golden["gram_eigs"], rel=1e-4)
        normed = sefa(gan, k=64, normalise=True)
        assert normed.facts["eigenvalue"].numpy() == pytest.approx(golden["sefa_eigs"], rel=1e-4)
        assert normed.method == "sefa, columns normalised"


@pytest.mark.parametrize("find", [lambda gan: sefa(gan, k=4), lambda gan: pca(gan, "draw", k=4, n=4000)])
def test_planted_strengths_decide_what_can_be_found_without_labels(find: Callable[[GAN], Directions]) -> None:
    """P3: each factor where strengths differ, only a subspace where they are equal, and nuisances take places."""

    def cosines(kind: str) -> Tensor:
        planted = directions(STRENGTHS[kind])
        return find(planted.gan).vectors @ planted.truth.latent.double().T

    assert float(cosines("distinct").diagonal().abs().min()) > 0.99
    equal = cosines("equal")
    assert float(torch.linalg.svdvals(equal[:3, :3])[-1]) > 0.99
    assert float(equal[:3, :3].diagonal().abs().min()) < 0.9
    assert float(torch.linalg.svdvals(cosines("nuisance"))[-1]) < 0.1


def test_style_networks_are_factorised_layer_by_layer() -> None:
    gan = GAN.fresh(Style(Format.picture(1, 8), Normal(5), width=4, critic_width=4, latent_width=7), 0)
    everywhere = sefa(gan, k=2, source="mapping")
    site = "synthesis.level1.conv1.affine"
    one = sefa(gan, k=2, source="mapping", sites=[site])
    assert everywhere.site == one.site == "mapping"
    layer = gan.generator.get_submodule(site)
    assert isinstance(layer, nn.Linear)
    left = top_singular(layer.weight, 2)
    assert torch.allclose(one.vectors, left.right.T, atol=1e-5)
    assert not torch.allclose(everywhere.vectors, one.vectors, atol=1e-3)
    w = gan.generator.mapping(gan.latent.sample(0, range(1000))).detach().double()
    assert torch.allclose(one.scales, (w @ one.vectors.T).std(0), rtol=1e-4)
    with pytest.raises(GanatomyError, match="no affine map of this vector called"):
        sefa(gan, source="mapping", sites=["synthesis.level1.conv1"])
    with pytest.raises(GanatomyError, match="8 directions of a vector of 7"):
        sefa(gan, source="mapping")


def test_a_norm_that_differs_from_sample_to_sample_is_said_to_be_left_out() -> None:
    class Normed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.utils.skip_init(nn.Linear, 4, 6)
            self.layer.weight.data, self.layer.bias.data = gaussian(6, 4).float(), torch.zeros(6)

        def forward(self, z: Tensor) -> Tensor:
            out: Tensor = self.layer(z / z.norm(dim=1, keepdim=True))
            return out

    assert (
        "What enters layer is scaled sample by sample, by 0."
        in sefa(GAN(Normed(), Normal(4), Format.point(6)), k=2).note
    )
    assert "scaled" not in sefa(linear_gan(gaussian(6, 4)), k=2).note
