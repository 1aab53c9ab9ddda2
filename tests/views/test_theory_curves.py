"""Figures of theory on the line show the numbers they were given."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ganatomy.errors import UsageError
from ganatomy.games.losses import LOSSES
from ganatomy.theory.densities import gaussian
from ganatomy.theory.quadrature import Integral
from ganatomy.theory.regret import Nearness, ratio_map
from ganatomy.views.canvas import svg
from ganatomy.views.theory_curves import best_critics, nearing, ranked, two_gradients

X = np.linspace(-1, 1, 5)


def test_each_best_critic_has_a_panel_over_both_densities() -> None:
    hills = {"real": np.ones(5), "generated": 0.5 * np.ones(5)}
    figure = best_critics(X, hills, {"minimax": 100 * X, "hinge": np.sign(X), "lone": X}, columns=2)
    panels = [ax for ax in figure.axes if ax.get_title(loc="left")]
    assert [ax.get_title(loc="left") for ax in panels] == ["minimax", "hinge", "lone"]
    for ax, wanted in zip(panels, (100 * X, np.sign(X), X), strict=True):
        (line,) = (line for line in ax.lines if line.get_gid() == "score")
        np.testing.assert_allclose(line.get_ydata(), wanted)
    low, high = panels[0].get_ylim()
    assert -7 < low < -6 < 6 < high < 7  # steep ones are cut off
    (key,) = figure.legends
    assert [text.get_text() for text in key.get_texts()] == ["real", "generated", "score of the best critic"]
    behind = [ax for ax in figure.axes if not ax.get_title(loc="left") and ax.collections]
    assert len(behind) == 3
    assert svg(figure) == svg(best_critics(X, hills, {"minimax": 100 * X, "hinge": np.sign(X), "lone": X}, columns=2))


def test_a_critic_on_its_way_is_shown_over_steps_and_over_the_line() -> None:
    steps = [Nearness(k, Integral(10.0**-k, 0.0), Integral(1.0), 0.1, 0.2, 0.3, 0.4) for k in (0, 1, 2)]
    shown = ratio_map(LOSSES["minimax"], lambda x: x[:, 0], gaussian(0.0, 1.0), gaussian(1.0, 1.0), side=21)
    over, errors, scores, left = nearing(steps, shown).axes
    np.testing.assert_allclose(over.lines[0].get_xydata(), [[1, 0.1], [2, 0.01]])  # not step 0: the axis is logarithmic
    assert [line.get_label() for line in errors.lines][:2] == ["mean |D - D*|", "largest |D - D*|"]
    best, found = scores.lines
    np.testing.assert_allclose(best.get_ydata(), shown.best)
    np.testing.assert_allclose(found.get_ydata(), shown.found)
    assert found.get_label() == "after 2 steps"
    np.testing.assert_allclose(left.lines[0].get_ydata(), shown.regret)
    round_ = gaussian([0.0, 0.0], torch.eye(2))
    with pytest.raises(UsageError, match="ratio_maps"):
        nearing(steps, ratio_map(LOSSES["minimax"], lambda x: x[:, 0], round_, round_, side=3))


def test_two_gradients_and_their_sum() -> None:
    lines = {line.get_label(): line for line in two_gradients([1, 2], [0.4, 0.45], [0.6, 1.55]).axes[0].lines}
    np.testing.assert_allclose(lines["their sum, t"].get_ydata(), [1, 2])
    np.testing.assert_allclose(lines["saturating"].get_ydata(), [0.4, 0.45])
    np.testing.assert_allclose(lines["Wasserstein"].get_ydata(), [1, 1])


def test_readings_stand_by_falling_rank_beside_the_runs() -> None:
    left, right = ranked({"low": -0.5, "high": 0.9}, {"high": [1.0, 0.0]}, [0.1, 0.5]).axes
    assert [text.get_text() for text in left.get_yticklabels()] == ["high", "low"]
    dots = [line for line in left.lines if line.get_marker() == "o"]
    assert [float(dot.get_xdata()[0]) for dot in dots] == [0.9, -0.5]
    assert right.lines[0].get_xydata()[0].tolist() == [0.1, 1.0]
    assert right.lines[0].get_ydata()[1] > 0  # 0 has no place on this axis
    assert right.get_xlim() == (pytest.approx(0.08), pytest.approx(1.0))
    assert math.isclose(left.get_xlim()[0], -1.05)
