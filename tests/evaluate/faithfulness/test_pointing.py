"""Pointing at a mask: closed forms, floors that random maps keep, and the planted watermark."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.evaluate.faithfulness.pointing import ACCURACY, MASS, hits, masses, pointing
from ganatomy.explain.attribution.attribution import attribute
from ganatomy.explain.attribution.baselines import baseline
from ganatomy.explain.attribution.methods import Plan
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.numerics.random import Stream
from ganatomy.planted.planted import Planted
from ganatomy.planted.watermark import MASK, WatermarkTruth, watermark
from ganatomy.results.measurement import Measurement

SQUARE = torch.zeros(6, 5, dtype=torch.bool)
SQUARE[1:3, 1:3] = True
GRADIENTS = ("gradient", "integrated-gradients", "deeplift", "occlusion")


def spike(row: int, column: int, value: float = -3.0) -> Tensor:
    maps = torch.ones(1, 1, 6, 5)
    maps[0, 0, row, column] = value
    return maps


@pytest.mark.parametrize(
    ("at", "tolerance", "hit"), [((1, 2), 0, 1.0), ((3, 3), 0, 0.0), ((3, 3), 1, 1.0), ((4, 3), 1, 0.0), ((4, 3), 2, 1)]
)
def test_the_largest_absolute_value_is_in_the_mask_or_not(at: tuple[int, int], tolerance: int, hit: float) -> None:
    assert hits(spike(*at), SQUARE, tolerance=tolerance).tolist() == [hit]


def test_masses_and_ties_in_closed_form() -> None:
    assert masses(spike(1, 1), SQUARE).tolist() == pytest.approx([6 / 32])
    two = spike(1, 1)
    two[0, 0, 5, 0] = 3.0
    assert hits(two, SQUARE).tolist() == [0.5]
    nothing = torch.zeros(2, 3, 6, 5)
    assert hits(nothing, SQUARE).tolist() == masses(nothing, SQUARE).tolist() == pytest.approx([4 / 30] * 2)
    opposed = torch.cat([spike(0, 0), -spike(0, 0)], 1)  # the channels of a pixel go together
    assert hits(opposed, SQUARE).tolist() == pytest.approx([4 / 30])


def test_each_picture_may_have_a_mask_and_groups_widen_the_interval() -> None:
    maps = torch.cat([spike(1, 1), spike(5, 4)]).repeat(10, 1, 1, 1)
    both = torch.stack([SQUARE, SQUARE.flip(0, 1)]).repeat(10, 1, 1)
    both[1::2] = False
    both[1::2, 5, 4] = True
    assert hits(maps, both).tolist() == [1.0] * 20
    plain, kin = (pointing(maps, SQUARE, groups=groups)[ACCURACY] for groups in (None, [0, 1, 2, 3] * 5))
    assert plain.value == kin.value == 0.5
    assert plain.interval is not None
    assert plain.interval.method == "Wilson"
    assert kin.interval is not None
    assert kin.interval.high - kin.interval.low > plain.interval.high - plain.interval.low


def test_random_maps_read_the_floors() -> None:
    maps = Stream(0, "maps").normal(range(4000), 3, 6, 5)
    found = pointing(maps, SQUARE, tolerance=1)
    assert found[ACCURACY].floor == pytest.approx(16 / 30)
    assert found[MASS].floor == pytest.approx(4 / 30)
    for each in found.values():
        assert each.interval is not None
        assert each.interval.low - 0.01 < each.floor < each.interval.high + 0.01  # type: ignore[operator]


def test_what_is_no_mask_is_said() -> None:
    for mask, tolerance in ((SQUARE.float(), 0), (SQUARE[1:], 0), (~(SQUARE & False), 0), (SQUARE, -1)):
        with pytest.raises(UsageError):
            pointing(spike(0, 0), mask, tolerance=tolerance)


@cache
def planted(*, marked: bool) -> Planted[WatermarkTruth]:
    return watermark(marked=marked)


def read(method: str, *, marked: bool) -> dict[str, Measurement]:
    """Of generated pictures against the mean of real ones, which has the mark."""
    made = planted(marked=marked)
    plan = Plan(baseline=baseline("mean", made.gan.format, made.truth.train))
    x = made.gan.sample(3, range(64)).float()
    return pointing(attribute(Scorer(made.gan), x, method, plan=plan), MASK)


@pytest.mark.parametrize("method", GRADIENTS)
def test_attributions_point_at_the_planted_mark_far_above_the_floor_and_not_in_the_twin(method: str) -> None:
    marked, clean = read(method, marked=True), read(method, marked=False)
    assert marked[ACCURACY].floor == marked[MASS].floor == 4 / 64
    for name, least in ((ACCURACY, 0.8), (MASS, 0.2)):
        interval = marked[name].interval
        assert interval is not None
        assert interval.low > least, str(marked[name])
        assert clean[name].value < 2 * 4 / 64, str(clean[name])


@pytest.mark.parametrize("method", ["gradient", "integrated-gradients"])
def test_real_pictures_are_pointed_at_too(method: str) -> None:
    made = planted(marked=True)
    plan = Plan(baseline=baseline("mean", made.gan.format, made.truth.train))
    maps = attribute(Scorer(made.gan), made.truth.held_out.read(range(64)), method, plan=plan)
    for each in pointing(maps, MASK).values():
        assert each.interval is not None
        assert each.interval.low > 2 * 4 / 64
