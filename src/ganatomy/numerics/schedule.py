"""A number that changes over training, as a pure function of the images seen, so that a resumed run needs no state.

rate = Schedule(2e-3, 1e-5, begin=500_000, until=1_000_000, shape="cosine")
rate.at(750_000)
at(0.5, seen)          # a plain number is constant
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ganatomy.errors import UsageError, choose

Shape = Literal["linear", "cosine", "geometric"]


@dataclass(frozen=True)
class Schedule:
    """`start` up to `begin` images, `end` from `until` on; between them a line, half a cosine, or equal ratios."""

    start: float
    end: float
    until: int
    begin: int = 0
    shape: Shape = "linear"

    def __post_init__(self) -> None:
        choose(SHAPES, self.shape, "shape of a schedule")
        if not (math.isfinite(self.start) and math.isfinite(self.end)):
            raise UsageError(f"a schedule from {self.start} to {self.end} was asked for", "both ends are finite")
        if not 0 <= self.begin < self.until:
            raise UsageError(
                f"a schedule between {self.begin} and {self.until} images was asked for", "0 <= begin < until"
            )
        if self.shape == "geometric" and min(self.start, self.end) <= 0:
            raise UsageError(
                f"a geometric schedule from {self.start:g} to {self.end:g} was asked for", "both ends are above 0"
            )

    def at(self, seen: int) -> float:
        share = min(max((seen - self.begin) / (self.until - self.begin), 0.0), 1.0)
        return SHAPES[self.shape](self.start, self.end, share)

    def __str__(self) -> str:
        return f"{self.start:g} to {self.end:g} ({self.shape}, images {self.begin} to {self.until})"


Value = float | Schedule


def at(value: Value, seen: int) -> float:
    """A constant, or a schedule after `seen` images."""
    return value.at(seen) if isinstance(value, Schedule) else float(value)


def ends(value: Value) -> tuple[float, float]:
    """All values lie between these two."""
    return (value.start, value.end) if isinstance(value, Schedule) else (float(value), float(value))


def said(value: Value) -> str:
    """In words."""
    return str(value) if isinstance(value, Schedule) else f"{value:g}"


SHAPES: dict[str, Callable[[float, float, float], float]] = {
    "linear": lambda start, end, share: start + (end - start) * share,
    "cosine": lambda start, end, share: end + (start - end) * 0.5 * (1.0 + math.cos(math.pi * share)),
    "geometric": lambda start, end, share: start * (end / start) ** share,
}
