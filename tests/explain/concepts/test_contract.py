"""What every built-in measurer promises, whatever the pictures: one suite for all."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganatomy.data.shapes import Shapes
from ganatomy.explain.concepts.catalogue import measurers_for
from ganatomy.explain.concepts.factors import factors_of
from ganatomy.explain.concepts.measurer import Measurer, labels, masks, scores
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

FORMATS = [
    Format.picture(1, 28),
    Format.picture(3, 32, low=0.0, high=1.0),
    Format.picture(3, (5, 9)),
    Format.picture(5, 8, low=0.0, high=255.0),
    Format.picture(1, 1),
    Format.picture(1, (2, 3)),
]
EVERY = [
    *(pytest.param(f, m, id=f"{m.name} of {f}") for f in FORMATS for m in measurers_for(f)),
    *(pytest.param(FORMATS[1], m, id=f"{m.name} of shapes") for m in factors_of(Shapes(Stream(0, "any")), FORMATS[1])),
]


def pictures(format: Format, n: int = 6) -> Tensor:
    """Noise, some of it blurred to blobs, on grounds from dark to bright."""
    low, high = format.bounds or (0.0, 1.0)
    noise = Stream(0, "tests/pictures").uniform(range(n), *format.shape)
    blurred = torch.nn.functional.avg_pool2d(noise, 3, 1, 1, count_include_pad=False)
    ground = torch.linspace(0, 1, n)[:, None, None, None]
    mixed = torch.where((blurred > 0.55) & (torch.arange(n) % 2 == 1)[:, None, None, None], ground, noise)
    return low + (high - low) * mixed


def flat(format: Format) -> Tensor:
    low, high = format.bounds or (0.0, 1.0)
    return torch.stack([torch.full(format.shape, value) for value in (low, (low + high) / 2, high)])


@pytest.mark.parametrize(("format", "measurer"), EVERY)
def test_a_batch_equals_one_by_one_in_any_order(format: Format, measurer: Measurer) -> None:
    x = pictures(format)
    before = x.clone()
    whole = scores(measurer, x)
    assert torch.equal(x, before)
    assert whole.dtype == torch.float64
    assert whole.shape == (len(x), len(measurer.concepts))
    alone = torch.cat([scores(measurer, picture[None]) for picture in x])
    torch.testing.assert_close(alone, whole, atol=1e-6, rtol=0)
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    torch.testing.assert_close(scores(measurer, x[order]), whole[order], atol=1e-6, rtol=0)
    assert scores(measurer, x[:0]).shape == (0, len(measurer.concepts))


@pytest.mark.parametrize(("format", "measurer"), EVERY)
def test_scores_run_from_0_to_1_also_of_flat_pictures_and_out_of_range(format: Format, measurer: Measurer) -> None:
    low, high = format.bounds or (0.0, 1.0)
    for x in (pictures(format), flat(format), 3 * (pictures(format) - low) - (high - low)):
        found = scores(measurer, x)
        assert float(found.min()) >= 0
        assert float(found.max()) <= 1 + 1e-6


@pytest.mark.parametrize(("format", "measurer"), EVERY)
def test_the_range_of_the_format_is_no_matter(format: Format, measurer: Measurer) -> None:
    other = Format(format.shape, -3.0, 5.0)
    known = factors_of(Shapes(Stream(0, "any")), other) if format.shape == (3, 32, 32) else ()
    (same,) = [m for m in (*measurers_for(other), *known) if m.name == measurer.name]
    x = pictures(format)
    moved = scores(same, format.rescale(x, other))
    torch.testing.assert_close(moved, scores(measurer, x), atol=2e-5, rtol=0)


@pytest.mark.parametrize(("format", "measurer"), [each for each in EVERY if each.values[1].kind == "mask"])
def test_masks_are_as_large_as_the_pictures(format: Format, measurer: Measurer) -> None:
    x = pictures(format)
    assert masks(measurer, x).shape == (len(x), len(measurer.concepts), *format.shape[1:])


def test_a_default_set_for_grey_pictures_has_about_a_dozen_concepts() -> None:
    assert 12 <= len(labels(measurers_for(FORMATS[0]))) <= 16
