"""A run is heard at its first alarm; shares carry the interval of so few runs."""

from __future__ import annotations

import pytest

from ganatomy.bench import alarms
from ganatomy.bench.alarms import Case, Heard
from ganatomy.bench.rows import Row

SMALL = ("players.options.hidden=[8]", "players.options.critic_hidden=[8]", "pace.batch=16", "cadence.probe=5")
CALM = Case("calm", "ring8", 12, 2, SMALL)
BROKEN = Case("broken", "ring8", 500, 1, (*SMALL, "pace.critic.rate=1e30"))


def test_a_run_without_an_alarm_is_heard_to_its_end() -> None:
    assert alarms._listened((CALM, 1000)) == Heard(CALM, None, 12)


def test_a_run_that_breaks_is_heard_too() -> None:
    heard = alarms._listened((BROKEN, 1000))
    assert heard.case == BROKEN
    assert heard.rule == "not-finite"


def test_a_bad_run_is_heard_at_its_first_alarm() -> None:
    case = Case("bad", "bad-r1-huge", 600, 1)
    heard = alarms._listened((case, 1000))
    assert heard.rule is not None
    assert 0 < heard.step < 600


def test_shares_name_the_rules_and_carry_wilsons_interval() -> None:
    heard = [Heard(CALM, rule, 7) for rule in ("asleep", "asleep", "flat", None)]
    row = alarms._share("alarms: in bad", heard, at_least=0.8)
    assert row.name == "alarms: in bad, 3 of 4 (asleep 2; flat 1)"
    low, high = row.reading.interval.low, row.reading.interval.high
    assert (low, high) == pytest.approx((0.3006, 0.9544), abs=1e-3)
    assert row.ok  # four runs do not exclude 80 %


def test_the_rows_of_a_whole_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = Case("good", "ring8", 9, 30), Case("bad", "ring8", 9, 20)
    monkeypatch.setattr(alarms, "GOOD", (good,))
    monkeypatch.setattr(alarms, "BAD", (bad,))
    monkeypatch.setattr(alarms, "UNSEEN", (bad,))

    def each(_measure: object, runs: list[tuple[Case, int]], *, progress: object) -> list[Heard]:
        assert len({seed for case, seed in runs if case == good}) == 30
        assert min(seed for _, seed in runs) >= alarms.FIRST
        return [Heard(case, "flat" if case == bad or seed == 1000 else None, 5) for case, seed in runs]

    monkeypatch.setattr(alarms, "each_seed", each)
    rows: dict[str, Row] = {row.name: row for row in alarms.alarms(progress=lambda done, total: None)}
    assert rows["alarms: in good runs, 1 of 30 (flat 1)"].reading.value == pytest.approx(1 / 30)
    assert rows["bad, first alarm of 9"].reading.value == 5
