"""Records, episodes of alarms, and the whole account of a run."""

from __future__ import annotations

import json
import math
import shlex
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from shared_records import record
from shared_runs import small_run

from ganatomy.errors import InputError, UsageError
from ganatomy.explain.game.account import account, lead_explained, phases_explained, r1_at, spoken
from ganatomy.explain.game.alarms import episodes
from ganatomy.explain.game.record import record_of, recorded
from ganatomy.training.health.watch import Watch, observe
from ganatomy.training.recipes.read import read_recipe
from ganatomy.training.runs.folder import open_run
from ganatomy.training.runs.metrics import read_metrics


@dataclass(frozen=True)
class Kept:
    """A checkpoint as far as a stage is read from it."""

    extra: dict[str, dict[str, int]]


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


def test_the_fork_can_be_pasted_and_says_where_the_data_lie(tmp_path: Path) -> None:
    columns = {"critic.relative": [0.9] * 8 + [0.03] * 20}
    told = replace(record(columns), folder=tmp_path / "my runs", steps=(384,), data_dir="the data")
    words = shlex.split(account(told).test)
    assert words[:5] == ["ganatomy", "fork", str(tmp_path / "my runs"), "--at", "384"]
    assert words[-2:] == ["--data-dir", "the data"]


def test_the_strength_is_that_of_the_fork_s_round() -> None:
    plain = record({"gap": [1.0] * 9})
    ring = read_recipe("ring8", ["game.terms.r1.strength=2"])
    changed = ring.model_copy(update={"interventions": ("game.terms.r1.strength=5 from 48 until 90",)})
    told = replace(plain, recipe=changed)
    assert [r1_at(told, at) for at in (47, 48, 89, 90)] == [2.0, 5.0, 5.0, 2.0]
    assert r1_at(replace(plain, recipe=read_recipe("mnist-two-stage")), 10) == 10.0
    assert r1_at(plain, 10) == 0.0


def test_a_later_stage_is_known_by_its_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = small_run(tmp_path)
    kept = Kept(extra={"standing": {"stage": 1}})
    monkeypatch.setattr("ganatomy.explain.game.account.load_checkpoint", lambda *_, **__: kept)
    told = replace(record({"gap": [1.0] * 9}), recipe=read_recipe("mnist-two-stage"), folder=small.folder)
    assert r1_at(told, 2000) == 0.5


def test_a_run_that_diverged_says_so_and_its_last_alarm_is_not_cleared() -> None:
    rows: list[dict[str, object]] = [
        {"step": 5, "kind": "log", "pairs.batch": 0.5, "nonfinite.norm.critic": 1.0},
        {"step": 10, "kind": "probe", "pairs.batch": 0.5, "nonfinite.norm.critic": 1.0},
        {"step": 10, "kind": "log", "seen": 640.0, "seconds": 1.0},
        {"step": 5, "kind": "alarm", "rule": "not-finite", "evidence": {"nonfinite.norm.critic": 1.0}},
    ]
    told = record_of(rows, name="mine")
    assert episodes(told)[0].cleared is None  # the last line holds no readings
    rows[2] |= {"pairs.batch": 0.5}
    healed = record_of(rows, name="mine")
    assert episodes(healed)[0].cleared == 10
    diverged = replace(healed, state="diverged", reason="the critic was not finite")
    assert episodes(diverged)[0].cleared is None
    assert "diverged: it was given up in round 10 (the critic was not finite)" in spoken(account(diverged))


def test_a_damaged_line_is_left_out_and_told(tmp_path: Path) -> None:
    small = small_run(tmp_path)
    run, whole = open_run(small.folder), recorded(small.folder)
    lines = run.metrics.read_bytes()
    alarm = b'{"step": 4, "kind": "alarm", "rule": 3}\n'
    run.metrics.write_bytes(lines + b'{"step": 4, "kind\n' + b"[1]\n" + alarm)
    with pytest.raises(InputError):
        read_metrics(run)
    told = recorded(small.folder)
    assert told.damaged == 3
    assert told.rows == whole.rows
    assert "3 damaged lines of metrics.jsonl are left out." in spoken(account(told))
    assert whole.damaged == 0


@pytest.mark.parametrize("written", ["--data-dir 'my data'", "--data-dir='my data'"])
def test_where_the_data_lie_is_read_from_the_command(tmp_path: Path, written: str) -> None:
    small = small_run(tmp_path)
    assert recorded(small.folder).data_dir == ""
    (small.folder / "provenance.json").write_text(json.dumps({"command": f"ganatomy train x {written}"}))
    assert recorded(small.folder).data_dir == "my data"
