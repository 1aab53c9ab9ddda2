"""What a piece of theory comes to: a sentence, a table, a figure. The type between `theory` and its table of names.

Shown("They add up to t", ("t", "sum"), ((1.0, 1.0),), draw)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Cell = str | float
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Shown:
    """`said` tells what the numbers came to; the figure is drawn when it is asked for."""

    said: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    figure: Callable[[], Figure]

    def table(self) -> str:
        """Columns of even width, numbers to the right."""
        texts = [self.columns, *[tuple(map(_text, row)) for row in self.rows]]
        widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
        numeric = [all(isinstance(cell, float | int) for cell in column) for column in zip(*self.rows, strict=True)]
        lines = [
            "  ".join(
                text.rjust(width) if right else text.ljust(width)
                for text, width, right in zip(row, widths, numeric, strict=True)
            ).rstrip()
            for row in texts
        ]
        return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else f"{cell:.9g}"
