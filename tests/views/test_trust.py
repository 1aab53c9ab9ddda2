"""Figures of trust show the numbers they were given."""

from __future__ import annotations

import numpy as np
import pytest

from ganatomy.errors import UsageError
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.explanation import Explanation
from ganatomy.results.measurement import Measurement
from ganatomy.views.canvas import svg
from ganatomy.views.trust import before_and_after, reliability, weights


@pytest.fixture(name="found")
def _found() -> Explanation:
    logits = np.linspace(-2, 2, 30)
    bins = {
        "said": [[0.2, 0.8, np.nan]],
        "seen": [[0.3, 0.7, np.nan]],
        "low": [[0.1, 0.6, np.nan]],
        "high": [[0.4, 0.9, np.nan]],
        "count": [[30, 30, np.nan]],
        "real_logits": [logits],
        "made_logits": [logits],
    }
    span = Interval(0.3, 0.6, 0.95, "test")
    grades = {
        name: Measurement(name, value, 60, "test", "low", span, 0.02)
        for name, value in (("ECE", 0.1), ("Spiegelhalter Z", 4.5), ("effective sample size", 0.4))
    }
    arrays = {name: np.asarray(values) for name, values in bins.items()}
    whole = Explanation("score as a probability", "gan", "real", ("platt",), arrays)
    return whole.graded({f"platt: {name}": each for name, each in grades.items()})


def test_reliability_shows_bins_intervals_and_counts(found: Explanation) -> None:
    figure = reliability(found, "platt")
    above, below = figure.axes
    dots = next(line for line in above.lines if line.get_marker() == "o")
    np.testing.assert_allclose(dots.get_xydata(), [[0.2, 0.3], [0.8, 0.7]])
    (bars,) = above.collections
    np.testing.assert_allclose(bars.get_segments(), [[[0.2, 0.1], [0.2, 0.4]], [[0.8, 0.6], [0.8, 0.9]]])
    assert "ECE 0.100 (calibrated reads 0.020), Z 4.5" in above.get_title(loc="left")
    assert below.get_legend() is not None
    assert svg(figure) == svg(reliability(found, "platt"))


def test_weights_end_at_all_of_the_weight(found: Explanation) -> None:
    figure = weights(found, "platt")
    ax, held = figure.axes
    assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(1.0)
    x, y = held.lines[0].get_data()
    np.testing.assert_allclose(x, np.exp(np.linspace(-2, 2, 30)))
    assert y[-1] == pytest.approx(1.0)
    assert "40.0% (30.0% to 60.0%)" in ax.get_title(loc="left")


def test_samples_stand_side_by_side_on_one_scale() -> None:
    kinds = {f"way {k}": np.random.default_rng(k).normal(size=(20, 2)) for k in range(4)}
    figure = before_and_after(kinds, real=np.zeros((3, 2)))
    shown = [ax for ax in figure.axes if ax.get_visible()]
    assert [ax.get_title(loc="left") for ax in shown] == list(kinds)
    np.testing.assert_allclose(shown[2].collections[1].get_offsets(), kinds["way 2"])
    assert shown[0].get_xlim() == shown[3].get_xlim()


def test_what_is_not_there_is_named(found: Explanation) -> None:
    with pytest.raises(UsageError, match="its heads are: platt"):
        reliability(found, "isotonic")
    with pytest.raises(UsageError, match="no points of the plane"):
        before_and_after({"a": np.zeros((3, 5))})
