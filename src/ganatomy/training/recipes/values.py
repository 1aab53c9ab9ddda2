"""What a number in a recipe may be: whole, bounded, or a schedule over images seen.

    rate: 2e-4
    rate: {start: 2e-4, end: 0, begin: 500_000, until: 1_000_000, shape: linear}

Each kind says in its own words what would have worked. Text that reads as a number is one: YAML takes `2e-4` for text.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Tag, model_validator

from ganatomy.errors import UsageError
from ganatomy.numerics.schedule import Schedule
from ganatomy.numerics.schedule import Value as Plain

TAG = "<"  # begins the tags of a choice, which are no keys of a recipe


class Section(BaseModel):
    """Part of a recipe: cannot be changed, and knows all its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def as_number(value: object) -> float | int | None:
    """The number that is meant, None where none is; a bool is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return value if isinstance(value, int | float) and math.isfinite(value) else None


def _whole(value: object, *, least: int, words: str) -> int:
    number = as_number(value)
    if number is None or number != int(number) or number < least:
        raise UsageError(f"{value!r} was given", words)
    return int(number)


def _number(value: object, *, low: float, high: float, ends: str, words: str) -> float:
    """`ends` says whether the bounds themselves are legal: "[]", "(]", "[)", "()"."""
    number = as_number(value)
    if number is None or not _within(float(number), low, high, ends=ends):
        raise UsageError(f"{value!r} was given", words)
    return float(number)


def _within(number: float, low: float, high: float, *, ends: str) -> bool:
    above = number >= low if ends[0] == "[" else number > low
    below = number <= high if ends[1] == "]" else number < high
    return above and below


INFINITY = math.inf
Count = Annotated[int, BeforeValidator(partial(_whole, least=1, words="a whole number, at least 1"))]
Whole = Annotated[int, BeforeValidator(partial(_whole, least=0, words="a whole number, at least 0"))]
Number = Annotated[
    float, BeforeValidator(partial(_number, low=-INFINITY, high=INFINITY, ends="()", words="a finite number"))
]
Positive = Annotated[
    float, BeforeValidator(partial(_number, low=0.0, high=INFINITY, ends="()", words="a number above 0"))
]
Amount = Annotated[
    float, BeforeValidator(partial(_number, low=0.0, high=INFINITY, ends="[)", words="a number, at least 0"))
]
Share = Annotated[
    float, BeforeValidator(partial(_number, low=0.0, high=1.0, ends="[)", words="a number from 0 to below 1"))
]

Portion = Annotated[
    float, BeforeValidator(partial(_number, low=0.0, high=1.0, ends="(]", words="a number above 0, at most 1"))
]


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{value!r} was given", "true or false")
    return value


Flag = Annotated[bool, BeforeValidator(_flag)]


class Changing(Section):
    """A schedule, as it is written: `start` up to `begin` images, `end` from `until` on."""

    start: Number
    end: Number
    until: Count
    begin: Whole = 0
    shape: Literal["linear", "cosine", "geometric"] = "linear"

    @model_validator(mode="after")
    def _possible(self) -> Changing:
        self.schedule()
        return self

    def schedule(self) -> Schedule:
        return Schedule(self.start, self.end, self.until, begin=self.begin, shape=self.shape)


def _kind(value: object) -> str:
    return "<schedule>" if isinstance(value, Mapping | Changing) else "<number>"


def _constant(value: object) -> float:
    number = as_number(value)
    if number is None:
        raise UsageError(f"{value!r} was given", "a number, or a schedule as {start: 1, end: 0.1, until: 100000}")
    return float(number)


def _bounded(value: float | Changing, *, high: float, ends: str, words: str) -> float | Changing:
    both = (value.start, value.end) if isinstance(value, Changing) else (value,)
    if not all(_within(number, 0.0, high, ends=ends) for number in both):
        raise UsageError(f"{plain(value)} was given", words)
    return value


def _rate(value: float | Changing) -> float | Changing:
    """A rate may fall to 0 but not begin there."""
    start, end = (value.start, value.end) if isinstance(value, Changing) else (value, value)
    if not start > 0.0 or end < 0.0:
        raise UsageError(f"{plain(value)} was given", "a rate is above 0; a schedule may end at 0")
    return value


def plain(value: float | Changing) -> Plain:
    """What the rest of the house calls a value: a number or a `Schedule`."""
    return value.schedule() if isinstance(value, Changing) else value


Value = Annotated[
    Annotated[float, BeforeValidator(_constant), Tag("<number>")] | Annotated[Changing, Tag("<schedule>")],
    Discriminator(_kind),
]
Rate = Annotated[Value, AfterValidator(_rate)]
Strength = Annotated[
    Value, AfterValidator(partial(_bounded, high=INFINITY, ends="[)", words="a strength is at least 0"))
]
Beta = Annotated[Value, AfterValidator(partial(_bounded, high=1.0, ends="[)", words="a beta lies in [0, 1)"))]
Probability = Annotated[
    Value, AfterValidator(partial(_bounded, high=1.0, ends="[]", words="a probability lies in [0, 1]"))
]
