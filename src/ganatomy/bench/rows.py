"""Rows of a benchmark, each with its target, and how two pieces of code are timed against each other.

    row = Row("addressed normals", compared(ours, theirs, rounds=15), unit="times torch.randn", at_most=10)
    table([row]); failed([row])

A shared machine has no single speed, so code is timed in turn in one process and reported as a ratio: the median of the
rounds and the order statistics that bound it. A row misses its target only if the whole interval does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ganatomy.numerics.statistics.interval import Interval

Work = Callable[[], object]


@dataclass(frozen=True)
class Reading:
    """A value and how far it may be off."""

    value: float
    interval: Interval


@dataclass(frozen=True)
class Row:
    """What was measured; `at_most` and `at_least` are the targets, if there are any."""

    name: str
    reading: Reading
    unit: str
    at_most: float | None = None
    at_least: float | None = None

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
        }


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
    """Markdown, so that it can stand in the documentation as it is."""
    lines = ["| measured | value | 95 % interval | unit | target | met |", "|---|--:|---|---|---|---|"]
    for row in rows:
        low, high = row.reading.interval.low, row.reading.interval.high
        target = row.to_dict()["target"] or "-"
        met = "-" if target == "-" else "yes" if row.ok else "**no**"
        lines.append(
            f"| {row.name} | {row.reading.value:.2f} | {low:.2f} to {high:.2f} | {row.unit} | {target} | {met} |"
        )
    return "\n".join(lines)


def _seconds(work: Work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
