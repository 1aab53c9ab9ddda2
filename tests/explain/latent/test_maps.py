"""Maps in the plane, what they hold, and the mixing of real and generated pictures with its chance level."""

from __future__ import annotations

import importlib.util
import sys
import types

import numpy as np
import pytest
import torch
from oracles_geometry import digits, gan_of, linear_gan, matrix, pretrained
from oracles_memory import every, tensors_alive

from ganatomy.errors import InputError, UsageError
from ganatomy.explain.latent.maps import at_hand, flat, latent_map, mixing, picture_map
from ganatomy.features.space import pixels
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format


def test_principal_axes_are_scikit_learns() -> None:
    from sklearn.decomposition import PCA

    table = Stream(0, "a table").normal(range(150), 6, dtype=torch.float64) * torch.tensor([3, 2, 1, 1, 0.5, 0.1])
    plane = flat(lambda: iter(table.split(40)), "pca")
    theirs = PCA(2).fit(table.numpy())
    assert abs(plane.place.numpy()) == pytest.approx(abs(theirs.transform(table.numpy())), abs=1e-8)
    assert plane.share == pytest.approx(theirs.explained_variance_ratio_.sum())
    assert plane.axes.numpy() == pytest.approx(theirs.explained_variance_ratio_)


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
        flat(lambda: iter([real.flatten(1)]), "tsne")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="all the same"):
        flat(lambda: iter([torch.ones(5, 3, dtype=torch.float64)]), "pca")


def test_umap_where_it_is_installed() -> None:
    table = Stream(0, "a table").normal(range(60), 6, dtype=torch.float64)
    if importlib.util.find_spec("umap") is None:
        assert at_hand() == ("pca",)
        with pytest.raises(UsageError, match="pip install umap-learn"):
            flat(lambda: iter([table]), "umap")
    else:
        assert at_hand() == ("pca", "umap")
        assert np.isfinite(flat(lambda: iter([table]), "umap").place.numpy()).all()


def test_umap_is_given_all_rows_and_a_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in with its interface, which lays out the last two columns."""

    class Standing:
        def __init__(self, *, random_state: int, n_jobs: int) -> None:
            assert (random_state, n_jobs) == (7, 1)

        def fit_transform(self, rows: np.ndarray) -> np.ndarray:
            return rows[:, -2:].astype(np.float32)

    monkeypatch.setitem(sys.modules, "umap", types.SimpleNamespace(UMAP=Standing))
    assert at_hand() == ("pca", "umap")
    gan = linear_gan(torch.eye(4, dtype=torch.float64))
    found = latent_map(gan, 100, seed=7, score=lambda x: x[:, 3], method="umap")
    assert found.arrays["place"] == pytest.approx(gan.latent.sample(7, range(100))[:, -2:].numpy())
    assert np.isnan(found.arrays["axes"]).all()
    assert found.target == "umap"
    assert "explains 100.0% of the score" in found.note
    z = gan.latent.sample(7, range(100)).double()
    basis = torch.linalg.qr(z[:, -2:] - z[:, -2:].mean(0)).Q
    share = float((basis.T @ (z - z.mean(0))).square().sum() / (z - z.mean(0)).square().sum())
    assert f"the two axes hold {share:.1%}" in found.note


def test_several_scores_have_their_names_and_their_own_fit() -> None:
    gan = linear_gan(torch.eye(2, dtype=torch.float64))
    names = ("held", "bent", "none", "less")

    def score(x: torch.Tensor) -> torch.Tensor:
        return torch.stack([x[:, 0], x[:, 1] ** 3, (50 * x[:, 0]).sin(), (90 * x[:, 0]).sin()], dim=1)

    found = latent_map(gan, 400, score=score, names=names)
    told = score(gan.sample(0, range(400))).numpy()
    for column, name in enumerate(names):
        assert found.arrays[f"score {name}"] == pytest.approx(told[:, column], abs=1e-4)
    assert "explains 100.0% of held, " in found.note
    assert found.note.index("of held") < found.note.index("of bent")
    assert "of the 1 others less" in found.note
    with pytest.raises(UsageError, match=r"score of shape \(64, 4\)"):
        latent_map(gan, 80, score=score, names=names[:3])
    with pytest.raises(UsageError, match=r"score of shape \(64,\)"):
        latent_map(gan, 80, score=lambda x: x[:, 0], names=names)


def test_of_a_map_only_the_map_is_kept() -> None:
    """Latents of 256 numbers make places of two: what more samples add is their places, axes and score."""
    gan = linear_gan(matrix(3, 256))

    def peak(n: int) -> int:
        return tensors_alive(lambda look: latent_map(gan, n, score=lambda x: x[:, 0], progress=every(look, 8)))

    few, many = peak(512), peak(4096)
    assert many - few < 2 * 3584 * (32 + 8) < 3584 * 256 * 4, "and all latents would take the last of these"


def test_the_chance_level_is_that_of_the_best_of_all_scores() -> None:
    """Of 12 scores that have nothing to do with the map the best passes it in 5 of 100 maps."""
    over, gan = 0, linear_gan(matrix(2, 2))
    for trial in range(100):
        noise = Stream(trial, "scores").normal(range(200), 12, dtype=torch.float64).split(64)
        parts = iter(noise)
        found = latent_map(gan, 200, seed=trial, score=lambda _x, p=parts: next(p), names=[str(i) for i in range(12)])
        best, level = (
            float(word.split("%")[0]) for word in (found.note.split("explains ")[1], found.note.split("below ")[1])
        )
        over += best > level
    assert "by chance the best of 12 scores would stay below 5.4% (at 95 %)" in found.note
    assert 1 <= over <= 12  # binomial(100, 0.05): 0.6 % and 0.2 %


def test_scores_that_never_vary_are_not_explained() -> None:
    gan = linear_gan(torch.eye(2, dtype=torch.float64))
    found = latent_map(gan, 50, score=lambda x: torch.stack([x[:, 0], 1 + 0 * x[:, 0]], 1), names=("held", "flat"))
    assert "explains 100.0% of held; by chance a score would" in found.note
    assert "one colour" in latent_map(gan, 50, score=lambda x: 0 * x[:, 0]).note
