"""Two GANs, or two steps of one, side by side: the same readings of both, and how far apart they are.

    compared(report_of_a, report_of_b, {"command": "ganatomy compare A B"}).headline

Readings are the same where part, name, space, method and n agree. One is better where a limit says which way good
lies, and only there; other readings are apart, or not told apart. An interval of B less A is had from both intervals
alone (MOVER: Zou & Donner 2008). It takes the two for independent: where both GANs were held against the same real
samples, what chance these bring moves both alike, and the interval is wider than it need be.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ganatomy.numerics.statistics.interval import Interval
from ganatomy.report.answered.words import bounds, misses
from ganatomy.report.claims.cells import counts_of
from ganatomy.report.claims.spaces import in_words
from ganatomy.report.facts import Claim, Comparison, Difference, Missing, Report

LEVEL = 0.95
# Parts whose lines name units, directions or rounds of one GAN's own: number 3 of one is not number 3 of another.
OF_UNITS = "dissection sets activations features artifacts gradients coordinates directions carriers credit emergence"
OWN = (*OF_UNITS.split(), "account")
DATALESS = ("smoothness", "geometry")  # parts that real samples have no share in
# Readings that no GAN has a share in: what spaces answer to, and what classifiers do without it. They are left out.
GANLESS = (
    ("agreement", "response to *"),
    ("usefulness", "trained on real samples"),
    ("usefulness", "trained on shuffled labels"),
    ("usefulness", "always the largest class"),
)
# verdict of a difference -> what is said of how many, where a limit judges them and where none does
ENDS: Mapping[str | None, tuple[str, str]] = {
    "not told apart": ("not told apart", "not told apart"),
    "apart": ("apart with neither better", "apart"),
    None: ("without an interval to tell by", "without an interval to tell by"),
}
JUDGED = ("pass", "warn", "fail")
REMEDY = {
    "own": "`ganatomy evaluate A stability` matches the units of runs of one recipe",
    "data": "name the same data for both: --data",
    "way": "measure both in the same way, with as many samples, and compare them again",
    "one": "run the same explainers and measures for both",
    "chosen": "the whole of it lies in findings/ of both",
    "account": "`ganatomy explain A account`, and the same of B, tell of the rounds of each",
}


WHOLE = {"pass": "passes", "warn": "is usable with care", "fail": "fails", None: "cannot be judged"}


@dataclass(frozen=True)
class Line:
    """A claim and where it stands; again: how many like it stand before it; chosen: its part leaves some out."""

    key: str
    part: str
    claim: Claim
    again: int
    chosen: bool

    @property
    def name(self) -> tuple[str, str]:
        return self.part, self.claim.what

    @property
    def way(self) -> tuple[str, str, int | None, int]:
        return space_of(self.claim), self.claim.method, self.claim.n, self.again


def space_of(claim: Claim) -> str:
    """That of the critic is called by the digest of its GAN: each has its own, and they are asked the same."""
    return "critic" if claim.space.startswith("critic-") else claim.space


def compared(a: Report, b: Report, provenance: Mapping[str, Any]) -> Comparison:
    """In the order of A's readings."""
    apart = _apart(a, b)
    mine, theirs = (list(_lines(report, DATALESS if apart else ())) for report in (a, b))
    other = {(line.name, line.way): line for line in theirs}
    pairs = [(line, other[line.name, line.way]) for line in mine if (line.name, line.way) in other]
    met = {(line.name, line.way) for line, _ in pairs}
    found = [difference(line.key, line.claim, twin.claim) for line, twin in pairs]
    differences = tuple(each for each in found if not math.isnan(each.effect))
    lost = [
        Missing(each.what, "it is not a number in one of the two", REMEDY["way"])
        for each in found
        if math.isnan(each.effect)
    ]
    left = [[line for line in lines if (line.name, line.way) not in met] for lines in (mine, theirs)]
    some = [{line.part for line in lines if line.chosen} for lines in (mine, theirs)]
    unlike = (*apart, *lost, *_unlike(*left, left_out=(some[0], some[1])), *_owned(a, b))
    return Comparison(a, b, _headline(a, b, differences), differences, unlike, provenance)


