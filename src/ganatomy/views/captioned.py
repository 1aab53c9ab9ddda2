"""Columns of pictures with a few short lines under each: what was seen, and what is said of it.

figure = captioned([Row("sample", pictures), Row("nearest", others)], captions, foot=note)
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ganatomy.errors import UsageError
from ganatomy.views.canvas import FAINT, INK
from ganatomy.views.strips import LETTER, LINE, Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ACROSS = 6  # columns side by side; more go below
TILE, WIDE = 0.95, 1.28  # inches of a picture and of its column
EDGE, ROOM = 0.08, 0.17  # inches around everything, and between banks
SIZE, LEADING = 6.5, 0.115  # points of a letter and inches of a line under a picture


@dataclass(frozen=True)
class Caption:
    """Short lines under a column; the first is set bold and in this colour."""

    lines: Sequence[str]
    colour: str = INK


def captioned(rows: Sequence[Row], captions: Sequence[Caption], *, foot: str = "") -> Figure:
    """Every row has a picture for each caption."""
    from matplotlib.figure import Figure

    count = len(captions)
    if not count or not rows or any(len(row.tiles) != count for row in rows):
        raise UsageError(
            f"{count} captions were given for rows of {[len(row.tiles) for row in rows]} pictures",
            "give one picture of each row for each caption, one or more",
        )
    across, banks = min(count, ACROSS), -(-count // ACROSS)
    under = max(len(caption.lines) for caption in captions) * LEADING + 0.06
    bank = len(rows) * TILE + under + ROOM
    margin = EDGE + 0.1 + 0.075 * max(len(row.name) for row in rows)
    width = margin + across * WIDE + EDGE
    said = textwrap.wrap(foot, int(width / LETTER))
    height = EDGE + banks * bank + LINE * len(said) + EDGE
    figure = Figure(figsize=(width, height))
    for place, caption in enumerate(captions):
        left, top = margin + place % ACROSS * WIDE, height - EDGE - place // ACROSS * bank
        for down, row in enumerate(rows):
            bottom = top - (down + 1) * TILE
            box = (left + (WIDE - TILE) / 2, bottom, 0.95 * TILE, 0.95 * TILE)
            _picture(figure, row, place, (box[0] / width, box[1] / height, box[2] / width, box[3] / height))
            if place % ACROSS == 0:
                at = (margin - 0.02) / width, (bottom + TILE / 2) / height
                figure.text(*at, row.name, ha="right", va="center", fontsize=8, color=INK)
        _lines(figure, caption, left + WIDE / 2, top - len(rows) * TILE - 0.05)
    if said:
        figure.text(EDGE / width, EDGE / height, "\n".join(said), va="bottom", fontsize=7, color=INK, linespacing=1.2)
    return figure


def _picture(figure: Figure, row: Row, place: int, box: tuple[float, float, float, float]) -> None:
    span = row.span or ((0, 255) if row.tiles.dtype.kind == "u" else (0.0, 1.0))
    ax = figure.add_axes(box)
    ax.imshow(row.tiles[place], cmap="gray", vmin=span[0], vmax=span[1], interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_color(FAINT)


def _lines(figure: Figure, caption: Caption, middle: float, top: float) -> None:
    width, height = figure.get_size_inches()
    for down, line in enumerate(caption.lines):
        figure.text(
            middle / width,
            (top - down * LEADING) / height,
            line,
            ha="center",
            va="top",
            fontsize=SIZE,
            color=caption.colour if down == 0 else INK,
            weight="bold" if down == 0 else "normal",
        )
