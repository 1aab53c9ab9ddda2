"""Which runs belong together, and which collapsed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from shared_runs import small_run

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.trust.collapse import by_quality, by_record, same_recipe, seeds_of
from ganatomy.explain.game.record import record_of
from ganatomy.results.measurement import Measurement
from ganatomy.training.runs.status import Status, write_status


def run(parent: Path, *changes: str, status: Status | None = None) -> Path:
    made = small_run(parent, changes, saved=(2,)).folder
    write_status(made, status or Status("finished", step=2))
    return made


def test_seeds_of_a_recipe_are_found_and_others_named(tmp_path: Path) -> None:
    first = run(tmp_path)
    second, third = run(tmp_path, "seed=1"), run(tmp_path, "seed=2", status=Status("diverged", "NaN", step=1))
    again, newer = run(tmp_path), run(tmp_path, "seed=1")
    other = run(tmp_path, "seed=3", "pace.batch=8")
    short = run(tmp_path, "seed=4", status=Status("interrupted", step=1))
    kin = seeds_of(first)
    assert kin.runs == (first, newer, third)
    why = dict(kin.left_out)
    assert set(why) == {second, again, other, short}
    assert "pace.batch: 16 -> 8" in why[other]
    assert "seed:" not in why[other]
    assert why[short] == "stands at step 1, not 2"
    assert why[again] == "seed 0 is there already"
    same_recipe(kin.runs)
    with pytest.raises(UsageError, match=r"different recipes: pace\.batch"):
        same_recipe([first, other])
    with pytest.raises(UsageError, match="seeds 0, 0"):
        same_recipe([first, again])


def test_other_data_are_another_matter(tmp_path: Path) -> None:
    first, second = run(tmp_path), run(tmp_path, "seed=1")
    networks = second / "networks.json"
    text = networks.read_text()
    digest = text.split('"data_digest": "')[1].split('"')[0]
    networks.write_text(text.replace(digest, "0" * len(digest)))
    assert seeds_of(first).left_out == ((second, "trained on other data"),)
    with pytest.raises(UsageError, match="different data"):
        same_recipe([first, second])


ALARM = {"kind": "alarm", "rule": "lost-diversity", "step": 600, "evidence": {"diversity.samples": 0.1}}
SAME = {"diversity.samples": 0.1, "diversity.features": 0.1}
FINE = {"diversity.samples": 1.0, "diversity.features": 1.0}


def rows(*after: dict[str, float]) -> list[dict[str, object]]:
    lines = [{"kind": "probe", "step": 100 * at, **SAME} for at in range(1, 7)]
    late = [{"kind": "probe", "step": 1000 + 100 * at, **each} for at, each in enumerate(after)]
    return [*lines, ALARM, *late]


def test_an_alarm_that_held_to_the_end_is_a_collapse() -> None:
    fell = by_record(record_of(rows(SAME), name="run"))
    assert fell.collapsed
    assert "lost-diversity" in fell.why
    assert not by_record(record_of(rows(*[FINE] * 8), name="run")).collapsed
    other = [{**line, "rule": "critic-flat"} if line["kind"] == "alarm" else line for line in rows(SAME)]
    assert not by_record(record_of(other, name="run")).collapsed


def test_a_run_that_broke_off_counts_and_one_without_rules_is_not_judged() -> None:
    record = record_of(rows(*[FINE] * 8), name="run")
    assert by_record(replace(record, state="diverged", reason="NaN")).why == "the run diverged: NaN"
    rules = {name: rule for name, rule in record.rules.items() if name != "near-duplicates"}
    with pytest.raises(InputError, match="near-duplicates"):
        by_record(replace(record, rules=rules))


def reading(name: str, value: float, floor: float | None) -> dict[str, Measurement]:
    return {name: Measurement(name, value, 100, "x", "high", None, floor)}


def test_far_less_diverse_than_real_samples() -> None:
    assert by_quality(reading("modes hit, strictly", 3, 8.0)).collapsed
    fine = by_quality(reading("modes hit, strictly", 5, 8.0) | reading("Vendi score", 20, 30.0))
    assert not fine.collapsed
    assert fine.why == "none of modes hit, strictly, Vendi score is below its limit"
    assert by_quality(reading("coverage", 0.2, 0.9), least={"coverage": 0.5}).collapsed
    with pytest.raises(UsageError, match="none of modes hit"):
        by_quality(reading("coverage", 0.2, 0.9))
    with pytest.raises(UsageError, match="floor"):
        by_quality(reading("Vendi score", 20, None))
