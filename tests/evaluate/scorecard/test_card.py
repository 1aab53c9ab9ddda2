"""The scorecard: every cell is in the table and in the JSON, each with what belongs to it."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from ganatomy.evaluate.scorecard.card import LeftOut, Scorecard, Section, written
from ganatomy.evaluate.scorecard.limits import Bound, Limit, Limits
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.measurement import Measurement
from ganatomy.results.provenance import Provenance

LIMITS = Limits(
    "Jane",
    "2026-01-02",
    (Limit("coverage", Bound(">=", 0.8, True), Bound("<", 0.5, True)), Limit("width", Bound("<", 1), Bound(">", 2))),
)


def measured(name, value, low, high, floor=None):
    return Measurement(
        name, value, 100, "by hand", "high", Interval(low, high, 0.95, "by hand"), floor, "pixels-0123456789ab"
    )


@pytest.fixture
def card():
    rows = (
        measured("coverage", 0.93, 0.9, 0.96, 1.0),
        measured("width", 1.5, 1.2, 1.8),
        measured("colour", 3.0, 2.0, 4.0),
    )
    return Scorecard(
        "runs/one",
        "digits, 100 held-out samples",
        (
            Section("a", "Fidelity, in pixels", rows, "All is well."),
            Section("b", "Again", (measured("width", 3, 2.5, 3.5),)),
        ),
        (LeftOut("critic", "this GAN has no critic", "give it one"),),
        LIMITS,
        Provenance.here(seed=0),
    )


def test_each_row_has_value_interval_floor_n_verdict_and_the_bound_that_decided(card):
    lines = [line.split() for line in card.table().splitlines()]
    assert ["coverage", "0.930", "[0.900,", "0.960]", "1", "100", "pass", ">=", "0.8", "floor"] in lines
    assert ["width", "1.50", "[1.20,", "1.80]", "100", "warn", "<", "1"] in lines
    assert ["width", "3.0", "[2.5,", "3.5]", "100", "fail", ">", "2"] in lines
    assert ["colour", "3.0", "[2.0,", "4.0]", "100"] in lines


def test_the_table_names_subject_limits_day_and_what_is_left_out(card):
    text = card.table()
    assert text.startswith("runs/one against digits, 100 held-out samples\nlimits of Jane, 2026-01-02; judged 20")
    assert "Not told: critic: this GAN has no critic; give it one." in text
    assert "All is well." in text
    assert text.endswith("1 pass, 1 warn, 1 fail, 1 without a limit.")


def test_sections_of_one_name_keep_their_own_rows(card):
    one, two = (Section("a", "In mine", (measured("width", each, each - 0.1, each + 0.1),)) for each in (3.0, 0.5))
    text = replace(card, sections=(one, two)).table()
    assert "3.00 [2.90, 3.10]" in text
    assert "0.50 [0.40, 0.60]" in text


def test_the_long_table_names_estimators_and_limits_that_judged_nothing(card):
    assert "by hand" not in card.table()
    assert "  coverage, width, colour: by hand" in card.table(long=True)
    strict = replace(
        card.limits, limits=(*card.limits.limits, Limit("Covrage", Bound(">=", 1), Bound("<", 1), "pixels"))
    )
    assert "Limits that judged nothing: Covrage in pixels." in replace(card, limits=strict).table()
    assert "judged nothing" not in card.table()


def test_columns_stand_under_one_another(card):
    lines = card.table().splitlines()
    rows = [line for line in lines if line.startswith("  ") and "[" in line and "%" not in line]
    assert len({line.index("]") for line in rows}) == 1


def test_the_worst_of_all_is_the_verdict(card):
    assert card.verdict == "fail"
    assert card.failed == ("width (b)",)
    assert Scorecard("x", "y", (), (), LIMITS, card.provenance).verdict is None


def test_json_holds_all_of_it(card):
    found = json.loads(json.dumps(card.to_dict(), allow_nan=False))
    row = found["sections"][0]["rows"][0]
    assert row["verdict"] == "pass"
    assert row["limit"] == {"pass": ">= 0.8 floor", "fail": "< 0.5 floor"}
    assert row["interval"]["low"] == 0.9
    assert row["floor"] == 1.0
    assert row["space"] == "pixels-0123456789ab"
    assert found["sections"][0]["rows"][2]["limit"] is None
    assert (found["verdict"], found["limits"]["by"], found["left_out"][0]["name"]) == ("fail", "Jane", "critic")


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (0.123456, 0.118, 0.13, "0.123 [0.118, 0.130]"),
        (12.3456, 10, 20, "12 [10, 20]"),
        (0.0, 0.0, 0.0, "0.000 [0.000, 0.000]"),
        (-0.0001, -0.04, 1.4, "0.0 [0.0, 1.4]"),
        (1.0, 0.2, math.inf, "1 [0.2, inf]"),
        (123456.0, 120000, 130000, "1.23e+05 [1.20e+05, 1.30e+05]"),
        (3e-6, 2e-6, 4e-6, "3.00e-06 [2.00e-06, 4.00e-06]"),
    ],
)
def test_as_many_digits_as_the_interval_bears(value, low, high, text):
    assert written(measured("x", value, low, high)) == text
