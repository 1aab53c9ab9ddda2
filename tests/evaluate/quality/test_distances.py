"""What every distance keeps: the same twice, inputs untouched, its space and sizes said, blunders refused."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.quality.distances import DISTANCES, distances
from ganatomy.evaluate.quality.pairs import Pair, pair
from ganatomy.numerics.random import Stream


def table(n: int, name: str, *, d: int = 3) -> Tensor:
    return Stream(0, name).normal(range(n), d)


def both(n: int = 60, m: int = 50, *, shift: float = 0.0, space: str = "pixels-0123") -> Pair:
    return pair(table(n, "real"), table(m, "made") + shift, space=space, stream=Stream(0, "test"))


@pytest.mark.parametrize("name", DISTANCES)
def test_each_is_the_same_twice_and_says_what_it_is(name: str) -> None:
    given = both()
    real, made = given.real.clone(), given.made.clone()
    first, second = DISTANCES[name](given), DISTANCES[name](both())
    assert name in first
    assert first == second
    assert torch.equal(given.real, real)
    assert torch.equal(given.made, made)
    for found in first.values():
        assert found.space == "pixels-0123"
        assert found.n == 50
        assert "60 real and 50 generated" in found.estimator
        assert "float64" in found.estimator
        assert found.interval is not None
        assert found.floor is not None
        assert found.better == "low"


@pytest.mark.parametrize("name", DISTANCES)
def test_each_grows_with_a_shift_and_clears_its_floor(name: str) -> None:
    near, far = DISTANCES[name](both())[name], DISTANCES[name](both(shift=2.0))[name]
    assert far.value > near.value
    assert far.interval.low > far.floor
    assert near.interval.low <= near.floor


@pytest.mark.parametrize("name", DISTANCES)
def test_another_space_or_size_is_not_comparable(name: str) -> None:
    mine = DISTANCES[name](both())[name]
    mine.comparable(DISTANCES[name](both(shift=1.0))[name])
    for other in (both(space="classifier-9"), both(n=80), both(m=40)):
        with pytest.raises(UsageError, match="differ in"):
            mine.comparable(DISTANCES[name](other)[name])


@pytest.mark.parametrize("name", DISTANCES)
def test_groups_widen_the_interval(name: str) -> None:
    """Sixty real samples that are ten samples six times over."""
    centres = table(10, "centres").repeat_interleave(6, dim=0) + 1e-3 * table(60, "real")
    made = table(60, "made") + 1
    ids = torch.arange(60) // 6
    plain = pair(centres, made, space="s", stream=Stream(0, "t"))
    kin = pair(centres, made, space="s", stream=Stream(0, "t"), groups=ids)
    wide, narrow = DISTANCES[name](kin)[name].interval, DISTANCES[name](plain)[name].interval
    assert wide.high - wide.low > narrow.high - narrow.low


def test_all_together_and_progress() -> None:
    told: list[str] = []
    found = distances(both(), progress=told.append)
    assert told == list(DISTANCES)
    assert set(DISTANCES) <= set(found)


def test_blunders_are_refused() -> None:
    good, at = table(30, "real"), Stream(0, "t")
    for bad in (good[:19], good[:, 0], good[:, :0]):
        with pytest.raises(UsageError, match="20 samples or more"):
            pair(good, bad, space="s", stream=at)
    with pytest.raises(UsageError, match="one feature space"):
        pair(good, good[:, :2], space="s", stream=at)
    with pytest.raises(InputError, match="NaN"):
        pair(good, good / 0, space="s", stream=at)
    with pytest.raises(UsageError, match="two groups"):
        pair(good, good, space="s", stream=at, groups=[1] * 30).blocks()
