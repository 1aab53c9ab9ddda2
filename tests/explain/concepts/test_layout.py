"""Place, extent, thickness, symmetry, blobs and holes of pictures whose answer is known."""

from __future__ import annotations

import pytest
import torch
from scipy import ndimage
from torch import Tensor

from ganatomy.data.catalogue import load
from ganatomy.explain.concepts import layout
from ganatomy.explain.concepts.measurer import masks, scores
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

GREY = Format.picture(1, 28, low=0.0, high=1.0)


def box(top: int, left: int, height: int, width: int) -> Tensor:
    x = torch.zeros(1, 1, 28, 28)
    x[..., top : top + height, left : left + width] = 1.0
    return x


def rings(n: int) -> Tensor:
    """So many rings of 5 x 5 with a hole of 3 x 3, apart from each other."""
    x = torch.zeros(1, 1, 28, 28)
    for place in range(n):
        row, column = 2 + 8 * (place // 3), 2 + 8 * (place % 3)
        x[..., row : row + 5, column : column + 5] = 1.0
        x[..., row + 1 : row + 4, column + 1 : column + 4] = 0.0
    return x


def test_a_box_lies_where_it_was_put() -> None:
    found = scores(layout.layout(GREY), box(3, 10, 6, 14))[0]
    deviations = [2 * ((size**2 - 1) / 12) ** 0.5 / 28 for size in (14, 6)]  # of whole numbers, evenly
    assert found.tolist() == pytest.approx([17 / 28, 6 / 28, *deviations], abs=1e-6)


def test_no_ink_lies_in_the_middle() -> None:
    assert scores(layout.layout(GREY), box(0, 0, 0, 0))[0].tolist() == [0.5, 0.5, 0, 0]
    assert scores(layout.symmetry(GREY), box(0, 0, 0, 0))[0].tolist() == [1, 1]
    assert scores(layout.thickness(GREY), box(0, 0, 0, 0))[0].tolist() == [0]


@pytest.mark.parametrize("width", [2, 3, 5])
def test_thickness_is_the_width_of_a_long_bar(width: int) -> None:
    assert float(scores(layout.thickness(GREY), box(2, 12, 24, width))) * 28 == pytest.approx(width, rel=0.2)


def test_symmetry_is_told_apart_by_axis() -> None:
    assert scores(layout.symmetry(GREY), box(2, 9, 6, 10))[0].tolist() == pytest.approx([1, 0])
    assert scores(layout.symmetry(GREY), box(9, 2, 10, 6))[0].tolist() == pytest.approx([0, 1])
    assert scores(layout.symmetry(GREY), box(9, 12, 10, 8))[0].tolist() == pytest.approx([0.5, 1])


@pytest.mark.parametrize("n", range(6))
def test_rings_are_counted_with_their_holes(n: int) -> None:
    wanted = min(n, layout.MANY) / layout.MANY
    assert scores(layout.counts(GREY), rings(n))[0].tolist() == [wanted, wanted]
    assert float(scores(layout.holes(GREY), rings(n))) == pytest.approx(9 * n / 784)


def test_counts_of_a_batch_keep_to_their_pictures() -> None:
    batch = torch.cat([rings(2), rings(0), box(0, 0, 28, 3), rings(3)])  # the third touches the edges
    found = scores(layout.counts(GREY), batch) * layout.MANY
    assert found.tolist() == [[2, 2], [0, 0], [1, 0], [3, 3]]


def test_ink_joins_at_corners_and_background_does_not() -> None:
    x = box(4, 4, 6, 6) + box(10, 10, 6, 6)
    assert (scores(layout.counts(GREY), x) * layout.MANY)[0].tolist() == [1, 0]
    diamond = torch.zeros(1, 1, 28, 28)
    ring = [(row, column) for row in range(28) for column in range(28) if abs(row - 14) + abs(column - 14) == 6]
    for row, column in ring:
        diamond[0, 0, row, column] = 1.0
    assert (scores(layout.counts(GREY), diamond) * layout.MANY)[0].tolist() == [1, 1]


def test_specks_are_no_blobs() -> None:
    assert float(scores(layout.counts(GREY), box(5, 5, 1, 1))[0, 0]) == 0
    assert float(scores(layout.counts(GREY), box(5, 5, 1, 2))[0, 0]) == 0.25


def test_holes_are_what_scipy_fills() -> None:
    x = (Stream(0, "holes").uniform(range(12), 1, 28, 28) > 0.45).float()
    x[:, :, [0, -1]] = x[:, :, :, [0, -1]] = 0.0
    found = masks(layout.holes(GREY), x)[:, 0].bool().numpy()
    for picture, hole in zip(x[:, 0].bool().numpy(), found, strict=True):
        assert ((ndimage.binary_fill_holes(picture) & ~picture) == hole).all()


def test_zeros_have_a_hole_and_ones_have_none() -> None:
    digits = load("digits")
    x, labels = digits.read(range(400)), digits.labels(range(400))
    assert labels is not None
    holes = scores(layout.counts(digits.format), x)[:, 1] > 0
    assert float(holes[labels == 0].double().mean()) > 0.9
    assert float(holes[labels == 1].double().mean()) < 0.2
