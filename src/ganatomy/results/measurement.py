"""A number that can be compared: with its interval, sample size, estimator, noise floor and the space it was taken in.

distance = Measurement("frechet", 3.1, n=1000, estimator="symmetric, float64", better="low",
                       space="pixels-8x8", floor=0.4, interval=Interval(2.8, 3.4, 0.95, "group-delete jackknife"))
distance.comparable(other)       # an error unless name, space, estimator and n agree
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ganatomy.errors import UsageError
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.provenance import Provenance
from ganatomy.results.record import Record

Better = Literal["high", "low", "neither"]


@dataclass(frozen=True)
class Measurement(Record):
    """`floor` is what the estimator reads on average when there is nothing to see; `n` counts units of replication."""

    name: str
    value: float
    n: int
    estimator: str
    better: Better
    interval: Interval | None = None
    floor: float | None = None
    space: str | None = None
    unit: str | None = None
    provenance: Provenance | None = None

    def __post_init__(self) -> None:
        if self.better not in ("high", "low", "neither"):
            raise UsageError(f"a measurement better when {self.better!r} was declared", "legal are: high, low, neither")
        if self.n < 0:
            raise UsageError(f"a measurement of {self.n} samples was declared", "n counts samples")

    @property
    def above_floor(self) -> float | None:
        """The value minus its noise floor, where a floor is known."""
        return None if self.floor is None else self.value - self.floor

    def comparable(self, other: Measurement) -> None:
        """Raise unless both numbers estimate the same thing in the same space from equally many samples."""
        for name in ("name", "space", "estimator", "unit", "n"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                raise UsageError(
                    f"{self.name}: two measurements differ in {name}, {mine!r} against {theirs!r}",
                    "measure both in the same way before comparing them",
                )

    def __str__(self) -> str:
        parts = [f"{self.name} {self.value:.4g}" + (f" {self.unit}" if self.unit else "")]
        if self.interval is not None:
            parts.append(f"[{self.interval.low:.4g}, {self.interval.high:.4g}]")
        if self.floor is not None:
            parts.append(f"floor {self.floor:.4g}")
        return ", ".join([*parts, f"n {self.n}"])
