"""Rows of pictures or maps with a name beside each and a heading above: film-strips from noise to picture.

figure = strip([Row("up1.act", maps), Row("picture", pictures)])          # arrays (columns, h, w) or (columns, h, w, 3)
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ganatomy.errors import UsageError
from ganatomy.views.canvas import FAINT, GROWING, INK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LETTER, LINE = 0.056, 0.125  # inches of a letter and of a line of what is said below


@dataclass(frozen=True, eq=False)
class Row:
    """Pictures are 8-bit pixels or lie in [0, 1]; maps run from their lowest to their highest value, or over `span`."""

    name: str
    tiles: NDArray[np.generic]
    map: bool = False
    span: tuple[float, float] | None = None
    heads: Sequence[str] = ()


def strip(rows: Sequence[Row], *, tile: float = 0.75, colours: str = GROWING, foot: str = "") -> Figure:
    """`tile` is the side of a picture in inches. Rows may differ in size; shorter rows leave places empty.

    `foot`: what is said below, in as many lines as it needs.
    """
    from matplotlib.figure import Figure

    if not rows or not all(len(row.tiles) for row in rows):
        raise UsageError("a strip without pictures was asked for", "give at least one row of at least one picture")
    columns = max(len(row.tiles) for row in rows)
    margin = 0.2 + 0.085 * max(len(row.name) for row in rows)
    tops = [0.2 if row.heads else 0.0 for row in rows]  # room for what stands above a row
    width = margin + columns * tile + 0.08
    lines = textwrap.wrap(foot, int(width / LETTER))
    height = 0.16 + len(rows) * tile + sum(tops) + LINE * len(lines)
    figure = Figure(figsize=(width, height))
    for down, row in enumerate(rows):
        bottom = height - 0.08 - (down + 1) * tile - sum(tops[: down + 1])
        low, high = row.span or _span(row)
        for across, picture in enumerate(row.tiles):
            left = margin + across * tile
            ax = figure.add_axes((left / width, bottom / height, 0.94 * tile / width, 0.94 * tile / height))
            ax.imshow(picture, cmap=colours if row.map else "gray", vmin=low, vmax=high, interpolation="nearest")
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_color(FAINT)
            if across < len(row.heads):
                ax.set_title(row.heads[across], fontsize=6.5, color=INK, pad=2)
        middle = (bottom + 0.5 * tile) / height
        figure.text((margin - 0.08) / width, middle, row.name, ha="right", va="center", fontsize=8, color=INK)
    if lines:
        figure.text(0.08 / width, 0.06 / height, "\n".join(lines), va="bottom", fontsize=7, color=INK, linespacing=1.2)
    return figure


def _span(row: Row) -> tuple[float, float]:
    if not row.map:
        return (0.0, 255.0) if row.tiles.dtype == np.uint8 else (0.0, 1.0)
    finite = row.tiles[np.isfinite(row.tiles)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return low, high if high > low else low + 1.0