def difference(key: str, a: Claim, b: Claim) -> Difference:
    """B less A. Equal values, infinite ones too, are 0 apart."""
    effect = 0.0 if a.effect == b.effect else b.effect - a.effect
    within = mover(a, b)
    return Difference(a.what, key, a, b, effect, within, _verdict(effect, within, _better(a, b)))


def ruled(difference: Difference) -> bool:
    """Whether both were held against the same limit of a scorecard; of what explainers claim nothing is better."""
    a, b = difference.a, difference.b
    return a.limit == b.limit and bool(bounds(a.limit)) and any(each.verdict in JUDGED for each in (a, b))


def _better(a: Claim, b: Claim) -> str:
    """The way in which the limit lets pass.

    Where the reading itself does not say that this way is good without end, as with the share of a class, the worse of
    the two must miss what passes.
    """
    if not ruled(Difference(a.what, "", a, b, 0.0, None, None)):
        return "neither"
    way = "low" if bounds(a.limit)[0].upper else "high"
    worse = max(a, b, key=lambda each: each.effect if way == "low" else -each.effect)
    return way if a.better == b.better == way or misses(worse) else "neither"


def mover(a: Claim, b: Claim) -> Interval | None:
    """From the distances of both values to the ends of their intervals, squared and added; None where that cannot be.

    Conservative where both share real samples, since these make the two values move together.
    """
    one, two = a.interval, b.interval
    if one is None or two is None or one.level != two.level or not math.isfinite(b.effect - a.effect):
        return None
    if a.effect not in one or b.effect not in two:
        return None  # an interval about something else than the value, as with a bias taken off
    apart = b.effect - a.effect
    low = apart - math.hypot(b.effect - two.low, one.high - a.effect)
    high = apart + math.hypot(two.high - b.effect, a.effect - one.low)
    return Interval(low, high, one.level, "MOVER of both intervals")


def _verdict(effect: float, within: Interval | None, better: str) -> str | None:
    if within is None:
        return None
    if 0.0 in within:
        return "not told apart"
    if better == "neither":
        return "apart"
    return "B" if (effect > 0) == (better == "high") else "A"


def _lines(report: Report, only: tuple[str, ...] = ()) -> Iterator[Line]:
    """Of the parts that are named, or of all but those of its own; what stands in two sections counts in the first."""
    met: set[tuple[object, ...]] = set()
    for section in report.sections:
        for part in section.parts:
            seen: Counter[tuple[str, str, str, int | None]] = Counter()
            wanted = part.name in only if only else part.name not in OWN
            for claim in part.claims if wanted else ():
                like = claim.what, claim.space, claim.method, claim.n
                line = Line(section.key, part.name, claim, seen[like], counts_of(part.tally) != part.tally)
                seen[like] += 1
                if (line.name, line.way) not in met and not _ganless(line):
                    met.add((line.name, line.way))
                    yield line


def _ganless(line: Line) -> bool:
    return any(line.part == part and fnmatchcase(line.claim.what, what) for part, what in GANLESS)


def _apart(a: Report, b: Report) -> tuple[Missing, ...]:
    if a.against == b.against:
        return ()
    said = f"A was held against {a.against or 'no data'}, B against {b.against or 'no data'}"
    return (Missing("all readings that rest on data", said, REMEDY["data"]),)


