"""Phases of a run, found from its readings, each with the rules that apply to it and the numbers they rest on.

    for phase in phases(record):
        phase.first, phase.last, phase.names           # 50, 250, ("critic saturated", "worsening")
        phase.evidence                                 # {"critic.relative": 0.03, "gap from": 0.32, ...}
        print(phase.said)

Where one phase ends is found without names (see `changes`); the names are then given by rules, all that apply, most
telling first. Neighbours with the same names are one phase. Where no rule applies a phase is unclear, and says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from ganatomy.explain.game.changes import Changes, changes
from ganatomy.explain.game.record import Record

BINS = 48  # stretches of rounds that a run is divided into, at most
LOOKED_AT = ("gap", "critic.relative", "norm.ratio", "diversity.samples", "average.distance")
SMALL = 1e-3  # readings are looked at by their logarithms, from here on
FACTOR = 1.25  # by which the gap falls or rises over a phase for that to count
UNCLEAR = "unclear"
Evidence = dict[str, float]


@dataclass(frozen=True)
class Phase:
    """Rounds first to last; `names` are not empty."""

    first: int
    last: int
    names: tuple[str, ...]
    evidence: Mapping[str, float]

    @property
    def said(self) -> str:
        readings = ", ".join(f"{name} {value:.3g}" for name, value in self.evidence.items())
        return f"rounds {self.first} to {self.last}: {' and '.join(self.names)}" + (
            f" ({readings})" if readings else ""
        )


@dataclass(frozen=True, eq=False)
class Found:
    """The phases, and of the search for them: how many pieces there were before names made neighbours one."""

    phases: tuple[Phase, ...]
    pieces: int
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
    pieces = list(zip(starts, ends, strict=True))
    return Found(tuple(_joined(record, pieces)), len(pieces), found, names)


def binned(record: Record, names: Sequence[str]) -> tuple[Tensor, Tensor]:
    """First rounds of the bins, and logarithms of the readings' means in them, (readings, bins)."""
    lines = len(record.rounds)
    edges = torch.linspace(0, lines, min(BINS, lines) + 1).round().long().tolist()
    rows = [torch.stack([record.readings[name][a:b].nanmean() for a, b in pairwise(edges)]) for name in names]
    table = torch.stack(rows) if rows else torch.empty(0, len(edges) - 1, dtype=torch.float64)
    return record.rounds[torch.tensor(edges[:-1])], table.clamp(min=SMALL).log()


def _joined(record: Record, pieces: Sequence[tuple[int, int]]) -> list[Phase]:
    """Pieces whose neighbours have the same names become one, which is then judged as a whole."""
    named = [(first, last, tuple(judged(record, first, last))) for first, last in pieces]
    spans: list[tuple[int, int, tuple[str, ...]]] = []
    for first, last, names in named:
        if spans and spans[-1][2] == names:
            spans[-1] = (spans[-1][0], last, names)
        else:
            spans.append((first, last, names))
    return [_phase(record, first, last, names) for first, last, names in spans]


def _phase(record: Record, first: int, last: int, names: tuple[str, ...]) -> Phase:
    found = judged(record, first, last)
    evidence: Evidence = {}
    for name in names:
        evidence |= found.get(name, {})
    return Phase(first, last, names or (UNCLEAR,), evidence)


def judged(record: Record, first: int, last: int) -> dict[str, Evidence]:
    """Which rules apply to these rounds, and by which numbers."""
    found = {name: rule(record, first, last) for name, rule in NAMES.items()}
    return {name: evidence for name, evidence in found.items() if evidence is not None}


def ends_of(record: Record, name: str, first: int, last: int) -> tuple[float, float] | None:
    """Medians of its first and its last few values (at most three), from the last time it was taken before.

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
    return float(values[:third].quantile(0.5)), float(values[-third:].quantile(0.5))


def _collapse(record: Record, first: int, last: int) -> Evidence | None:
    low, copies = record.limit("lost-diversity", "low"), record.limit("near-duplicates", "high")
    found: Evidence = {}
    for name in ("diversity.samples", "diversity.features"):
        value = record.median(name, first, last)
        if value < low:
            found[name] = value
    same = record.median("duplicates", first, last)
    if same > copies + _or_0(record.median("duplicates.floor")):
        found["duplicates"] = same
    return found or None


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
    ends = _gap(record, first, last)
    return {"gap from": ends[0], "gap to": ends[1]} if ends and _above(ends[0], ends[1]) else None


def _worsening(record: Record, first: int, last: int) -> Evidence | None:
    ends = _gap(record, first, last)
    grown = ends is not None and ends[1] - ends[0] > record.limit("got-worse", "low")
    return {"gap from": ends[0], "gap to": ends[1]} if ends and grown and _above(ends[1], ends[0]) else None


def _stalled(record: Record, first: int, last: int) -> Evidence | None:
    ends = _flat_gap(record, first, last)
    return {"gap": ends} if ends is not None and ends > _near(record) else None


def _balance(record: Record, first: int, last: int) -> Evidence | None:
    """The samples stay near real ones, and the critic is not sure of them."""
    near = _flat_gap(record, first, last)
    if near is None or near > _near(record) or _saturated(record, first, last):
        return None
    relative = record.median("critic.relative", first, last)
    return {"gap": near} | ({} if math.isnan(relative) else {"critic.relative": relative})


NAMES: dict[str, Callable[[Record, int, int], Evidence | None]] = {
    "collapse": _collapse,
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


def _gap(record: Record, first: int, last: int) -> tuple[float, float] | None:
    return ends_of(record, "gap", first, last)


def _flat_gap(record: Record, first: int, last: int) -> float | None:
    """Its median, where it neither falls nor rises."""
    ends = _gap(record, first, last)
    if ends is None or _above(*ends) or _worsening(record, first, last) is not None:
        return None
    return sum(ends) / 2


def _near(record: Record) -> float:
    """A gap that counts as near real samples: as for the alarm, or what real samples themselves may have."""
    return max(record.limit("standing-still", "high"), 2 * _or_0(record.median("gap.upper")))


def _above(much: float, little: float) -> bool:
    return much > FACTOR * max(little, SMALL)


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
