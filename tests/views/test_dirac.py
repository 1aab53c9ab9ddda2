"""Figures of small games show the field, the runs, the eigenvalues and the angles that they were given."""

from __future__ import annotations

import numpy as np

from ganatomy.theory.convergence import Portrait
from ganatomy.theory.spectra import PathAngle, Spectrum
from ganatomy.views.canvas import svg
from ganatomy.views.dirac import course_curves, field, fields, path_curves, spectrum_map

PLACES = np.array([[0.0, 1.0], [1.0, 0.0], [-1.0, 0.0]])
PATH = np.array([[1.0, 1.0], [0.5, 0.0], [0.1, -0.2]])
GAME = Portrait("ns-r1", PLACES, np.array([[4.0, 0.0], [0.0, -1.0], [0.0, 0.0]]), {"alternating": PATH})


def test_a_field_shows_directions_and_the_run() -> None:
    ax = field(GAME).axes[0]
    (arrows,) = (each for each in ax.collections if hasattr(each, "U"))
    np.testing.assert_allclose(arrows.U, [1, 0, 0], atol=1e-12)  # the longest has length 1, the others by their root
    np.testing.assert_allclose(arrows.V, [0, -0.5, 0], atol=1e-12)
    (run,) = (line for line in ax.lines if line.get_gid() == "alternating")
    np.testing.assert_array_equal(run.get_xydata(), PATH)
    assert ax.get_title(loc="left") == "ns-r1"


def test_fields_stand_in_a_grid_with_one_key() -> None:
    figure = fields([GAME, GAME, GAME], columns=2)
    assert len(figure.axes) == 4
    assert not figure.axes[3].axison
    (key,) = figure.legends
    assert [text.get_text() for text in key.get_texts()] == ["alternating"]
    assert figure.axes[2].get_xlabel().startswith("θ")
    assert svg(figure) == svg(fields([GAME, GAME, GAME], columns=2))


def test_a_spectrum_stands_beside_the_circle_of_the_step() -> None:
    values = np.array([-1.0 + 0.5j, -1.0 - 0.5j, 0.02])
    figure = spectrum_map(Spectrum(values, 0.25, 9, 9, True), h=0.1)
    flow, step = figure.axes
    kinds = {line.get_label(): line for line in flow.lines}
    np.testing.assert_allclose(kinds["dies out"].get_xdata(), [-1, -1])
    np.testing.assert_allclose(kinds["grows or stays"].get_xdata(), [0.02])
    assert "0.25" in flow.get_title(loc="left")
    assert "1.0020" in step.get_title(loc="left")
    (circle,) = step.patches
    assert circle.get_radius() == 1
    inside = {line.get_label(): line for line in step.lines}["dies out"]
    np.testing.assert_allclose(inside.get_xydata(), [[0.9, 0.05], [0.9, -0.05]])
    assert step.get_xlim()[0] < 0.9 < 1.002 < step.get_xlim()[1]


def test_path_and_course_curves_keep_their_numbers() -> None:
    angle = PathAngle(np.array([0.0, 0.5, 1.0]), np.array([0.3, 0.9, -0.3]), np.array([2.0, 0.1, 2.0]))
    above, below = path_curves(angle, names=("step 0", "step 9")).axes
    assert any(np.array_equal(line.get_ydata(), angle.cosine) for line in above.lines)
    assert any(np.array_equal(line.get_ydata(), angle.speed) for line in below.lines)
    assert {text.get_text() for text in above.texts} == {"step 0", "step 9"}
    panels = course_curves({"speed": [1.0, 2.0], "rotation": [0.5, 0.25]}, places=[0, 500]).axes
    assert [ax.get_title(loc="left") for ax in panels] == ["speed", "rotation"]
    assert panels[1].lines[0].get_xydata().tolist() == [[0, 0.5], [500, 0.25]]
    assert panels[1].get_xlabel() == "round"
