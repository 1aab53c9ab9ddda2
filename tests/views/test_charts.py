"""Figures show what they were given, are made without pyplot, and give the same bytes each time."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from ganatomy.errors import UsageError
from ganatomy.views.canvas import canvas, svg
from ganatomy.views.charts import curves, forest, matrix, points
from ganatomy.views.generator import squares
from ganatomy.views.strips import Row, strip


def test_a_forest_holds_every_value_and_interval_from_the_top() -> None:
    figure = forest(["a", "b"], [0.5, -1.0], ([0.2, -1.5], [0.8, -0.5]), verdicts=["present", "absent"], smallest=0.1)
    (ax,) = figure.axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    dots = {line.get_label(): line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"}
    assert dots == {"a": 0.5, "b": -1.0}
    spans = [tuple(line.get_xdata()) for line in ax.lines if len(line.get_xdata()) == 2 and line.get_marker() != "o"]
    assert (0.2, 0.8) in spans
    assert (-1.5, -0.5) in spans


def test_a_signed_matrix_is_white_at_zero_and_keeps_its_numbers() -> None:
    values = np.array([[1.0, -3.0], [np.nan, 0.5]])
    ax = matrix(values, ["u", "v"], ["x", "y"], signed=True).axes[0]
    (image,) = ax.images
    np.testing.assert_array_equal(np.ma.filled(image.get_array(), np.nan), values)
    assert image.get_clim() == (-3.0, 3.0)
    assert matrix(np.abs(values), ["u", "v"], ["x", "y"]).axes[0].images[0].get_clim() == (0.0, 3.0)


def test_curves_are_named_and_banded_and_points_lie_where_they_should() -> None:
    ax = curves([0, 1], {"best": [1, 2], "random": [0, 0]}, bands={"random": ([-1, -1], [1, 1])}).axes[0]
    assert [text.get_text() for text in ax.texts] == ["best", "random"]
    assert len(ax.collections) == 1
    places = np.array([[0.0, 1.0], [2.0, 3.0]])
    np.testing.assert_array_equal(points(places).axes[0].collections[0].get_offsets(), places)
    legend = points(places, [1, 0], names=("real", "generated")).axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["real", "generated"]


def test_a_given_axes_is_drawn_on() -> None:
    figure, ax = canvas(3, 2)
    assert curves([0, 1], {"a": [1, 2]}, ax=ax) is figure
    assert len(ax.lines) == 1


def test_a_strip_shows_each_picture_in_its_place_and_scale() -> None:
    pictures = (np.arange(2 * 4 * 4).reshape(2, 4, 4) * 8).astype(np.uint8)
    figure = strip([Row("maps", np.zeros((3, 2, 2)), map=True), Row("pictures", pictures, heads=["a", "b"])])
    assert len(figure.axes) == 5
    np.testing.assert_array_equal(figure.axes[3].images[0].get_array(), pictures[0])
    assert figure.axes[3].images[0].get_clim() == (0.0, 255.0)
    assert [ax.get_title() for ax in figure.axes[3:]] == ["a", "b"]
    assert [text.get_text() for text in figure.texts] == ["maps", "pictures"]
    corners = [ax.get_position().bounds for ax in figure.axes]
    assert all(x >= 0 and y >= 0 and x + w <= 1 and y + h <= 1 for x, y, w, h in corners)
    with pytest.raises(UsageError, match="a strip without pictures"):
        strip([])


def test_vectors_as_squares_keep_their_order_and_leave_the_rest_empty() -> None:
    (square,) = squares(np.arange(5.0)[None])
    np.testing.assert_array_equal(square, [[0, 1, 2], [3, 4, np.nan], [np.nan] * 3])


def test_figures_are_the_same_bytes() -> None:
    drawn = [svg(curves([0, 1], {"a": [1, 2]})) for _ in range(2)]
    assert drawn[0] == drawn[1]


def test_nothing_of_pyplot_is_loaded() -> None:
    code = (
        "import sys; from ganatomy.views.charts import curves; curves([0, 1], {'a': [1, 2]}); "
        "print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
