"""The worst samples beside the worst real ones, and what becomes of samples as their latents leave the prior.

figure = worst_strip(found)                 # found: what evaluate.trust.worst found
figure = off_prior_strip(found)             # a row for each way off the prior, with what went wrong
figure = by_norm(found)                     # how bad samples are, by the size of their latents
"""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.evaluate.quality.pairs import Readings
from ganatomy.evaluate.trust.off_prior import NORMS, ON, OffPrior
from ganatomy.evaluate.trust.worst import Ranked, Worst
from ganatomy.pictures import pixels
from ganatomy.results.formats import Format
from ganatomy.results.measurement import Measurement
from ganatomy.views.canvas import BLUE, FAINT, ORANGE, QUIET, canvas
from ganatomy.views.strips import Row, strip

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 12


def worst_strip(found: Worst, format: Format) -> Figure:
    """Worst first; above each which sample it is, and how bad; below, how many are worse than real ones ever are."""
    rows = [
        Row(f"worst of {n} {name}", _tiles(ranked.pictures[:COLUMNS], format), heads=_numbers(ranked))
        for n, name, ranked in zip(found.of, ("generated", "real"), (found.made, found.real), strict=True)
    ]
    return strip(rows, foot=found.note)


def off_prior_strip(found: OffPrior, format: Format) -> Figure:
    """The same latents in each column, moved in another way in each row."""
    rows = [Row(_named(name, row), _tiles(found.pictures[name], format)) for name, row in found.rows.items()]
    return strip(rows, tile=0.6, foot=found.note)


def by_norm(found: OffPrior) -> Figure:
    """The mean badness with 95 % intervals; the line is what other samples of the prior read.

    Sizes stand at their square roots, since small ones lie close together.
    """
    told = {1.0: found.rows[ON], **{x: found.rows[_key(x)] for x in NORMS if _key(x) in found.rows}}
    shown = {x: row["how bad"] for x, row in sorted(told.items()) if "how bad" in row}
    if len(shown) < 2:
        raise UsageError("latents of one size were to be drawn as a curve", "measure some of the ways `norm x ...`")
    figure, ax = canvas(4.6, 3)
    floor = next(iter(shown.values())).floor
    if floor is not None:
        ax.axhline(floor, color=QUIET, lw=0.9, ls="--", label="other samples of the prior")
    places, values = np.sqrt(list(shown)), np.array([each.value for each in shown.values()])
    low, high = (np.array(ends) for ends in zip(*(_ends(each) for each in shown.values()), strict=True))
    ax.axvline(1, color=FAINT, lw=4, zorder=0)
    ax.plot(places, values, color=BLUE, lw=1.2)
    ax.vlines(places, low, high, color=BLUE, lw=1.8)
    ax.plot(places, values, "o", color=BLUE, ms=4)
    ax.plot(1, shown[1.0].value, "o", color=ORANGE, ms=5, label="the prior itself")
    ax.set_ylim(bottom=min(0.0, float(values.min()) * 1.1))
    ax.set_xticks(places, [f"{x:g}" for x in shown])
    ax.set_xlabel("size of the latent, times that of the prior", fontsize=8)
    ax.set_ylabel(textwrap.fill(f"mean {found.by}", 40), fontsize=7)
    ax.set_title(f"{shown[1.0].n} latents each, 95 % intervals", fontsize=8, loc="left")
    ax.legend(fontsize=7, frameon=False)
    return figure


def _key(factor: float) -> str:
    return f"norm x {factor:g}"


def _ends(told: Measurement) -> tuple[float, float]:
    """An interval without ends is drawn as the dot alone."""
    within = told.interval
    if within is None or not math.isfinite(within.low) or not math.isfinite(within.high):
        return told.value, told.value
    return within.low, within.high


def _tiles(pictures: Tensor, format: Format) -> NDArray[np.generic]:
    if format.kind != "picture":
        raise UsageError("points were to be drawn as pictures", "views.plane draws points")
    return pixels(pictures, format)


def _numbers(ranked: Ranked) -> list[str]:
    pairs = zip(ranked.indices.tolist(), ranked.values.tolist(), strict=True)
    return [f"#{index}\n{value:.3g}" for index, value in list(pairs)[:COLUMNS]]


def _named(name: str, row: Readings) -> str:
    """The way, and in a second line how bad its samples are or what is wrong with them."""
    if row["not finite"].value > 0:
        return f"{name}\n{row['not finite'].value:.0%} not finite"
    return f"{name}\n{row['how bad'].value:.3g}"
