"""Records, episodes of alarms, and the whole account of a run."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from shared_records import record
from shared_runs import small_run

from ganatomy.errors import InputError, UsageError
from ganatomy.explain.game.account import account, lead_explained, phases_explained, spoken
from ganatomy.explain.game.alarms import episodes
from ganatomy.explain.game.record import record_of, recorded
from ganatomy.training.health.watch import Watch, observe

SATURATED = {"critic.relative": [0.9] * 8 + [0.03] * 20 + [0.9] * 8, "pairs.batch": [0.7] * 8 + [1.0] * 20 + [0.7] * 8}


def _spoken(columns: dict[str, list[float]]) -> list[dict[str, object]]:
    """The alarms that a run with these readings writes."""
    watch, alarms = Watch(), []
    for row in record(columns).rows:
        watch, found = observe(watch, row)
        alarms += [{"kind": "alarm", **alarm.to_dict()} for alarm in found]
    return alarms


def test_columns_have_gaps_where_nothing_was_read() -> None:
    rows = [{"step": 50, "kind": "log", "a": 1.0}, {"step": 50, "kind": "probe", "gap": 2.0}, {"step": 100, "a": 3.0}]
    found = record_of(rows, name="mine")
    assert found.rounds.tolist() == [50, 100]
    assert found.readings["a"].tolist() == [1.0, 3.0]
    assert math.isnan(found.readings["gap"][1])
    assert found.course("gap")[0].tolist() == [50]
    assert math.isnan(found.median("nothing"))


def test_wrong_records_are_refused() -> None:
    with pytest.raises(InputError, match="no readings"):
        record_of([], name="mine")
    with pytest.raises(UsageError, match="order"):
        record_of([{"step": 2, "a": 1.0}, {"step": 1, "a": 1.0}], name="mine")


def test_an_episode_says_from_when_to_when_by_what() -> None:
    alarms = _spoken(SATURATED)
    (found,) = episodes(record(SATURATED, alarms))
    assert found.rule == "critic-saturated"
    assert found.first == alarms[0]["step"]
    assert found.cleared is not None
    assert 50 * 28 < found.cleared <= 50 * 36
    assert found.limits == {"below": 0.1}
    course = found.courses["critic.relative"]
    assert (course.start, course.then, course.end) == pytest.approx((0.9, 0.03, 0.9))
    assert "limit below 0.1" in found.said


def test_an_episode_that_is_not_cleared_holds_to_the_end() -> None:
    columns = {name: values[:28] for name, values in SATURATED.items()}
    (found,) = episodes(record(columns, _spoken(columns)))
    assert found.cleared is None
    assert "to the end" in found.said


def test_a_saturated_critic_is_told_with_the_fork_that_tests_it(tmp_path: Path) -> None:
    columns = {name: values[:28] for name, values in SATURATED.items()} | {"gap": [0.3] * 28}
    told = replace(record(columns), folder=tmp_path / "0007-mine-s0", steps=(64, 384, 768))
    found = account(told)
    said = spoken(found)
    assert "The critic is saturated from round 450 to the end" in said
    assert "ranks 100 % of pairs rightly" in said
    assert found.test.endswith("0007-mine-s0 --at 384 --do game.terms.r1.strength=1")
    assert "ganatomy fork" in said


def test_a_run_on_disk_is_told_even_where_little_was_read(tmp_path: Path) -> None:
    small = small_run(tmp_path)
    told = recorded(small.folder)
    assert told.steps == (2, 4)
    found = account(told)
    whole = phases_explained(found, subject="gan")
    assert whole.units[0].startswith("rounds 1 to 4")
    assert whole.arrays["last"].tolist() == [4]
    assert "No alarm" in whole.note
    assert lead_explained(found, subject="gan").note.startswith("Who was ahead cannot be told")
