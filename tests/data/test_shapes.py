from math import atan2, degrees

import pytest
import torch

from ganatomy.data.catalogue import load
from ganatomy.data.shapes import FACTORS, MASKS, SHAPES, Shapes
from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

SOURCE = Shapes(Stream(1, "shapes"))
VALUES = SOURCE.values(range(300))
NAMES = [factor.name for factor in FACTORS]


def row(**given):
    plain = {"shape": 0, "hue": 0.0, "size": 0.25, "x": 0.5, "y": 0.5, "rotation": 0.0, "background": 0.2}
    return torch.tensor([[float((plain | given)[name]) for name in NAMES]], dtype=torch.float64)


def moments(mask):
    """Area, centroid (x, y) and covariance of a mask with y upward, by summing over pixels."""
    size = mask.shape[-1]
    ticks = (torch.arange(size, dtype=torch.float64) + 0.5) / size
    y, x = torch.meshgrid(ticks, ticks, indexing="ij")
    weight = mask.double() / mask.double().sum()
    cx, cy = (weight * x).sum(), (weight * y).sum()
    dx, dy = x - cx, cy - y
    second = torch.stack([(weight * dx * dx).sum(), (weight * dx * dy).sum(), (weight * dy * dy).sum()])
    return mask.double().mean().item(), (cx.item(), cy.item()), second


def test_area_and_centroid_are_the_factors_whatever_the_shape():
    fine = Shapes(SOURCE.stream, size=128)
    for values, mask in zip(VALUES[:60], fine.masks(VALUES[:60])[:, 0], strict=True):
        area, centroid, _ = moments(mask)
        factor = dict(zip(NAMES, values.tolist(), strict=True))
        assert area == pytest.approx(factor["size"] ** 2, rel=0.02)
        assert centroid == pytest.approx((factor["x"], factor["y"]), abs=0.001)


@pytest.mark.parametrize("shape", range(len(SHAPES)))
@pytest.mark.parametrize("rotation", [-45, -20, 0, 10, 45])
def test_rotation_turns_the_long_axis_anticlockwise(shape, rotation):
    _, _, (xx, xy, yy) = moments(Shapes(SOURCE.stream, size=128).masks(row(shape=shape, rotation=rotation))[0, 0])
    axis = degrees(0.5 * atan2(2 * xy, xx - yy))
    upright = 90 if list(SHAPES)[shape] == "triangle" else 0  # the triangle points up, the others lie flat
    assert (axis - rotation - upright + 90) % 180 - 90 == pytest.approx(0, abs=1.0)


def test_rendered_pictures_have_the_format_of_the_source():
    fine = Shapes(SOURCE.stream, size=48)
    pictures = fine.render(VALUES)
    fine.format.check(pictures)
    assert fine.format.bounds == (0.0, 1.0)
    assert torch.equal(load("shapes").truth.format.rescale(pictures, Format.picture(3, 48)), 2 * pictures - 1)


def test_the_triangle_points_up():
    mask = SOURCE.masks(row(shape=2))[0, 0]
    widths = mask.sum(1)
    assert widths[widths > 0].diff()[:-1].min() >= 0


@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_masks_equal_supersampled_cover(shape):
    """Inside or outside at 16 x 16 points a pixel, from the definition of each shape and not from distances."""
    values = row(shape=shape, rotation=25, x=0.47, y=0.53)
    fine = Shapes(SOURCE.stream, size=32 * 16).masks(values)[0, 0]
    slow = (fine > 0.5).double().reshape(32, 16, 32, 16).mean((1, 3))
    mask = SOURCE.masks(values)[0, 0].double()
    assert (mask - slow).abs().max() < 0.2
    assert (mask - slow).abs().mean() < 0.002


def test_pictures_are_made_of_their_masks_to_the_pixel():
    pictures, masks = SOURCE.render(VALUES), SOURCE.masks(VALUES)
    assert pictures.shape == (300, 3, 32, 32)
    assert masks.shape == (300, len(MASKS), 32, 32)
    assert torch.equal(masks.sum(1), torch.ones(300, 32, 32))
    ground = VALUES[:, NAMES.index("background")].float()[:, None, None, None].expand_as(pictures)
    bare = (masks[:, 1:] == 1).expand_as(pictures)
    assert torch.equal(pictures[bare], ground[bare])
    full = masks[:, 0] == 1
    colours = [picture[:, cover].T for picture, cover in zip(pictures, full, strict=True)]
    assert all(len(colour) and torch.equal(colour, colour[:1].expand_as(colour)) for colour in colours)
    assert all(colour[0].max() == 1 and colour[0].min() == 0 for colour in colours)


@pytest.mark.parametrize(
    ("hue", "colour"), [(0, [1, 0, 0]), (1 / 6, [1, 1, 0]), (1 / 3, [0, 1, 0]), (2 / 3, [0, 0, 1])]
)
def test_hues_are_the_colours_of_the_wheel(hue, colour):
    assert SOURCE.render(row(hue=hue))[0, :, 16, 16].tolist() == pytest.approx(colour, abs=1e-6)


