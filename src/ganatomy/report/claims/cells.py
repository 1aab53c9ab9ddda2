"""Effects that were tested together, and the few of them that are shown: present ones first, by their size.

    cells = Cells("effects of units on concepts", what, (effect, low, high), verdict=codes)
    merged([family_of(cells)]).tally      # "Of 600 effects of ... tested together 15 are present, ..."

Arrays share one shape; a cell is a place in it. What was never tested (a concept that does not vary) is not counted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from ganatomy.numerics.statistics.interval import Interval
from ganatomy.report.facts import Claim
from ganatomy.results.measurement import Better
from ganatomy.results.record import Array

Cell = tuple[int, ...]
MOST, FEW = 8, 3  # claims of one explainer; of one that has none to make
WORDS = {1: "present", 0: "undetermined", -1: "absent"}
CODES = {word: code for code, word in WORDS.items()}
Ranked = tuple[float, Claim]
FAMILY = "t; wider where it was selected among many"
# How that which says what of it is shown begins: it ends a tally.
SHOWN = re.compile(r"(?:^| )(?=(?:Shown are|None is present|Of what is described|What is described is not shown)\b)")
LARGEST, RANKED, EACH = "largest", "first in rank", "first of each kind"


@dataclass(frozen=True, eq=False)
class Cells:
    """`values`: effects, and where they have intervals their low and high ends. `verdict`: codes or words, None where
    nothing was tested. `size`: to rank by, where it is not |effect|.

    what, controlled, limit, method: words of a cell, or of all; controlled alone where its number was not kept.
    together: whether one correction spans all of it. beside: how many of what was looked at beat their controls, and of
    how many. more: a sentence that follows the counts.
    """

    noun: str
    what: Callable[[Cell], str]
    values: tuple[Array, ...]
    verdict: Array | None = None
    control: Array | None = None
    controlled: Callable[[Cell], str] | str = ""
    limit: Callable[[Cell], str] | str = ""
    n: Array | int | None = None
    method: Callable[[Cell], str] | str = ""
    space: str = ""
    better: Better = "neither"
    size: Array | None = None
    tested: Array | None = None
    level: float = 0.95
    interval: str = FAMILY
    together: bool = True
    beside: tuple[int, int] = (0, 0)
    more: str = ""

    @property
    def rank(self) -> str:
        return LARGEST if self.size is None else RANKED

    @property
    def effect(self) -> Array:
        return self.values[0]

    def claim(self, at: Cell) -> Claim:
        verdict = None if self.verdict is None else WORDS[int(codes(self.verdict)[at])]
        control = None if self.control is None else _finite(self.control[at])
        return Claim(
            what=self.what(at),
            effect=float(self.effect[at]),
            interval=self._interval(at),
            control=control,
            controlled="" if control is None and self.control is not None else _worded(self.controlled, at),
            verdict=verdict,
            limit=_worded(self.limit, at),
            n=self.n if self.n is None or isinstance(self.n, int) else int(self.n[at]),
            method=_worded(self.method, at),
            space=self.space,
            better=self.better,
        )

    def _interval(self, at: Cell) -> Interval | None:
        if len(self.values) < 3:
            return None
        low, high = (float(end[at]) for end in self.values[1:])
        return None if math.isnan(low) or math.isnan(high) else Interval(low, high, self.level, self.interval)


@dataclass(frozen=True, eq=False)
class Family:
    """What was tested alike, and how it came out in numbers; the strongest of it, each with what it is ranked by.

    present, others and told: those that came out so, the undetermined and absent ones, and those never tested.
    together, beside: as of Cells. rank: of what is shown, the first.
    """

    noun: str
    present: int
    absent: int
    undetermined: int
    told: int
    first: tuple[Ranked, ...] = ()
    rest: tuple[Ranked, ...] = ()
    described: tuple[Ranked, ...] = ()
    more: str = ""
    families: int = 1
    together: bool = True
    beside: tuple[int, int] = (0, 0)
    rank: str = LARGEST

    @property
    def judged(self) -> int:
        return self.present + self.absent + self.undetermined

    @property
    def counted(self) -> str:
        """Of one finding alone its line says all."""
        if self.judged > 1:
            there = f"{self.present} {'is' if self.present == 1 else 'are'} present"
            rest = f"{self.absent} absent, {self.undetermined} undetermined"
            return f"Of {self.judged} {self.noun}{self._how} {there}, {rest}."
        return f"{self.told} {self.noun}: described, not tested." if self.told > 1 else ""

    @property
    def _how(self) -> str:
        if not self.together:
            return ", each tested by itself,"
        return " tested together" if self.families == 1 else f" in {self.families} families of tests"

    @property
    def single(self) -> str:
        """Of the one that stands beside a table: how it came out."""
        return f"One {self.noun} besides: {(*self.first, *self.rest)[0][1].verdict}." if self.judged == 1 else ""


@dataclass(frozen=True, eq=False)
class Evidence:
    """The strongest claims, at most MOST, and of how many they were chosen; `families` in numbers."""

    claims: tuple[Claim, ...] = ()
    tally: str = ""
    families: tuple[Family, ...] = ()


def family_of(cells: Cells) -> Family:
    """Of all that was tested; only as many become claims as can be shown."""
    there = np.isfinite(cells.effect) if cells.tested is None else np.asarray(cells.tested, dtype=bool)
    size = np.abs(cells.effect) if cells.size is None else cells.size
    size = np.where(np.isnan(size), -np.inf, size)
    if cells.verdict is None:
        told = _ranked(cells, there, size)
        return Family(cells.noun, 0, 0, 0, int(there.sum()), described=told, more=cells.more, rank=cells.rank)
    found = codes(cells.verdict)
    present, absent, unsure = (int((there & (found == code)).sum()) for code in (1, -1, 0))
    first, *others = (_ranked(cells, there & (found == code), size) for code in (1, 0, -1))
    return Family(
        cells.noun,
        present,
        absent,
        unsure,
        0,
        first=first,
        rest=(*others[0], *others[1]),
        more=cells.more,
        together=cells.together,
        beside=cells.beside,
        rank=cells.rank,
    )


def family_of_claims(noun: str, claims: Sequence[Claim], *, together: bool = True) -> Family:
    """Of lines that are claims already; those without a verdict are told, in the order given."""
    size = [abs(each.effect) if math.isfinite(each.effect) else -math.inf for each in claims]
    ranked = sorted(zip(size, claims, strict=True), key=lambda pair: -pair[0])
    present, absent, open_ = (
        tuple(pair for pair in ranked if pair[1].verdict == word) for word in ("present", "absent", "undetermined")
    )
    told = tuple((-float(at), each) for at, each in enumerate(claims) if each.verdict is None)
    counts = len(present), len(absent), len(open_), len(told)
    return Family(noun, *counts, first=present, rest=(*open_, *absent), described=told, together=together)


def merged(families: Sequence[Family]) -> Evidence:
    """Present ones first, then what is told, then others; of what has nothing present, its few first in rank."""
    there = _joined([each for each in families if each.judged or each.told or each.more])
    first = _in_turn([each.first for each in there])[:MOST]
    told = _in_turn([each.described for each in there])[: MOST - len(first)]
    few = [each.rest if each.first else _largest(each.rest)[:FEW] for each in there]
    rest = _in_turn(few)[: MOST - len(first) - len(told)]
    alone = [each.single for each in there] if any(each.judged > 1 for each in there) else []
    said = [part for each in there for part in (each.counted, each.more) if part]
    said += [each for each in alone if each]
    tally = " ".join([*said, *_chosen(there, len(first), len(told), len(rest))])
    return Evidence((*first, *told, *rest), tally, tuple(there))


def _joined(families: Sequence[Family]) -> list[Family]:
    """Families of the same kind of thing, as of several places, are counted and ranked as one."""
    kinds: dict[str, Family] = {}
    for each in families:
        known = kinds.get(each.noun)
        kinds[each.noun] = each if known is None else _both(known, each)
    return list(kinds.values())


def _both(a: Family, b: Family) -> Family:
    undetermined = [_of_word([*a.rest, *b.rest], word) for word in ("undetermined", "absent")]
    return Family(
        a.noun,
        a.present + b.present,
        a.absent + b.absent,
        a.undetermined + b.undetermined,
        a.told + b.told,
        first=_largest((*a.first, *b.first)),
        rest=(*undetermined[0], *undetermined[1]),
        described=_largest((*a.described, *b.described)),
        more=" ".join(each for each in (a.more, b.more) if each),
        families=a.families + b.families,
        together=a.together and b.together,
        beside=(a.beside[0] + b.beside[0], a.beside[1] + b.beside[1]),
        rank=a.rank if a.rank == b.rank else RANKED,
    )


def _of_word(ranked: Sequence[Ranked], word: str) -> tuple[Ranked, ...]:
    return _largest([each for each in ranked if each[1].verdict == word])


def _largest(ranked: Sequence[Ranked]) -> tuple[Ranked, ...]:
    return tuple(sorted(ranked, key=lambda pair: -pair[0]))


def _chosen(families: Sequence[Family], first: int, told: int, rest: int) -> list[str]:
    """Which of them are shown, where not all are."""
    judged, present = (sum(getattr(each, name) for each in families) for name in ("judged", "present"))
    every = sum(each.told for each in families)
    if first + rest == judged and told == every:
        return []
    said, tested = [], [each for each in families if each.judged]
    alike = tested[0].rank if len(tested) == 1 else ""
    if judged and not present:
        few = f"the {rest} {alike} are shown" if alike else f"{rest} are shown, the {EACH}"
        said.append(f"None is present; {few}." if rest > 1 else "None is present.")
    elif judged:
        what = "all present ones" if first == present else f"{first} present ones, the {alike or EACH}"
        said.append(f"Shown are {what}{f', then {rest} of the others' if rest else ''}.")
    if told < every:
        said.append(
            f"Of what is described {told} are shown, the first in rank." if told else "What is described is not shown."
        )
    return said


def counts_of(tally: str) -> str:
    """Without what of it is shown: where that is all there is nothing but counts."""
    return SHOWN.split(tally, maxsplit=1)[0]


def codes(verdict: Array) -> Array:
    """1 present, -1 absent, 0 for all else, of words or of codes."""
    if verdict.dtype.kind in "US":
        return np.where(verdict == "present", 1, np.where(verdict == "absent", -1, 0))
    return np.nan_to_num(verdict).astype(int)


def _ranked(cells: Cells, mask: Array, size: Array) -> tuple[Ranked, ...]:
    """The largest MOST of those in the mask."""
    places = np.flatnonzero(mask)
    order = np.argsort(-size.reshape(-1)[places], kind="stable")[:MOST]
    found = []
    for at in places[order].tolist():
        place = tuple(int(axis) for axis in np.unravel_index(at, mask.shape))
        found.append((float(size.reshape(-1)[at]), cells.claim(place)))
    return tuple(found)


def _in_turn(lists: Sequence[Sequence[Ranked]]) -> tuple[Claim, ...]:
    """The first of each, then the second of each; a line that was said is not said again."""
    found: dict[tuple[str, str, str], Claim] = {}
    for row in zip_longest(*lists):
        for pair in row:
            if pair is not None:
                found.setdefault((pair[1].what, pair[1].method, pair[1].space), pair[1])
    return tuple(found.values())


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _worded(words: Callable[[Cell], str] | str, at: Cell) -> str:
    return words if isinstance(words, str) else words(at)
