"""Fréchet distance, precision, recall, density and coverage against torchmetrics and prdc: values, time and memory.

rows = quality(progress=lambda done, total: None)               # 10,000 x 10,000 samples of 64 features, minutes
rows = quality(progress=..., full=True)                         # also 2,048 features, and 50,000 x 50,000 samples

Each measurement is a process of its own, ours and theirs in turn, on one core with one thread, in float64, from the
same files. Time is that of the processor, after a first call on few samples; memory is the peak of the process, less
what it held with packages and samples loaded. Like is compared with like: the numbers alone. What an interval and a
floor cost besides, which the packages do not give, stands in rows of its own.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ganatomy.bench.rows import Reading, Row, median
from ganatomy.bench.trained import Progress
from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import Interval

SCALE = 1.05  # of the generated samples; of the real ones 1
PACKAGES = ("torchmetrics", "prdc")
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Case:
    """`ours` and `theirs` are names in `measuring.MEASURED`; `more` is ours with interval and floor.

    Targets are of ours over theirs (time, memory), and of the largest difference of the values, over their size where
    it is relative.
    """

    name: str
    ours: str
    theirs: str
    more: str
    samples: int
    features: int
    rounds: int
    apart: float
    relative: bool
    memory: float | None = None


PRDC = ("neighbourhoods", "prdc", "neighbourhoods with intervals")
FRECHET = ("Fréchet", "torchmetrics", "Fréchet with interval")
CASES = (
    Case("Fréchet distance", *FRECHET, 10_000, 64, rounds=7, apart=1e-6, relative=True),
    Case("PRDC", *PRDC, 10_000, 64, rounds=7, apart=1e-9, relative=False, memory=0.25),
)
WIDE = (Case("Fréchet distance", *FRECHET, 10_000, 2048, rounds=1, apart=1e-6, relative=True),)
MANY, MANY_FEATURES, BOUND = 50_000, 64, 2048.0  # MiB; the table of all pairs alone would take 19 GiB


@dataclass(frozen=True)
class Measured:
    """The values with the processor's seconds and the peak of memory in MiB."""

    values: tuple[float, ...]
    seconds: float
    peak: float


def quality(*, progress: Progress, full: bool = False) -> list[Row]:
    """`full` adds some ten minutes."""
    for package in PACKAGES:
        if importlib.util.find_spec(package) is None:
            raise UsageError(f"the bench compares with {package}, which is missing", "pip install 'ganatomy[dev]'")
    cases = (*CASES, *(WIDE if full else ()))
    steps = itertools.count(1)
    total = sum(2 * case.rounds + 1 for case in cases) + full
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for case in cases:
            write_samples(folder, case.samples, case.features)
            rows += compared(case, folder, step=lambda: progress(next(steps), total))
        if full:
            rows += many(folder)
            progress(next(steps), total)
    return rows


def measured(what: str, folder: Path) -> Measured:
    """One measurement in a fresh process."""
    code = "import sys; from ganatomy.bench.measuring import main; main(*sys.argv[1:])"
    told = subprocess.run(
        [sys.executable, "-c", code, what, str(folder)], capture_output=True, text=True, env={**os.environ, **THREADS}
    )
    if told.returncode:
        raise RuntimeError(f"{what} ended with {told.returncode}:\n{told.stderr}")
    found = json.loads(told.stdout.splitlines()[-1])
    return Measured(tuple(found["values"]), found["seconds"], found["peak"])


def write_samples(folder: Path, samples: int, features: int) -> None:
    for name, scale in (("real", 1.0), ("made", SCALE)):
        drawn = Stream(0, f"bench/quality/{name}").normal(range(samples), features, dtype=torch.float64)
        np.save(folder / f"{name}.npy", (scale * drawn).numpy())


def compared(case: Case, folder: Path, *, step: Callable[[], None]) -> list[Row]:
    """In turn; neither is always the first of a round."""
    found: dict[str, list[Measured]] = {case.ours: [], case.theirs: []}
    for turn in range(case.rounds):
        for what in (case.ours, case.theirs)[:: 1 if turn % 2 else -1]:
            found[what].append(measured(what, folder))
            step()
    more = measured(case.more, folder)
    step()
    return told(case, found[case.ours], found[case.theirs], more)


def told(case: Case, ours: Sequence[Measured], theirs: Sequence[Measured], more: Measured) -> list[Row]:
    size = f"{case.samples:,} x {case.samples:,}, {case.features:,} features"
    label = f"quality: {case.name}, {size}"
    pairs = list(zip(ours, theirs, strict=True))
    apart = max(_apart(a.values, b.values, relative=case.relative) for a, b in pairs)
    kind = "relative difference" if case.relative else "difference"
    rows = [
        Row(f"{label}: largest {kind} x 1e9", _exactly(1e9 * apart), "1e-9", at_most=1e9 * case.apart),
        Row(f"{label}: time", median([a.seconds / b.seconds for a, b in pairs]), f"of {case.theirs}", at_most=1.0),
        Row(f"{label}: time", median([a.seconds for a in ours]), "s, ours"),
        Row(f"{label}: time with interval and floor", _exactly(more.seconds), "s, ours"),
        Row(f"{label}: peak memory", median([a.peak for a in ours]), "MiB, ours"),
        Row(f"{label}: peak memory", median([b.peak for b in theirs]), f"MiB, {case.theirs}"),
        Row(f"{label}: peak memory with interval and floor", _exactly(more.peak), "MiB, ours"),
    ]
    if case.memory is not None:
        ratio = median([a.peak / b.peak for a, b in pairs])
        rows.append(Row(f"{label}: peak memory", ratio, f"of {case.theirs}", at_most=case.memory))
    return rows


def many(folder: Path) -> list[Row]:
    """Ours alone: the package would hold several tables of all pairs."""
    write_samples(folder, MANY, MANY_FEATURES)
    found = measured("neighbourhoods", folder)
    label = f"quality: PRDC, {MANY:,} x {MANY:,}, {MANY_FEATURES} features"
    return [
        Row(f"{label}: peak memory", _exactly(found.peak), "MiB, ours", at_most=BOUND),
        Row(f"{label}: time", _exactly(found.seconds), "s, ours"),
    ]


def _apart(ours: Sequence[float], theirs: Sequence[float], *, relative: bool) -> float:
    return max(abs(a - b) / (abs(b) if relative else 1.0) for a, b in zip(ours, theirs, strict=True))


def _exactly(value: float) -> Reading:
    return Reading(value, Interval(value, value, 1.0, "one measurement"))
