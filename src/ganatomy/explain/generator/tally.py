"""Pictures counted as they are made, so that a long search says how far it is.

    counted = Counting(progress, total)           # counted(64): progress(64, total)
    counted.finish(total // 2)                    # a search that ended early: on to where it would have been

A total is the most that may be made; what ends early jumps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ganatomy.explain.passes import Progress

Tally = Callable[[int], None]


def silent(_more: int) -> None:
    """Nobody listens."""


@dataclass(eq=False)
class Counting:
    """Never beyond the total, never back."""

    progress: Progress | None
    total: int
    done: int = 0

    def __call__(self, more: int) -> None:
        self.finish(self.done + more)

    def finish(self, place: int) -> None:
        place = min(max(place, self.done), self.total)
        if place > self.done and self.progress is not None:
            self.progress(place, self.total)
        self.done = place
