"""Points and densities in one picture: upright, to scale, in one window."""

import numpy as np
import pytest
import torch

from ganatomy.data.plane import GAP, density, drawn
from ganatomy.data.worlds import WORLDS, mixture
from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream


def ink(name, side=120):
    return 1 - density(WORLDS[name](), side)[..., 0] / 255


def test_a_line_is_drawn_as_the_area_under_its_density():
    shown = ink("two-gaussians", side=240)
    assert shown.shape == (120, 240)
    heights = shown.sum(0)
    left, right = heights[:120], heights[120:]
    assert left.sum() == pytest.approx(right.sum(), rel=0.02)
    assert heights.max() == pytest.approx(120 * 0.95, abs=0.2)
    assert heights[110:130].max() < 1
    assert (np.diff(shown, axis=0) >= 0).all()  # filled from the ground up


def test_heights_on_a_line_are_those_of_the_density():
    """Shares 0.6, 0.3, 0.1 of widths 0.8, 0.4, 0.2: peaks of equal height, and a third of 2/3 of it."""
    heights = ink("three-gaussians", side=240).sum(0)
    peaks = [heights[part].max() / heights.max() for part in (slice(0, 110), slice(120, 170), slice(190, 240))]
    assert peaks == pytest.approx([1, 1, 2 / 3], abs=0.02)


@pytest.mark.parametrize(("name", "modes"), [("ring8", 8), ("grid25", 25)])
def test_every_mode_of_a_plane_is_seen_and_equally_dark(name, modes):
    from scipy.ndimage import label, maximum

    shown = ink(name, side=240)
    spots, count = label(shown > 0.3)
    assert count == modes
    assert min(maximum(shown, spots, range(1, modes + 1))) > 0.8


def test_a_plane_is_drawn_upright_and_to_scale():
    world = mixture("two", [[0.0, 0.0], [4.0, 1.0]], std=0.2)
    picture = density(world, 200)
    height, width = picture.shape[:2]
    assert width == 200
    assert width / height == pytest.approx((4 + 1.2) / (1 + 1.2), rel=0.2)
    shade = picture[..., 0] < 100
    assert shade[: height // 2, width // 2 :].any()  # the mode at (4, 1) is up and right
    assert not shade[: height // 2, : width // 2].any()


def test_only_lines_and_planes_are_drawn():
    with pytest.raises(UsageError, match="'deep' has 3 dimensions\na line or a plane can be drawn"):
        density(mixture("deep", torch.zeros(1, 3), std=1.0))
    with pytest.raises(UsageError, match="points of shape"):
        drawn(torch.zeros(4, 3), None)


@pytest.mark.parametrize("name", ["ring8", "three-gaussians"])
def test_samples_of_a_known_world_lie_where_its_density_is_dark(name):
    """Left and right show one window in one scale: true samples fall on the ink of the density."""
    world, side = WORLDS[name](), 480
    shown = drawn(world.sample(Stream(9, "other"), range(4000)), world, side=side)
    left, right = shown[:, : -side - GAP, 0] < 200, shown[:, -side:, 0] < 250
    assert np.array_equal(shown[:, -side:], density(world, side))
    both = (left & right).sum() / left.sum()
    assert both > 0.8


def test_a_point_lies_where_its_mode_is():
    world = mixture("two", [[0.0, 0.0], [4.0, 1.0]], std=0.2)
    shown = drawn(torch.tensor([[4.0, 1.0]]), world, side=200)
    dark = np.argwhere(shown[:, :200, 0] < 200)
    true = np.argwhere(shown[:, -200:, 0] < 20)
    upper = true[true[:, 1] > 100]
    assert len(dark) == 9
    assert np.abs(dark.mean(0) - upper.mean(0)).max() < 2
