"""The answer to each question in two sentences at most, from the claims of its parts and from nothing else.

lead_of("copying", parts, gathered={}, everything=everything)

They are written for somebody who knows no measure by name: what was counted, of how many, beside what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ganatomy.evaluate.scorecard.card import written
from ganatomy.report.answered.ended import UNDERWAY
from ganatomy.report.claims.cells import Evidence, Family
from ganatomy.report.claims.critic import EDITS, ORDER, REMOVALS
from ganatomy.report.claims.latent import AHEAD
from ganatomy.report.claims.spaces import in_words
from ganatomy.report.claims.units import ALONE, FLAWS, TOGETHER
from ganatomy.report.facts import Claim, Part
from ganatomy.report.found import Everything
from ganatomy.report.limits_told import limits_told
from ganatomy.results.measurement import Measurement

SENTENCES = 2
FEW = 100  # so few of anything are called only so many
CRITIC, SAMPLES = "by the critic's score", "by the generated samples"
NOTHING = "Nothing was found out about this: the reasons stand below."


@dataclass(frozen=True, eq=False)
class Known:
    """Of one section: its parts, and all families of what explainers found."""

    parts: Sequence[Part]
    gathered: Mapping[str, Evidence]
    everything: Everything

    def claims(self, pattern: str) -> list[Claim]:
        return [claim for part in self.parts for claim in part.claims if fnmatchcase(claim.what, pattern)]

    def claim(self, pattern: str) -> Claim | None:
        return next(iter(self.claims(pattern)), None)

    def family(self, explainer: str, noun: str) -> Family | None:
        """One that was tested, by what was tested."""
        found = self.gathered.get(explainer)
        every = () if found is None else found.families
        return next((each for each in every if each.judged and fnmatchcase(each.noun, noun)), None)


# How a run's state is told.
WENT: Mapping[str, str] = {
    "finished": "was finished",
    "interrupted": "was stopped",
    "killed": "broke off",
    "running": "is going on",
    "diverged": "diverged",
    "failed": "ended in an error",
    UNDERWAY: "was underway",
}


def lead_of(key: str, parts: Sequence[Part], *, gathered: Mapping[str, Evidence], everything: Everything) -> str:
    known = Known(parts, gathered, everything)
    said = [each for each in LEADS[key](known) if each]
    if said:
        return " ".join(said[:SENTENCES])
    looked = [part.name for part in parts]
    if looked:
        return f"Here is what was looked at: {', '.join(looked)}. None of it is a number that answers in one line."
    return NOTHING


def _samples(known: Known) -> Iterator[str]:
    looks, unlike = known.claim("looks real"), known.claim("unlike real ones")
    if looks is not None:
        yield f"{_of(looks, 'samples')} {_share(looks)} look like real ones{_compared(looks)}{_floor(looks, 'do')}."
    if unlike is not None:
        yield f"{_share(unlike)} are surely unlike real ones{_floor(unlike, 'seem to be')}."


def _training(known: Known) -> Iterator[str]:
    yield _course(known.everything)
    found = known.family("emergence", "*")
    if found is not None:
        yield f"Of {found.judged} effects that were followed over checkpoints {found.present} are there at the last."


def _units(known: Known) -> Iterator[str]:
    alone, several = known.family("dissection", ALONE), known.family("dissection", TOGETHER)
    said = []
    if alone is not None:
        said.append(
            f"switching off a single unit surely changes what samples show in {alone.present:,} of {alone.judged:,}"
            f" pairs of unit and concept{_strongest(alone)}"
        )
    if several is not None:
        who, verb = ("of them", "does") if said else ("units", "surely changes what samples show")
        said.append(
            f"switching off several {who} together {verb} in {several.present:,} of"
            f" {several.judged:,}{_strongest(several)}"
        )
    yield _sentence("; ".join(said))
    sets, flaws = known.family("sets", "finding*"), known.family("artifacts", FLAWS)
    if sets is not None:
        best = _strongest(sets)
        yield f"Of {sets.judged} sets of units that were searched for {sets.present} carry their concept{best}."
    if flaws is not None:
        yield (
            f"In {flaws.present:,} of {flaws.judged:,} tests samples are less real where a unit is active"
            f"{_strongest(flaws)}."
        )


def _directions(known: Known) -> Iterator[str]:
    """The strongest is named where it is of those that beat random directions."""
    said, verb = [], "change samples more than random directions of the same length do"
    for explainer, noun in (("directions", "directions"), ("coordinates", "latent coordinates")):
        found = known.family(explainer, "*")
        if found is not None and found.beside[1]:
            beats, many = found.beside
            best = _strongest(found) if found.first and found.first[0][0] >= AHEAD else ""
            said.append(f"{beats} of {many} {noun} {verb}{best}")
            verb = "do"
    yield _sentence("; ".join(said))
    jumps = known.claim("share of paths through the latent space that jump")
    if jumps is not None:
        yield f"{_of(jumps, 'paths through the latent space')} {_share(jumps)} jump."


def _critic(known: Known) -> Iterator[str]:
    """Of the score as it stands, which is the first row."""
    order = known.claim(f"{ORDER}*")
    if order is not None:
        yield (
            f"The critic's score puts a real sample above a generated one in {_share(order)} of pairs; a score that"
            " knows nothing does in 50 %."
        )
    cues, units = known.family("cues", EDITS), known.family("carriers", REMOVALS)
    if cues is not None:
        yield (
            f"{cues.present} of {cues.judged} edits of pictures move it more than controls of equal size"
            f"{_strongest(cues)}."
        )
    if units is not None:
        yield f"Removing a unit surely changes how far it holds both apart for {units.present} of {units.judged} units."


def _failures(known: Known) -> Iterator[str]:
    beyond, broken = known.claim("beyond the real 99 %"), known.claim("not finite")
    if beyond is not None:
        yield (
            f"{_of(beyond, 'samples')} {_share(beyond)} are farther from real ones than 99 % of real samples are"
            f"{_compared(beyond)}{_floor(beyond, 'are')}."
        )
    yield limits_told(known.parts, known.everything, besides="not finite*")
    if broken is not None:
        none = not broken.effect > 0
        yield f"{_of(broken, 'samples')} {'none has' if none else f'{_share(broken)} have'} values that are no numbers."


def _copying(known: Known) -> Iterator[str]:
    copies = known.claim("near-exact copies, excess")
    if copies is not None:
        verdict = f": {copies.verdict}" if copies.verdict else ""
        yield (
            f"{_of(copies, 'samples')} {_share(copies)} are near-exact copies of training samples beyond what chance"
            f" gives{_compared(copies)}{verdict}."
        )
    told = [
        f"{_share(each)}{'' if at else ' of pairs'} {CRITIC if each.space.startswith('critic') else SAMPLES}"
        for at, each in enumerate(known.claims("AUC*")[:2])
    ]
    if told:
        yield f"A training sample is told from a new one in {' and in '.join(told)}; guessing does in 50 %."
    else:
        memory = known.claim("the critic has memorised training pictures")
        yield "" if memory is None else _reading(memory)


def _quality(known: Known) -> Iterator[str]:
    yield limits_told(known.parts, known.everything)


def _theory(known: Known) -> Iterator[str]:
    left = known.claim("share of the loss left, of this critic beside the best one")
    yield "" if left is None else _reading(left)
    yield limits_told(known.parts, known.everything)


LEADS: Mapping[str, Callable[[Known], Iterator[str]]] = {
    "samples": _samples,
    "training": _training,
    "units": _units,
    "directions": _directions,
    "critic": _critic,
    "failures": _failures,
    "copying": _copying,
    "quality": _quality,
    "theory": _theory,
}


def _of(claim: Claim, noun: str) -> str:
    """Of how many; few are called few."""
    if claim.n is None:
        return f"Of {noun}"
    return f"Of {'only ' if claim.n < FEW else ''}{claim.n:,} {noun}"


def _share(claim: Claim) -> str:
    within = claim.interval
    return _percent(claim.effect) + (f" [{_percent(within.low)}, {_percent(within.high)}]" if within else "")


def _percent(value: float) -> str:
    return f"{100 * value + 0.0:.3g} %"


def _floor(claim: Claim, verb: str) -> str:
    return (
        "" if claim.control is None else f"; of {claim.controlled or 'real samples'} {_percent(claim.control)} {verb}"
    )


def _strongest(family: Family) -> str:
    return f" (the strongest: {family.first[0][1].what})" if family.first else ""


def _in(claim: Claim) -> str:
    return f" {in_words(claim.space)}" if claim.space else ""


def _compared(claim: Claim) -> str:
    return f", compared{_in(claim)}" if claim.space else ""


def _reading(claim: Claim) -> str:
    """The number, its interval, its control and its verdict, as they stand in the table."""
    value = written(Measurement(claim.what, claim.effect, 0, "", "neither", claim.interval))
    control = "" if claim.control is None else f", beside {claim.control:.3g} ({claim.controlled})"
    verdict = f": {claim.verdict}" if claim.verdict else ""
    return f"{claim.what[:1].upper()}{claim.what[1:]}{_in(claim)}: {value}{control}{verdict}."


def _course(everything: Everything) -> str:
    course = everything.course
    if course is None:
        return _sentence(everything.why_no_course)
    why = f" ({course.reason})" if course.reason else ""
    many = len(course.alarms)
    alarms = "1 alarm" if many == 1 else f"{many} alarms, the first" if many else "no alarm"
    first = f": {_sentence(course.standing[0][2])}" if many else "."
    went = WENT.get(course.state, f"is in the state '{course.state}'")
    if course.state == UNDERWAY:
        return f"Its training {went} in round {course.steps:,}: {alarms}{first if many else ' stood.'}"
    return f"Its training {went} after {course.steps:,} steps{why}, with {alarms}{first}"


def _sentence(text: str) -> str:
    """Begun with a capital letter and ended with a stop."""
    text = text.strip()
    return text and text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".")
