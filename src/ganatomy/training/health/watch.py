"""Listening to a run: a pure fold over its signals that says what is wrong, once an episode.

    watch = Watch()
    watch, alarms = observe(watch, signals)      # of every log line and every probe
    for alarm in alarms: print(alarm.line())
    Watch.from_dict(json.loads(json.dumps(watch.to_dict())))     # goes on exactly where it was

A rule speaks when its condition has held for `patience` observations in a row that carry its readings, and is quiet
from then on until the condition, with an eased limit, has been absent for as many.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ganatomy.training.health.rule import Past, Rule
from ganatomy.training.health.rules import RULES

Signals = Mapping[str, float]


@dataclass(frozen=True)
class Alarm:
    """What was noticed, when, by which readings, and what one can do."""

    rule: str
    step: int
    seen: int
    sentence: str
    advice: str
    evidence: dict[str, float]

    def line(self) -> str:
        """For the log."""
        readings = ", ".join(f"{name} {value:.3g}" for name, value in self.evidence.items())
        return f"{self.rule} at step {self.step}: {self.sentence} ({readings}) {self.advice}"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Episode:
    """Of one rule: observations in a row that it held, or did not hold, and whether it has spoken."""

    held: int = 0
    clear: int = 0
    speaking: bool = False

    def next(self, holds: bool, patience: int) -> Episode:
        if holds:
            return Episode(self.held + 1, 0, self.speaking or self.held + 1 >= patience)
        return Episode(0, self.clear + 1, self.speaking and self.clear + 1 < patience)


@dataclass(frozen=True)
class Watch:
    """What must be remembered: the last values of each reading, the lowest, and each rule's episode."""

    past: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    lowest: Mapping[str, float] = field(default_factory=dict)
    episodes: Mapping[str, Episode] = field(default_factory=dict)

    @property
    def speaking(self) -> tuple[str, ...]:
        """The rules whose alarm has not been cleared."""
        return tuple(name for name, episode in self.episodes.items() if episode.speaking)

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "past": {name: list(values) for name, values in self.past.items()},
            "lowest": dict(self.lowest),
            "episodes": {name: asdict(episode) for name, episode in self.episodes.items()},
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Watch:
        return cls(
            {name: tuple(values) for name, values in plain["past"].items()},
            dict(plain["lowest"]),
            {name: Episode(**episode) for name, episode in plain["episodes"].items()},
        )


def observe(watch: Watch, signals: Signals, *, rules: Mapping[str, Rule] = RULES) -> tuple[Watch, tuple[Alarm, ...]]:
    """The watch after these signals, and the alarms they raise. Readings that are absent are waited for."""
    watch = _remembered(watch, signals, rules)
    past = Past(signals, watch.past, watch.lowest)
    episodes, alarms = dict(watch.episodes), []
    step, seen = int(signals.get("step", 0)), int(signals.get("seen", 0))
    for name, rule in rules.items():
        before = episodes.get(name, Episode())
        if not rule.concerned(signals) or step < rule.after:
            continue
        evidence = (rule.eased if before.speaking else rule).examine(past)
        episodes[name] = now = before.next(evidence is not None, rule.patience)
        if now.speaking and not before.speaking and evidence is not None:
            alarms.append(Alarm(name, step, seen, rule.sentence, rule.advice, evidence))
    return replace(watch, episodes=episodes), tuple(alarms)


def _remembered(watch: Watch, signals: Signals, rules: Mapping[str, Rule]) -> Watch:
    past, lowest = dict(watch.past), dict(watch.lowest)
    windows: dict[str, int] = {}
    for rule in rules.values():
        for name in rule.reads:
            windows[name] = max(windows.get(name, 1), rule.window)
    for name, window in windows.items():
        if name in signals:
            past[name] = (*past.get(name, ()), signals[name])[-window:]
            lowest[name] = min(lowest.get(name, signals[name]), signals[name])
    return Watch(past, lowest, watch.episodes)
