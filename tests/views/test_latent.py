"""Figures of the latent space hold the numbers they were given, and tell claims from doubts without colour."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from matplotlib.figure import Figure

from ganatomy.results.explanation import Explanation
from ganatomy.results.formats import Format
from ganatomy.results.provenance import Provenance
from ganatomy.views.canvas import svg
from ganatomy.views.charts import curves, points
from ganatomy.views.latent import effects, grid, mixed, plane, scored, spectrum, stretches


def result(units: list[str], arrays: Mapping[str, object], *, target: str = "pixels") -> Explanation:
    kept = {name: np.asarray(values) for name, values in arrays.items()}
    return Explanation("m", "gan", target, tuple(units), kept, provenance=Provenance.here(seed=0))


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for ax in figure.axes if ax.get_legend() for text in ax.get_legend().get_texts()]


def test_doubtful_effects_are_hatched_absent_ones_ringed_and_the_key_says_so() -> None:
    verdict = [["present", "absent"], ["undetermined", "undetermined"], ["absent", "present"]]
    concepts = [["ink", "edges"]] * 3
    found = result(["a", "b", "c"], {"effect": [[1.0, 0], [3, 0.2], [0, -2]], "verdict": verdict, "concepts": concepts})
    figure = effects(found)
    ax = figure.axes[0]
    assert [patch.get_xy() for patch in ax.patches if patch.get_hatch()] == [(-0.5, 0.5), (0.5, 0.5)]
    faded = [patch for patch in ax.patches if not patch.get_hatch()]
    assert [patch.get_xy() for patch in faded] == [(-0.5, 0.5), (0.5, 0.5)]
    assert all(patch.get_alpha() > 0.5 and patch.get_facecolor()[:3] == (1, 1, 1) for patch in faded)
    (rings,) = [line for line in ax.lines if line.get_marker() == "o"]
    assert list(zip(rings.get_xdata(), rings.get_ydata(), strict=True)) == [(1, 0), (0, 2)]
    assert texts(figure) == ["present", "absent", "undetermined"]
    assert "</pattern>" in svg(figure)


def test_directions_with_claims_are_shown_before_those_with_large_doubts() -> None:
    many = 30
    values, verdict = np.zeros((many, 1)), np.full((many, 1), "undetermined")
    values[:, 0] = np.arange(many) + 10.0
    values[2], verdict[2] = 1.0, "present"
    found = result([f"z{i}" for i in range(many)], {"effect": values, "verdict": verdict, "concepts": [["ink"]] * many})
    shown = [label.get_text() for label in effects(found).axes[0].get_yticklabels()]
    assert shown == ["z2", *(f"z{i}" for i in range(7, 30))]


def test_a_map_for_each_score_in_their_order() -> None:
    place = np.arange(8.0).reshape(4, 2)
    arrays = {"place": place, "axes": [[0.5, 0.25]] * 4} | {f"score s{i}": np.arange(4.0) * i for i in range(14)}
    figure = scored(result([f"sample {i}" for i in range(4)], arrays, target="pca"))
    maps = [ax for ax in figure.axes if ax.get_title(loc="left")]
    assert [ax.get_title(loc="left") for ax in maps] == [f"s{i}" for i in range(12)]
    for number, ax in enumerate(maps):
        np.testing.assert_array_equal(ax.collections[0].get_offsets(), place)
        np.testing.assert_array_equal(ax.collections[0].get_array(), np.arange(4.0) * number)
    assert figure.get_supxlabel() == "first principal component, 50 % of the variance"
    assert figure.get_supylabel() == "second principal component, 25 % of the variance"


def test_a_single_map_and_one_by_umap_name_their_axes() -> None:
    arrays = {"place": np.eye(2), "axes": [[0.9, 0.06]] * 2, "score": [0.0, 1.0], "generated": [False, True]}
    ax = scored(result(["a", "b"], arrays)).axes[0]
    assert ax.get_xlabel() == "first principal component, 90 % of the variance"
    assert mixed(result(["a", "b"], arrays)).axes[0].get_ylabel() == "second principal component, 6 % of the variance"
    by_umap = result(["a", "b"], {**arrays, "axes": np.full((2, 2), np.nan)})
    assert plane(by_umap) == ("first UMAP axis (no unit)", "second UMAP axis")


def test_stretch_rises_over_its_quantiles() -> None:
    found = result(["0.01", "0.5", "0.99"], {"largest": [1.0, 2, 3], "frobenius": [2.0, 4, 6]})
    first, second = stretches(found).axes[0].lines
    assert (list(first.get_xdata()), list(first.get_ydata())) == ([1, 50, 99], [2, 4, 6])
    assert list(second.get_ydata()) == [1, 2, 3]


def test_what_does_nothing_is_hollow_and_lies_in_the_floor() -> None:
    arrays = {"stretch": [0.5, 2.0, 3.0, 0.0], "idle": [False, False, False, True], "floor": [1e-5] * 4}
    figure = spectrum(result(["z[0]", "z[1]", "direction 0", "direction 1"], arrays))
    ax = figure.axes[0]
    lines = {line.get_label(): line for line in ax.lines}
    assert list(lines["coordinates"].get_ydata()) == [2.0, 0.5]
    assert list(lines["directions (eigenvectors)"].get_ydata()) == [3.0]
    idle = lines["directions (eigenvectors), doing nothing"]
    assert idle.get_markerfacecolor() == "none"
    assert 0 < idle.get_ydata()[0] <= 1e-5
    assert "below the floor of rounding" in texts(figure)
    assert spectrum(result(["z[0]", "direction 0"], {"stretch": [0, 0], "idle": [True] * 2, "floor": [0, 0]}))


def test_a_grid_has_steps_on_both_sides() -> None:
    pictures = np.zeros((3, 3, 1, 4, 4), dtype=np.float32)
    figure = grid(result(["-2", "0", "+2"], {"pictures": pictures}), Format.picture(1, 4))
    assert [ax.get_title() for ax in figure.axes] == ["-2", "0", "+2"] + [""] * 6
    assert [text.get_text() for text in figure.texts] == ["-2", "0", "+2"]


def test_lines_and_kinds_are_told_apart_without_colour() -> None:
    ax = curves([0, 1], {name: [0, 1] for name in "abc"}, legend=True).axes[0]
    assert len({line.get_linestyle() for line in ax.lines}) == 3
    real, made = points(np.eye(2), [0, 1], names=("real", "generated")).axes[0].collections
    assert not np.array_equal(real.get_paths()[0].vertices, made.get_paths()[0].vertices)


@pytest.mark.parametrize("draw", [stretches, spectrum])
def test_figures_are_the_same_bytes_each_time(draw: object) -> None:
    arrays = {"stretch": [2.0, 3.0], "idle": [False] * 2, "floor": [1e-5] * 2, "largest": [1, 2], "frobenius": [1, 2]}
    assert callable(draw)
    first, second = (svg(draw(result(["0.1", "0.5"], arrays))) for _ in range(2))
    assert first == second
