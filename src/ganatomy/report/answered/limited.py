"""What the scorecard answers under its limits: likeness to real samples, what is missing, and copies.

    like_real(everything)           # Answer("Are its samples like real ones?", "Of 8 readings ...", "warn", Claim(...))

A question has the worst verdict of its readings; it passes only where one of those that answer it does. What somebody
set a limit for and no question asks for counts as likeness, so that no judgement is lost.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Final

from ganatomy.evaluate.scorecard.card import Section
from ganatomy.evaluate.scorecard.limits import Limits, Verdict
from ganatomy.report.answered.words import beyond, plainness, reason
from ganatomy.report.claims.spaces import in_words
from ganatomy.report.claims.told import of_measurement
from ganatomy.report.facts import Answer, Claim, Missing
from ganatomy.report.found import Carded, Everything
from ganatomy.report.measured import floor_of
from ganatomy.report.places import measure_of
from ganatomy.results.measurement import Measurement

LIKE, WHOLE, COPIED = "Are its samples like real ones?", "Is anything missing?", "Does it repeat training samples?"
UNJUDGED = "Not judged: "
# question -> patterns of the names of sections, and of measurements in them
ROWS: Mapping[str, tuple[tuple[str, str], ...]] = {
    WHOLE: (
        ("neighbours *", "recall"),
        ("neighbours *", "coverage"),
        ("diversity *", "*"),
        ("classes", "*: share over due"),
        ("groups", "*"),
        ("modes", "modes hit*"),
        ("modes", "reverse KL"),
    ),
    COPIED: (("copies", "*"), ("membership *", "*")),
    LIKE: (("*", "*"),),  # all others
}
MEASURES: Mapping[str, tuple[str, ...]] = {  # whose absence leaves a question open
    LIKE: ("distances", "neighbours"),
    WHOLE: ("neighbours", "diversity", "classes"),
    COPIED: ("copies",),
}
# What can tell that all is well: sections and measurements. Variety is not completeness, and one bound of an interval
# tells no more than that nothing is proven.
BEARS: Mapping[str, tuple[tuple[str, str], ...]] = {
    LIKE: (("distances *", "*"), ("neighbours *", "precision")),
    WHOLE: (
        ("neighbours *", "recall"),
        ("neighbours *", "coverage"),
        ("classes", "*: share over due"),
        ("groups", "*"),
        ("modes", "*"),
    ),
    COPIED: (("copies", "*copies, excess"),),
}
SOUND = "not finite*"  # samples of finite numbers are no likeness: it may speak against a GAN, and never for it
FINE: Final = {LIKE: "Not told from them", WHOLE: "Nothing was found missing", COPIED: "None seen"}
NEAR: Final = {LIKE: "Not quite", WHOLE: "Somewhat", COPIED: "Somewhat"}
WRONG: Final = {LIKE: "No", WHOLE: "Yes", COPIED: "Yes"}
OVER, UNSURE = "beyond what passes, not so far as what fails", "cannot be told for sure"
KEYS: Final = {LIKE: "quality", WHOLE: "quality", COPIED: "copying"}
WORST: tuple[Verdict, ...] = ("fail", "warn", "pass")
DISAGREE = "Spaces disagree"  # how `evaluate.quality.agreement` begins where they do


@dataclass(frozen=True)
class Row:
    """A reading that a limit is set for; no verdict: it cannot be judged."""

    section: Section
    measured: Measurement
    verdict: Verdict | None

    @property
    def sure(self) -> bool:
        return self.measured.interval is not None

    def claim(self, limits: Limits) -> Claim:
        limit = limits.of(self.measured)
        bound = "" if limit is None else str(limit.fails if self.verdict == "fail" else limit.passes)
        told = of_measurement(self.measured, floor_of(measure_of(self.section.name), self.measured.name))
        return replace(told, verdict=self.verdict, limit=bound)


def like_real(everything: Everything) -> Answer:
    answer, rows = _answered(LIKE, everything)
    if not rows or everything.carded is None:
        return answer
    said = next((each.said for each in everything.carded.card.sections if each.name == "agreement"), "")
    if not said.startswith(DISAGREE):
        return answer
    more = " The feature spaces disagree on whether they are told from real ones."
    return _more(answer, " The feature spaces disagree.", more)


def nothing_missing(everything: Everything) -> Answer:
    return _answered(WHOLE, everything)[0]


def not_copied(everything: Everything) -> Answer:
    """What an attack finds out is told beside it, since a GAN may give away what it does not repeat."""
    answer, rows = _answered(COPIED, everything)
    ways = _given_away(everything.carded) if rows else []
    if not ways:
        return answer
    told = "who was in its training data is told better than by chance from"
    return _more(
        answer,
        f" But {' and '.join(ways)} {'tells' if len(ways) == 1 and 'score' in ways[0] else 'tell'} who was trained on.",
        f" Apart from that, {told} {' and from '.join(ways)}.",
    )


def _answered(question: str, everything: Everything) -> tuple[Answer, tuple[Row, ...]]:
    rows = () if everything.carded is None else rows_of(question, everything.carded)
    judged = [row for row in rows if row.verdict is not None]
    verdict = next((each for each in WORST if any(row.verdict == each for row in judged)), None)
    if everything.carded is None or verdict is None or (verdict == "pass" and not _borne(question, judged)):
        said = UNJUDGED + _why(question, everything, rows) + "."
        return Answer(question, said, None, None, KEYS[question]), ()
    limits = everything.carded.card.limits
    claim = _first([row for row in judged if row.verdict == verdict], limits).claim(limits)
    counts = _counted(rows, limits)
    brief, said = _brief(question, verdict, counts), _said(claim, rows, counts)
    return Answer(question, brief, verdict, claim, KEYS[question], said), rows


def rows_of(question: str, carded: Carded) -> tuple[Row, ...]:
    """All under a limit that belong to the question, in the order of the card."""
    return tuple(
        Row(section, measured, verdict)
        for section, measured, verdict in carded.card.judged()
        if carded.card.limits.of(measured) is not None
        and _asked(section.name, measured.name) == question
        and not (verdict == "pass" and fnmatchcase(measured.name, SOUND))
    )


def _borne(question: str, judged: Iterable[Row]) -> bool:
    """Whether one of them tells something of the question."""
    return any(
        fnmatchcase(row.section.name, section) and fnmatchcase(row.measured.name, name)
        for row in judged
        for section, name in BEARS[question]
    )


def _asked(section: str, measure: str) -> str:
    pairs = ((question, *pattern) for question, patterns in ROWS.items() for pattern in patterns)
    return next(each for each, s, m in pairs if fnmatchcase(section, s) and fnmatchcase(measure, m))


def _first(rows: list[Row], limits: Limits) -> Row:
    """One with an interval, surely beyond what passes, of what is said most plainly; then what misses it by most."""
    return max(
        rows,
        key=lambda row: (
            row.sure,
            beyond(row.claim(limits)),
            -plainness(row.measured.name),
            0.0 if row.verdict == "pass" else _far(row, limits),
        ),
    )


def _far(row: Row, limits: Limits) -> float:
    """How far the nearer end of its interval lies beyond the bound that it misses, in sizes of that bound."""
    limit, within = limits.of(row.measured), row.measured.interval
    if limit is None:
        return 0.0
    bound, much = (limit.fails, not limit.fails.upper) if row.verdict == "fail" else (limit.passes, limit.passes.upper)
    place = bound.at(row.measured.floor) or 0.0
    low, high = (row.measured.value,) * 2 if within is None else (within.low, within.high)
    far = low - place if much else place - high
    return far / abs(place) if place else math.copysign(math.inf, far) if far else 0.0


def _counted(rows: Iterable[Row], limits: Limits) -> dict[str, int]:
    """How many come out in each way; a warning is beyond what passes or in doubt."""
    counts = dict.fromkeys(("fail", OVER, UNSURE, "pass", "lost"), 0)
    for row in rows:
        warned = OVER if beyond(row.claim(limits)) else UNSURE
        counts[warned if row.verdict == "warn" else row.verdict or "lost"] += 1
    return counts


def _brief(question: str, verdict: Verdict, counts: Mapping[str, int]) -> str:
    """Of those that were judged; how many were not is said beside it."""
    many, lost = sum(counts.values()) - counts["lost"], counts["lost"]
    readings = "1 reading" if many == 1 else f"{many} readings"
    rest = f"; {lost} could not be judged." if lost else "."
    if verdict == "pass":
        return f"{FINE[question]}, by {readings} within {'its limit' if many == 1 else 'their limits'}{rest}"
    if verdict == "fail":
        worst = counts["fail"]
        miss = "misses its limit" if worst == 1 else "miss their limits"
        return f"{WRONG[question]}: {worst} of {readings} {miss}{rest}"
    over, doubt = counts[OVER], counts[UNSURE]
    if not over:
        return f"It cannot be told for sure: {doubt} of {readings} {_are(doubt)} in doubt{rest}"
    more = f", {doubt} {_are(doubt)} in doubt" if doubt else ""
    return f"{NEAR[question]}: {over} of {readings} {_are(over)} beyond what passes{more}{rest}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _said(claim: Claim, rows: tuple[Row, ...], counts: Mapping[str, int]) -> str:
    lost = ", ".join(dict.fromkeys(row.measured.name for row in rows if row.verdict is None))
    words = {
        "fail": "beyond their limit",
        OVER: OVER,
        UNSURE: f"that {UNSURE}",
        "pass": "within",
        "lost": f"that cannot be judged ({lost})",
    }
    listed = ", ".join(f"{counts[each]} {said}" for each, said in words.items() if counts[each])
    many = "1 reading has a limit" if len(rows) == 1 else f"{len(rows)} readings have a limit"
    warned = OVER[:1].upper() + OVER[1:] if beyond(claim) else UNSURE[:1].upper() + UNSURE[1:]
    lead = {"fail": "Told most plainly", "pass": "Among them"}.get(claim.verdict or "", warned)
    return f"{many}: {listed}. {lead}: {reason(claim)}{_where(claim)}."


def _where(claim: Claim) -> str:
    return f" (n {claim.n:,}" + (f", {in_words(claim.space)})" if claim.space else ")")


def _why(question: str, everything: Everything, rows: tuple[Row, ...]) -> str:
    """The reason it is not judged: somebody's who could not measure, or that no limit says anything."""
    if everything.why_no_samples:
        return f"it gives no samples ({everything.why_no_samples})"
    if not everything.has_data:
        return "no real samples were given"
    names = MEASURES[question]
    left = () if everything.carded is None else everything.carded.card.left_out
    missing = [*everything.missing, *(Missing(each.name, each.said, each.remedy) for each in left)]
    found = next((each.said for name in names for each in missing if each.name == name), None)
    if found:
        return found.rstrip(".")
    if everything.carded is None:
        return "nothing was measured of its samples"
    alone = ", ".join(dict.fromkeys(row.measured.name for row in rows if row.verdict is not None))
    if alone:
        return f"of what was measured only this has a limit, and it does not answer the question: {alone}"
    return "its readings cannot be held against their limits" if rows else "no limit is set for what was measured of it"


def _given_away(carded: Carded | None) -> list[str]:
    """By what an attack tells members, its interval above what shuffled labels read."""
    sections = {} if carded is None else {section.name: section for section in carded.card.sections}
    found = []
    for name, way in {"membership critic": "its critic's score", "membership generator": "its samples"}.items():
        measured = sections[name].measured if name in sections else ()
        area = next((each for each in measured if each.name == "AUC"), None)
        if area is not None and area.interval is not None and area.floor is not None and area.interval.low > area.floor:
            found.append(way)
    return found


def _more(answer: Answer, said: str, more: str) -> Answer:
    return replace(answer, said=answer.said + said, more=answer.more + more)
