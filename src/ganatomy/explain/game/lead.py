"""Who was ahead when, and which of two readings moved first.

    for each in ahead(record, [(0, 500), (500, 1000)]):
        each.verdict, each.share                  # "critic ahead", Interval: of pairs in which real beats generated
    moved_first(record, "critic.relative", "gap").said        # "cannot be told ..." most of the time

Ahead is said by `pairs.batch`: one half where the critic cannot tell, 1 where it tells every pair. Its readings go on
from one to the next, so the interval counts as many of them as their autocorrelation leaves. What moved first is the
lag at which the changes of two readings go together most; by chance alone some lag always does, so this is held
against the same with one of them turned round in time by every other shift.
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
FEWEST = 3  # readings for a verdict
LAGS = 5
LEVEL = 0.05
SHIFTS = 19  # the fewest with which p can come below LEVEL: more readings than that are needed
LEADING = (("critic.relative", "gap"), ("norm.critic", "norm.generator"))


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


@dataclass(frozen=True)
class First:
    """`lag`: by so many readings the one that moved first is ahead; p over shifts, NaN where too few were taken."""

    pair: tuple[str, str]
    lag: int
    correlation: float
    p: float
    readings: int

    @property
    def told(self) -> bool:
        return self.p <= LEVEL and self.lag != 0

    @property
    def said(self) -> str:
        one, other = self.pair if self.lag > 0 else self.pair[::-1]
        if self.told:
            return f"{one} moved before {other}, by {abs(self.lag)} readings (p {self.p:.2g})"
        if self.p <= LEVEL:
            return f"{one} and {other} moved together (p {self.p:.2g})"
        why = f"p {self.p:.2g}" if not math.isnan(self.p) else f"{self.readings} readings in common"
        return f"whether {self.pair[0]} or {self.pair[1]} moved first cannot be told ({why})"


def ahead(record: Record, spans: Sequence[tuple[int, int]], *, level: float = 0.95) -> tuple[Ahead, ...]:
    return tuple(_ahead(record, first, last, level) for first, last in spans)


def stretches(record: Record, many: int = 8) -> list[tuple[int, int]]:
    """The run in equal parts of six readings at least."""
    rounds = record.course(SHARE)[0]
    parts = max(1, min(many, len(rounds) // (2 * FEWEST)))
    return [(int(part[0]), int(part[-1])) for part in torch.tensor_split(rounds, parts) if len(part)]


def _ahead(record: Record, first: int, last: int, level: float) -> Ahead:
    values = record.course(SHARE, first, last)[1]
    if len(values) < FEWEST:
        return Ahead(first, last, None, math.nan, "too few readings")
    mean = float(values.mean())
    count = max(2.0, _effective(values))
    error = math.sqrt(float(values.var()) / count)
    share = t_interval(Mean(mean, error, max(1, int(count) - 1), len(values)), level=level)
    return Ahead(first, last, share, mean, _verdict(share))


def _verdict(share: Interval) -> str:
    if share.low > SURE:
        return "critic far ahead"
    if share.low > EVEN[1]:
        return "critic ahead"
    if share.high < EVEN[0]:
        return "generator ahead"
    return "even" if share.low >= EVEN[0] and share.high <= EVEN[1] else "cannot be told"


def _effective(values: Tensor) -> float:
    """How many independent readings these are worth, by the autocorrelation of neighbours."""
    centred = values - values.mean()
    size = float(centred.square().sum())
    r = float(centred[1:] @ centred[:-1]) / size if size > 0 else 0.0
    r = min(max(r, 0.0), 0.95)
    return len(values) * (1 - r) / (1 + r)


def moved_first(record: Record, one: str, other: str, *, lags: int = LAGS) -> First:
    """By changes of two readings where both were taken; every shift that is farther than the lags looked at counts."""
    x, y = (_changes(record, name, beside) for name, beside in ((one, other), (other, one)))
    n = len(x)
    if n < 2 * lags + SHIFTS + 2:
        return First((one, other), 0, math.nan, math.nan, n)
    lag, best = _peak(x, y, lags)
    shifts = range(2 * lags + 1, n - 2 * lags)
    more = sum(abs(_peak(x, y.roll(shift), lags)[1]) >= abs(best) for shift in shifts)
    p = (1 + more) / (1 + len(shifts)) if len(shifts) >= SHIFTS else math.nan
    return First((one, other), lag, best, p, n)


def _changes(record: Record, name: str, beside: str) -> Tensor:
    """Ranks of the changes, so that one leap does not decide."""
    rounds = record.course(name)[0]
    common = rounds[torch.isin(rounds, record.course(beside)[0])]
    values = record.readings[name][torch.isin(record.rounds, common)] if len(common) else torch.empty(0)
    ranks = values.diff().argsort().argsort().double()
    centred = ranks - ranks.mean()
    out: Tensor = centred / centred.norm().clamp(min=1e-12)
    return out


def _peak(x: Tensor, y: Tensor, lags: int) -> tuple[int, float]:
    """The lag with the largest correlation; above 0 the first is ahead."""
    n = len(x)
    found = {lag: float(x[max(0, -lag) : n - max(0, lag)] @ y[max(0, lag) : n + min(0, lag)]) for lag in _around(lags)}
    best = max(found, key=lambda lag: abs(found[lag]))
    return best, found[best]


def _around(lags: int) -> range:
    return range(-lags, lags + 1)
