"""Records written by hand, with phases and leads that are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ganatomy.explain.game.record import Record, record_of
from ganatomy.numerics.random import Stream

EVERY = 50


def noise(seed: int, name: str, n: int, carried: float) -> Tensor:
    """AR(1) of spread 1."""
    fresh = Stream(seed, name).normal(range(1), n, dtype=torch.float64)[0]
    out = fresh.clone()
    for place in range(1, n):
        out[place] = carried * out[place - 1] + (1 - carried**2) ** 0.5 * fresh[place]
    return out


def record(columns: Mapping[str, Sequence[float] | Tensor], alarms: Sequence[Mapping[str, object]] = ()) -> Record:
    """A log line each 50 rounds; a NaN is a reading that was not taken."""
    n = len(next(iter(columns.values())))
    rows: list[dict[str, object]] = []
    for place in range(n):
        read = {name: float(values[place]) for name, values in columns.items()}
        told = {name: value for name, value in read.items() if value == value}
        rows.append({"step": EVERY * (place + 1), "kind": "log", "seen": 64.0 * EVERY * (place + 1), **told})
    return record_of([*rows, *alarms], name="by hand")
