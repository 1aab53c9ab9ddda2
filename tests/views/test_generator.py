"""Figures of sets, pairs and artifact units show the numbers that they were given."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes

from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.explanation import Explanation
from ganatomy.results.finding import Finding
from ganatomy.results.formats import Format
from ganatomy.results.measurement import Measurement
from ganatomy.views.canvas import BLUE, ORANGE, QUIET, VERDICTS, svg
from ganatomy.views.generator import film, pairs, set_of, sets_and_concepts, unreal


def ticks(ax: Axes) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def dots(ax: Axes) -> dict[str, tuple[float, str]]:
    named = [line for line in ax.lines if line.get_marker() == "o" and not str(line.get_label()).startswith("_")]
    return {str(line.get_label()): (float(np.asarray(line.get_xdata())[0]), str(line.get_color())) for line in named}


def ranking(*readings: str) -> Explanation:
    arrays = {"rank_correlation": np.array([0.1, 0.9, 0.5]), "p": np.array([0.5, 0.01, 0.5])}
    for name in readings:
        values = np.array([0.0, 0.8, -0.3])
        arrays |= {
            name: values, f"{name}_low": values - 0.1, f"{name}_high": values + 0.1,
            f"{name}_p": np.array([0.5, 0.01, 0.9]),
        }  # fmt: skip
    return Explanation("artifact units", "gan", "a", ("a:0", "a:1", "a:2"), arrays)


def test_artifact_units_stand_in_the_order_of_the_ranking_with_held_out_values() -> None:
    (ax,) = unreal(ranking("neighbours")).axes
    assert ticks(ax) == ["a:1", "a:2", "a:0"]
    assert dots(ax) == {
        "a:1": (0.8, BLUE),
        "a:2": (-0.3, VERDICTS["undetermined"]),
        "a:0": (0.0, VERDICTS["undetermined"]),
    }
    assert len(unreal(ranking("neighbours"), many=2).axes[0].get_yticks()) == 2
    one, two = unreal(ranking("neighbours", "critic")).axes
    assert one.get_xlim() == two.get_xlim(), "readings are compared on one scale"
    assert two.get_title(loc="left") == "with critic's dislike"


def test_a_film_of_numbers_in_any_number_of_axes() -> None:
    """Maps as they are, vectors as one square, and what has one further axis as a square a unit."""
    shapes = {"latent": (5, 2), "steps": (3, 2, 8), "maps": (3, 2, 4, 4), "picture": (1, 2, 8, 8)}
    strips = [
        Explanation("film strip", "gan", name, tuple(f"{name}:{n}" for n in range(shape[0])), {"maps": np.zeros(shape)})
        for name, shape in shapes.items()
    ]
    figure = film(strips, Format.picture(1, 8))
    shown = [ax.images[0].get_array().shape for ax in figure.axes if ax.images]
    assert shown[::2] == [(3, 3), *[(3, 3)] * 3, *[(4, 4)] * 3, (8, 8, 3)]
    assert len(svg(figure)) > 1000


def test_pairs_are_told_from_the_sum_of_their_parts() -> None:
    """The first two units of x stand in for each other, the second two undo each other; y is not shown to differ."""
    joint = np.array([[-1.0, 0.1], [0.0, 0.0]])
    alone = np.array([[0.0, 0.0], [-0.8, 0.05]])
    found = Explanation(
        "together", "gan", "x; y", ("b.1:3 + b.1:4", "b.1:11 + b.1:12"),
        {"effect": joint, "alone": alone, "surplus": joint - alone, "surplus_verdict": np.array([[1, 0], [1, -1]]),
         "low": joint - 0.2, "high": joint + 0.2},
    )  # fmt: skip
    (ax,) = pairs(found, ["x", "y"], 0.1).axes
    assert ticks(ax) == ["3 + 4 on x", "11 + 12 on x", "3 + 4 on y", "11 + 12 on y"]
    unsure = VERDICTS["undetermined"]
    assert dots(ax) == {
        "3 + 4 on x": (-1.0, BLUE), "11 + 12 on x": (0.0, ORANGE),
        "3 + 4 on y": (0.1, unsure), "11 + 12 on y": (0.0, unsure),
    }  # fmt: skip
    hollow = [float(np.asarray(line.get_xdata())[0]) for line in ax.lines if line.get_markerfacecolor() == "white"]
    assert hollow == pytest.approx([0.0, -0.8, 0.0, 0.05])
    assert ax.get_title(loc="left") == "units of b.1"


def found_set() -> Finding:
    control = Measurement("control", 0.0, 9, "mean", "neither")
    effect = np.array([[0.3, -1.0, np.nan], [0.1, -0.9, np.nan], [0.0, -0.5, np.nan]])
    return Finding(
        claim="units a:3, a:4 carry 'y'", estimand="y", population="seed 0", replication="latent",
        treatment="a:3, a:4 set to zero; also to the mean", positive_control=control, negative_control=control,
        smallest_effect=0.1, family="one", effect=-1.0, interval=Interval(-1.2, -0.8, 0.95, "t"), p=0.01,
        verdict="present",
        arrays={
            "concepts": np.array(["x", "y", "z"]), "concept": np.array(1), "effect": effect, "low": effect - 0.1,
            "high": effect + 0.1, "claim": np.array([-1, 1, 0]), "units": np.array([3, 4]),
            "curve": np.array([[0.0, -0.1, 0.1], [-1.0, -1.2, -0.8]]),
            "band": np.array([[0, -0.2, 0.2], [0, -0.3, 0.3]]),
        },
    )  # fmt: skip


def test_a_set_grows_beside_random_ones_and_shows_all_off_target_effects() -> None:
    figure = set_of(found_set())
    left, right = figure.axes
    (curve,) = [line for line in left.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(np.asarray(curve.get_xydata(), dtype=float), [[1, 0], [2, -1]])
    assert [label.get_text() for label in left.get_xticklabels()] == ["3", "+ 4"]
    boxes = [path.get_extents() for each in left.collections for path in each.get_paths()]
    assert any((box.y0, box.y1) == pytest.approx((-0.3, 0.3)) for box in boxes)
    assert ticks(right) == ["y (searched for)", "x", "z"], "the strongest off-target effect comes next"
    shown = dots(right)
    assert shown["y (searched for)"] == (-1.0, BLUE)
    assert shown["x"] == (0.3, QUIET)
    marks = {line.get_marker(): np.asarray(line.get_xdata())[:2].tolist() for line in right.lines}
    assert marks["|"] == pytest.approx([-0.9, 0.1])
    assert marks["x"] == pytest.approx([-0.5, 0.0])
    assert svg(set_of(found_set())) == svg(figure)


def test_sets_and_concepts_mark_what_is_claimed() -> None:
    every = Explanation(
        "unit sets", "gan", "x; y", ("x: a.b:3, a.b:4", "y: a.b:5"),
        {"effect": np.array([[-1.0, 0.1], [0.2, -0.5]]), "claim": np.array([[1, -1], [1, 0]])},
    )  # fmt: skip
    ax = sets_and_concepts(every).axes[0]
    assert ticks(ax) == ["x: 3, 4", "y: 5"]
    (marked,) = [line for line in ax.lines if line.get_marker() == "."]
    np.testing.assert_array_equal(marked.get_xydata(), [[0, 0], [0, 1]])
