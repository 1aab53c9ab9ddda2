"""Pictures of the plane show the arrays they were given."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.collections import LineCollection

from ganatomy.results.explanation import Explanation
from ganatomy.views.canvas import svg
from ganatomy.views.plane import best_beside, both_pulls, critic_field, latent_mesh, paths, readings

TICKS = np.linspace(-1, 1, 5)


def told(units: tuple[str, ...] = (), **arrays: Any) -> Explanation:
    return Explanation(
        "plane", "digest", "target", units, {name: np.asarray(values) for name, values in arrays.items()}
    )


def pieces(figure: Any) -> list[LineCollection]:
    return [each for each in figure.axes[0].collections if isinstance(each, LineCollection)]


def test_the_field_is_white_at_the_undecided_score() -> None:
    score = np.tile(TICKS, (5, 1)) + 3.0
    points = {"real": [[0.0, 0.5]], "made": [[0.5, 0.0], [-0.5, 0.0]], "real_scores": [3.0], "made_scores": [3.5, 2.5]}
    figure = critic_field(told(x=TICKS, y=TICKS, score=score, level=3.0, **points))
    (image,) = figure.axes[0].images
    low, high = image.get_clim()
    assert (low + high) / 2 == pytest.approx(3.0)
    np.testing.assert_allclose(image.get_array(), score)
    clouds = {str(each.get_label()): each for each in figure.axes[0].collections}
    np.testing.assert_allclose(clouds["generated"].get_offsets(), points["made"])
    alone = critic_field(told(x=TICKS, y=TICKS, score=score, level=9.0, **points | {"real": np.zeros((0, 2))}))
    assert "real" not in [each.get_label() for each in alone.axes[0].collections]
    again = [critic_field(told(x=TICKS, y=TICKS, score=score, level=3.0, **points)) for _ in range(2)]
    assert svg(again[0]) == svg(again[1])


def test_the_mesh_has_the_density_of_each_piece() -> None:
    lines = np.stack([np.stack([TICKS, TICKS * 0 + k], 1) for k in range(3)])
    logs = np.tile([0.0, 2.0, 4.0, 6.0, 8.0], (3, 1)) * math.log(10)
    figure = latent_mesh(told(lines=lines, log_density=logs, made=lines[0]), real=[[0.0, 0.0]])
    (mesh,) = pieces(figure)
    np.testing.assert_allclose(sorted(np.asarray(mesh.get_array())), np.repeat([1.0, 3.0, 5.0, 7.0], 3))
    assert len(svg(figure)) < 200_000
    assert "length of the curve" in figure.axes[1].get_ylabel() + "".join(
        each.axes[1].get_ylabel() for each in [latent_mesh(told(lines=lines[:1], log_density=logs[:1], made=lines[0]))]
    )


def test_pulls_stand_beside_the_best_and_below_in_one_crowd() -> None:
    samples = np.concatenate([np.random.default_rng(0).normal(0, 0.01, (20, 2)), [[5.0, 5.0]]])
    found = {"samples": samples, "real": samples, "pull": np.ones((21, 2)), "best": -np.ones((21, 2))}
    figure = both_pulls(told(**found))
    titles = [each.get_title(loc="left") for each in figure.axes if each.get_title(loc="left")]
    assert titles == [
        "this critic",
        "the best critic",
        "this critic, within one crowd",
        "the best critic, within one crowd",
    ]
    arrows = [[each for each in ax.collections if hasattr(each, "U")] for ax in figure.axes]
    sizes = sorted(len(each[0].U) for each in arrows if each)
    assert sizes[0] == sizes[1] <= 20  # without the one far off
    assert sizes[2:] == [21, 21]
    del found["best"]
    assert len(both_pulls(told(**found)).axes) == 4


def test_paths_are_orange_where_the_mode_changed() -> None:
    places = np.array([[[0.0, 0], [1, 0]], [[0, 0.5], [2, 0]], [[0, 1], [2, 1]]])
    found = told(("a", "b", "c"), places=places, modes=np.array([[0, 1], [0, 2], [0, 2]]), changed=np.array([0, 1, 0]))
    first, second = pieces(paths(found, real=[[0.0, 0.0]]))
    assert not np.allclose(first.get_colors()[0], first.get_colors()[1])  # type: ignore[attr-defined]
    assert np.allclose(second.get_colors()[0], second.get_colors()[1])  # type: ignore[attr-defined]
    assert first.get_alpha() < second.get_alpha()  # type: ignore[operator]
    assert len(pieces(paths(told(("a", "b"), places=places[:2])))) == 1


def test_best_beside_and_readings_show_their_numbers() -> None:
    table = np.tile(TICKS, (5, 1))
    shown = best_beside(told(x=TICKS, y=TICKS, found=table, best=-table, regret=table**2, log_p=table * 0, log_q=table))
    np.testing.assert_allclose(shown.axes[0].images[0].get_array(), table)
    names = ("regret", "share of the loss left", "log ratio, weighted")
    nan = [0.1, 0.5, math.nan]
    figure = readings(told(names, value=nan, second_estimate=nan, floor=nan, undecided=[0.2, 1.0, 1.0]))
    assert [each.get_text() for each in figure.axes[0].get_yticklabels()] == ["regret"]
    line = next(each for each in figure.axes[0].lines if each.get_label() == "this critic")
    assert torch.tensor(line.get_xdata()).tolist() == pytest.approx([0.5])
