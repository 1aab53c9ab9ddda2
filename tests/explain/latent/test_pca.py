"""Principal components of layers: eigenvectors for a linear generator, scikit-learn's on the same activations."""

from __future__ import annotations

import pytest
import torch
from oracles_latent import gaussian, known_gan, linear_gan
from sklearn.decomposition import PCA
from torch import Tensor, nn

from ganatomy.errors import GanatomyError
from ganatomy.explain.latent import pca as module
from ganatomy.explain.latent.directions import Directions, blank
from ganatomy.explain.latent.pca import activations, mapped, pca
from ganatomy.explain.passes import draws
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.results.formats import Format


@pytest.fixture(scope="module", name="gan")
def _gan() -> GAN:
    return GAN.fresh(DCGAN(Format.picture(1, 8), Normal(6), width=4, critic_width=4, scheme="he"), 0)


def test_of_a_linear_generator_they_are_the_eigenvectors_and_wholly_linear() -> None:
    gan, known = known_gan([3.0, 2.0, 1.2, 0.6, 0.3])
    found = pca(gan, "out", k=3, n=4000)
    cosines = (found.vectors * known[:3]).sum(1).abs()
    assert float(cosines.min()) > 0.997
    assert found.facts["variance"].sqrt().tolist() == pytest.approx([3.0, 2.0, 1.2], rel=0.05)
    assert float(found.fit.min()) > 1 - 1e-6
    assert float(found.facts["gain"].min()) > 0.95


def test_they_are_scikit_learns_on_the_same_activations(gan: GAN, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = torch.cat([activations(gan, draw, "up1.act") for draw in draws(gan, 600, seed=2)])
    theirs = PCA(4, svd_solver="full").fit(rows.numpy())
    found = pca(gan, "up1.act", k=4, n=600, seed=2, at_site=True)
    assert found.site == "up1.act"
    assert found.facts["variance"].numpy() == pytest.approx(theirs.explained_variance_, rel=1e-9)
    assert found.facts["share"].numpy() == pytest.approx(theirs.explained_variance_ratio_, rel=1e-9)
    assert float((found.vectors @ torch.from_numpy(theirs.components_).T).diagonal().abs().min()) > 1 - 1e-9
    assert torch.allclose(found.scales, found.facts["variance"].sqrt())
    monkeypatch.setattr(module, "NARROW", 8)  # the same through the sketch that wide layers take
    wide = pca(gan, "up1.act", k=4, n=600, seed=2)
    assert wide.facts["variance"].numpy() == pytest.approx(theirs.explained_variance_, rel=1e-6)


def test_the_fit_is_the_held_out_r2_of_a_regression_by_hand(gan: GAN) -> None:
    found = pca(gan, "up1.act", k=2, n=400, seed=1, at_site=True)
    both = [(draw.z.double(), activations(gan, draw, "up1.act")) for draw in draws(gan, 500, seed=1)]
    z, rows = torch.cat([z for z, _ in both]), torch.cat([rows for _, rows in both])
    c = (rows - rows[:400].mean(0)) @ found.vectors.T
    design = torch.cat([z, torch.ones(500, 1)], 1)
    slopes = torch.linalg.lstsq(design[:400], c[:400]).solution
    miss = (c - design @ slopes)[400:]
    held = c[400:] - c[400:].mean(0)
    assert torch.allclose(found.fit, 1 - miss.square().sum(0) / held.square().sum(0), atol=1e-6)
    in_z = pca(gan, "up1.act", k=2, n=400, seed=1)
    assert torch.allclose(in_z.vectors, nn.functional.normalize(slopes[:-1].T, dim=1), atol=1e-6)
    assert torch.equal(in_z.fit, found.fit)


def test_a_component_that_is_even_in_z_has_no_fit() -> None:
    class Even(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.square = nn.Identity()

        def forward(self, z: Tensor) -> Tensor:
            return self.square(z.square() * torch.tensor([3.0, 1.0]))

    found = pca(GAN(Even(), Normal(2), Format.point(2)), "square", k=1, n=1000)
    assert float(found.fit) < 0.05
    assert "less than half linear" in found.note


def test_the_latent_itself_has_no_axes_and_says_so() -> None:
    gan = linear_gan(gaussian(4, 3))
    found = pca(gan, None, k=3, n=1000)
    assert found.facts["share"].tolist() == pytest.approx([1 / 3] * 3, rel=0.15)
    assert "accident of sampling" in found.note
    assert float(found.fit.min()) > 1 - 1e-9


def test_directions_at_a_site_are_carried_to_the_latent() -> None:
    weight = gaussian(6, 3)
    gan = linear_gan(weight)
    one = torch.eye(6)[1:2].double()
    carried = mapped(gan, Directions("m", ("a",), one, torch.ones(1), blank(1), site="out"), n=500)
    assert carried.site is None
    assert torch.allclose(carried.vectors[0], weight[1] / weight[1].norm(), atol=1e-5)
    assert float(carried.fit) == pytest.approx(1.0)
    assert mapped(gan, carried) is carried


def test_the_same_call_gives_the_same_bits_and_progress_ends_full(gan: GAN) -> None:
    seen: list[tuple[int, int]] = []
    first = pca(gan, "start.act", k=2, n=200, progress=lambda done, total: seen.append((done, total)))
    second = pca(gan, "start.act", k=2, n=200)
    assert torch.equal(first.vectors, second.vectors)
    assert seen[-1] == (450, 450)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert first.again is not None
    assert torch.equal(first.again(0).vectors, first.vectors)


def test_too_few_samples_are_refused(gan: GAN) -> None:
    with pytest.raises(GanatomyError, match="8 components of 20 samples"):
        pca(gan, "start.act", n=20)


def test_the_output_as_a_place_is_not_called_the_latent(gan: GAN) -> None:
    found = pca(gan, "", k=2, n=100)
    assert found.names == ("output pc0", "output pc1")
    assert found.note.startswith("PCA of the output over 100 samples")
    assert pca(gan, None, k=2, n=100).note.startswith("PCA of the latent over 100 samples")
    carried = mapped(gan, Directions("m", ("a",), torch.eye(64)[:1].double(), torch.ones(1), blank(1), site=""), n=100)
    assert "Carried from the output to the latent" in carried.note