def _unlike(mine: Iterable[Line], theirs: Iterable[Line], *, left_out: tuple[set[str], set[str]]) -> Iterator[Missing]:
    """A line for each name, whichever side it stands on; what both have in another way is said once.

    left_out: the parts of either that show some of their lines: what stands on one side may be known of the other.
    """
    sides = [_by_name(lines) for lines in (mine, theirs)]
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        here, there = (side.get(name, []) for side in sides)
        what = f"{name[1]} ({name[0]})"
        for line, twin in zip(here, there, strict=False):
            yield Missing(what, _other_way(line.claim, twin.claim), REMEDY["way"])
        for letter, more, others in (("A", here[len(there) :], left_out[1]), ("B", there[len(here) :], left_out[0])):
            for line in more:
                chosen = line.part in others
                where = f" {in_words(line.claim.space)}" if line.claim.space else ""
                said = "is among those shown, which were chosen," if chosen else "was read"
                yield Missing(what, f"it {said} of {letter} alone{where}", REMEDY["chosen" if chosen else "one"])


def _by_name(lines: Iterable[Line]) -> dict[tuple[str, str], list[Line]]:
    found: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        found.setdefault(line.name, []).append(line)
    return found


def _other_way(a: Claim, b: Claim) -> str:
    """The first in which they differ."""
    ways = (("space", space_of(a), space_of(b)), ("method", a.method, b.method), ("n", _n(a), _n(b)))
    found = next(((name, one, two) for name, one, two in ways if one != two), None)
    if found is None:
        return "it stands more than once, and not as often in both"
    name, one, two = found
    return f"the {name} differs: {one or 'none'} for A, {two or 'none'} for B"


def _n(claim: Claim) -> str:
    return "" if claim.n is None else f"{claim.n:,}"


def _owned(a: Report, b: Report) -> Iterator[Missing]:
    """Parts that both have and that have no common names."""
    names = [{part.name for section in report.sections for part in section.parts if part.claims} for report in (a, b)]
    for name in sorted(names[0] & names[1] & set(OWN)):
        what, remedy = ("rounds", "account") if name == "account" else ("units or directions", "own")
        yield Missing(name, f"its lines are about {what} of one GAN, which another does not share", REMEDY[remedy])


def _headline(a: Report, b: Report, differences: tuple[Difference, ...]) -> str:
    verdicts = f"A {WHOLE[a.verdict]}, B {WHOLE[b.verdict]}."
    if not differences:
        return f"{verdicts} Nothing can be compared: no reading of the two is of the same kind."
    limited = [each for each in differences if ruled(each)]
    others = [each for each in differences if not ruled(each)]
    return " ".join(each for each in (verdicts, _of_limited(limited), _of_others(others), _chance(differences)) if each)


def _of_limited(found: Sequence[Difference]) -> str:
    if not found:
        return "No reading that has a limit was taken of both in the same way, so nothing says which is better."
    counts = Counter(each.verdict for each in found)
    many = f"the {len(found)} readings that have a limit" if len(found) > 1 else "1 reading that has a limit"
    told = f"A is better in {counts['A'] or 'none'} of {many}, B in {counts['B'] or 'none'}"
    rest = _ends(counts, 0)
    return f"{told}; {rest}." if rest else f"{told}."


def _of_others(found: Sequence[Difference]) -> str:
    if not found:
        return ""
    many = f"{len(found)} readings" if len(found) > 1 else "1 reading"
    return f"Of {many} without a limit {_ends(Counter(each.verdict for each in found), 1)}: none of them says better."


def _ends(counts: Mapping[str | None, int], which: int) -> str:
    there = [(counts[verdict], said[which]) for verdict, said in ENDS.items() if counts[verdict]]
    return ", ".join(f"{count} {'is' if count == 1 else 'are'} {said}" for count, said in there)


def _chance(found: Iterable[Difference]) -> str:
    levels = [each.interval.level for each in found if each.verdict is not None and each.interval is not None]
    if not levels:
        return ""
    at = f"at {LEVEL * 100:.0f} %" if set(levels) == {LEVEL} else "at its own level"
    few = f"about {sum(1 - level for level in levels):.2g} of the {len(levels)}"
    return f"Each is judged {at}: if the two did not differ, {few} would seem apart by chance alone."
