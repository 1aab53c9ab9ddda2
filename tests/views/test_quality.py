"""Sanity curves drawn: a panel for each disturbance and space, the GAN's line, the same bytes each time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ganatomy.errors import UsageError
from ganatomy.evaluate.quality.sanity import Curve
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.measurement import Measurement
from ganatomy.views.canvas import svg
from ganatomy.views.quality import sanity

LESS = "Fréchet distance less its bias"


def made(value: float, where: str, name: str = LESS) -> Measurement:
    within = Interval(max(value - 0.1, 0.0), value + 0.1, 0.95, "test")
    return Measurement(name, value, 100, "test", "low", within, 0.0, where)


def curve(kind: str, where: str, verdict: str = "responds") -> Curve:
    severities = (0.0, 0.1, 0.2, 0.4)
    readings = tuple(made(-0.02 if not each else 50 * each**2, where) for each in severities)
    return Curve(kind, f"unit of {kind}", severities, readings, made(1.0, where), 0.1, verdict, "said")


CURVES = [
    (curve("noise", "classifier-0123456789ab"), curve("dropped classes", "classifier-0123456789ab")),
    (curve("noise", "random-convolution-32-ba9876543210", "no response"),),
]
READ = [{LESS: made(2.0, each[0].space)} for each in CURVES]


def test_a_column_is_a_space_and_a_row_a_disturbance() -> None:
    figure = sanity(CURVES, measured=READ)
    shown = [ax for ax in figure.axes if ax.get_visible()]
    assert len(shown) == 3
    drawing = svg(figure)
    for text in ("classifier (0123)", "random-convolution-32 (ba98)", "unit of noise", "unit of dropped classes"):
        assert text in drawing
    assert "less its bias" in drawing
    assert "Orange: the GAN" in drawing
    assert "no response" in drawing
    assert svg(sanity(CURVES, measured=READ)) == drawing


def test_the_ring_stands_where_the_distance_meets_the_curve() -> None:
    figure = sanity(CURVES, measured=READ)
    rings = [line for line in figure.axes[0].lines if line.get_markersize() == 7]
    assert [tuple(ring.get_data()) for ring in rings] == [(pytest.approx([0.2]), pytest.approx([2.0]))]
    assert not [line for line in figure.axes[1].lines if line.get_markersize() == 7]  # no answer, no severity


def test_filled_points_are_told_apart_and_intervals_reach_the_value() -> None:
    ax = sanity(CURVES).axes[0]
    fills = [line.get_markerfacecolor() for line in ax.lines if line.get_marker() == "o"]
    assert fills[0] == "white"
    assert "white" not in fills[1:]
    lowest = min(segment[0][1] for segment in ax.collections[0].get_segments())  # type: ignore[attr-defined]
    assert lowest == pytest.approx(-0.02)
    assert "Orange" not in svg(sanity(CURVES))


def test_a_space_without_scatter_is_drawn() -> None:
    still = curve("noise", "a-0123")
    flat = [replace(each, value=0.0, interval=Interval(0.0, 0.0, 0.95, "test")) for each in still.readings]
    calm = replace(still, readings=tuple(flat))
    assert svg(sanity([(calm,)]))


def test_nothing_to_draw_is_refused() -> None:
    for curves, measured in (([], []), ([()], []), (CURVES, READ[:1])):
        with pytest.raises(UsageError, match="curves of a space or more"):
            sanity(curves, measured=measured)
