"""Pixels, grids and PNG files."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganatomy.errors import UsageError
from ganatomy.pictures import grid, pixels, png, write_png
from ganatomy.results.formats import Format


def test_the_ends_of_the_range_are_black_and_white_and_grey_is_repeated() -> None:
    x = torch.tensor([-1.0, 0.0, 1.0, 1.0]).reshape(1, 1, 2, 2)
    assert pixels(x, Format.picture(1, 2))[0, :, :, 0].tolist() == [[0, 128], [255, 255]]
    assert (
        pixels((x + 1) / 2, Format.picture(1, 2, low=0, high=1))[0].tolist()
        == pixels(x, Format.picture(1, 2))[0].tolist()
    )
    assert pixels(x, Format.picture(1, 2)).shape == (1, 2, 2, 3)


def test_every_level_survives_the_way_through_a_png(tmp_path: Path) -> None:
    levels = torch.arange(256).reshape(1, 1, 16, 16) / 255
    picture = pixels(levels, Format.picture(1, 16, low=0.0, high=1.0))[0]
    write_png(tmp_path / "x.png", picture)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "x.png")), picture)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(picture)))), picture)


def test_a_grid_puts_pictures_in_reading_order_with_gaps_and_blocks() -> None:
    pictures = np.stack([np.full((2, 3, 3), value, np.uint8) for value in (10, 20, 30, 40, 50)])
    sheet = grid(pictures, columns=3, gap=1, scale=2)
    assert sheet.shape == (2 * 5 + 1, 3 * 7 + 1, 3)
    assert sheet[1:5, 1:7].min() == sheet[1:5, 1:7].max() == 10
    assert sheet[1, 15, 0] == 30
    assert sheet[6, 1, 0] == 40
    assert (sheet[6:10, 15:] == 255).all()  # the sixth place is empty
    assert (sheet[0] == 255).all()
    assert grid(pictures).shape == (2 * 3 + 1, 3 * 4 + 1, 3)
    assert grid(pictures, scale=6).shape == (2 * 15 + 3, 3 * 21 + 3, 3)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: pixels(torch.zeros(1, 2), Format.point(2)), "pictures have 1 or 3 channels"),
        (lambda: pixels(torch.full((1, 1, 2, 2), 9.0), Format.picture(1, 2)), "lie in"),
        (lambda: pixels(torch.full((1, 1, 2, 2), float("nan")), Format.picture(1, 2)), "NaN"),
        (lambda: grid(np.zeros((0, 2, 2, 3), np.uint8)), "n >= 1"),
    ],
)
def test_what_cannot_be_drawn_is_refused(ask, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ask()
