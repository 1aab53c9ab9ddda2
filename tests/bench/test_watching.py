"""The cost of watching is that of a probe, brought to the cadence of the recipe."""

from __future__ import annotations

import itertools

import pytest

from ganatomy.bench import watching as bench
from ganatomy.bench.watching import Case, setup_of, watched

SMALL = Case("digits-mlp", 2, ("players.options.hidden=[8]", "players.options.critic_hidden=[8]", "pace.batch=8"))


def test_a_probe_of_six_rounds_every_250_costs_one_part_in_forty(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()

    def taken(runs: list[bench.Events], _rounds: int, turn: int) -> tuple[float, float]:
        assert len(runs) == 2
        next(clock)
        return (8.0, 2.0) if turn >= 0 else (99.0, 1.0)  # the first is slow, and is not counted

    monkeypatch.setattr(bench, "_in_turn", taken)
    ratio, rounds = watched(SMALL, pairs=7)
    assert next(clock) == 8
    assert rounds.reading.value == pytest.approx(6.0)
    assert ratio.reading.value == pytest.approx(1 + 6 / 250)
    assert ratio.at_most == 1.05
    assert ratio.ok
    assert (ratio.name, rounds.name) == ("digits-mlp: watched", "digits-mlp: a probe")


def test_one_run_is_probed_and_the_other_is_not() -> None:
    kinds = []
    for probe in (2, 0):
        setup = setup_of(SMALL, probe=probe)
        assert setup.recipe.cadence.probe == probe
        assert setup.train.name == "noise"
        kinds.append(setup.recipe.cadence.log)
    assert kinds == [2, 2]
    rows = watched(SMALL, pairs=3)
    assert rows[1].reading.value > 0  # a probe of a tiny network takes more than its rounds


def test_the_bench_is_its_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "CASES", (SMALL, SMALL))
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(bench, "watched", lambda case, pairs: [(case, pairs)])
    assert bench.watching(progress=lambda done, total: told.append((done, total)), pairs=2) == [(SMALL, 2)] * 2
    assert told == [(1, 2), (2, 2)]
