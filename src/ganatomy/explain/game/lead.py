"""Who was ahead when.

    for each in ahead(record, [(0, 500), (550, 1000)]):
        each.verdict, each.share                  # "critic ahead", Interval: of pairs in which real beats generated

Ahead is said by `pairs.batch`: one half where the critic cannot tell, 1 where it tells every pair. Its readings go on
from one to the next, so a mean of them is worth fewer: as many as their autocorrelation leaves. Of few readings that
is found too small, so its known bias and a standard error are added; the interval is then as wide as it must be.

Which of two readings moved first is not told: of two that fall together, each with noise of its own, the lag at which
their changes go together most is anywhere, and a test of that lag against shifts in time finds a leader that is none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.explain.game.record import Record
from ganatomy.numerics.statistics.interval import Interval, Mean, t_interval

SHARE = "pairs.batch"
EVEN = (0.4, 0.6)  # shares of pairs in which nobody is ahead
SURE = 0.95  # above, the critic is far ahead
FEWEST = 6  # readings for a verdict
STRETCH = 12  # readings of a part of the run; of fewer the interval is seldom short enough to say anything
CAUTION = 1.0  # standard errors that are added to an autocorrelation; with none, 0.9 is covered in 3 of 4 cases
MOST = 0.98  # autocorrelation of neighbours


@dataclass(frozen=True)
class Ahead:
    """Over rounds first to last: the mean share of pairs, and who was ahead by it."""

    first: int
    last: int
    share: Interval | None
    mean: float
    verdict: str

    @property
    def said(self) -> str:
        if self.share is None:
            return f"rounds {self.first} to {self.last}: {self.verdict}"
        low, high = self.share.low, self.share.high
        return f"rounds {self.first} to {self.last}: {self.verdict} ({self.mean:.2f} [{low:.2f}, {high:.2f}])"


def ahead(record: Record, spans: Sequence[tuple[int, int]], *, level: float = 0.95) -> tuple[Ahead, ...]:
    return tuple(_ahead(record, first, last, level) for first, last in spans)


def stretches(record: Record, many: int = 8) -> list[tuple[int, int]]:
    """The run in equal parts of so many readings at least, or as a whole."""
    rounds = record.course(SHARE)[0]
    parts = max(1, min(many, len(rounds) // STRETCH))
    return [(int(part[0]), int(part[-1])) for part in torch.tensor_split(rounds, parts) if len(part)]


def _ahead(record: Record, first: int, last: int, level: float) -> Ahead:
    values = record.course(SHARE, first, last)[1]
    if len(values) < FEWEST:
        return Ahead(first, last, None, math.nan, "too few readings")
    mean = float(values.mean())
    count = worth(len(values), carried(values))
    error = math.sqrt(float(values.var(correction=0)) / (count - 1))  # a mean that wanders makes the spread look small
    found = t_interval(Mean(mean, error, max(1, int(count) - 1), len(values)), level=level)
    share = Interval(max(found.low, 0.0), min(found.high, 1.0), found.level, found.method)
    return Ahead(first, last, share, mean, _verdict(share))


def _verdict(share: Interval) -> str:
    if share.low > SURE:
        return "critic far ahead"
    if share.low > EVEN[1]:
        return "critic ahead"
    if share.high < EVEN[0]:
        return "generator ahead"
    return "even" if share.low >= EVEN[0] and share.high <= EVEN[1] else "cannot be told"


def carried(values: Tensor) -> float:
    """The autocorrelation of neighbours: as found, with its bias (1 + 3 r) / n taken away and a caution added."""
    centred, n = values - values.mean(), len(values)
    size = float(centred.square().sum())
    found = float(centred[1:] @ centred[:-1]) / size if size > 0 else 0.0
    error = math.sqrt(max(0.0, 1 - found * found) / n)
    return min(max(found + (1 + 3 * max(found, 0.0)) / n + CAUTION * error, 0.0), MOST)


def worth(n: int, r: float) -> float:
    """How many independent readings the mean of n is worth, where neighbours correlate by r: more than 1."""
    return n / (1 + 2 * sum((1 - lag / n) * r**lag for lag in range(1, n)))
