"""The answer to each question in a sentence or two, from the claims of its parts and from nothing else.

lead_of("copying", parts, gathered={}, everything=everything)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ganatomy.evaluate.scorecard.card import written
from ganatomy.report.claims.cells import Evidence
from ganatomy.report.facts import Claim, Part
from ganatomy.report.found import Everything
from ganatomy.results.measurement import Measurement

Parts = Sequence[Part]
Gathered = Mapping[str, Evidence]
# Explainers that a lead speaks of, the telling ones first; of measures, readings by name.
SPOKEN: Mapping[str, tuple[str, ...]] = {
    "units": ("dissection", "sets", "artifacts"),
    "directions": ("directions", "coordinates"),
    "critic": ("cues", "carriers"),
    "training": ("emergence",),
}
READINGS: Mapping[str, tuple[str, ...]] = {
    "samples": ("looks real", "unlike real ones"),
    "directions": ("share of paths through the latent space that jump",),
    "critic": ("chance that a real sample scores above a generated one",),
    "failures": ("beyond the real 99 %", "not finite"),
    "copying": ("near-exact copies, excess", "AUC", "the critic has memorised training pictures"),
    "theory": ("share of the loss left, of this critic beside the best one",),
}
NOTHING = "Nothing was found out about this: the reasons stand below."


def lead_of(key: str, parts: Parts, *, gathered: Gathered, everything: Everything) -> str:
    said = [_course(everything)] if key == "training" else []
    said += [_reading(claim) for claim in _read(key, parts)]
    said += [counted for name in SPOKEN.get(key, ()) if (counted := _counted(gathered.get(name)))]
    said += [limits] if (limits := _limits(parts)) else []
    said = [each for each in said if each]
    if said:
        return " ".join(said[:3])
    looked = [part.name for part in parts]
    if looked:
        return f"Here is what was looked at: {', '.join(looked)}. None of it is a number that answers in one line."
    return NOTHING


def _read(key: str, parts: Parts) -> list[Claim]:
    every = [claim for part in parts for claim in part.claims]
    found = (next((claim for claim in every if claim.what == name), None) for name in READINGS.get(key, ()))
    return [claim for claim in found if claim is not None][:2]


def _reading(claim: Claim) -> str:
    """The number, its interval, its control and its verdict, as they stand in the table."""
    value = written(Measurement(claim.what, claim.effect, 0, "", "neither", claim.interval))
    control = "" if claim.control is None else f", beside {claim.control:.3g} ({claim.controlled})"
    verdict = f": {claim.verdict}" if claim.verdict else ""
    space = f", in {claim.space}" if claim.space else ""
    return f"{claim.what[:1].upper()}{claim.what[1:]}{space}: {value}{control}{verdict}."


def _counted(evidence: Evidence | None) -> str:
    """Of what was tested most often: in numbers, its strongest claim if one is present, and what else counts there."""
    families = [each for each in evidence.families if each.judged] if evidence else []
    if not families:
        return ""
    most = max(families, key=lambda each: each.judged)
    ranked = (*most.first, *most.rest)
    counted = most.counted or _reading(ranked[0][1])
    best = f"The strongest: {most.first[0][1].what}." if most.counted and most.first else ""
    return " ".join(each for each in (counted, best, most.more) if each)


def _limits(parts: Parts) -> str:
    """Of readings under a limit how many pass, and the first that does worst."""
    judged = [claim for part in parts for claim in part.claims if claim.verdict in ("pass", "warn", "fail")]
    if not judged:
        return ""
    counts = {word: sum(claim.verdict == word for claim in judged) for word in ("pass", "warn", "fail")}
    worst = next((claim for word in ("fail", "warn") for claim in judged if claim.verdict == word), None)
    named = "" if worst is None else f" The first to {worst.verdict}: {worst.what}{_in(worst)}."
    return f"Of {len(judged)} readings under a limit {_listed(counts)}.{named}"


def _listed(counts: Mapping[str, int]) -> str:
    verbs: Mapping[str, Callable[[int], str]] = {
        "pass": lambda n: "passes" if n == 1 else "pass",
        "warn": lambda n: "warns" if n == 1 else "warn",
        "fail": lambda n: "fails" if n == 1 else "fail",
    }
    said = [f"{count} {verbs[word](count)}" for word, count in counts.items()]
    return f"{', '.join(said[:-1])} and {said[-1]}"


def _in(claim: Claim) -> str:
    return f" in {claim.space}" if claim.space else ""


def _course(everything: Everything) -> str:
    course = everything.course
    if course is None:
        return _sentence(everything.why_no_course)
    why = f" ({course.reason})" if course.reason else ""
    alarms = f"{len(course.alarms)} alarm{'s' * (len(course.alarms) != 1)}" if course.alarms else "no alarm"
    first = f": {_sentence(course.alarms[0][2])}" if course.alarms else "."
    return f"Its training is {course.state}{why} after {course.steps} steps, with {alarms}{first}"


def _sentence(text: str) -> str:
    """Begun with a capital letter and ended with a stop."""
    text = text.strip()
    return text and text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".")
