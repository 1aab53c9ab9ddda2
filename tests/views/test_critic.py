"""Figures of a critic's layers, units and credits show the numbers that they were given."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes

from ganatomy.errors import UsageError
from ganatomy.results.explanation import Explanation
from ganatomy.results.formats import Format
from ganatomy.views.canvas import BLUE, VERDICTS, svg
from ganatomy.views.critic import contributions, credit_scatter, film, probe_lines, sides, unit_areas

SORTS = np.array([["real", "real", "generated"]])


def place(target: str, units: tuple[str, ...], maps: np.ndarray) -> Explanation:
    return Explanation("critic film strip", "gan", target, units, {"maps": maps, "sorts": SORTS.repeat(len(units), 0)})


def test_a_strip_goes_from_picture_to_verdict_with_a_gap_between_the_sorts() -> None:
    maps = np.arange(2 * 3 * 4 * 4, dtype=np.float32).reshape(2, 3, 4, 4)
    figure = film(
        [
            place("picture", ("picture:0",), np.zeros((1, 3, 8, 8), dtype=np.float32)),
            place("a.act", ("a.act:mean", "a.act:3"), maps),
            place("b.act", ("b.act:mean", "b.act:0", "b.act:1"), np.ones((3, 3), dtype=np.float32)),
            place("verdict", ("logit",), np.array([[1.0, 2.0, -3.0]])),
        ],
        Format.picture(1, 8),
    )
    assert [text.get_text() for text in figure.texts] == [
        "picture",
        "a.act:mean",
        "a.act:3",
        "b.act",
        "verdict (logit)",
    ]
    assert len(figure.axes) == 5 * 4, "three pictures and a gap in each row"
    assert [ax.get_title() for ax in figure.axes[:4]] == ["real", "", "", "generated"]
    assert [ax.get_title() for ax in figure.axes[-4:]] == ["1", "2", "", "-3"]
    shown = [np.ma.filled(figure.axes[at].images[0].get_array(), np.nan) for at in (4, 5, 7)]
    assert all(np.array_equal(own, each) for own, each in zip(shown, maps[0], strict=True))
    assert np.isnan(np.ma.filled(figure.axes[6].images[0].get_array().astype(float), np.nan)).all()
    assert {figure.axes[at].images[0].get_clim() for at in (4, 5, 7)} == {(0.0, 47.0)}, "one scale for both sorts"


def probed() -> Explanation:
    area = np.array([[[0.6, 0.5], [0.7, 0.5]], [[0.8, 0.5], [0.9, 0.6]]])
    arrays = {name: area + shift for name, shift in (("area", 0.0), ("area_low", -0.05), ("area_high", 0.05))}
    arrays |= {f"twin_{name}": values - 0.1 for name, values in arrays.items()}
    arrays["features"] = np.tile(np.array(["pooled", "full"]), (2, 1))
    arrays["contrasts"] = np.tile(np.array(["held-out against generated", "training against held-out"]), (2, 1))
    return Explanation("probes of the critic", "gan", "logit", ("picture", "verdict"), arrays)


def test_probes_stand_beside_those_of_random_weights() -> None:
    left, right = probe_lines(probed()).axes
    assert left.get_title(loc="left") == "held-out against generated"
    lines = {str(line.get_label()): np.asarray(line.get_ydata()) for line in left.lines}
    assert lines["critic"] == pytest.approx([0.7, 0.9])
    assert lines["random weights"] == pytest.approx([0.6, 0.8])
    segments = left.collections[0].get_segments()
    assert segments[1][:, 1] == pytest.approx([0.85, 0.95])
    assert np.asarray(right.lines[1].get_ydata()) == pytest.approx([0.5, 0.6])
    (pooled, _) = probe_lines(probed(), feature="pooled").axes
    assert np.asarray(pooled.lines[1].get_ydata()) == pytest.approx([0.6, 0.8])


UNITS = ("a.act:0", "a.act:1", "b.act:0")


def separated() -> Explanation:
    area = np.array([[0.55, 0.5], [0.1, 0.5], [0.9, 0.5]])
    arrays = {"area": area, "area_low": area - 0.05, "area_high": area + 0.05}
    arrays |= {"verdict": np.array([[0, 0], [1, 0], [1, 0]]), "summaries": np.array([["mean", "maximum"]] * 3)}
    return Explanation("units of the critic", "gan", "logit", UNITS, arrays)


def removed() -> Explanation:
    gap = np.array([[0.02, 0.03, 0.01], [-1.0, -0.9, -1.1], [0.0, 0.0, 0.0]])
    effect = np.stack([np.zeros_like(gap), gap], 2)
    return Explanation(
        "removal of units", "gan", "logit", UNITS,
        {"effect": effect, "low": effect - 0.1, "high": effect + 0.1, "claim": np.array([[0, 0], [0, 1], [0, -1]]),
         "share": -gap / 2, "gap": np.full(3, 2.0),
         "smallest": np.full(3, 0.1), "moved": np.array([["real", "gap"]] * 3)},
    )  # fmt: skip


def ticks(ax: Axes) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def test_units_stand_by_how_well_they_tell_the_sorts_apart() -> None:
    left, right = unit_areas(separated(), many=2).axes
    assert ticks(left) == ["a.act", "b.act"]
    assert left.collections[0].get_offsets()[:, 0].tolist() == [0.55, 0.1, 0.9]
    assert ticks(right) == ["a.act:1", "b.act:0"]
    dots = [float(np.asarray(line.get_xdata())[0]) for line in right.lines if line.get_marker() == "o"]
    assert dots == pytest.approx([-0.4, 0.4])


def test_contributions_are_of_the_gap_with_the_other_ways_beside() -> None:
    left, right = contributions(removed(), areas=separated(), many=2).axes
    assert ticks(left) == ["a.act:1", "a.act:0"]
    dots = {str(line.get_label()): line for line in left.lines if line.get_marker() == "o"}
    assert np.asarray(dots["a.act:1"].get_xdata()) == pytest.approx([-1.0])
    assert dots["a.act:1"].get_color() == BLUE
    assert dots["a.act:0"].get_color() == VERDICTS["undetermined"]
    marks = {line.get_marker(): np.asarray(line.get_xdata()) for line in left.lines if line.get_marker() in "|x"}
    assert marks["|"] == pytest.approx([-0.9, 0.03])
    assert marks["x"] == pytest.approx([-1.1, 0.01])
    assert right.collections[0].get_offsets().tolist() == [[0.55, -0.01], [0.1, 0.5], [0.9, 0.0]]
    assert len(contributions(removed()).axes) == 1
    other = Explanation("units of the critic", "gan", "logit", ("x:0",), {"area": np.ones((1, 2))})
    with pytest.raises(UsageError, match="other units"):
        contributions(removed(), areas=other)


def test_credits_stand_against_what_ablation_did() -> None:
    change = np.array([[0.2, 0.3], [np.nan, np.nan], [-0.1, -0.2]])
    arrays = {"credit": np.array([[-0.2, -0.4], [0.0, 0.0], [0.1, 0.1]]), "change": change}
    arrays |= {"change_low": change - 0.1, "change_high": change + 0.1, "random": np.array([False, False, True])}
    found = Explanation("credit", "gan", "logit", UNITS, {**arrays, "baselines": np.array([["mean", "zero"]] * 3)})
    (ax,) = credit_scatter(found).axes
    drawn = {str(line.get_label()): line.get_xydata() for line in ax.lines}
    assert drawn["strongest credits"].tolist() == [[0.4, 0.3]]
    assert drawn["random units"].tolist() == [[-0.1, -0.2]]
    assert svg(credit_scatter(found)) == svg(credit_scatter(found))
    (other,) = credit_scatter(found, baseline="mean").axes
    assert other.lines[-2].get_xydata().tolist() == [[0.2, 0.2]]


def test_sides_stand_around_one_half() -> None:
    arrays = {"auc": np.array([0.9, 0.2]), "low": np.array([0.8, 0.1]), "high": np.array([0.95, 0.3])}
    ax = sides(Explanation("order", "x", "y", ("as it stands", "other"), arrays)).axes[0]
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [round(float(line.get_xdata()[0]), 6) for line in dots] == [0.4, -0.3]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["as it stands", "other"]
