"""Episodes of alarms: from when to when each held, by which evidence beside which limits, and what the reading did.

    for episode in episodes(record):
        episode.rule, episode.first, episode.cleared      # "critic-saturated", 400, None: it held to the end
        print(episode.said)

The rules are those that spoke during the run. They are applied again to the lines of the record, which also tells when
an alarm was cleared; that is not written down during a run. A line without readings clears nothing, nor does the last
round of a run that broke off: what was wrong with it was not put right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ganatomy.explain.game.record import NOT_READ, Record, Spoken
from ganatomy.training.health.rule import Rule
from ganatomy.training.health.watch import Watch, observe

BROKEN = ("diverged", "failed")


@dataclass(frozen=True)
class Course:
    """A reading around an alarm: when it was first taken in the run, at the alarm, at the end; lowest and highest."""

    start: float
    then: float
    end: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class EpisodeTold:
    """Of one alarm; `cleared` is the round in which it was cleared, None where it held to the end."""

    rule: str
    first: int
    cleared: int | None
    sentence: str
    advice: str
    evidence: Mapping[str, float]
    limits: Mapping[str, float]
    courses: Mapping[str, Course]

    @property
    def said(self) -> str:
        until = "to the end" if self.cleared is None else f"to round {self.cleared}"
        readings = ", ".join(f"{name} {value:.3g}" for name, value in self.evidence.items())
        limits = " or ".join(f"{side} {value:.3g}" for side, value in self.limits.items())
        return f"{self.rule} from round {self.first} {until} ({readings}" + (f"; limit {limits})" if limits else ")")


def episodes(record: Record) -> tuple[EpisodeTold, ...]:
    """In the order of their beginning."""
    cleared = _cleared(record)
    return tuple(_told(record, alarm, cleared.get((alarm.rule, alarm.step))) for alarm in record.alarms)


def _cleared(record: Record) -> dict[tuple[str, int], int]:
    """By rule and the round it spoke in, the round in which it fell silent again."""
    watch, open_, ends = Watch(), {}, {}
    for row in record.rows:
        if not set(row) - set(NOT_READ):
            continue
        before = set(watch.speaking)
        watch, _ = observe(watch, row, rules=record.rules)
        now, step = set(watch.speaking), int(row["step"])
        for rule in now - before:
            open_[rule] = step
        for rule in before - now:
            ends[rule, open_.pop(rule)] = step
    broken = record.state in BROKEN
    return {key: step for key, step in ends.items() if not (broken and step == record.last)}


def _told(record: Record, alarm: Spoken, cleared: int | None) -> EpisodeTold:
    rule = record.rules.get(alarm.rule)
    courses = {name: course for name in alarm.evidence if (course := _course(record, name, alarm.step)) is not None}
    limits = {} if rule is None else _limits(rule)
    return EpisodeTold(alarm.rule, alarm.step, cleared, alarm.sentence, alarm.advice, alarm.evidence, limits, courses)


def _limits(rule: Rule) -> dict[str, float]:
    both = {"below": rule.low, "above": rule.high}
    return {side: value for side, value in both.items() if 0.0 < value < float("inf")}


def _course(record: Record, name: str, step: int) -> Course | None:
    values = record.course(name)[1]
    until = record.course(name, last=step)[1]
    if not len(until):
        return None
    return Course(float(values[0]), float(until[-1]), float(values[-1]), float(values.min()), float(values.max()))
