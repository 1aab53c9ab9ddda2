"""Spectra side by side and angles beside their closed forms show the numbers they were given."""

from __future__ import annotations

import numpy as np

from ganatomy.theory.spectra import PathAngle, Spectrum
from ganatomy.views.canvas import svg
from ganatomy.views.spectra import angles, eigenvalue_maps

DYING = Spectrum(np.array([-1 + 0.5j, -1 - 0.5j, 0.25]), 0.125, 3, 3, True)
CIRCLING = Spectrum(np.array([1e-17 + 2j, 1e-17 - 2j]), 0.0, 2, 2, True)


def test_each_game_has_a_panel_with_its_eigenvalues_by_their_fate() -> None:
    figure = eigenvalue_maps({"one": DYING, "two": CIRCLING, "three": DYING}, columns=2)
    one, two, _, empty = figure.axes
    assert one.get_title(loc="left") == "one\n|v| 0.12"
    kinds = {line.get_label(): line for line in one.lines}
    np.testing.assert_allclose(kinds["dies out"].get_xydata(), [[-1, 0.5], [-1, -0.5]])
    np.testing.assert_allclose(kinds["grows or stays"].get_xydata(), [[0.25, 0]])
    assert one.get_xlim()[0] < -1 < 0.25 < one.get_xlim()[1]
    kinds = {line.get_label(): line for line in two.lines}
    assert len(kinds["dies out"].get_xdata()) == 0  # a real part of rounding is none, whatever its sign
    assert two.get_ylim()[1] > 2
    assert not empty.axison
    (key,) = figure.legends
    assert [text.get_text() for text in key.get_texts()] == ["dies out", "grows or stays"]
    assert svg(figure) == svg(eigenvalue_maps({"one": DYING, "two": CIRCLING, "three": DYING}, columns=2))


def test_angles_are_drawn_with_what_is_known() -> None:
    curve = PathAngle(np.array([0.0, 0.5, 1.0]), np.array([0.3, 0.9, -0.3]), np.ones(3))
    left, right = angles({"pull": (curve, [0.31, 0.91, -0.31])}, {"minimax": curve}).axes
    lines = {str(line.get_label()): line for line in left.lines}
    np.testing.assert_allclose(lines["pull"].get_xydata(), [[0, 0.3], [0.5, 0.9], [1, -0.3]])
    dots = [line for line in left.lines if line.get_marker() == "." and len(line.get_xdata()) > 0]
    np.testing.assert_allclose(dots[0].get_ydata(), [0.31, -0.31])  # every second one
    assert "minimax" in {line.get_label() for line in right.lines}
