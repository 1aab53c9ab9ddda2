"""Statistics put readings into one number, and name the readings there are."""

from __future__ import annotations

import pytest

from ganatomy.errors import UsageError
from ganatomy.experiments.arms import Played
from ganatomy.experiments.statistics import highest, last, lowest, mean, share_below, values

READINGS = ({"gap": 3.0, "drift": 1.0}, {"gap": 1.0}, {"gap": 2.0, "drift": 5.0})


def played(*readings: dict[str, float]) -> Played:
    return Played(None, readings, None, None, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("statistic", "value"),
    [
        (last("gap"), 2.0),
        (lowest("gap"), 1.0),
        (highest("gap"), 3.0),
        (mean("gap"), 2.0),
        (share_below("gap", 2.0), 1 / 3),
        (mean("drift"), 3.0),
    ],
)
def test_a_reading_becomes_a_number(statistic, value: float) -> None:
    assert statistic(played(*READINGS)) == pytest.approx(value)


def test_rounds_without_the_reading_are_left_out() -> None:
    assert values(played(*READINGS), "drift") == [1.0, 5.0]


def test_the_last_round_is_never_an_earlier_one() -> None:
    with pytest.raises(UsageError, match="the last round has no reading 'gap'"):
        last("gap")(played(*READINGS, {"drift": 2.0}))


def test_a_reading_that_was_never_taken_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no round has the reading 'gaps'\n.*'gap'"):
        mean("gaps")(played(*READINGS))
