"""What one process of the bench `quality` does: load samples, call one function on them, say what it took.

    main("prdc", "/tmp/samples")                     # prints {"values": [...], "seconds": 7.9, "peak": 1590.2}

The packages are imported inside their functions: a process that measures ours does not load theirs.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganatomy.evaluate.quality.balls import NAMES
from ganatomy.evaluate.quality.frechet import frechet as frechet_measured
from ganatomy.evaluate.quality.neighbourhoods import neighbourhoods, readings
from ganatomy.evaluate.quality.pairs import pair
from ganatomy.numerics.distances import frechet
from ganatomy.numerics.random import Stream

AT_LEAST = 0.5  # seconds: shorter calls are made again, and their median is told
FIRST = 200, 16  # samples and features of the call before the clock starts
Values = list[float]


def _neighbourhoods(real: Tensor, made: Tensor) -> Values:
    """With the rim outside, as in prdc."""
    found = readings(real, made, strict=True)
    return [found[name] for name in NAMES]


def _with_intervals(real: Tensor, made: Tensor) -> Values:
    found = neighbourhoods(real, made, space="bench", stream=Stream(0, "bench/quality"))
    return [found[name].value for name in NAMES]


def _with_interval(real: Tensor, made: Tensor) -> Values:
    found = frechet_measured(pair(real, made, space="bench", stream=Stream(0, "bench/quality")))
    return [next(iter(found.values())).value]


def _prdc(real: Tensor, made: Tensor) -> Values:
    from prdc import compute_prdc  # type: ignore[import-untyped]

    with contextlib.redirect_stdout(sys.stderr):
        found = compute_prdc(real.numpy(), made.numpy(), nearest_k=5)
    return [float(found[name]) for name in NAMES]


class Identity(nn.Module):
    """Features are what comes in; torchmetrics asks a module for their number."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, x: Tensor) -> Tensor:
        return x


def _torchmetrics(real: Tensor, made: Tensor) -> Values:
    from torchmetrics.image.fid import FrechetInceptionDistance

    metric = FrechetInceptionDistance(feature=Identity(real.shape[1])).set_dtype(torch.float64)
    metric.update(real, real=True)
    metric.update(made, real=False)
    return [float(metric.compute())]


MEASURED: Mapping[str, Callable[[Tensor, Tensor], Values]] = MappingProxyType(
    {
        "neighbourhoods": _neighbourhoods,
        "neighbourhoods with intervals": _with_intervals,
        "prdc": _prdc,
        "Fréchet": lambda real, made: [frechet(real, made)],
        "Fréchet with interval": _with_interval,
        "torchmetrics": _torchmetrics,
    }
)


def main(what: str, folder: str) -> None:
    """On one core, where the system can hold a process to one: prdc asks for eight threads whatever it is told."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    call = MEASURED[what]
    real, made = (torch.from_numpy(np.load(Path(folder) / f"{name}.npy")) for name in ("real", "made"))
    call(*(table[: FIRST[0], : FIRST[1]].contiguous() for table in (real, made)))
    held = _held()
    seconds: list[float] = []
    while sum(seconds) < AT_LEAST:
        began = time.process_time()
        values = call(real, made)
        seconds.append(time.process_time() - began)
    found: dict[str, Any] = {"values": values, "seconds": statistics.median(seconds), "peak": _peak() - held}
    print(json.dumps(found))


def _peak() -> float:
    """The most that this process has held so far, MiB."""
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 2**10


def _held() -> float:
    """What it holds now; where the system does not tell, the most so far."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return _peak()
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
