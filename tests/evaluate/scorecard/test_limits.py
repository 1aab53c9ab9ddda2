"""Limits: verdicts from intervals against a slow reading of the rule, files with mistakes, those that ship."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.errors import InputError
from ganatomy.evaluate.scorecard.limits import Bound, Limit, limits_from, shipped
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.measurement import Measurement

HEAD = "by: Jane\ndate: 2026-01-02\nlimits:\n"


def measured(value=0.5, low=None, high=None, *, name="coverage", floor=None, space="pixels-0123456789ab"):
    within = None if low is None else Interval(low, high, 0.95, "by hand")
    return Measurement(name, value, 10, "by hand", "high", within, floor, space)


def limits(tmp_path: Path, text: str):
    path = tmp_path / "limits.yaml"
    path.write_text(HEAD + text)
    return limits_from(path)


@given(
    low=st.floats(0, 2),
    width=st.floats(0, 1),
    passes=st.floats(0, 2),
    more=st.floats(0, 1),
    floor=st.floats(0.1, 3),
    of_floor=st.booleans(),
    upward=st.booleans(),
)
def test_a_verdict_takes_the_whole_interval(low, width, passes, more, floor, of_floor, upward):
    high, scale = low + width, floor if of_floor else 1.0
    signs, fails = ((">=", "<"), passes - more) if upward else (("<=", ">"), passes + more)
    limit = Limit("coverage", Bound(signs[0], passes, of_floor), Bound(signs[1], fails, of_floor))
    found = limit.verdict(measured(low, low, high, floor=floor))
    if upward:
        expected = "fail" if high < fails * scale else "pass" if low >= passes * scale else "warn"
    else:
        expected = "fail" if low > fails * scale else "pass" if high <= passes * scale else "warn"
    assert found == expected


def test_without_an_interval_the_value_counts():
    limit = Limit("coverage", Bound(">=", 0.8), Bound("<", 0.5))
    assert [limit.verdict(measured(value)) for value in (0.9, 0.8, 0.6, 0.5, 0.4)] == ["pass"] * 2 + ["warn"] * 2 + [
        "fail"
    ]


def test_what_cannot_be_judged_has_no_verdict():
    limit = Limit("coverage", Bound(">=", 0.8, of_floor=True), Bound("<", 0.5, of_floor=True))
    assert limit.verdict(measured(0.9)) is None, "a bound of a floor that is not known"
    assert limit.verdict(measured(math.nan, floor=1.0)) is None


def test_the_first_entry_that_fits_counts_and_a_space_is_named_without_its_hash(tmp_path):
    found = limits(
        tmp_path,
        '- {measure: coverage, space: pixels, pass: ">= 0.4", fail: "< 0.1"}\n'
        '- {measure: "*", pass: ">= 0.9", fail: "< 0.6"}\n',
    )
    assert (found.by, found.date) == ("Jane", "2026-01-02")
    assert found.verdict(measured(0.5)) == "pass"
    assert found.verdict(measured(0.5, space="classifier-0123456789ab")) == "fail"
    assert found.verdict(measured(0.95, space=None)) == "pass"


def test_a_name_that_no_entry_fits_is_not_judged(tmp_path):
    found = limits(tmp_path, '- {measure: coverage, pass: ">= 0.4", fail: "< 0.1"}\n')
    assert found.verdict(measured(0.5, name="recall")) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {measure: coverage, pass: high, fail: '< 1'}", "entry 1 has the bound 'high'"),
        ("- {measure: coverage, pass: '>= 1..2', fail: '< 1'}", "entry 1 has the bound '>= 1..2'"),
        ("- {measure: coverage, pass: '>= 1'}", "entry 1 has measure, pass"),
        ("- {measure: coverage, pass: '>= 1', fail: '< 1', fial: 2}", "entry 1 has measure, pass, fail, fial"),
        ("- coverage", "entry 1 has 'coverage'"),
        ("- {measure: coverage, pass: '>= 1', fail: '< 2'}", "both passes >= 1 and fails < 2"),
        ("- {measure: coverage, pass: '>= 0.8', fail: '>= 0.6'}", "look the same way"),
        ("- {measure: coverage, pass: '<= 1', fail: '>= 1'}", "both passes <= 1 and fails >= 1"),
        ("  []", "has no limits"),
        ("[", "is no YAML"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path, text, said):
    with pytest.raises(InputError, match=r"limits\.yaml") as caught:
        limits(tmp_path, text)
    assert said in str(caught.value)


def test_only_a_star_stands_for_other_letters(tmp_path):
    found = limits(
        tmp_path,
        '- {measure: "PPL[pixels], full", pass: "< 1", fail: "> 2"}\n- {measure: "IS[*]", pass: ">= 3", fail: "< 2"}\n',
    )
    assert found.verdict(measured(50.0, name="PPL[pixels], full")) == "fail"
    assert found.verdict(measured(5.0, name="IS[classifier-0123]")) == "pass"
    assert found.verdict(measured(50.0, name="PPLp, full")) is None


def test_a_space_is_found_with_and_without_its_width(tmp_path):
    found = limits(tmp_path, '- {measure: coverage, space: random-convolution, pass: ">= 0.4", fail: "< 0.1"}\n')
    assert found.verdict(measured(0.5, space="random-convolution-32-0123456789ab")) == "pass"
    assert found.verdict(measured(0.5, space="random-projection-32-0123456789ab")) is None


def test_a_floor_of_nothing_judges_nothing():
    limit = Limit("precision", Bound(">=", 0.8, of_floor=True), Bound("<", 0.6, of_floor=True))
    assert limit.verdict(measured(0.0, name="precision", floor=0.0)) is None


def test_limits_that_judged_nothing_are_known(tmp_path):
    found = limits(
        tmp_path,
        '- {measure: coverage, pass: ">= 0.8 floor", fail: "< 0.6 floor"}\n'
        '- {measure: Covrage, pass: ">= 0.8", fail: "< 0.6"}\n- {measure: recall, pass: ">= 0.8", fail: "< 0.6"}\n',
    )
    met = [measured(0.9, name="recall"), measured(0.9)]  # the coverage has no floor
    assert [limit.measure for limit in found.idle(met)] == ["coverage", "Covrage"]


def test_files_that_say_too_little(tmp_path):
    path = tmp_path / "limits.yaml"
    with pytest.raises(InputError, match="cannot be read"):
        limits_from(path)
    for text, said in (("limits: []", "by whom"), ("by: a\ndate: soon\nlimits: [1]", "of the date 'soon'")):
        path.write_text(text)
        with pytest.raises(InputError, match=said):
            limits_from(path)


def test_those_that_ship_can_be_met():
    found = shipped()
    assert found.by == "ganatomy"
    assert len(found.limits) > 5
    assert found.verdict(measured(0.95, 0.93, 0.97, floor=1.0)) == "pass"
    assert found.verdict(measured(0.3, 0.2, 0.4, floor=1.0)) == "fail"
    assert found.verdict(measured(0.3, 0.2, 0.4, name="7: share over due", floor=1.0)) == "warn"
