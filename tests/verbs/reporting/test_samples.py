"""What a report shows of a GAN's samples: by address, none left out, whatever they are."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from ganatomy.data.catalogue import load_splits
from ganatomy.data.plane import drawn
from ganatomy.data.worlds import WORLDS
from ganatomy.errors import UsageError
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.pictures import grid, pixels
from ganatomy.report.facts import Picture
from ganatomy.results.formats import Format
from ganatomy.verbs.reporting.samples import parts, shown


def fresh(format: Format, classes: tuple[str, ...] = (), data: str | None = None) -> GAN:
    latent = Normal(3, len(classes))
    return GAN.fresh(MLP(format, latent, hidden=(8,), critic_hidden=(8,)), 0, classes=classes, data=data)


def opened(picture: Picture) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture.data)).convert("RGB"))


def command(numbers: str) -> str:
    return f"sample {numbers}"


@pytest.mark.parametrize("channels", [1, 3])
def test_the_first_samples_in_the_order_of_their_address(channels: int) -> None:
    gan = fresh(Format.picture(channels, 8))
    found = shown(gan, seed=4)
    assert np.array_equal(opened(found), grid(pixels(gan.sample(4, range(64)), gan.format), columns=8))
    assert "Samples 0 to 63 of seed 4" in found.said
    assert shown(gan, seed=4) == found


def test_the_next_samples_follow_on_the_first() -> None:
    gan = fresh(Format.picture(1, 8))
    (more,) = parts(gan, None, seed=2, command=command)
    wanted = grid(pixels(gan.sample(2, range(64, 256)), gan.format), columns=16)
    assert np.array_equal(opened(more.pictures[0]), wanted)
    assert more.command == "sample 64-255"
    assert "Samples 64 to 255 of seed 2" in more.pictures[0].said


def test_a_row_for_each_class_from_the_same_latents() -> None:
    gan = fresh(Format.picture(1, 8), ("cat", "<script>", "emu"))
    _, classes = parts(gan, None, seed=0, command=command)
    rows = [gan.sample(0, range(8), labels=label) for label in range(3)]
    assert np.array_equal(opened(classes.pictures[0]), grid(pixels(torch.cat(rows), gan.format), columns=8))
    assert "cat, <script>, emu" in classes.pictures[0].said


def test_many_classes_are_cut_and_said_so() -> None:
    gan = fresh(Format.picture(1, 8), tuple(f"c{number}" for number in range(25)))
    _, classes = parts(gan, None, seed=0, command=command)
    assert "c19, the first 20 of 25" in classes.pictures[0].said
    assert "c20" not in classes.pictures[0].said


def test_real_samples_stand_in_one_random_order_not_by_class() -> None:
    _, held_out = load_splits("digits")
    gan = fresh(held_out.format, data="digits")
    real = parts(gan, held_out, seed=0, command=command, whole="report it")[-1]
    assert real.command == "report it"
    assert "64 held-out real samples of digits" in real.pictures[0].said
    assert opened(real.pictures[0]).shape == opened(shown(gan, seed=0)).shape


def test_large_pictures_are_reduced_and_said_so() -> None:
    gan = fresh(Format.picture(3, 96))
    found = shown(gan, seed=0)
    assert found.width == 8 * 64 + 9
    assert "at 64 of 96 pixels" in found.said
    means = opened(found)[1:65, 1:65].mean(), pixels(gan.sample(0, range(1)), gan.format).mean()
    assert abs(means[0] - means[1]) < 1


def test_points_lie_beside_the_density_that_they_should_have() -> None:
    gan = fresh(Format.point(2), data="ring8")
    found = shown(gan, seed=1)
    assert np.array_equal(opened(found), drawn(gan.sample(1, range(2000)), WORLDS["ring8"]()))
    assert "density" in found.said
    alone = shown(replace(gan, data=None), seed=1)
    assert "density" not in alone.said


def test_what_cannot_be_drawn_is_an_error_with_a_reason() -> None:
    with pytest.raises(UsageError, match="1 or 3 channels"):
        shown(fresh(Format.picture(2, 8)), seed=0)
