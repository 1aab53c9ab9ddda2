"""The fold: once an episode, with hysteresis, and exactly the same after a way through JSON."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ganatomy.training.health.rules import RULES
from ganatomy.training.health.watch import Alarm, Watch, observe

READINGS = sorted({name for rule in RULES.values() for name in rule.reads if not name.endswith(".")} | {"gap.upper"})
VALUES = st.one_of(st.sampled_from([0.0, 0.05, 0.5, 0.9, 1.0, 50.0, 1e-6]), st.floats(-10, 1e6))
SIGNALS = st.dictionaries(st.sampled_from([*READINGS, "skipped.head.weight"]), VALUES)


def folded(watch: Watch, many: list[dict[str, float]], first: int = 0) -> tuple[Watch, list[Alarm]]:
    found = []
    for place, signals in enumerate(many, start=first):
        watch, alarms = observe(watch, signals | {"step": 50.0 * place, "seen": 3200.0 * place})
        found += alarms
    return watch, found


def saturation(*values: float) -> list[int]:
    """The observations at which `critic-saturated` speaks on these losses, without the window and the warm-up."""
    rules = {"critic-saturated": replace(RULES["critic-saturated"], window=1, after=0, patience=2)}
    watch, found = Watch(), []
    for place, value in enumerate(values):
        watch, alarms = observe(watch, {"step": float(place), "critic.relative": value}, rules=rules)
        found += [alarm.step for alarm in alarms]
    return found


@given(st.lists(SIGNALS, max_size=40), st.integers(0, 40))
def test_a_watch_that_went_through_json_goes_on_identically(many: list[dict[str, float]], cut: int) -> None:
    watch, alarms = folded(Watch(), many)
    half, before = folded(Watch(), many[:cut])
    back = Watch.from_dict(json.loads(json.dumps(half.to_dict())))
    assert back == half
    resumed, after = folded(back, many[cut:], first=len(many[:cut]))
    assert resumed == watch
    assert before + after == alarms
    assert json.loads(json.dumps([alarm.to_dict() for alarm in alarms])) == [alarm.to_dict() for alarm in alarms]


@given(st.lists(SIGNALS, max_size=40))
def test_a_watch_remembers_no_more_than_its_windows_and_never_changes_one(many: list[dict[str, float]]) -> None:
    start = Watch()
    watch, _ = folded(start, many)
    assert start == Watch()
    assert all(len(values) <= max(rule.window for rule in RULES.values()) for values in watch.past.values())
    assert set(watch.speaking) <= set(RULES)


def test_old_values_are_forgotten() -> None:
    watch, _ = folded(Watch(), [dict.fromkeys(READINGS, 0.5)] * 50)
    assert watch.past
    assert all(len(values) <= max(rule.window for rule in RULES.values()) for values in watch.past.values())


def test_one_reading_is_not_enough_and_an_episode_is_told_once() -> None:
    assert saturation(0.01, 0.5, 0.01, 0.5, 0.01) == []
    assert saturation(0.01, 0.01, 0.01, 0.01) == [1]


def test_an_alarm_is_cleared_by_values_well_above_its_limit_only() -> None:
    limit = RULES["critic-saturated"].low
    just, well = 1.2 * limit, 2 * limit
    assert saturation(0.01, 0.01, just, just, just, 0.01, 0.01) == [1]
    assert saturation(0.01, 0.01, well, 0.01, 0.01, 0.01) == [1]
    assert saturation(0.01, 0.01, well, well, 0.01, 0.01) == [1, 5]
    assert saturation(just, just, just, just) == []


def test_the_value_at_the_limit_is_healthy() -> None:
    limit = RULES["critic-saturated"].low
    assert saturation(limit, limit, limit) == []


def test_an_observation_without_a_rules_reading_neither_clears_nor_feeds_it() -> None:
    rules = {"lost-diversity": replace(RULES["lost-diversity"], window=1, after=0, patience=2)}
    watch, found = Watch(), []
    for place, signals in enumerate(
        [{"diversity.samples": 0.1}, {}, {"critic.relative": 0.5}, {"diversity.samples": 0.1}]
    ):
        watch, alarms = observe(watch, signals | {"step": float(place)}, rules=rules)
        found += [alarm.step for alarm in alarms]
    assert found == [3]
    assert watch.speaking == ("lost-diversity",)
