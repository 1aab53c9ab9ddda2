"""Whether the critic's score may be believed, from what explainers found of it; with no threshold of its own.

    believed(everything)        # Answer("May its critic's score be believed?", "It may be used to ...", "warn", Claim)

Four readings: does it put real above generated (its interval against 1/2), is it a probability (its error against
that of a calibrated one, and Spiegelhalter's Z as `evaluate.trust` judges it), does it know training pictures by heart,
and do edits beside the point move it more than noise of equal size (the verdicts of the findings).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from ganatomy.evaluate.trust.calibration import uncalibrated
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.report.answered.limited import UNJUDGED
from ganatomy.report.answered.words import valued
from ganatomy.report.claims.told import of_finding
from ganatomy.report.facts import Answer, Claim
from ganatomy.report.found import Everything, Found
from ganatomy.results.explanation import Explanation
from ganatomy.results.finding import Finding
from ganatomy.results.measurement import Measurement
from ganatomy.results.record import Record

QUESTION, KEY = "May its critic's score be believed?", "critic"
GUESSING = 0.5
RAW = "as it is"  # the score without a head
CALIBRATED = "reaches down to the error of a calibrated score; Spiegelhalter's Z does not refute it"
FINE, OPEN, REFUTED = "not refuted", "not told", "refuted"  # as a probability
SHOWN = 4  # cues that are named
Verdict = Literal["pass", "warn", "fail"]


@dataclass(frozen=True)
class Told:
    """What one reading comes to. use: what the score may be used for; known: what is not refuted; beware: what not.

    good and bad are the same at a glance: clauses of which the score is the subject.
    """

    verdict: Verdict
    claim: Claim
    use: str = ""
    known: str = ""
    beware: str = ""
    good: str = ""
    bad: str = ""


def believed(everything: Everything) -> Answer:
    if everything.why_no_samples:
        return Answer(QUESTION, f"{UNJUDGED}it cannot be asked ({everything.why_no_samples}).", None, None, KEY)
    if not everything.has_critic:
        return Answer(QUESTION, f"{UNJUDGED}it has no critic.", None, None, KEY)
    told = {name: reading(everything.found.get(name, ())) for name, reading in READINGS.items()}
    told["calibration"] = _ranked(told["calibration"], told["order"])
    seen = [each for each in told.values() if each is not None]
    absent = [name for name, each in told.items() if each is None]
    if told["order"] is None:
        return Answer(QUESTION, f"{UNJUDGED}{_why(everything, 'order')}.", None, None, KEY)
    worst = next(each for verdict in ("fail", "warn", "pass") for each in seen if each.verdict == verdict)
    open_ = f" Not looked at: {', '.join(WANTED[name] for name in absent)}." if absent else ""
    verdict = None if worst.verdict == "pass" and absent else worst.verdict  # what was not seen may be wrong
    return Answer(QUESTION, _brief(seen), verdict, worst.claim, KEY, _said(seen) + open_)


def _brief(seen: Iterable[Told]) -> str:
    good = " and ".join(each.good for each in seen if each.good)
    bad = ", ".join(each.bad for each in seen if each.bad)
    said = "; but ".join(each for each in (good, bad) if each)
    return f"It {said}." if said else "Nothing was found that it may be used for."


def _said(seen: Iterable[Told]) -> str:
    uses = [each.use for each in seen if each.use]
    bewares = [each.beware for each in seen if each.beware]
    known = "".join(f", and {each.known}" for each in seen if each.known)
    good = f"It may be used {' and '.join(uses)}" if uses else "Nothing was found that it may be used for"
    return f"{good}{known}; but {'; '.join(bewares)}." if bewares else f"{good}{known}."


def _why(everything: Everything, name: str) -> str:
    found = next((each.said for each in everything.missing if each.name == name), None)
    return found.rstrip(".") if found else "whether it puts real samples above generated ones was not asked"


def _order(found: tuple[Found, ...]) -> Told | None:
    record = _explained(found, "auc")
    if record is None:
        return None
    area, low, high = (float(record.arrays[name][0]) for name in ("auc", "low", "high"))
    within = Interval(low, high, 0.95, "area under ROC")
    told = f"area under ROC {valued(area, within, beside=[GUESSING])}, where guessing has {GUESSING:g}"
    verdict: Verdict = "fail" if high < GUESSING else "pass" if low > GUESSING else "warn"
    claim = Claim(
        "real above generated, area under ROC",
        area,
        within,
        GUESSING,
        "guessing",
        verdict,
        limit=f"> {GUESSING:g}",
        method=record.method,
        better="high",
    )
    said = {
        "fail": Told(
            verdict,
            claim,
            beware=f"it puts generated samples above real ones, against what is declared ({told})",
            bad="puts generated above real",
        ),
        "warn": Told(
            verdict,
            claim,
            beware=f"it is not shown to tell real samples from generated ones ({told})",
            bad="is not shown to tell real from generated",
        ),
        "pass": Told(
            verdict,
            claim,
            use=f"to rank samples, since it puts real ones above generated ones ({told})",
            good="puts real above generated",
        ),
    }
    return said[verdict]


def _calibration(found: tuple[Found, ...]) -> Told | None:
    """The score as it is where it is a logit, and after the head that `explain` chose on other samples."""
    record = next((each for each in _explanations(found) if each.grades), None)
    heads = {} if record is None else _heads(record)
    if record is None or not heads:
        return None
    chosen = re.search(r"The head is (.+?) \(", record.note)
    head = chosen.group(1) if chosen and chosen.group(1) in heads else next(iter(heads))
    name = RAW if RAW in heads else head
    state, claim, told = _probable(heads[name])
    after = "" if name == RAW else " after a fitted head"
    fitted = "" if name == RAW else f"{after} ({name})"
    if state == FINE:
        known = f"it is not refuted as a probability{fitted} ({told})"
        return Told("pass", claim, known=known, good=f"is not refuted as a probability{after}")
    if state == OPEN:
        beware = f"whether it is a probability{fitted} could not be told ({told})"
        return Told("warn", claim, beware=beware, bad=f"may be no probability{after}")
    wrong = f"it is no probability{fitted or ' as it is'} ({told})"
    if name != head and _probable(heads[head])[0] == FINE:
        return Told(
            "warn",
            claim,
            known=f"it is not refuted as a probability after a fitted head ({head})",
            beware=wrong,
            good="is not refuted as a probability after a fitted head",
            bad="is none as it is",
        )
    return Told("warn", claim, beware=wrong, bad=f"is no probability{after}")


def _ranked(calibrated: Told | None, order: Told | None) -> Told | None:
    """A score that is not shown to put real above generated is no probability, however small its error."""
    if calibrated is None or order is None or order.verdict == "pass" or not calibrated.known:
        return calibrated
    beware = "nor is it of use as a probability, since it is not shown to rank them"
    claim = replace(calibrated.claim, verdict="warn")
    return Told("warn", claim, beware="; ".join(each for each in (beware, calibrated.beware) if each))


def _probable(grades: Mapping[str, Measurement]) -> tuple[str, Claim, str]:
    """Not refuted, refuted (by Z, or an error surely above that of a calibrated one), or not told: no interval says."""
    error, wrong = grades["ECE"], uncalibrated(grades)
    within, floor = error.interval, error.floor
    told = within is not None and floor is not None and all(map(math.isfinite, (within.low, within.high, floor)))
    above = within is not None and floor is not None and within.low > floor
    state = REFUTED if wrong or above else FINE if told else OPEN
    claim = Claim(
        "error as a probability (ECE)",
        error.value,
        within,
        floor,
        "" if floor is None else "a calibrated score",
        "pass" if state == FINE else "warn",
        CALIBRATED,
        error.n,
        method=error.estimator,
        better="low",
    )
    marks = () if floor is None else (floor,)
    beside = "" if floor is None else f", where a calibrated one has {valued(floor)}"
    found = f"error {valued(error.value, within, beside=marks)}{beside}"
    return state, claim, found + (f"; it is {wrong}" if wrong else "")


def _heads(record: Explanation) -> Mapping[str, dict[str, Measurement]]:
    heads: dict[str, dict[str, Measurement]] = {}
    for key, grade in record.grades.items():
        heads.setdefault(key.split(": ")[0], {})[grade.name] = grade
    return {name: each for name, each in heads.items() if {"ECE", "Spiegelhalter Z"} <= each.keys()}


def _memory(found: tuple[Found, ...]) -> Told | None:
    finding = next((each.record for each in found if isinstance(each.record, Finding)), None)
    if finding is None:
        return None
    claim = of_finding(finding)
    share = valued(finding.effect + GUESSING, _moved(finding.interval), share=True)
    beware = {
        "present": f"not on training pictures, which it knows: they score above held-out ones {share} of the time, "
        f"where {valued(GUESSING, share=True)} is chance",
        "undetermined": "whether it knows its training pictures by heart could not be told",
        "absent": "",
    }
    bad = {"present": "knows training pictures by heart", "undetermined": "may know training pictures", "absent": ""}
    verdict: Verdict = "pass" if finding.verdict == "absent" else "warn"
    return Told(verdict, claim, beware=beware[finding.verdict], bad=bad[finding.verdict])


def _cues(found: tuple[Found, ...]) -> Told | None:
    record = _explained(found, "cue")
    if record is None:
        return None
    arrays = record.arrays
    present, absent = (int((arrays["verdict"] == code).sum()) for code in (1, -1))
    tested = int(arrays["verdict"].size)
    kinds = list(dict.fromkeys(str(cue) for cue, row in zip(arrays["cue"], arrays["verdict"], strict=True) if 1 in row))
    claim = Claim(
        "edits that move the score more than noise of equal size",
        float(present),
        verdict="warn" if present else "pass",
        limit="<= 0",
        n=tested,
        method=f"{tested} tests of edits, levels and sorts: {present} present, {absent} absent",
        better="low",
    )
    if not present:
        return Told("pass", claim)
    named = ", ".join(f"'{kind}'" for kind in kinds[:SHOWN]) + (
        f" and {len(kinds) - SHOWN} more" if len(kinds) > SHOWN else ""
    )
    kinds_told = f"{len(kinds)} kinds of edit" if len(kinds) > 1 else f"the edit '{kinds[0]}'"
    beware = f"edits move it more than noise of equal size does: {named}"
    return Told("warn", claim, beware=beware, bad=f"is moved by {kinds_told}")


READINGS: Mapping[str, Callable[[tuple[Found, ...]], Told | None]] = {
    "order": _order,
    "calibration": _calibration,
    "memory": _memory,
    "cues": _cues,
}
WANTED: Mapping[str, str] = {
    "order": "whether it puts real above generated",
    "calibration": "whether it is a probability",
    "memory": "whether it knows training pictures by heart",
    "cues": "whether marks, borders, compression or frequencies move it",
}


def _moved(within: Interval) -> Interval:
    return Interval(within.low + GUESSING, within.high + GUESSING, within.level, within.method)


def _explained(found: tuple[Found, ...], array: str) -> Explanation | None:
    return next((each for each in _explanations(found) if array in each.arrays), None)


def _explanations(found: tuple[Found, ...]) -> list[Explanation]:
    records: list[Record] = [each.record for each in found]
    return [each for each in records if isinstance(each, Explanation)]
