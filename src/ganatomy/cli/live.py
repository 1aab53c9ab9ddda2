"""A training run as a person follows it: a live line on a terminal, plain lines elsewhere, JSON lines for machines.

    with Live(as_json=False) as live:
        for event in train("digits-mlp"): live.show(event)

People are spoken to on stderr; stdout holds the JSON lines, or the run's folder alone.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

if TYPE_CHECKING:
    from ganatomy.training.events import Event

SECONDS_BETWEEN_LINES = 5.0
SPOKEN = ("run", "note", "stage", "alarm", "end")  # kinds that are told in words, always


class Live:
    """Shows events; tidy at the end, whatever happens. Without `answers` stdout is left to the caller."""

    def __init__(self, *, as_json: bool, answers: bool = True) -> None:
        self.as_json, self.answers = as_json, answers
        self.console = Console(stderr=True, highlight=False)
        self.bar: Progress | None = None
        self.folder = ""
        self.goal: Mapping[str, float] = {}
        self.alarms = 0
        self.gap: float | None = None
        self.said = -math.inf
        self.speed = _Speed()

    def show(self, event: Event) -> None:
        if self.as_json and event.kind != "tick":
            print(json.dumps(line_of(event), ensure_ascii=False, allow_nan=False), flush=True)
        if event.kind == "run":
            self.folder = event.values["folder"]
            self.goal = _budget(event.values["until"])
        self.alarms += event.kind == "alarm"
        if event.kind in SPOKEN:
            self._say(event.text, warn=event.kind == "alarm")
        elif event.kind in ("tick", "log", "probe") and event.round is not None:
            self._progress(event)
        if event.kind == "end" and not self.as_json:
            self._stop()
            if self.answers:
                print(self.folder, flush=True)

    def __enter__(self) -> Live:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def _say(self, text: str, *, warn: bool = False) -> None:
        if self.bar is not None:
            self.bar.console.print(text, style="yellow" if warn else None, markup=False)
        else:
            print(text, file=sys.stderr, flush=True)

    def _progress(self, event: Event) -> None:
        rate = self.speed(event)
        self.gap = event.values.get("gap", self.gap)
        if self.console.is_terminal:
            self._live(event, rate)
        elif time.monotonic() - self.said >= SECONDS_BETWEEN_LINES and event.kind != "tick":
            self.said = time.monotonic()
            self._say(f"round {event.step}{self._of_total()} {rate:,.0f} images/s {self._state(event)}")

    def _live(self, event: Event, rate: float) -> None:
        total = self.goal.get("steps")
        if self.bar is None:
            columns = (TextColumn("{task.description}"), BarColumn(bar_width=None), _Clock())
            self.bar = Progress(*columns, console=self.console, transient=True, expand=True)
            self.bar.start()
            self.bar.add_task("", total=total)
        text = f"{event.step}{self._of_total()} {rate:,.0f} images/s {self._state(event)}"
        self.bar.update(self.bar.task_ids[0], completed=event.step, description=text)

    def _state(self, event: Event) -> str:
        """The losses of critic and generator, the last gap, and the alarms so far: short, for a terminal is narrow."""
        assert event.round is not None
        parts = [
            f"{name} {float(terms['adversarial']):.2f}"
            for name, terms in (("D", event.round.critic), ("G", event.round.generator))
            if "adversarial" in terms
        ]
        parts += [] if self.gap is None else [f"gap {self.gap:.3f}"]
        parts += [f"{self.alarms} alarm{'s' * (self.alarms > 1)}"] if self.alarms else []
        return " ".join(parts)

    def _of_total(self) -> str:
        return f"/{self.goal['steps']:.0f}" if "steps" in self.goal else ""


class _Clock(ProgressColumn):
    """Time gone, and time left where the end is known: 0:12 < 1:30."""

    def render(self, task: Task) -> Text:
        gone, left = task.elapsed or 0.0, task.time_remaining
        return Text(_minutes(gone) + (f" < {_minutes(left)}" if left is not None else ""))


def _minutes(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


class _Speed:
    """Images a second, over the last few seconds."""

    def __init__(self) -> None:
        self.marks: list[tuple[float, int]] = []

    def __call__(self, event: Event) -> float:
        assert event.round is not None
        now = time.monotonic()
        self.marks = [mark for mark in self.marks if now - mark[0] < SECONDS_BETWEEN_LINES] + [(now, event.round.seen)]
        (first, seen), (last, more) = self.marks[0], self.marks[-1]
        return max(more - seen, 0) / (last - first) if last > first else 0.0


def line_of(event: Event) -> dict[str, Any]:
    """An event for machines: its kind, its step, its values."""
    return {"event": event.kind, "step": event.step, **{name: plain(value) for name, value in event.values.items()}}


def plain(value: Any) -> Any:
    """What JSON can hold: numbers that are not finite become text, also inside of what is given."""
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _budget(goals: list[str]) -> dict[str, float]:
    """The rounds that are certain to be the end, if the goal of every stage says so."""
    from ganatomy.training.goals import parse_goal

    counts = [amount for goal in goals if (amount := parse_goal(goal).amount("steps")) is not None]
    return {"steps": sum(counts)} if counts and len(counts) == len(goals) else {}
