import numpy as np
from PIL import Image

from ganatomy.data.catalogue import load
from ganatomy.data.plane import density
from ganatomy.data.worlds import WORLDS
from ganatomy.verbs.survey import sheet


def test_a_sheet_is_the_same_random_draw_each_time_and_not_the_first_by_name(tmp_path):
    for grey in range(250):
        Image.new("L", (4, 4), grey).save(tmp_path / f"{grey:03d}.png")
    data = load(f"folder:{tmp_path}")
    drawn = sheet(data)
    np.testing.assert_array_equal(drawn, sheet(data))
    greys = np.unique(drawn)
    assert len(greys) == 64 + 1  # and the paper
    assert abs(np.median(greys) - 125) < 30


def test_a_sheet_of_a_world_is_its_density():
    np.testing.assert_array_equal(sheet(load("ring8")), density(WORLDS["ring8"]()))
