"""Figures of what was found again."""

from __future__ import annotations

import math

import pytest
import torch

from ganatomy.errors import UsageError
from ganatomy.evaluate.trust.matching import matched
from ganatomy.evaluate.trust.seeds import spread
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.measurement import Measurement
from ganatomy.views import stability as views
from ganatomy.views.canvas import svg

STREAM = Stream(0, "stability/views")
FIRST = STREAM.normal(range(12), 4, dtype=torch.float64)
FOUND = matched(FIRST, FIRST.flip(0)[:10] + 0.01, stream=STREAM, draws=19)


def measured(value: float, within: Interval | None = None) -> Measurement:
    return Measurement("coverage", value, 100, "balls", "high", within, 0.9, "pixels")


def test_profiles_stand_beside_those_of_partners() -> None:
    figure = views.profiles(FOUND, ("a", "b", "c", "d"), rows=5)
    left, right = figure.axes[:2]
    order = [int(label.get_text().split()[0]) for label in left.get_yticklabels()]
    assert len(order) == 5
    assert [int(label.get_text()) for label in right.get_yticklabels()] == FOUND.partner[order].tolist()
    assert torch.equal(torch.as_tensor(right.images[0].get_array().data), FOUND.second[FOUND.partner[order]])
    assert left.images[0].get_clim() == right.images[0].get_clim()
    with pytest.raises(UsageError, match="3 names"):
        views.profiles(FOUND, ("a", "b", "c"))


def test_partners_show_every_unit_that_has_one() -> None:
    ax = views.partners(FOUND).axes[0]
    drawn = [line for line in ax.lines if "sure (" in str(line.get_label())]
    assert sum(len(line.get_xdata()) for line in drawn) == len(FOUND.partner)
    assert f"sure ({int(FOUND.sure.sum())})" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_angles_with_the_level_of_random_subspaces() -> None:
    ax = views.angles({"again": [1.0, 0.9], "other": [0.5]}, width=8).axes[0]
    assert ax.lines[0].get_ydata().tolist() == [1.0, 0.9]
    assert ax.lines[-1].get_ydata()[0] == 0.5
    assert "random, 2 of 8" in svg(ax.figure)


def test_runs_and_their_mean_beside_the_floor() -> None:
    runs = {f"seed {at}": {"coverage": measured(at / 10, Interval(0, 1, 0.95, "x"))} for at in (1, 2, 4)}
    figure = views.over_seeds(spread(runs, stream=STREAM)["coverage"])
    text = svg(figure)
    assert all(word in text for word in ("seed 1", "mean over seeds", "floor 0.9", "coverage (pixels)"))
    assert text == svg(views.over_seeds(spread(runs, stream=STREAM)["coverage"]))


def test_agreement_beside_its_floor_and_without_an_interval() -> None:
    whole = Interval(-math.inf, math.inf, 0.95, "none")
    told = {"one": Interval(0.4, 0.6, 0.95, "t"), "two": whole, "three": None}
    ax = views.again({name: measured(0.5, within) for name, within in told.items()}).axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["one", "two (no interval)", "three (no interval)"]
    assert sum(line.get_xdata()[0] == 0.9 for line in ax.lines) == 3
    with pytest.raises(UsageError, match="no readings"):
        views.again({})
