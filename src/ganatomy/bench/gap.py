"""What the gap of a run can see: real samples spoilt in known ways, against the floor of real ones.

rows = gap(progress=lambda done, total: None)

The unit is the room between the floor's mean and its upper end: above 1 a reading is told apart from real samples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganatomy.bench.rows import Row, median
from ganatomy.bench.trained import Progress
from ganatomy.data.catalogue import load_splits
from ganatomy.data.dataset import Dataset
from ganatomy.numerics.random import Stream
from ganatomy.training.gap import Ruler

BLOCKS = 9  # of fresh real samples, each spoilt and read
SIZE = 256


@dataclass(frozen=True)
class Fault:
    """`spoil(samples, labels, noise)` of real samples."""

    data: str
    what: str
    spoil: Callable[[Tensor, Tensor, Tensor], Tensor]


def _without(classes: int) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    return lambda samples, labels, _noise: samples[labels >= classes]


def _wider(factor: float, std: float) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    return lambda samples, _labels, noise: samples + noise * std * (factor**2 - 1) ** 0.5


def _blurred(samples: Tensor, _labels: Tensor, _noise: Tensor) -> Tensor:
    return 0.7 * samples + 0.3 * nn.functional.avg_pool2d(samples, 3, stride=1, padding=1, count_include_pad=False)


FAULTS = (
    Fault("grid25", "nothing wrong", lambda samples, _labels, _noise: samples),
    Fault("grid25", "4 of 25 modes lost", _without(4)),
    Fault("grid25", "modes four times too wide", _wider(4, 0.05)),
    Fault(
        "grid25",
        "one sample in ten strewn about",
        lambda x, _l, e: torch.where(torch.arange(len(x))[:, None] % 10 == 0, 2.8 * e, x),
    ),
    Fault("ring8", "nothing wrong", lambda samples, _labels, _noise: samples),
    Fault("ring8", "1 of 8 modes lost", _without(1)),
    Fault("ring8", "modes twice too wide", _wider(2, 0.01)),
    Fault("digits", "nothing wrong", lambda samples, _labels, _noise: samples),
    Fault("digits", "one class lost", _without(1)),
    Fault("digits", "noise of std 0.1", lambda samples, _labels, noise: (samples + 0.1 * noise).clamp(-1, 1)),
    Fault("digits", "30 % blur", _blurred),
)


def gap(*, progress: Progress) -> list[Row]:
    """A row for each fault: the median over blocks of real samples."""
    parts = {name: load_splits(name) for name in dict.fromkeys(fault.data for fault in FAULTS)}
    rulers = {name: Ruler.between(*pair, seed=0, n=SIZE) for name, pair in parts.items()}
    rows = []
    for done, fault in enumerate(FAULTS, start=1):
        ruler, data = rulers[fault.data], parts[fault.data][0]
        room = ruler.floor.upper - ruler.floor.mean
        values = [(ruler.gap(_spoilt(fault, data, block)) - ruler.floor.mean) / room for block in range(BLOCKS)]
        rows.append(Row(f"{fault.data}: {fault.what}", median(values), "times the floor's room"))
        progress(done, len(FAULTS))
    return rows


def _spoilt(fault: Fault, data: Dataset, block: int) -> Tensor:
    stream = Stream(1, "bench/gap")
    if data.endless:
        places: list[int] | range = range(10_000_000 + block * 2 * SIZE, 10_000_000 + (block + 1) * 2 * SIZE)
    else:
        places = stream.permutation(block, data.size)[: 2 * SIZE].tolist()
    samples, labels = data.read(places), data.labels(places)
    assert labels is not None
    return fault.spoil(samples, labels, stream.normal(range(len(samples)), *samples.shape[1:]))[:SIZE]
