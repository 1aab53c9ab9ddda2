"""Benchmarks by name: rows with a value, an interval and, where there is one, a target; some with figures.

found = bench("speed", progress=progress); found.rows, found.failed
bench("dirac", progress=progress, out=Path("dirac")).files               # its figures, written
bench("ring", progress=progress, published=Cut(steps=2000, trials=2))    # the published protocol, cut short
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ganatomy.atomic import write_text
from ganatomy.bench import published as protocols
from ganatomy.bench.alarms import alarms
from ganatomy.bench.attribution import attribution
from ganatomy.bench.digits import digits, stacked
from ganatomy.bench.dirac import dirac
from ganatomy.bench.dissection import dissection
from ganatomy.bench.engine import engine
from ganatomy.bench.gap import gap
from ganatomy.bench.mnist import mnist
from ganatomy.bench.modes import grid, ring
from ganatomy.bench.published import Cut
from ganatomy.bench.quality import quality
from ganatomy.bench.rows import Illustrated, Row
from ganatomy.bench.selection import selection
from ganatomy.bench.speed import speed
from ganatomy.bench.trust import trust
from ganatomy.bench.watching import watching
from ganatomy.errors import UsageError, choose
from ganatomy.training.threads import threads
from ganatomy.views.canvas import svg

Progress = Callable[[int, int], None]
BENCHES: dict[str, Callable[..., list[Row] | Illustrated]] = {
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
    "quality": quality,
    "quality-full": partial(quality, full=True),
    "speed": speed,
    "trust": trust,
    "watching": watching,
}
PUBLISHED: dict[str, Callable[..., list[Row]]] = {"ring": protocols.ring, "grid": protocols.grid}
ILLUSTRATED = ("dirac",)
KEPT = Path("runs") / "bench"  # where the trials of hours lie, each in a folder of its bench's name


@dataclass(frozen=True)
class Bench:
    """A benchmark that has been run, and the figures that were written."""

    name: str
    rows: tuple[Row, ...]
    files: tuple[Path, ...] = ()

    @property
    def failed(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if not row.ok)


def bench(name: str, *, progress: Progress, out: Path | None = None, published: Cut | None = None) -> Bench:
    """Run one benchmark, on one thread. With `published` its trials are kept in `out`, and gone on with from there."""
    run = choose(BENCHES, name, "benchmark")
    if published is not None:
        chosen = choose(PUBLISHED, name, "benchmark with a published protocol")
        return Bench(name, tuple(chosen(published, out or KEPT / name, progress=progress)))
    if out is not None and name not in ILLUSTRATED:
        raise UsageError(f"the bench {name!r} has no figures to put into {out}", "leave --out away")
    with threads(1):
        found = run(progress=progress)
        if isinstance(found, Illustrated):
            return Bench(name, found.rows, () if out is None else _drawn(found, out))
        return Bench(name, tuple(found))


def _drawn(found: Illustrated, out: Path) -> tuple[Path, ...]:
    files = {out / f"{name}.svg": draw for name, draw in found.figures.items()}
    for path, draw in files.items():
        write_text(path, svg(draw()))
    return tuple(files)
