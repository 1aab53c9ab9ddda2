"""A finding's figure holds its effect, its controls and what is too small to matter."""

from __future__ import annotations

import numpy as np
import pytest

from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.finding import Finding
from ganatomy.results.formats import Format
from ganatomy.results.measurement import Measurement
from ganatomy.views.findings import drawn
from ganatomy.views.latent import rows


def test_points_of_a_plane_are_routes_whose_end_is_marked() -> None:
    way = np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 1.0]])
    ax = rows(["z0"], [way], Format.point(2)).axes[0]
    line, end = ax.lines
    np.testing.assert_array_equal(np.stack(line.get_data(), 1), way)
    np.testing.assert_array_equal(np.stack(end.get_data(), 1), way[-1:])


def control(value: float, interval: Interval | None = None) -> Measurement:
    return Measurement("control", value, n=9, estimator="mean", better="neither", interval=interval)


def test_effect_and_controls_stand_in_one_unit() -> None:
    found = Finding(
        claim="unit 3 draws the loop", estimand="ink", population="seed 0", replication="latent", treatment="zero",
        positive_control=control(-2.0, Interval(-2.5, -1.5, 0.95, "t")), negative_control=control(0.01),
        smallest_effect=0.1, family="one", effect=-0.8, interval=Interval(-0.9, -0.7, 0.95, "t"), p=1e-6,
        verdict="present",
    )  # fmt: skip
    ax = drawn(found).axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["effect", "negative control", "positive control"]
    dots = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"]
    assert dots == pytest.approx([-0.8, 0.01, -2.0])
    assert ax.get_title(loc="left") == "unit 3 draws the loop: present"
