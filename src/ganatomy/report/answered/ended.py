"""How its training ended, from the record of the run alone.

ended(everything)       # Answer("Did its training end well?", "It was finished after 3,500 rounds ...", "pass", None)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ganatomy.report.answered.limited import UNJUDGED
from ganatomy.report.facts import Answer, Claim
from ganatomy.report.found import Course, Everything

QUESTION, KEY = "Did its training end well?", "training"
SHOWN = 3  # alarms that are named
Verdict = Literal["pass", "warn", "fail"] | None
UNDERWAY = "underway"  # of a run that is looked at in an earlier round
# state of a run -> verdict, and what it means
STATES: Mapping[str, tuple[Verdict, str]] = {
    "finished": ("pass", "It was finished"),
    "interrupted": ("warn", "It was stopped before its end"),
    "killed": ("warn", "It broke off without a word, as where a process is killed"),
    "running": ("warn", "It is still going on"),
    "diverged": ("fail", "It diverged: its numbers left the finite range"),
    "failed": ("fail", "It ended in an error"),
    UNDERWAY: (None, "It is looked at in round {}, before its end"),
}


def ended(everything: Everything) -> Answer:
    course = everything.course
    if course is None:
        why = everything.why_no_course.rstrip(".") or "no record of its training is known"
        return Answer(QUESTION, f"{UNJUDGED}{why}.", None, None, KEY)
    verdict, said = STATES.get(course.state, ("warn", f"Its state is '{course.state}', which nothing is known of"))
    if course.state == UNDERWAY:
        said = said.format(f"{course.steps:,}")
    if course.alarms and verdict in ("pass", None):
        verdict = "warn"
    brief = _brief(said, course)
    if verdict is None:
        brief = f"{UNJUDGED}{brief[:1].lower()}{brief[1:]}"
    return Answer(QUESTION, brief, verdict, _alarmed(course, verdict), KEY, _said(said, course))


def _brief(said: str, course: Course) -> str:
    """The first alarm by name."""
    if not course.alarms:
        return f"{said}; no alarm stands." if course.state == "finished" else f"{said}."
    rule, since, _ = course.standing[0]
    sign = ", but" if course.state == "finished" else ";"
    if len(course.alarms) == 1:
        return f"{said}{sign} the alarm '{rule}' stands since round {since:,}."
    return f"{said}{sign} {len(course.alarms)} alarms stand, the first ('{rule}') since round {since:,}."


def _said(said: str, course: Course) -> str:
    images = "" if course.images is None else f", {_many(course.images, 'image')}"
    why = f" ({course.reason.rstrip('.')})" if course.reason else ""
    told = f"{said}{why}, after {_many(course.steps, 'round')}{images}."
    if course.state == UNDERWAY:  # the reason and the round are what is said
        told = f"{said}" + ("." if course.images is None else f", after {_many(course.images, 'image')}.")
    if not course.alarms:
        return f"{told} No alarm stands."
    named = "; ".join(f"{rule} since round {first:,}" for rule, first, _ in course.standing[:SHOWN])
    more = len(course.alarms) - SHOWN
    rest = f"; and {more} more" if more > 0 else ""
    return f"{told} {_many(len(course.alarms), 'alarm')} still {_s(course, 'stands', 'stand')}: {named}{rest}."


def _alarmed(course: Course, verdict: Verdict) -> Claim | None:
    if not course.alarms:
        return None
    count = float(len(course.alarms))
    return Claim("alarms that still stand", count, verdict=verdict, limit="<= 0", method="rules of health")


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" + "s" * (count != 1)


def _s(course: Course, one: str, many: str) -> str:
    return one if len(course.alarms) == 1 else many
