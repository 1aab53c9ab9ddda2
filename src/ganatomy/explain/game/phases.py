"""Phases of a run, found from its readings, each with the rules that apply to it and the numbers they rest on.

    for phase in phases(record):
        phase.first, phase.last, phase.names           # 50, 250, ("critic saturated", "worsening")
        phase.evidence                                 # {"critic.relative": 0.03, "gap from": 0.32, ...}
        print(phase.said)

Where one phase ends is found without names (see `changes`), so the next may bear the same names, on another course.
Names are given by rules, all that apply, most telling first; that the gap fell or rose is said only where its noise
alone would seldom do so. Where no rule applies a phase is unclear, and says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from ganatomy.explain.game.changes import FEWEST, Changes, changes, tamed
from ganatomy.explain.game.record import Record

BINS = 48  # stretches of rounds that a run is divided into, at most
LOOKED_AT = ("gap", "critic.relative", "norm.ratio", "diversity.samples", "average.distance")
DIVERSITIES = ("diversity.samples", "diversity.features")
SMALL = 1e-3  # readings are looked at by their logarithms, from here on
FACTOR = 1.25  # by which the gap falls or rises over a phase for that to count, at least
SURE = 2.5  # and by so many standard errors of its change
CARRIED = 0.5  # autocorrelation that noise of the gap is allowed for this
MEDIANS = (1.0, 0.5, 0.449)  # variances of medians of one, two and three independent normal numbers
UNTOLD = 0.5  # noise of a gap that was read too seldom to tell it, in its logarithm
UNCLEAR = "unclear"
Evidence = dict[str, float]


@dataclass(frozen=True)
class Phase:
    """Rounds first to last; `names` are not empty. `turned`: the reading whose course changed most where it began."""

    first: int
    last: int
    names: tuple[str, ...]
    evidence: Mapping[str, float]
    turned: str = ""

    @property
    def said(self) -> str:
        readings = ", ".join(f"{name} {value:.3g}" for name, value in self.evidence.items())
        begun = f"begun as {self.turned} took another course" if self.turned else ""
        why = "; ".join(part for part in (readings, begun) if part)
        return f"rounds {self.first} to {self.last}: {' and '.join(self.names)}" + (f" ({why})" if why else "")


@dataclass(frozen=True, eq=False)
class Found:
    """The phases, and of the search for them: the readings that were looked at, and what was found in them."""

    phases: tuple[Phase, ...]
    changes: Changes
    readings: tuple[str, ...]


def phases(record: Record, *, seed: int = 0) -> tuple[Phase, ...]:
    return phased(record, seed=seed).phases


def phased(record: Record, *, seed: int = 0) -> Found:
    names = tuple(name for name in LOOKED_AT if len(record.course(name)[0]))
    rounds, table = binned(record, names)
    found = changes(table, seed=seed)
    starts = [int(rounds[cut]) for cut in found.cuts]
    ends = [*(start - 1 for start in starts[1:]), record.last]
    turned = ["", *(names[place] for place in found.turned)]
    told = [_phase(record, *each) for each in zip(starts, ends, turned, strict=True)]
    return Found(tuple(told), found, names)


def binned(record: Record, names: Sequence[str]) -> tuple[Tensor, Tensor]:
    """First rounds of the bins, and logarithms of the readings' means in them, (readings, bins)."""
    lines = len(record.rounds)
    edges = torch.linspace(0, lines, min(BINS, lines) + 1).round().long().tolist()
    rows = [torch.stack([record.readings[name][a:b].nanmean() for a, b in pairwise(edges)]) for name in names]
    table = torch.stack(rows) if rows else torch.empty(0, len(edges) - 1, dtype=torch.float64)
    return record.rounds[torch.tensor(edges[:-1])], table.clamp(min=SMALL).log()


