"""Figures of a run: what is drawn is what was told, and nothing is empty."""

from __future__ import annotations

import numpy as np
from shared_records import record

from ganatomy.explain.game.account import account, lead_explained
from ganatomy.results.explanation import Explanation
from ganatomy.results.formats import Format
from ganatomy.views.canvas import svg
from ganatomy.views.game import emerged, filmed, likeness, sides, timeline

COLUMNS = {
    "gap": [0.3] * 28,
    "gap.upper": [0.002] * 28,
    "critic.relative": [0.9] * 8 + [0.03] * 20,
    "pairs.batch": [0.7] * 8 + [1.0] * 20,
}
ALARM = {"step": 600, "kind": "alarm", "rule": "critic-saturated", "evidence": {"critic.relative": 0.03}}


def test_the_timeline_names_phases_readings_floor_and_alarms() -> None:
    told = account(record(COLUMNS, [ALARM]))
    figure = timeline(told)
    text = svg(figure)
    for word in ("critic saturated", "critic.relative", "95 % of real samples", "critic-saturated", "round"):
        assert word in text
    bars = figure.axes[-1].patches
    assert bars[0].get_x() == 600
    assert bars[0].get_x() + bars[0].get_width() == told.record.last


def test_a_record_without_alarms_says_so() -> None:
    assert "no alarm" in svg(timeline(account(record({"gap": [0.3] * 9}))))


def test_sides_draw_each_stretch() -> None:
    found = lead_explained(account(record(COLUMNS)), subject="gan")
    lines = [line for line in sides(found).axes[0].lines if len(line.get_xdata()) == 2][1:]
    assert [float(line.get_ydata()[0]) for line in lines] == found.arrays["share"].tolist()


def test_emergence_marks_the_round() -> None:
    rounds, effect = np.array([[16, 32, 64]] * 2), np.array([[0.0, 0.5, 0.6], [0.0, 0.0, 0.0]])
    arrays = {
        "rounds": rounds,
        "effect": effect,
        "low": effect - 0.1,
        "high": effect + 0.1,
        "since": np.array([32, -1]),
    }
    found = Explanation("emergence", "gan", "effects", ("a:1 and ink", "a:2 and ink (control)"), arrays)
    text = svg(emerged(found, smallest=0.1))
    assert "there since round 32" in text
    assert "grey: a:2 and ink" in text


def test_likeness_has_a_line_a_layer() -> None:
    arrays = {"rounds": np.array([[16, 32]] * 2), "cka": np.array([[0.2, 1.0], [0.8, 1.0]])}
    figure = likeness(Explanation("likeness", "gan", "layers", ("a", "b"), arrays))
    assert [line.get_label() for line in figure.axes[0].lines] == ["a", "b"]


def test_film_strips_of_pictures_and_of_points() -> None:
    pictures = Explanation("film", "gan", "samples", ("round 1", "round 2"), {"samples": np.zeros((2, 3, 1, 4, 4))})
    assert len(filmed(pictures, Format.picture(1, 4)).axes) == 6
    points = Explanation("film", "gan", "samples", ("round 1", "round 2"), {"samples": np.eye(2)[None].repeat(2, 0)})
    assert [ax.get_title() for ax in filmed(points, Format((2,))).axes] == ["round 1", "round 2"]


def test_clouds_lie_in_one_window_that_holds_all_frames() -> None:
    wide, narrow = np.random.default_rng(0).normal(size=(2, 200, 2)) * np.array([5.0, 0.01])[:, None, None]
    narrow[0] = (1e6, 0.0)
    narrow[1] = (np.nan, 0.0)
    found = Explanation("film", "gan", "samples", ("round 1", "round 2"), {"samples": np.stack([wide, narrow])})
    early, late = filmed(found, Format((2,))).axes
    assert early.get_xlim() == late.get_xlim()
    low, high = early.get_xlim()
    assert ((wide[:, 0] > low) & (wide[:, 0] < high)).mean() > 0.95
    assert high - low < 40
    assert "of 200 outside" in early.get_title()
    assert late.get_title() == "round 2, 2 of 200 outside"
    nothing = Explanation("film", "gan", "samples", ("round 1",), {"samples": np.full((1, 3, 2), np.nan)})
    assert filmed(nothing, Format((2,))).axes[0].get_title() == "round 1, 3 of 3 outside"


def test_emergence_says_what_was_there_from_the_first() -> None:
    rounds, effect = np.array([[16, 32]] * 2), np.array([[0.5, 0.6], [0.0, 0.0]])
    arrays = {
        "rounds": rounds,
        "effect": effect,
        "low": effect - 0.1,
        "high": effect + 0.1,
        "since": np.array([16, -1]),
    }
    found = Explanation("emergence", "gan", "effects", ("a:1 and ink", "a:2 and ink (control)"), arrays)
    assert "there already at the first checkpoint, round 16" in svg(emerged(found, smallest=0.1))
