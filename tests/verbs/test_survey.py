import numpy as np
import pytest
import torch
from PIL import Image

from ganatomy.data.catalogue import load
from ganatomy.data.worlds import WORLDS, mixture
from ganatomy.errors import UsageError
from ganatomy.verbs.survey import density, sheet


def ink(name, side=120):
    return 1 - density(WORLDS[name](), side)[..., 0] / 255


def test_a_sheet_is_the_same_random_draw_each_time_and_not_the_first_by_name(tmp_path):
    for grey in range(250):
        Image.new("L", (4, 4), grey).save(tmp_path / f"{grey:03d}.png")
    data = load(f"folder:{tmp_path}")
    drawn = sheet(data)
    np.testing.assert_array_equal(drawn, sheet(data))
    greys = np.unique(drawn)
    assert len(greys) == 64 + 1  # and the paper
    assert abs(np.median(greys) - 125) < 30


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


def test_only_lines_and_planes_and_pictures_are_drawn():
    with pytest.raises(UsageError, match="'deep' has 3 dimensions\na line or a plane can be drawn"):
        density(mixture("deep", torch.zeros(1, 3), std=1.0))
    assert sheet(load("shapes"), 4).shape == sheet(load("shapes"), 4).shape
