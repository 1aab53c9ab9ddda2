"""What a command line comes back with."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Done(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def error(self) -> list[str]:
        """The two lines of an error, without what was told before it."""
        lines = self.err.strip().splitlines()
        return lines[[line.startswith("ganatomy: ") for line in lines].index(True) :]


Command = Callable[..., Done]