def test_the_object_never_touches_the_border():
    places = [(x, y) for x in (1 / 3, 2 / 3) for y in (1 / 3, 2 / 3)]
    turns = [(shape, turn) for shape in range(3) for turn in range(-45, 46, 5)]
    corners = torch.cat([row(shape=s, size=0.3, x=x, y=y, rotation=r) for x, y in places for s, r in turns])
    cover = SOURCE.masks(corners)[:, 0]
    assert max(edge.max().item() for edge in (cover[:, 0], cover[:, -1], cover[:, :, 0], cover[:, :, -1])) == 0


def colour_of(pictures, masks):
    inside = masks[:, :1] * (masks[:, :1] == 1)
    return (pictures * inside).sum((2, 3)) / inside.sum((2, 3))


@pytest.mark.parametrize("name", NAMES)
def test_an_intervention_changes_what_it_should_and_nothing_else(name):
    factor = FACTORS[NAMES.index(name)]
    before = SOURCE.values(range(40))
    after = SOURCE.changed(before, name, factor.high)
    moved = before[:, NAMES.index(name)] != factor.high
    pictures, masks = (SOURCE.render(before), SOURCE.render(after)), (SOURCE.masks(before), SOURCE.masks(after))
    changed = (pictures[0] != pictures[1]).flatten(1).any(1)
    assert torch.equal(changed, moved)
    assert torch.equal((masks[0] != masks[1]).flatten(1).any(1), moved & (name not in ("hue", "background")))
    if name != "hue":
        assert torch.allclose(colour_of(pictures[0], masks[0]), colour_of(pictures[1], masks[1]), atol=1e-5)
    if name != "background":
        bare = ((masks[0][:, 1:] == 1) & (masks[1][:, 1:] == 1)).expand_as(pictures[0])
        assert torch.equal(pictures[0][bare], pictures[1][bare])
    others = [place for place in range(len(NAMES)) if NAMES[place] != name]
    assert torch.equal(before[:, others], after[:, others])
    assert torch.equal(before, SOURCE.values(range(40)))


def test_draws_fill_the_ranges_independently():
    values = SOURCE.values(range(5000))
    for place, factor in enumerate(FACTORS):
        column = values[:, place]
        assert factor.low <= column.min()
        assert column.max() <= factor.high
        if factor.kinds:
            assert torch.bincount(column.long()).tolist() == pytest.approx([5000 / 3] * 3, rel=0.1)
        else:
            middle, width = (factor.low + factor.high) / 2, factor.high - factor.low
            assert column.mean().item() == pytest.approx(middle, abs=0.02 * width)
    off = values.T.corrcoef().fill_diagonal_(0)
    assert off.abs().max() < 4 / 5000**0.5
    assert torch.equal(values[17:20], SOURCE.values([17, 18, 19]))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "shape"])
def test_the_picture_is_differentiable_in_its_causes(name):
    """Summed over many pictures: the cover of a pixel has kinks, which a difference steps over."""
    place = NAMES.index(name)
    middle, step = (FACTORS[place].low + FACTORS[place].high) / 2, 2e-4 * (FACTORS[place].high - FACTORS[place].low)
    ticks = torch.linspace(0, 1, 32, dtype=torch.float64)
    weights = (ticks + 2 * ticks[:, None]).square()  # feels position, and by its square rotation

    def shade(to):
        return (SOURCE.render(SOURCE.changed(SOURCE.values(range(300)), name, to)) * weights).sum()

    at = torch.tensor(middle, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(shade(at), at)
    slope = (shade(middle + step) - shade(middle - step)) / (2 * step)
    assert gradient.item() == pytest.approx(slope.item(), rel=0.1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (torch.zeros(2, 6), r"of shape \(2, 6\)"),
        (row(hue=0.9), "'hue' was given 0.9\nit lies between 0 and 0.75"),
        (row(shape=1.5), "'shape' was given 1.5\n.*rectangle, ellipse, triangle"),
        (row(x=float("nan")), "'x' was given nan"),
    ],
)
def test_values_out_of_range_are_refused(values, message):
    with pytest.raises(UsageError, match=message):
        SOURCE.render(values)


@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_gradients_are_finite_where_a_pixel_lies_on_the_centre(shape):
    values = row(shape=shape, x=16.5 / 32, y=16.5 / 32).requires_grad_()
    (gradient,) = torch.autograd.grad(SOURCE.render(values).sum(), values)
    assert gradient.isfinite().all()


def test_a_factor_that_does_not_exist_names_the_nearest():
    with pytest.raises(UsageError, match=r"no factor called 'rotaton'\ndid you mean 'rotation'"):
        SOURCE.changed(VALUES, "rotaton", 0.0)


def test_the_data_set_shows_the_source():
    data = load("shapes")
    values = data.truth.values(range(9))
    assert torch.equal(data.read(range(9)), data.truth.render(values) * 2 - 1)
    assert torch.equal(data.labels(range(9)), values[:, 0].long())
    assert data.classes == tuple(SHAPES)
