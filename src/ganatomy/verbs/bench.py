"""Benchmarks by name: rows with a value, an interval and, where there is one, a target.

found = bench("speed"); found.rows, found.failed
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ganatomy.bench.alarms import alarms
from ganatomy.bench.attribution import attribution
from ganatomy.bench.digits import digits, stacked
from ganatomy.bench.dirac import dirac
from ganatomy.bench.dissection import dissection
from ganatomy.bench.engine import engine
from ganatomy.bench.gap import gap
from ganatomy.bench.mnist import mnist
from ganatomy.bench.modes import grid, ring
from ganatomy.bench.rows import Row
from ganatomy.bench.selection import selection
from ganatomy.bench.speed import speed
from ganatomy.errors import choose
from ganatomy.training.threads import threads

Progress = Callable[[int, int], None]
BENCHES: dict[str, Callable[..., list[Row]]] = {
    "ring": ring,
    "grid": grid,
    "digits": digits,
    "stacked": stacked,
    "mnist": mnist,
    "engine": engine,
    "alarms": alarms,
    "attribution": attribution,
    "drs": selection,
    "dirac": dirac,
    "dissection": dissection,
    "gap": gap,
    "speed": speed,
}


@dataclass(frozen=True)
class Bench:
    """A benchmark that has been run."""

    name: str
    rows: tuple[Row, ...]

    @property
    def failed(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if not row.ok)


def bench(name: str, *, progress: Progress) -> Bench:
    """Run one benchmark, on one thread."""
    run = choose(BENCHES, name, "benchmark")
    with threads(1):
        return Bench(name, tuple(run(progress=progress)))
