"""Brightness, ink, edges, strokes and colours of pictures whose answer is known, and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.concepts import looks
from ganatomy.explain.concepts.measurer import masks, scores
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

GREY = Format.picture(1, 28, low=0.0, high=1.0)
COLOUR = Format.picture(3, 8, low=0.0, high=1.0)


def bar(width: int, *, ground: float = 0.0, level: float = 1.0) -> Tensor:
    """A standing bar, 14 high, in the middle of a picture of 28 x 28."""
    x = torch.full((1, 1, 28, 28), ground)
    x[:, :, 7:21, 14 - width // 2 : 14 - width // 2 + width] = level
    return x


def test_brightness_and_contrast() -> None:
    half = torch.zeros(1, 1, 28, 28)
    half[..., :14] = 1.0
    assert float(scores(looks.brightness(GREY), half)) == pytest.approx(0.5)
    assert float(scores(looks.contrast(GREY), half)) == pytest.approx(1.0)
    assert float(scores(looks.contrast(GREY), torch.full((1, 1, 28, 28), 0.3))) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("ground", "level"), [(0.0, 1.0), (1.0, 0.0), (0.5, 1.0), (0.3, 0.8)])
def test_ink_is_what_differs_from_the_border(ground: float, level: float) -> None:
    x = bar(4, ground=ground, level=level)
    torch.testing.assert_close(masks(looks.ink(GREY), x), (x == level).float())


def test_ink_rises_between_faint_and_plain() -> None:
    apart = torch.tensor([0.05, 0.1, 0.175, 0.25, 0.4, 0.9])
    found = [float(scores(looks.ink(GREY), bar(4, level=float(each)))) / (4 * 14 / 784) for each in apart]
    assert found == pytest.approx([0, 0, 0.25, 0.5, 1, 1], abs=1e-5)


def test_the_background_of_a_coloured_picture_has_a_colour() -> None:
    x = torch.tensor([1.0, 0.5, 0.0])[None, :, None, None].repeat(1, 1, 8, 8)
    assert float(scores(looks.ink(COLOUR), x)) == 0
    x[:, 2, 3:5, 3:5] = 1.0
    assert float(scores(looks.ink(COLOUR), x)) == pytest.approx(4 / 64)


@given(st.integers(0, 50))
def test_edges_are_scipys_sobel(index: int) -> None:
    x = Stream(1, "edges").uniform(range(index, index + 1), 1, 28, 28)
    plane = x[0, 0].double().numpy()
    slopes = np.hypot(ndimage.sobel(plane, 0, mode="nearest"), ndimage.sobel(plane, 1, mode="nearest")) / 4
    found = masks(looks.edges(GREY), x)[0, 0].double().numpy()
    np.testing.assert_allclose(found, slopes.clip(max=1), atol=1e-5)


@given(st.integers(0, 50))
def test_strokes_are_scipys_top_hat_of_the_ink(index: int) -> None:
    x = Stream(2, "strokes").uniform(range(index, index + 1), 1, 28, 28)
    whole = masks(looks.ink(GREY), x)[0, 0].numpy()
    opened = ndimage.grey_dilation(ndimage.grey_erosion(whole, 5, mode="constant", cval=9), 5, mode="constant")
    found = masks(looks.strokes(GREY), x)[0, 0].numpy()
    np.testing.assert_allclose(found, whole - np.minimum(opened, whole), atol=1e-6)


@pytest.mark.parametrize(("width", "thin"), [(1, True), (4, True), (5, False), (9, False)])
def test_a_stroke_is_thinner_than_a_seventh_of_the_picture(width: int, thin: bool) -> None:
    x = bar(width)
    share = float(scores(looks.strokes(GREY), x) / scores(looks.ink(GREY), x))
    assert share == pytest.approx(1.0 if thin else 0.0)


@pytest.mark.parametrize(("place", "name"), list(enumerate(looks.HUES)))
def test_each_hue_is_itself_alone(place: int, name: str) -> None:
    rgb = {"red": (1, 0, 0), "yellow": (1, 1, 0), "green": (0, 1, 0), "cyan": (0, 1, 1), "blue": (0, 0, 1)}
    colour = torch.tensor(rgb.get(name, (1, 0, 1))).float()[None, :, None, None].expand(1, 3, 8, 8)
    wanted = torch.eye(6, dtype=torch.float64)[place][None]
    torch.testing.assert_close(scores(looks.colours(COLOUR), colour), wanted)


def test_hues_add_up_to_the_saturation_and_grey_has_none() -> None:
    x = Stream(3, "colours").uniform(range(4), 3, 8, 8)
    hues = masks(looks.colours(COLOUR), x).sum(1, keepdim=True)
    torch.testing.assert_close(hues, masks(looks.saturation(COLOUR), x), atol=1e-6, rtol=0)
    grey = x[:, :1].expand(4, 3, 8, 8)
    assert float(scores(looks.saturation(COLOUR), grey).max()) == 0


def test_channels_are_their_means() -> None:
    x = Stream(4, "channels").uniform(range(4), 3, 8, 8)
    torch.testing.assert_close(scores(looks.channels(COLOUR), x), x.double().mean((2, 3)), atol=1e-6, rtol=0)


def test_pictures_without_a_range_and_grey_colours_are_refused() -> None:
    with pytest.raises(UsageError, match="brightness was asked of picture 1 x 8 x 8, unbounded"):
        looks.brightness(Format((1, 8, 8)))
    with pytest.raises(UsageError, match="three channels"):
        looks.colours(GREY)