def _phase(record: Record, first: int, last: int, turned: str) -> Phase:
    found = judged(record, first, last)
    evidence: Evidence = {}
    for each in found.values():
        evidence |= each
    return Phase(first, last, tuple(found) or (UNCLEAR,), evidence, turned)


def judged(record: Record, first: int, last: int) -> dict[str, Evidence]:
    """Which rules apply to these rounds, and by which numbers."""
    found = {name: rule(record, first, last) for name, rule in NAMES.items()}
    return {name: evidence for name, evidence in found.items() if evidence is not None}


def ends_of(record: Record, name: str, first: int, last: int) -> tuple[Tensor, Tensor] | None:
    """Its first and its last few values (at most three), from the last time it was taken before.

    Where it was taken once within them, the next time counts, too.
    """
    before, after = record.course(name, last=first)[0], record.course(name, last + 1)[0]
    begin = int(before[-1]) if len(before) else first
    values = record.course(name, begin, last)[1]
    if len(values) == 1 and len(after):
        values = record.course(name, begin, int(after[0]))[1]
    if len(values) < 2:
        return None
    third = min(3, max(1, len(values) // 3))
    return values[:third], values[-third:]


def _collapse(record: Record, first: int, last: int) -> Evidence | None:
    """Samples that have always been alike are those of a generator that has not learnt yet."""
    return {name: value for name, (value, once) in _alike(record, first, last).items() if once} or None


def _few(record: Record, first: int, last: int) -> Evidence | None:
    """Samples are alike, and nothing says that they ever were not."""
    found = _alike(record, first, last)
    return (
        None if any(once for _, once in found.values()) else {name: value for name, (value, _) in found.items()} or None
    )


def _alike(record: Record, first: int, last: int) -> dict[str, tuple[float, bool]]:
    """By which readings samples are alike, throughout and at the end, and whether they were not before."""
    low = record.limit("lost-diversity", "low")
    copies = record.limit("near-duplicates", "high") + _or_0(record.median("duplicates.floor"))
    found = {}
    for name, limit, sign in (*((name, low, 1) for name in DIVERSITIES), ("duplicates", copies, -1)):
        value, ends = record.median(name, first, last), ends_of(record, name, first, last)
        end = value if ends is None else _middle(ends[1])
        if sign * value < sign * limit and sign * end < sign * limit:
            good = sign * record.course(name, last=last)[1] > sign * limit * FACTOR**sign
            found[name] = value, bool((good[1:] & good[:-1]).any())  # one alone may be noise
    return found


def _saturated(record: Record, first: int, last: int) -> Evidence | None:
    return _beyond(record, "critic.relative", first, last, below=record.limit("critic-saturated", "low"))


def _flat(record: Record, first: int, last: int) -> Evidence | None:
    """The generator hears next to nothing."""
    return _beyond(record, "norm.ratio", first, last, below=record.limit("gradient-ratio", "low"))


def _oscillation(record: Record, first: int, last: int) -> Evidence | None:
    value = record.median("average.distance", first, last)
    return {"average.distance": value} if value > record.limit("oscillation", "high") else None


def _asleep(record: Record, first: int, last: int) -> Evidence | None:
    relative, still = record.median("critic.relative", first, last), _stalled(record, first, last)
    if still is None or not abs(relative - 1) <= record.limit("critic-asleep", "low"):
        return None
    return {"critic.relative": relative} | still


def _learning(record: Record, first: int, last: int) -> Evidence | None:
    gap = _gap(record, first, last)
    return {"gap from": gap.begin, "gap to": gap.end} if gap and gap.changed and gap.end < gap.begin else None


def _worsening(record: Record, first: int, last: int) -> Evidence | None:
    gap = _gap(record, first, last)
    grown = gap is not None and gap.end - gap.begin > record.limit("got-worse", "low")
    return {"gap from": gap.begin, "gap to": gap.end} if gap and gap.changed and grown else None


def _stalled(record: Record, first: int, last: int) -> Evidence | None:
    level = _flat_gap(record, first, last)
    return {"gap": level} if level is not None and level > _near(record) else None


def _balance(record: Record, first: int, last: int) -> Evidence | None:
    """The samples stay near real ones, and the critic is not sure of them."""
    near = _flat_gap(record, first, last)
    if near is None or near > _near(record) or _saturated(record, first, last):
        return None
    relative = record.median("critic.relative", first, last)
    return {"gap": near} | ({} if math.isnan(relative) else {"critic.relative": relative})


NAMES: dict[str, Callable[[Record, int, int], Evidence | None]] = {
    "collapse": _collapse,
    "little diversity": _few,
    "critic saturated": _saturated,
    "critic flat": _flat,
    "critic asleep": _asleep,
    "oscillation": _oscillation,
    "learning": _learning,
    "worsening": _worsening,
    "balance": _balance,
    "stalled": _stalled,
}


def _beyond(record: Record, name: str, first: int, last: int, *, below: float) -> Evidence | None:
    value = record.median(name, first, last)
    return {name: value} if value < below else None


@dataclass(frozen=True)
class _Gap:
    """At the two ends of a phase; `told`: whether its noise is known, `changed`: it differs by more than noise does."""

    begin: float
    end: float
    told: bool
    changed: bool

    @property
    def flat(self) -> bool:
        """Where noise is not known a change of some size may be one, and may be none."""
        return not self.changed and (self.told or not _apart(self.begin, self.end) > math.log(FACTOR))


def _gap(record: Record, first: int, last: int) -> _Gap | None:
    ends = ends_of(record, "gap", first, last)
    if ends is None:
        return None
    begin, end = _middle(ends[0]), _middle(ends[1])
    told = len(record.course("gap")[0]) >= FEWEST
    error = _error(record, len(ends[0]))
    return _Gap(begin, end, told, _apart(begin, end) > max(math.log(FACTOR), SURE * error))


def _error(record: Record, many: int) -> float:
    """Of the difference of two medians of so many values of the gap's logarithm, by its noise over the whole run.

    Second differences tell noise beside any trend: of an AR(1) their variance is 2 s^2 (1 - r) (3 - r).
    """
    values, r, spread = record.course("gap")[1].clamp(min=SMALL).log(), CARRIED, UNTOLD
    if len(values) >= FEWEST:
        spread = math.sqrt(float(tamed(values.diff(n=2)).square().mean()) / (2 * (1 - r) * (3 - r)))
    alone = MEDIANS[many - 1]
    return spread * math.sqrt(2 * (alone + (1 - alone) * r))


def _apart(one: float, other: float) -> float:
    return abs(math.log(max(one, SMALL) / max(other, SMALL)))


def _middle(values: Tensor) -> float:
    return float(values.quantile(0.5))


def _flat_gap(record: Record, first: int, last: int) -> float | None:
    """Its level, where it is not seen to fall or to rise."""
    gap = _gap(record, first, last)
    if gap is None or _learning(record, first, last) or _worsening(record, first, last):
        return None
    return (gap.begin + gap.end) / 2 if gap.flat or gap.end > gap.begin else None


def _near(record: Record) -> float:
    """A gap that counts as near real samples: as for the alarm, or what real samples themselves may have."""
    return max(record.limit("standing-still", "high"), 2 * _or_0(record.median("gap.upper")))


def _or_0(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def since(record: Record, name: str, *, below: float) -> int | None:
    """The first round from which a reading stays below to the end of the run, but for single values between.

    Judged by the median of three neighbours; None where it does not end there.
    """
    rounds, values = record.course(name)
    if len(values) < 3:
        return None
    smooth = values.unfold(0, 3, 1).median(1).values
    above = (smooth >= below).nonzero().flatten()
    start = int(above[-1]) + 1 if len(above) else 0
    if start >= len(smooth):
        return None
    low = (values[start:] < below).nonzero().flatten()
    return int(rounds[start + int(low[0])])
