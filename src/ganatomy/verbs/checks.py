"""A finding of `doctor`, and how a look that fails becomes one.

for check in looked("memory", memory): print(check.line())
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from ganatomy.errors import GanatomyError

State = Literal["ok", "note", "problem"]


@dataclass(frozen=True)
class Check:
    """One finding; `remedy` is what to do, empty where there is nothing to do."""

    name: str
    state: State
    said: str
    remedy: str = ""

    def line(self) -> str:
        return f"{self.state:<7}  {self.name:<12}  {self.said}" + (f": {self.remedy}" if self.remedy else "")


Findings = Iterator[Check]
Look = Callable[[], Findings]


def looked(name: str, look: Look) -> list[Check]:
    """What a look finds; one that fails is a problem of its own."""
    found: list[Check] = []
    try:
        found.extend(look())
    except GanatomyError as error:
        found.append(Check(name, "problem", error.said, error.remedy))
    except Exception as error:  # whatever a broken installation may raise
        reason = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"
        found.append(Check(name, "problem", f"could not be looked at ({reason})", "install ganatomy again"))
    return found
