"""Figures of a turning game show the numbers they were given, and leave out what was not found."""

from __future__ import annotations

import numpy as np

from ganatomy.results.explanation import Explanation
from ganatomy.views.canvas import svg
from ganatomy.views.turning import ranks, turned, ways

RATES = Explanation(
    "turning",
    "gan",
    "rates",
    ("round 16", "round 64"),
    {
        "round": np.array([16, 64]),
        "speed": np.array([2.0, 0.5]),
        "speed.critic": np.array([1.5, 0.4]),
        "speed.generator": np.array([1.3, 0.3]),
        "real": np.array([[-4.0, 1.0, -0.5], [-5.0, -0.2, -5.0]]),
        "imag": np.array([[0.0, 0.0, 3.0], [0.0, 0.0, 0.0]]),
        "told": np.array([[True, True, True], [True, False, True]]),
    },
)


def test_each_checkpoint_has_a_panel_with_both_of_each_pair() -> None:
    figure = turned(RATES)
    first, second, *_ = figure.axes
    assert first.get_title(loc="left") == "round 16, |v| 2"
    lines = {line.get_label(): line for line in first.lines}
    np.testing.assert_allclose(lines["largest imaginary part"].get_xydata(), [[-0.5, 3], [-0.5, -3]])
    np.testing.assert_allclose(lines["largest real part"].get_xydata(), [[1, 0], [1, 0]])
    lines = {line.get_label(): line for line in second.lines}
    assert len(lines["largest real part"].get_xdata()) == 0  # not found exactly enough
    assert len(lines["largest imaginary part"].get_xdata()) == 0  # a real one turns nothing
    speeds, rates = figure.axes[-2:]
    np.testing.assert_allclose(speeds.lines[1].get_xydata(), [[16, 1.3], [64, 0.3]])
    np.testing.assert_allclose(rates.lines[0].get_ydata(), [4, 5])
    np.testing.assert_allclose(rates.lines[1].get_ydata(), [1, np.nan])
    np.testing.assert_allclose(rates.lines[2].get_ydata(), [3, np.nan])
    assert svg(figure) == svg(turned(RATES))


def test_nothing_found_is_drawn_as_nothing() -> None:
    empty = {**RATES.arrays, "told": np.zeros((2, 3), dtype=bool)}
    assert "round 16" in svg(turned(Explanation("turning", "gan", "rates", RATES.units, empty)))


def test_ways_are_named_where_something_attracts() -> None:
    arrays = {
        "places": np.array([[-0.5, 0.5, 1.5]] * 2),
        "cosine": np.array([[0.3, 0.1, -0.3], [0.1, 0.1, 0.1]]),
        "attracted": np.array([True, False]),
    }
    figure = ways(Explanation("turning", "gan", "ways", ("round 1 to 2", "round 2 to 4"), arrays))
    first, second = figure.axes[:2]
    assert first.get_title(loc="left") == "round 1 to 2: attracted"
    assert second.get_title(loc="left") == "round 2 to 4"
    np.testing.assert_allclose(first.lines[-1].get_ydata(), [0.3, 0.1, -0.3])
    assert first.get_ylim()[1] > 0.3


def test_ranks_stand_beside_the_rounds() -> None:
    arrays = {"rank": np.array([[0.5, np.nan, -1.0]]), "control": np.array([[0.25, np.nan, 0.0]])}
    text = svg(ranks(Explanation("turning", "gan", "readings", ("gap",), arrays)))
    assert "+0.50 (+0.25)" in text
    assert "cannot be told" in text
    assert "-1.00 (+0.00)" in text
