"""Figures of theory show the numbers they were given."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ganatomy.errors import UsageError
from ganatomy.games.losses import LOSSES
from ganatomy.theory.densities import bells, gaussian
from ganatomy.theory.divergences import divergences
from ganatomy.theory.quadrature import Integral
from ganatomy.theory.regret import Nearness, RatioMap, ratio_map
from ganatomy.theory.vanishing import Parting
from ganatomy.views.canvas import svg
from ganatomy.views.theory import apart, approach, arrows, decision_field, parted, ratio_maps


@pytest.fixture(name="shown", scope="module")
def _shown() -> RatioMap:
    p, q = gaussian([1.0, 0.0], torch.eye(2)), gaussian([-1.0, 0.0], torch.eye(2))
    return ratio_map(LOSSES["minimax"], lambda x: x[:, 0] + x[:, 1], p, q, side=31)


def test_the_field_and_the_points_are_where_they_are(shown: RatioMap) -> None:
    figure = decision_field(shown, real=[[1.0, 2.0]], made=np.zeros((3, 2)))
    (image,) = figure.axes[0].images
    np.testing.assert_allclose(image.get_array(), shown.found)
    left, right, low, high = image.get_extent()
    assert (left + right) / 2 == pytest.approx(0)
    assert right - left == pytest.approx(31 / 30 * 10)
    assert high - low == pytest.approx(31 / 30 * 8)
    clouds = [each for each in figure.axes[0].collections if each.get_label() in ("real", "generated")]
    np.testing.assert_allclose(clouds[0].get_offsets(), [[1.0, 2.0]])
    assert svg(figure) == svg(decision_field(shown, real=[[1.0, 2.0]], made=np.zeros((3, 2))))


def test_critic_and_best_share_a_scale_and_the_regret_stands_beside(shown: RatioMap) -> None:
    figure = ratio_maps(shown)
    left, middle, right = (each.images[0] for each in figure.axes[:3])
    assert left.get_clim() == middle.get_clim()
    np.testing.assert_allclose(middle.get_array(), shown.best)
    np.testing.assert_allclose(right.get_array(), shown.regret.clamp(min=0))
    line = ratio_maps(ratio_map(LOSSES["hinge"], lambda x: x[:, 0], gaussian(0.0, 1.0), gaussian(1.0, 1.0)))
    assert [each.get_label() for each in line.axes[0].lines] == ["critic", "best critic"]


def test_arrows_point_along_the_pull() -> None:
    figure = arrows([[0.0, 0.0], [1.0, 1.0]], [[2.0, 0.0], [0.0, -0.5]], real=[[0.0, 0.0]])
    (quiver,) = [each for each in figure.axes[0].collections if hasattr(each, "U")]
    np.testing.assert_allclose(quiver.U, [1 / 12, 0], atol=1e-12)
    np.testing.assert_allclose(quiver.V, [0, -1 / 24], atol=1e-12)  # by the root of the strength
    np.testing.assert_allclose(quiver.get_array(), [2.0, 0.5])
    with pytest.raises(UsageError, match=r"give both as \(n, 2\)"):
        arrows(np.zeros((3, 2)), np.zeros((2, 2)))


def test_steps_and_curves() -> None:
    steps = [Nearness(k, Integral(10.0**-k, 0.1 * 10.0**-k), Integral(1.0), 0.1, 0.2, 0.3, math.nan) for k in (1, 2)]
    left, right = approach(steps).axes
    np.testing.assert_allclose(left.lines[0].get_xydata(), [[1, 0.1], [2, 0.01]])
    assert "log ratio, unweighted" not in [each.get_label() for each in right.lines]
    x = torch.tensor([1.0, 2.0])
    figure = parted(Parting(x, {"JSD": x / 4}, {"minimax": x, "hinge": 0 * x}))
    assert [each.get_label() for each in figure.axes[1].lines] == ["minimax", "hinge"]


def test_divergences_are_written_out_and_infinite_ones_say_so() -> None:
    p, q = bells([-2.0, 2.0], [0.5, 0.5]), gaussian(0.0, 2.25)
    figure = apart(p, q)
    texts = [each.get_text() for each in figure.axes[1].texts]
    assert {"0.229787", "infinite"} <= set(texts)
    found = divergences(p, q)
    values = [float(line.get_xdata()[0]) for line in figure.axes[1].lines if line.get_marker() == "o"]
    assert values[0] == pytest.approx(found["JSD"].value)
    round_, moved = gaussian([0.0, 0.0], torch.eye(2)), gaussian([1.0, 0.0], torch.eye(2))
    plane = apart(round_, moved, found={"JSD": Integral(0.1), "KL(p|q)": Integral(math.inf)})
    assert [each.get_text() for each in plane.axes[1].texts if each.get_text()[0] != "l"] == ["0.1", "infinite"]
