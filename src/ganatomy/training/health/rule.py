"""What a rule of health is: a condition over the last readings, with a sentence, advice and limits.

rule.examine(Past(signals, past, lowest))      # the evidence as named numbers, or None
rule.eased                                     # what it takes for its alarm to be cleared
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from ganatomy.errors import UsageError

Evidence = dict[str, float]


@dataclass(frozen=True)
class Past:
    """The signals of this observation, and of each reading the last values, this one included, and the lowest."""

    now: Mapping[str, float]
    values: Mapping[str, tuple[float, ...]]
    lowest: Mapping[str, float]

    def window(self, name: str, size: int) -> tuple[float, ...]:
        """The last `size` values; none at all where there are fewer yet."""
        values = self.values.get(name, ())
        return values[-size:] if len(values) >= size else ()

    def median(self, name: str, size: int) -> float | None:
        values = self.window(name, size)
        return statistics.median(values) if values else None


@dataclass(frozen=True)
class Rule:
    """A condition that holds for `patience` observations in a row raises the alarm.

    reads: the readings it looks at; it is judged when the first of them is new, or any if the first ends in a dot.
    low, high: limits; which of them count, the condition says. window: values a median is taken over.
    after: rounds before which it is silent. steady: the factor below which a change over the window is none.
    ease: by how much an alarm's limits are moved before it is cleared. sets: what a recipe may change by a number.
    """

    name: str
    sentence: str
    advice: str
    reads: tuple[str, ...]
    condition: Callable[[Rule, Past], Evidence | None]
    low: float = 0.0
    high: float = float("inf")
    window: int = 1
    patience: int = 3
    after: int = 100
    ease: float = 1.25
    steady: float = 1.1
    sets: Literal["low", "high", "ratio", "nothing"] = "high"

    def examine(self, past: Past) -> Evidence | None:
        return self.condition(self, past)

    def concerned(self, signals: Mapping[str, float]) -> bool:
        """Whether an observation tells it anything new."""
        if self.reads[0].endswith("."):
            return True
        return self.reads[0] in signals

    def at(self, threshold: float) -> Rule:
        """With another threshold: of the limit `sets` names; for "ratio" that number, and its inverse below."""
        fits = threshold > (1.0 if self.sets == "ratio" else 0.0)
        if self.sets == "nothing" or not fits:
            raise UsageError(
                f"the health rule {self.name!r} was given the threshold {threshold:g}",
                "give true or false" if self.sets == "nothing" else "give a number above " + "01"[self.sets == "ratio"],
            )
        if self.sets == "ratio":
            return replace(self, low=1.0 / threshold, high=threshold)
        return replace(self, low=threshold) if self.sets == "low" else replace(self, high=threshold)

    @cached_property
    def eased(self) -> Rule:
        ease = self.ease
        return replace(self, low=self.low * ease, high=self.high / ease, steady=self.steady * ease)
