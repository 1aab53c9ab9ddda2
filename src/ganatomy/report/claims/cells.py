"""Effects that were tested together, and the few of them that are shown: present ones first, by their size.

    cells = Cells("effects of units on concepts", what, (effect, low, high), verdict=codes)
    merged([family_of(cells)]).tally      # "Of 600 effects of ... tested together 15 are present, ..."

Arrays share one shape; a cell is a place in it. What was never tested (a concept that does not vary) is not counted.
"""

from __future__ import annotations

import math
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


@dataclass(frozen=True, eq=False)
class Cells:
    """`values`: effects, and where they have intervals their low and high ends. `verdict`: codes or words, None where
    nothing was tested. `size`: to rank by, where it is not |effect|.

    what, controlled, limit: words of a cell, or of all. more: a sentence that follows the counts.
    """

    noun: str
    what: Callable[[Cell], str]
    values: tuple[Array, ...]
    verdict: Array | None = None
    control: Array | None = None
    controlled: Callable[[Cell], str] | str = ""
    limit: Callable[[Cell], str] | str = ""
    n: Array | int | None = None
    method: str = ""
    space: str = ""
    better: Better = "neither"
    size: Array | None = None
    tested: Array | None = None
    level: float = 0.95
    interval: str = FAMILY
    more: str = ""

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
            controlled="" if control is None else _worded(self.controlled, at),
            verdict=verdict,
            limit=_worded(self.limit, at),
            n=self.n if self.n is None or isinstance(self.n, int) else int(self.n[at]),
            method=self.method,
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
    """What was tested together, and how it came out in numbers; the strongest of it, each with what it is ranked by.

    present, others and told: those that came out so, the undetermined and absent ones, and those never tested.
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

    @property
    def judged(self) -> int:
        return self.present + self.absent + self.undetermined

    @property
    def counted(self) -> str:
        """Of one finding alone its line says all."""
        if self.judged > 1:
            how = "tested together" if self.families == 1 else f"in {self.families} families of tests"
            return (
                f"Of {self.judged} {self.noun} {how} {self.present} {'is' if self.present == 1 else 'are'} present, "
                f"{self.absent} absent, {self.undetermined} undetermined."
            )
        return f"{self.told} {self.noun}: described, not tested." if self.told > 1 else ""


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
        return Family(cells.noun, 0, 0, 0, int(there.sum()), described=told, more=cells.more)
    found = codes(cells.verdict)
    present, absent, unsure = (int((there & (found == code)).sum()) for code in (1, -1, 0))
    first, *others = (_ranked(cells, there & (found == code), size) for code in (1, 0, -1))
    return Family(cells.noun, present, absent, unsure, 0, first=first, rest=(*others[0], *others[1]), more=cells.more)


def family_of_claims(noun: str, claims: Sequence[Claim]) -> Family:
    """Of lines that are claims already; those without a verdict are told, in the order given."""
    size = [abs(each.effect) if math.isfinite(each.effect) else -math.inf for each in claims]
    ranked = sorted(zip(size, claims, strict=True), key=lambda pair: -pair[0])
    present, absent, open_ = (
        tuple(pair for pair in ranked if pair[1].verdict == word) for word in ("present", "absent", "undetermined")
    )
    told = tuple((-float(at), each) for at, each in enumerate(claims) if each.verdict is None)
    counts = len(present), len(absent), len(open_), len(told)
    return Family(noun, *counts, first=present, rest=(*open_, *absent), described=told)


def merged(families: Sequence[Family]) -> Evidence:
    """Present ones first, then what is told, then others; of what has nothing present, its few largest."""
    there = _joined([each for each in families if each.judged or each.told])
    first = _in_turn([each.first for each in there])[:MOST]
    told = _in_turn([each.described for each in there])[: MOST - len(first)]
    few = [each.rest if each.first else _largest(each.rest)[:FEW] for each in there]
    rest = _in_turn(few)[: MOST - len(first) - len(told)]
    said = [part for each in there for part in (each.counted, each.more) if part]
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
    said = []
    if judged and not present:
        said.append(f"None is present; the {rest} largest are shown." if rest > 1 else "None is present.")
    elif judged:
        what = "all present ones" if first == present else f"{first} present ones, the largest"
        said.append(f"Shown are {what}{f', then {rest} of the others' if rest else ''}.")
    if told < every:
        said.append(
            f"Of what is described {told} are shown, the first in rank." if told else "What is described is not shown."
        )
    return said


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
