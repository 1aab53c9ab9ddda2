"""Numbers in recipes: what is one, what is legal, and that every refusal says what would work."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from ganatomy.errors import UsageError
from ganatomy.numerics.schedule import Schedule
from ganatomy.training.recipes.values import (
    Amount,
    Beta,
    Changing,
    Count,
    Flag,
    Number,
    Positive,
    Probability,
    Rate,
    Share,
    Strength,
    Whole,
    as_number,
    plain,
)


def read(kind: object, value: object) -> object:
    return TypeAdapter(kind).validate_python(value)


def refusal(kind: object, value: object) -> UsageError:
    with pytest.raises(ValidationError) as caught:
        read(kind, value)
    error = caught.value.errors()[0]["ctx"]["error"]
    assert isinstance(error, UsageError)
    return error


@pytest.mark.parametrize(
    ("kind", "value", "becomes"),
    [
        (Count, 64, 64),
        (Count, 1e6, 1_000_000),
        (Count, "1e3", 1000),
        (Whole, 0, 0),
        (Number, "2e-4", 2e-4),
        (Number, -3, -3.0),
        (Positive, 0.5, 0.5),
        (Amount, 0, 0.0),
        (Share, 0, 0.0),
        (Flag, True, True),
        (Rate, "2e-4", 2e-4),
        (Strength, 0, 0.0),
        (Beta, 0.999, 0.999),
        (Probability, 1, 1.0),
    ],
)
def test_a_legal_value_is_read_as_what_it_means(kind, value, becomes) -> None:
    found = read(kind, value)
    assert found == becomes
    assert type(found) is type(becomes)


@pytest.mark.parametrize(
    ("kind", "value", "remedy"),
    [
        (Count, 0, "a whole number, at least 1"),
        (Count, 1.5, "a whole number, at least 1"),
        (Count, True, "a whole number, at least 1"),
        (Count, None, "a whole number, at least 1"),
        (Whole, -1, "a whole number, at least 0"),
        (Number, math.inf, "a finite number"),
        (Number, "nan", "a finite number"),
        (Positive, 0, "a number above 0"),
        (Amount, -0.1, "a number, at least 0"),
        (Share, 1.0, "a number from 0 to below 1"),
        (Flag, 1, "true or false"),
        (Flag, "yes", "true or false"),
        (Rate, 0.0, "a rate is above 0; a schedule may end at 0"),
        (Rate, "fast", "a number, or a schedule as {start: 1, end: 0.1, until: 100000}"),
        (Rate, {"start": 0.0, "end": 1.0, "until": 9}, "a rate is above 0; a schedule may end at 0"),
        (Strength, -1, "a strength is at least 0"),
        (Strength, {"start": 1.0, "end": -1.0, "until": 9}, "a strength is at least 0"),
        (Beta, 1, r"a beta lies in [0, 1)"),
        (Probability, 1.1, "a probability lies in [0, 1]"),
    ],
)
def test_an_illegal_value_is_refused_with_what_would_work(kind, value, remedy) -> None:
    assert refusal(kind, value).remedy == remedy


def test_a_schedule_is_read_whole_and_becomes_that_of_the_house() -> None:
    found = read(Rate, {"start": "2e-4", "end": 0, "until": 1e6, "shape": "cosine"})
    assert isinstance(found, Changing)
    assert plain(found) == Schedule(2e-4, 0.0, 1_000_000, begin=0, shape="cosine")
    assert plain(0.25) == 0.25


def test_an_impossible_schedule_is_refused_in_its_own_words() -> None:
    assert refusal(Strength, {"start": 1, "end": 0, "until": 9, "shape": "geometric"}).remedy == "both ends are above 0"
    assert refusal(Strength, {"start": 1, "end": 0, "until": 9, "begin": 9}).remedy == "0 <= begin < until"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_text_that_reads_as_a_number_is_that_number(number: float) -> None:
    assert as_number(repr(number)) == number == as_number(number)


@pytest.mark.parametrize("value", [True, None, "x", "", [], "inf", math.nan])
def test_what_is_no_number_is_none(value) -> None:
    assert as_number(value) is None
