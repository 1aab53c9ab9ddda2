"""Planted faults are found and honest generators let be: a few repeats always, two hundred where there is time."""

from __future__ import annotations

from typing import Any

import pytest

from ganatomy.bench import trust as bench


def one_by_one(measure: Any, seeds: Any, *, progress: Any) -> list[Any]:
    return [measure(seed) for seed in seeds]


def rows_of(repeats: int, monkeypatch: pytest.MonkeyPatch) -> dict[str, bench.Row]:
    monkeypatch.setattr(bench, "each_seed", one_by_one)
    found = bench.trust(progress=lambda done, total: None, repeats=repeats)
    return {row.name.removeprefix("trust: ").rsplit(",", 1)[0]: row for row in found}


def test_every_target_is_met_by_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "DRAWS", 39)
    rows = rows_of(6, monkeypatch)
    assert len(rows) == 14
    assert all(row.ok for row in rows.values())
    assert rows["a tenth are exact copies: said to copy"].reading.value >= 5 / 6
    assert rows["a class is never made: that class said to be missing"].reading.value >= 5 / 6
    assert rows["honest: said to copy"].at_most == 0.05


@pytest.mark.slow
def test_the_stated_rates_over_two_hundred_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, row in rows_of(200, monkeypatch).items():
        if row.at_most is not None:
            assert row.reading.value <= row.at_most, name
        if row.at_least is not None:
            assert row.reading.value >= row.at_least, name


def test_a_rule_that_blames_everybody_misses_the_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_copies", lambda *tables, seed: "copies")
    rows = rows_of(20, monkeypatch)
    assert [name for name, row in rows.items() if not row.ok] == [
        "honest: said to copy",
        "honest, data that repeat themselves: said to copy",
        "honest, 20 times as many training samples: said to copy",
        "a class is never made: said to copy",
    ]
