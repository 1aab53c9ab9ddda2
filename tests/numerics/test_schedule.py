"""Schedules: closed forms, both ends kept, between them and nowhere else, and in one direction."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.errors import UsageError
from ganatomy.numerics.schedule import SHAPES, Schedule, at, ends, said

NUMBER = st.floats(1e-6, 1e6)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    begin = draw(st.integers(0, 1000))
    return Schedule(
        draw(NUMBER),
        draw(NUMBER),
        begin=begin,
        until=begin + draw(st.integers(1, 1000)),
        shape=draw(st.sampled_from(list(SHAPES))),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("shape", "quarter", "half"),
    [
        ("linear", 8.0, 6.0),
        ("cosine", 2.0 + 8.0 * (1 + math.sqrt(0.5)) / 2, 6.0),
        ("geometric", 10.0 / 5.0**0.25, math.sqrt(20.0)),
    ],
)
def test_the_closed_forms(shape: str, quarter: float, half: float) -> None:
    schedule = Schedule(10.0, 2.0, begin=100, until=500, shape=shape)  # type: ignore[arg-type]
    found = [schedule.at(seen) for seen in (0, 100, 200, 300, 500, 10**9)]
    assert found == pytest.approx([10.0, 10.0, quarter, half, 2.0, 2.0])


@given(schedule=schedules(), seen=st.lists(st.integers(0, 2500), min_size=2))
def test_it_stays_between_its_ends_and_goes_one_way(schedule: Schedule, seen: list[int]) -> None:
    values = [schedule.at(images) for images in sorted(seen)]
    slack = 1e-12 * max(schedule.start, schedule.end)
    low, high = sorted(ends(schedule))
    assert all(low - slack <= value <= high + slack for value in values)
    rising = 1 if schedule.end >= schedule.start else -1
    assert all(rising * (later - earlier) >= -slack for earlier, later in pairwise(values))


@given(schedule=schedules())
def test_it_begins_and_ends_where_it_says(schedule: Schedule) -> None:
    slack = 1e-12 * max(schedule.start, schedule.end)
    assert schedule.at(schedule.begin) == pytest.approx(schedule.start, abs=slack)
    assert schedule.at(schedule.until) == pytest.approx(schedule.end, abs=slack)
    assert at(schedule, schedule.until) == schedule.at(schedule.until)


@given(value=NUMBER, seen=st.integers(0, 10**9), shape=st.sampled_from(list(SHAPES)))
def test_a_number_is_constant_and_so_is_a_schedule_between_equals(value: float, seen: int, shape: str) -> None:
    assert at(value, seen) == value
    assert Schedule(value, value, until=10**8, shape=shape).at(seen) == pytest.approx(value)  # type: ignore[arg-type]
    assert ends(value) == (value, value)


def test_zero_is_reached_exactly() -> None:
    for shape in ("linear", "cosine"):
        assert Schedule(0.3, 0.0, until=7, shape=shape).at(7) == 0.0  # type: ignore[arg-type]


def test_in_words() -> None:
    assert said(2e-4) == "0.0002"
    assert said(Schedule(1.0, 0.003, until=500, shape="cosine")) == "1 to 0.003 (cosine, images 0 to 500)"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shape": "linaer"}, "no shape of a schedule called 'linaer'\ndid you mean 'linear'"),
        ({"start": math.nan}, "both ends are finite"),
        ({"end": math.inf}, "both ends are finite"),
        ({"until": 0}, "0 <= begin < until"),
        ({"begin": -1}, "0 <= begin < until"),
        ({"begin": 100}, "0 <= begin < until"),
        ({"end": 0.0, "shape": "geometric"}, "both ends are above 0"),
    ],
)
def test_what_is_no_schedule_is_refused(change: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Schedule(**{"start": 1.0, "end": 2.0, "until": 100, **change})
