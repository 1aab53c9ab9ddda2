"""Errors for people: one line saying what was asked and what was given, one line saying what would work.

    raise UsageError("the game 'hing' does not exist", "did you mean 'hinge'?")

Every class carries the exit code of the command line. `choose` looks a name up in a literal table and, on a typo,
names the nearest legal ones.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import ClassVar, TypeVar

Value = TypeVar("Value")


class GanatomyError(Exception):
    """Something a user can understand and mend; `said` is the problem and `remedy` what would work."""

    exit_code: ClassVar[int] = 1

    def __init__(self, said: str, remedy: str) -> None:
        super().__init__(f"{said}\n{remedy}")
        self.said, self.remedy = said, remedy

    def __reduce__(self) -> tuple[type[GanatomyError], tuple[str, str]]:
        return type(self), (self.said, self.remedy)


class UsageError(GanatomyError, ValueError):
    """The request itself is wrong: an unknown name, an illegal value, shapes that do not fit."""

    exit_code = 2


class InputError(GanatomyError):
    """A file or array that was given cannot be read or holds what it must not (truncated, empty, NaN)."""

    exit_code = 3


class DeviceError(GanatomyError):
    """The device is missing or out of memory."""

    exit_code = 4


class DivergedError(GanatomyError):
    """Numbers left the finite range, or a gate was not met."""

    exit_code = 5


def nearest(name: str, legal: Iterable[str]) -> str:
    """The remedy line for a name that does not exist: the nearest legal names, else all of them."""
    names = list(legal)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if close:
        return "did you mean " + " or ".join(repr(found) for found in close) + "?"
    return "legal are: " + (", ".join(names) if names else "none")


def choose(table: Mapping[str, Value], name: str, what: str) -> Value:
    """`table[name]`, or an error that names the nearest legal names. `what` is the noun, as in 'game'."""
    if not isinstance(name, str) or name not in table:
        raise UsageError(f"there is no {what} called {name!r}", nearest(str(name), table))
    return table[name]
