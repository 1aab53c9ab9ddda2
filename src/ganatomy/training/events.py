"""What a run tells of itself as it is played.

for event in train(setup, run):
    print(event.kind, event.step, event.text)
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ganatomy.training.step import Step

Kind = Literal["run", "note", "stage", "tick", "log", "probe", "alarm", "samples", "checkpoint", "end"]


@dataclass(frozen=True, eq=False)
class Event:
    """Something worth telling: `values` for machines, `text` for people, and the round it is about.

    A tick is for progress bars alone: it comes by the clock, and nothing of it is written.
    """

    kind: Kind
    step: int
    values: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    round: Step | None = None


Events = Generator[Event, None, None]
