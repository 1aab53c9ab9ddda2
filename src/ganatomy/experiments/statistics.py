"""What is measured of an arm: a number from its readings, or from the GAN that came out.

    gap = last("gap")
    sure = share_below("critic.relative", 0.1)
    gap(played), sure(played)

A statistic is any function of a `Played`; these make the usual ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ganatomy.errors import UsageError, nearest
from ganatomy.experiments.arms import Played

Read = Callable[[list[float]], float]


@dataclass(frozen=True)
class Reading:
    """One reading over the rounds of an arm, put into a number."""

    name: str
    read: Read

    def __call__(self, played: Played) -> float:
        return self.read(values(played, self.name))


def values(played: Played, name: str) -> list[float]:
    """The reading at each of the rounds; one that was never taken is an error that names those that were."""
    found = [signals[name] for signals in played.readings if name in signals]
    if not found:
        known = sorted({each for signals in played.readings for each in signals})
        raise UsageError(f"no round has the reading {name!r}", nearest(name, known))
    return found


@dataclass(frozen=True)
class Last:
    """A reading in the last round; that it is missing there (samples that are not finite) is an error."""

    name: str

    def __call__(self, played: Played) -> float:
        taken = values(played, self.name)[-1]
        if self.name not in played.readings[-1]:
            raise UsageError(
                f"the last round has no reading {self.name!r}, as when samples are not finite",
                "read fewer rounds, or take another statistic",
            )
        return taken


def last(name: str) -> Last:
    return Last(name)


def lowest(name: str) -> Reading:
    return Reading(name, min)


def highest(name: str) -> Reading:
    return Reading(name, max)


def mean(name: str) -> Reading:
    return Reading(name, lambda taken: sum(taken) / len(taken))


def share_below(name: str, bound: float) -> Reading:
    """Of the rounds that were read."""
    return Reading(name, lambda taken: sum(value < bound for value in taken) / len(taken))
