"""Rows of a benchmark, each with its target, and how two pieces of code are timed against each other.

    row = Row("addressed normals", compared(ours, theirs, rounds=15), unit="times torch.randn", at_most=10)
    replace(row, published=Published(6.3, 0.5, "Lin et al. 2018, Table 1"), differences="another optimiser")
    table([row])

A shared machine has no single speed, so code is timed in turn in one process and reported as a ratio: the median of the
rounds and the order statistics that bound it. A row misses its target only if the whole interval does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ganatomy.numerics.statistics.interval import Interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Work = Callable[[], object]


@dataclass(frozen=True)
class Reading:
    """A value and how far it may be off."""

    value: float
    interval: Interval


@dataclass(frozen=True)
class Published:
    """What others found, in the row's unit. What was not seen in its source is not confirmed, and said to be so."""

    value: float
    spread: float | None
    source: str
    confirmed: bool = True

    def __str__(self) -> str:
        spread = "" if self.spread is None else f" ± {self.spread:.3g}"
        return f"{self.value:.3g}{spread}{'' if self.confirmed else ', remembered, not confirmed'}"


@dataclass(frozen=True)
class Row:
    """What was measured; `at_most` and `at_least` are the targets, if there are any.

    differences: what was done otherwise than for the published value, or why there is none, in sentences.
    """

    name: str
    reading: Reading
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    published: Published | None = None
    differences: str | None = None

    @property
    def ok(self) -> bool:
        """False only if the interval excludes the target."""
        low, high = self.reading.interval.low, self.reading.interval.high
        return (self.at_most is None or low <= self.at_most) and (self.at_least is None or high >= self.at_least)

    def to_dict(self) -> dict[str, Any]:
        """The target is written as in "<= 10"."""
        sides = [f"<= {self.at_most:g}"] if self.at_most is not None else []
        sides += [f">= {self.at_least:g}"] if self.at_least is not None else []
        interval = self.reading.interval
        return {
            "name": self.name,
            "value": self.reading.value,
            "unit": self.unit,
            "target": " and ".join(sides) or None,
            "ok": self.ok,
            "interval": [interval.low, interval.high],
            "level": interval.level,
            "method": interval.method,
            "published": None if self.published is None else {**vars(self.published), "said": str(self.published)},
            "differences": self.differences,
        }


@dataclass(frozen=True, eq=False)
class Illustrated:
    """Rows with figures by name, each drawn when it is asked for."""

    rows: tuple[Row, ...]
    figures: Mapping[str, Callable[[], Figure]]


def compared(ours: Work, theirs: Work, *, rounds: int = 15) -> Reading:
    """Time of ours over time of theirs, run in turn; each is run once before the clock starts."""
    ours(), theirs()
    ratios = []
    for turn in range(rounds):
        first, second = (ours, theirs) if turn % 2 else (theirs, ours)  # neither always runs on a warm cache
        times = {first: _seconds(first)}
        times[second] = _seconds(second)
        ratios.append(times[ours] / times[theirs])
    return median(ratios)


def median(values: Sequence[float], *, level: float = 0.95) -> Reading:
    """With the order statistics that hold the median with at least this confidence (binomial, no law assumed)."""
    from scipy.stats import binom

    ordered = sorted(values)
    n = len(ordered)
    cut = int(binom.ppf((1 - level) / 2, n, 0.5))  # P(fewer than `cut` values lie below the median) <= (1 - level) / 2
    low, high = ordered[max(cut - 1, 0)], ordered[n - max(cut, 1)]
    middle = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    return Reading(middle, Interval(low, high, level, f"order statistics of {n} rounds"))


def table(rows: Sequence[Row]) -> str:
    """Markdown, so that it can stand in the documentation as it is; a column for published values where there are."""
    given = [row.to_dict() for row in rows]
    cells, notes = beside(given)
    head, rule = "| measured | value | 95 % interval | unit | target | met |", "|---|--:|---|---|---|---|"
    lines = [head + " published |" * bool(notes), rule + "---|" * bool(notes)]
    for row, cell in zip(given, cells, strict=True):
        digits = 3 if cell else 2
        low, high = row["interval"]
        met = "-" if row["target"] is None else "yes" if row["ok"] else "**no**"
        words = (row["name"], f"{row['value']:.{digits}f}", f"{low:.{digits}f} to {high:.{digits}f}", row["unit"])
        lines.append(f"| {' | '.join([*words, row['target'] or '-', met, *([cell or '-'] if notes else [])])} |")
    return "\n".join([*lines, *(["", *notes] if notes else [])])


def beside(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    """For each row, as `to_dict` gives it, its published value with the number of a note; and the notes."""
    notes: list[str] = []
    cells = []
    for row in rows:
        published, differences = row.get("published"), row.get("differences")
        said = [] if published is None else [f"Published: {published['source']}."]
        note = " ".join([*said, *([differences] if differences else [])])
        if note and note not in notes:
            notes.append(note)
        value = [] if published is None else [published["said"]]
        cells.append(" ".join([*value, *([f"({notes.index(note) + 1})"] if note else [])]))
    return cells, [f"{number}. {note}" for number, note in enumerate(notes, start=1)]


def _seconds(work: Work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
