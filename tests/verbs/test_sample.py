"""Samples by number: the same as the GAN's own, with the labels asked for, in files that say how they were made."""

import numpy as np
import pytest
import torch
from PIL import Image

from ganatomy.errors import UsageError
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.pictures import grid, pixels
from ganatomy.results.formats import Format
from ganatomy.verbs.sample import Layout, picture, sample


def fresh(format, classes=(), data=None):
    latent = Normal(3, len(classes))
    return GAN.fresh(MLP(format, latent, hidden=(8,), critic_hidden=(8,)), 0, classes=classes, data=data)


PICTURES = fresh(Format.picture(1, 8))
NAMED = fresh(Format.picture(1, 8), classes=("cat", "dog", "emu"))


def test_samples_are_those_of_the_gan_and_go_into_both_files(tmp_path):
    indices = [3, 5, 11]
    found = sample(PICTURES, indices, seed=4, out=tmp_path / "a" / "s.png", npz=tmp_path / "s.npz")
    own = PICTURES.sample(4, indices)
    assert torch.equal(found.samples, own)
    with np.load(tmp_path / "s.npz", allow_pickle=False) as arrays:
        assert set(arrays) == {"samples", "latents", "indices", "seed"}
        assert np.array_equal(arrays["samples"], own.numpy())
        assert np.array_equal(arrays["latents"], PICTURES.latent.sample(4, indices).numpy())
        assert (arrays["indices"].tolist(), int(arrays["seed"])) == (indices, 4)
    layout = Layout(columns=3, scale=5)
    again = sample(PICTURES, indices, seed=4, out=tmp_path / "a" / "s.png", layout=layout)
    with Image.open(tmp_path / "a" / "s.png") as sheet:
        assert np.array_equal(np.asarray(sheet), grid(pixels(own, PICTURES.format), columns=3, scale=5))
    assert again.arrays is None


@pytest.mark.parametrize(
    ("labels", "used"),
    [([2], [2, 2, 2, 2]), (range(3), [0, 1, 2, 0]), (["dog", 0], [1, 0, 1, 0]), (None, None)],
)
def test_labels_are_repeated_over_the_samples(tmp_path, labels, used):
    found = sample(NAMED, range(4), labels=labels, npz=tmp_path / "s.npz")
    wanted = NAMED.latent.labels(0, range(4)) if used is None else torch.tensor(used)
    assert torch.equal(found.labels, wanted)
    assert torch.equal(found.samples, NAMED.sample(0, range(4), labels=wanted))
    assert np.load(tmp_path / "s.npz")["labels"].tolist() == found.to_dict()["labels"] == wanted.tolist()
    assert found.picture is None


@pytest.mark.parametrize(
    ("gan", "options", "said"),
    [
        (PICTURES, {"labels": [0]}, "this GAN is unconditional\nleave --labels out"),
        (NAMED, {"labels": [3]}, "label 3 was given\nthe 3 classes are numbered from 0 to 2"),
        (NAMED, {"labels": ["cta"]}, "no class called 'cta'\ndid you mean 'cat'"),
        (NAMED, {"labels": []}, "no labels were given"),
        (PICTURES, {"indices": []}, "no samples were asked for"),
        (PICTURES, {"indices": range(10_001)}, "a picture of 10001 samples .*\n.*--npz FILE keeps any number"),
        (PICTURES, {"layout": Layout(columns=0)}, "columns 0 was asked for"),
        (PICTURES, {"layout": Layout(scale=-1)}, "scale -1 was asked for"),
        (fresh(Format.point(3)), {}, "points of shape .64, 3.* was asked for\n.*--npz FILE"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_anything_is_written(tmp_path, gan, options, said):
    with pytest.raises(UsageError, match=said):
        sample(gan, **{"indices": range(64), **options}, out=tmp_path / "s.png")
    assert list(tmp_path.iterdir()) == []


def test_a_gan_of_points_is_drawn_with_its_world_or_alone():
    plane, line = Format.point(2), Format.point(1)
    for data, format, beside in (("ring8", plane, True), ("ring8", line, False), ("mine", plane, False)):
        gan = fresh(format, data=data)
        shown = picture(gan.sample(0, range(50)), gan)
        assert (shown.shape[1] > 480) == beside
        assert (shown < 200).any()


def test_notes_are_told():
    noted = GAN(PICTURES.generator, PICTURES.latent, PICTURES.format, provenance={"notes": ["no critic"]})
    assert sample(noted, range(1)).to_dict()["notes"] == ["no critic"]
