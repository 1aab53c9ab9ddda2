"""Maps in the plane, what they hold, and the mixing of real and generated pictures with its chance level."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch
from oracles_geometry import digits, gan_of, linear_gan, matrix, pretrained

from ganatomy.errors import InputError, UsageError
from ganatomy.explain.latent.maps import flat, latent_map, mixing, picture_map
from ganatomy.features.space import pixels
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format


def test_principal_axes_are_scikit_learns() -> None:
    from sklearn.decomposition import PCA

    table = Stream(0, "a table").normal(range(150), 6, dtype=torch.float64) * torch.tensor([3, 2, 1, 1, 0.5, 0.1])
    place, share = flat(table, "pca")
    theirs = PCA(2).fit(table.numpy())
    assert abs(place.numpy()) == pytest.approx(abs(theirs.transform(table.numpy())), abs=1e-8)
    assert share == pytest.approx(theirs.explained_variance_ratio_.sum())


def test_a_score_that_the_map_holds_and_one_that_it_does_not() -> None:
    gan = linear_gan(torch.eye(2, dtype=torch.float64))
    held = latent_map(gan, 300, score=lambda x: x[:, 0] - 2 * x[:, 1])
    assert "A plane over the map explains 100.0% of the score" in held.note
    assert held.arrays["place"].shape == (300, 2)
    assert held.arrays["score"] == pytest.approx(
        (gan.sample(0, range(300)) @ torch.tensor([1.0, -2.0]).double()).numpy()
    )
    wide = latent_map(linear_gan(matrix(3, 64)), 400, score=lambda x: x[:, 0])
    assert float(wide.note.split("explains ")[1].split("%")[0]) < 15
    assert "two of 64 equal axes hold 3.1%" in wide.note
    flat_latent = latent_map(gan_of(lambda z: z, 1, 1), 20, score=lambda x: x[:, 0])
    assert (flat_latent.arrays["place"][:, 1] == 0).all()


def test_mixing_is_the_share_among_neighbours() -> None:
    table = torch.tensor([[0.0], [1.0], [2.5], [10.0], [11.5]], dtype=torch.float64)
    generated = torch.tensor([False, True, True, False, False])
    found, (low, high) = mixing(table, generated, k=1, seed=0)
    assert found == pytest.approx(1 / 3)
    assert 0 <= low <= high <= 1


def test_pictures_of_one_law_mix_as_shuffled_names_do_and_others_do_not() -> None:
    gan = GAN.fresh(MLP(Format.picture(1, 8), Normal(4), hidden=(16,)), 1)
    same = picture_map(gan, gan.sample(9, range(200)), n=200)
    assert "within the" in same.note
    far = picture_map(gan, -gan.sample(9, range(200)).abs(), n=200)
    assert "0.0% of the 5 nearest neighbours" in far.note
    assert "below the" in far.note
    assert far.arrays["generated"].sum() == 200
    assert far.units[0] == "real 0"
    assert far.units[-1] == "sample 199"


def test_real_digits_are_told_from_generated_ones() -> None:
    found = picture_map(pretrained(), iter([digits(100)]), n=100)
    assert "below the" in found.note
    assert found.target.startswith("pixels")


def test_what_cannot_be_mapped_is_refused() -> None:
    gan = GAN.fresh(MLP(Format.picture(3, 32), Normal(4), hidden=(8,)), 1)
    real = gan.sample(1, range(10))
    assert picture_map(gan, real, n=10).target.startswith("random-projection-256")
    with pytest.raises(UsageError, match="3072 features of pixels"):
        picture_map(gan, real, n=10, space=pixels(gan.format))
    with pytest.raises(InputError, match="4 real and 10"):
        picture_map(gan, real[:4], n=10)
    with pytest.raises(UsageError, match=r"score of shape \(10, 2\)"):
        latent_map(linear_gan(matrix(2, 2)), 10, score=lambda x: x)
    with pytest.raises(UsageError, match="no map called 'tsne'"):
        flat(real.flatten(1), "tsne")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="all the same"):
        flat(torch.ones(5, 3, dtype=torch.float64), "pca")


def test_umap_where_it_is_installed() -> None:
    table = Stream(0, "a table").normal(range(60), 6, dtype=torch.float64)
    if importlib.util.find_spec("umap") is None:
        with pytest.raises(UsageError, match="pip install umap-learn"):
            flat(table, "umap")
    else:
        assert np.isfinite(flat(table, "umap")[0].numpy()).all()
