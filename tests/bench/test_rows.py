"""Rows, targets and medians: a target is missed only if the interval excludes it, and intervals of medians cover."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ganatomy.bench import rows
from ganatomy.bench.rows import Published, Reading, Row, beside, compared, median, table
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import Interval


def row(low: float, high: float, **targets: float) -> Row:
    return Row("work", Reading((low + high) / 2, Interval(low, high, 0.95, "test")), "times", **targets)


def test_a_target_is_missed_only_if_the_interval_excludes_it() -> None:
    assert row(1, 3, at_most=2).ok
    assert row(1, 3, at_most=1).ok
    assert not row(1, 3, at_most=0.9).ok
    assert row(1, 3, at_least=3).ok
    assert not row(1, 3, at_least=3.1).ok
    assert row(1, 3).ok


def test_rows_as_json_and_as_markdown() -> None:
    found = row(1, 3, at_most=0.5).to_dict()
    assert (found["target"], found["ok"], found["value"]) == ("<= 0.5", False, 2)
    assert row(1, 3).to_dict()["target"] is None
    lines = table([row(1, 3), row(1, 3, at_most=0.5)]).splitlines()
    assert len(lines) == 4
    assert lines[3] == "| work | 2.00 | 1.00 to 3.00 | times | <= 0.5 | **no** |"


def test_published_values_stand_beside_ours_with_numbered_notes() -> None:
    """One column more, and each note once; what was not confirmed says so."""
    sure, hearsay = Published(6.3, 0.5, "A 2018, Table 1"), Published(0.7, None, "B 2019", confirmed=False)
    rows = [
        replace(row(1, 3), published=sure, differences="Other nets."),
        replace(row(1, 3), published=hearsay),
        row(1, 3),
        replace(row(1, 3), published=sure, differences="Other nets."),
        replace(row(1, 3), differences="Cut short."),
    ]
    lines = table(rows).splitlines()
    assert lines[0].endswith("| met | published |")
    assert lines[2] == "| work | 2.000 | 1.000 to 3.000 | times | - | - | 6.3 ± 0.5 (1) |"
    assert lines[3].endswith("| 0.7, remembered, not confirmed (2) |")
    assert lines[4].endswith("| - |")
    assert lines[5] == lines[2]
    assert lines[6].endswith("| (3) |")
    assert lines[7:] == ["", "1. Published: A 2018, Table 1. Other nets.", "2. Published: B 2019.", "3. Cut short."]
    found = rows[0].to_dict()
    assert found["published"] == {
        "value": 6.3,
        "spread": 0.5,
        "source": "A 2018, Table 1",
        "confirmed": True,
        "said": "6.3 ± 0.5",
    }
    assert (found["differences"], row(1, 3).to_dict()["published"]) == ("Other nets.", None)


def test_rows_that_were_kept_before_have_nothing_beside_them() -> None:
    old = {key: value for key, value in row(1, 3).to_dict().items() if key not in ("published", "differences")}
    assert beside([old]) == ([""], [])


@pytest.mark.parametrize("n", [5, 6, 15, 16])
def test_the_interval_of_a_median_covers(n: int) -> None:
    """2,000 samples of a skewed law with median 0; below six rounds the whole range covers 1 - 2^(1-n) and no more."""
    draws = Stream(0, "bench/median").normal(range(2000), n).double().numpy()
    hits = sum(0.0 in median(np.expm1(values).tolist()).interval for values in draws)
    due = min(0.95, 1 - 2.0 ** (1 - n))
    assert hits / 2000 > due - 3.3 * (due * (1 - due) / 2000) ** 0.5


def test_two_works_are_timed_in_turn_and_the_first_run_of_each_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that the works themselves move: ours takes 3 and theirs 2, but each 100 when it is cold."""
    clock, order = [0.0], []

    def work(name: str, seconds: float) -> None:
        clock[0] += 100 if name not in order else seconds
        order.append(name)

    monkeypatch.setattr(rows.time, "perf_counter", lambda: clock[0])
    found = compared(lambda: work("ours", 3.0), lambda: work("theirs", 2.0), rounds=4)
    assert found.value == 1.5
    assert (found.interval.low, found.interval.high) == (1.5, 1.5)
    assert order == ["ours", "theirs", *["theirs", "ours", "ours", "theirs"] * 2]
