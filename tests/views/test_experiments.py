"""The figure of an experiment shows every seed of every arm, means, intervals, and what is too small to matter."""

from __future__ import annotations

import numpy as np
import pytest

from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.finding import Finding
from ganatomy.results.measurement import Measurement
from ganatomy.views.canvas import svg
from ganatomy.views.experiments import experiment_figure

ARMS = ("base", "treated", "sure", "none")


def found(n: int = 4) -> Finding:
    base = np.arange(n, dtype=float)
    arrays = {"base": base, "treated": base - 0.5, "sure": base + 3 + 0.1 * base, "none": base + 0.01}

    def control(value: float) -> Measurement:
        interval = Interval(value - 0.1, value + 0.1, 0.95, "t")
        return Measurement("control", value, n=n, estimator="mean", better="neither", interval=interval)

    return Finding(
        claim="it falls", estimand="gap", population="ring8", replication="seed", treatment="treated, against base",
        positive_control=control(3.15), negative_control=control(0.01), smallest_effect=0.2, family="three",
        effect=-0.5, interval=Interval(-0.6, -0.4, 0.95, "t"), p=0.01, verdict="present", arrays=arrays,
    )  # fmt: skip


def test_every_seed_is_a_dot_at_its_change_and_every_arm_has_its_mean_and_interval() -> None:
    ax = experiment_figure(found(), ARMS).axes[0]
    dots = [line.get_xdata() for line in ax.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(dots, [[-0.5] * 4, [3.0, 3.1, 3.2, 3.3], [0.01] * 4])
    means = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "D"]
    assert means == pytest.approx([-0.5, 3.15, 0.01])
    bars = [tuple(line.get_xdata()) for line in ax.lines if line.get_marker() == "None" and line.get_linewidth() > 1]
    assert bars == [pytest.approx(pair) for pair in ((-0.6, -0.4), (3.05, 3.25), (-0.09, 0.11))]
    (band,) = ax.patches
    assert (band.get_x(), band.get_width()) == (pytest.approx(-0.2), pytest.approx(0.4))  # type: ignore[attr-defined]


def test_words_say_which_arm_against_what_and_the_verdict() -> None:
    ax = experiment_figure(found(), ARMS).axes[0]
    assert [label.get_text().split("\n")[0] for label in ax.get_yticklabels()] == ["treated", "sure", "none"]
    assert ax.get_title(loc="left") == "it falls: present"
    assert "base (mean 1.5, 4 seeds)" in ax.get_xlabel()


def test_the_same_finding_is_the_same_picture() -> None:
    assert svg(experiment_figure(found(), ARMS)) == svg(experiment_figure(found(), ARMS))
