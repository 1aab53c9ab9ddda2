"""What a person sees while a verb works: lines and progress on stderr, so that stdout holds the answer alone.

    with Narrator() as narrator:
        narrator.say("reading pictures")
        verb(progress=narrator.progress("pictures"))

A live bar on a terminal; elsewhere a plain line every few seconds, so that a log stays readable.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

SECONDS_BETWEEN_LINES = 5.0


class Narrator:
    """One per command; at its end the terminal is tidy. Lines may still be said then."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)
        self.bars: Progress | None = None

    def say(self, line: str) -> None:
        if self.bars is not None:
            self.bars.console.print(line)
        else:
            print(line, file=sys.stderr, flush=True)

    def progress(self, what: str) -> Callable[[int, int], None]:
        """A function to be told (done, total)."""
        return self._bar(what) if self.console.is_terminal else self._lines(what)

    def __enter__(self) -> Narrator:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        if self.bars is not None:
            self.bars.stop()
            self.bars = None

    def _bar(self, what: str) -> Callable[[int, int], None]:
        if self.bars is None:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TaskProgressColumn())
            self.bars = Progress(*columns, TimeRemainingColumn(), console=self.console, transient=True)
            self.bars.start()
        bars = self.bars
        task = bars.add_task(what, total=None)
        return lambda done, total: bars.update(task, completed=done, total=total, visible=done < total)

    def _lines(self, what: str) -> Callable[[int, int], None]:
        last = time.monotonic()

        def tell(done: int, total: int) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= SECONDS_BETWEEN_LINES or done == total:
                last = now
                print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)

        return tell
