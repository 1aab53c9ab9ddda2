"""Draws from samples by whole groups, and a statistic's value on each draw.

    subject = prepare(statistic, (real, fake), (scenes, None), stream)
    values = replicates(subject, with_replacement(subject), 1000)      # (1000,)
    draw, shares = without_block(subject, 20)
    values = replicates(subject, draw, 20)

Independent samples are drawn independently. Draw i has its address, so more draws keep the first ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.groups import Ids, Rows, Units, blocks, units
from ganatomy.numerics.statistics.samples import Given, sample
from ganatomy.numerics.statistics.statistic import Statistic

CHUNK = 2**22  # entries of the drawn samples held at once
Draw = Callable[[range], list[Rows]]  # numbers of draws -> for each sample, the rows of each draw


@dataclass(frozen=True)
class Subject:
    """A statistic with the samples it is taken on and their independent units."""

    statistic: Statistic
    samples: tuple[Tensor, ...]
    units: tuple[Units, ...]
    stream: Stream

    @property
    def fewest(self) -> int:
        """The number of independent units in the sample that has fewest."""
        return min(kin.count for kin in self.units)

    def streams(self) -> list[Stream]:
        """One for each sample, so that samples are drawn independently."""
        return [self.stream.child(f"sample-{place}") for place in range(len(self.samples))]

    def value(self) -> float:
        """The statistic on the samples as they are."""
        return float(replicates(self, lambda _: [torch.arange(len(x))[None] for x in self.samples], 1))


def prepare(
    statistic: Statistic, samples: Sequence[Given], groups: Sequence[Ids | None] | None, stream: Stream
) -> Subject:
    """Coerced and checked once; `groups` has one entry (ids or None) for each sample."""
    if not isinstance(samples, (tuple, list)):
        raise UsageError("one table was given where samples are listed", "give a tuple of samples: (x,) or (x, y)")
    ids = [None] * len(samples) if groups is None else groups
    if len(ids) != len(samples) or not samples:
        raise UsageError(
            f"{len(ids)} lists of group ids were given for {len(samples)} samples", "give one (or None) for each sample"
        )
    tables = tuple(sample(given, f"sample {place}") for place, given in enumerate(samples))
    kin = tuple(units(part, len(x)) for part, x in zip(ids, tables, strict=True))
    return Subject(statistic, tables, kin, stream)


def replicates(subject: Subject, draw: Draw, count: int) -> Tensor:
    """The statistic on each of `count` draws, float64 on the CPU."""
    step = max(1, CHUNK // sum(x.numel() for x in subject.samples))
    parts = [_values(subject, draw(range(first, min(first + step, count)))) for first in range(0, count, step)]
    values = torch.cat(parts)
    broken = int((~torch.isfinite(values)).sum())
    if broken:
        raise InputError(
            f"{subject.statistic.name} is not finite on {broken} of {count} draws",
            "give more samples, or fewer blocks",
        )
    return values


def with_replacement(subject: Subject) -> Draw:
    """The bootstrap: as many groups as there are, each draw independent."""

    def draw(indices: range) -> list[Rows]:
        pairs = zip(subject.units, subject.streams(), strict=True)
        return [kin.rows(stream.integers(indices, kin.count, kin.count)) for kin, stream in pairs]

    return draw


def halves(subject: Subject) -> Draw:
    """Half of the groups of each sample, none twice."""

    def draw(indices: range) -> list[Rows]:
        pairs = zip(subject.units, subject.streams(), strict=True)
        orders = [
            (kin, stream.uniform(indices, kin.count, dtype=torch.float64).argsort(dim=1)) for kin, stream in pairs
        ]
        return [kin.rows(order[:, : kin.count // 2]) for kin, order in orders]

    return draw


def without_block(subject: Subject, count: int, *, only: int | None = None) -> tuple[Draw, Tensor]:
    """Draw j leaves out the j-th block of every sample, or of sample `only`; and the share left out, (count,)."""
    parts = [
        blocks(kin, count, stream=stream) if only in (None, place) else torch.full_like(kin.codes, -1)
        for place, (kin, stream) in enumerate(zip(subject.units, subject.streams(), strict=True))
    ]

    def draw(indices: range) -> list[Rows]:
        return [_level([(part != j).nonzero()[:, 0] for j in indices]) for part in parts]

    shares = torch.stack([(part[:, None] == torch.arange(count)).double().mean(0) for part in parts]).mean(0)
    return draw, shares


def _values(subject: Subject, rows: list[Rows]) -> Tensor:
    function = subject.statistic.function
    pairs = list(zip(subject.samples, rows, strict=True))
    if not subject.statistic.batched:
        each = (function(*(x[drawn[i]] for x, drawn in pairs)) for i in range(len(rows[0])))
        return torch.tensor([float(value) for value in each], dtype=torch.float64)
    if all(isinstance(drawn, Tensor) for drawn in rows):
        return _of_stack(function(*(x[drawn] for x, drawn in pairs)), len(rows[0]), subject.statistic.name)
    each = (function(*(x[drawn[i]][None] for x, drawn in pairs)) for i in range(len(rows[0])))
    return torch.cat([_of_stack(value, 1, subject.statistic.name) for value in each])


def _of_stack(value: Tensor | float, draws: int, name: str) -> Tensor:
    values = torch.as_tensor(value, dtype=torch.float64).detach().cpu()
    if values.shape != (draws,):
        raise UsageError(
            f"{name} gave shape {tuple(values.shape)} for a stack of {draws} draws",
            "a batched statistic gives one number a draw; leave `batched` off for a function of single samples",
        )
    return values


def _level(rows: list[Tensor]) -> Rows:
    """As a table where all draws are of one size."""
    return torch.stack(rows) if len({len(row) for row in rows}) == 1 else rows
