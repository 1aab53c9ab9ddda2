"""Is the same found again, drawn: matched units, the angles between subspaces, readings over seeds.

figure = profiles(found, concepts, rows=20)        # found: evaluate.trust.matching.Matched
figure = partners(found)
figure = angles({"again": cosines, "another GAN": others}, width=32)
figure = over_seeds(spread)                        # evaluate.trust.seeds.Spread
figure = again(told["unit effects"].within)        # Measurements beside their floors
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ganatomy.errors import UsageError
from ganatomy.evaluate.trust.matching import Matched
from ganatomy.evaluate.trust.seeds import Spread
from ganatomy.results.measurement import Measurement
from ganatomy.views.canvas import BLUE, FAINT, ORANGE, QUIET, SIGNED, canvas, plain
from ganatomy.views.charts import DASHES, MARKS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def profiles(found: Matched, columns: Sequence[str], *, rows: int = 24) -> Figure:
    """Profiles of the most alike pairs, a row a pair: the units of the first, and their partners in the same order."""
    from matplotlib.figure import Figure

    size, score = found.similarity.numpy(), np.nan_to_num(found.similarity.numpy(), nan=-np.inf)
    order = [at for at in np.argsort(-score, kind="stable")[:rows] if np.isfinite(size[at])]
    if found.first.shape[1] != len(columns):
        raise UsageError(
            f"{len(columns)} names for profiles of {found.first.shape[1]} columns were given", "name each column"
        )
    tables = found.first.numpy()[order], found.second.numpy()[found.partner.numpy()[order]]
    most = max(float(np.abs(table).max()) for table in tables) or 1.0
    below = 0.06 * max(map(len, columns))
    figure = Figure(figsize=(2.4 + 0.36 * len(columns), 1.1 + 0.19 * len(order) + below), layout="constrained")
    for place, (table, title) in enumerate(zip(tables, ("first", "second: their partners"), strict=True)):
        ax = plain(figure.add_subplot(1, 2, place + 1))
        shown = ax.imshow(table, cmap=SIGNED, aspect="auto", interpolation="nearest", vmin=-most, vmax=most)
        names = order if not place else found.partner.numpy()[order]
        marks = ["" if place or not found.sure[at] else " sure" for at in order]
        ax.set(yticks=range(len(order)), yticklabels=[f"{n}{m}" for n, m in zip(names, marks, strict=True)])
        ax.set_xticks(range(len(columns)), list(columns), rotation=45, ha="right", rotation_mode="anchor")
        ax.tick_params(labelsize=6)
        ax.set_title(f"units of the {title}", fontsize=8, loc="left")
    bar = figure.colorbar(shown, ax=figure.axes, shrink=0.7)
    bar.set_label("profile", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    return figure


def partners(found: Matched) -> Figure:
    """How alike each unit and its partner are, against its nearest unit of its own GAN; above the line, it is nearer.

    The band holds the means of the best assignments to units that are no partners.
    """
    figure, ax = canvas(4.6, 4.2)
    own, size, sure = found.own.numpy(), found.similarity.numpy(), found.sure.numpy()
    null = found.null.numpy()
    ax.axhspan(float(null.min()), float(null.max()), color=FAINT, lw=0, label="mean, no partners")
    ax.axhline(float(np.nanmean(size)), color=BLUE, lw=1, ls="--", label="mean of the pairs")
    ends = [min(own.min(), np.nanmin(size), null.min()), max(own.max(), np.nanmax(size), null.max())]
    ax.plot(ends, ends, color=QUIET, lw=0.8)
    ax.plot(own[~sure], size[~sure], MARKS[0], mfc="none", color=QUIET, ms=4, label=f"not sure ({int((~sure).sum())})")
    ax.plot(own[sure], size[sure], MARKS[1], color=ORANGE, ms=5, label=f"sure ({int(sure.sum())})")
    ax.set_xlabel("similarity to the nearest other unit of its own GAN", fontsize=8)
    ax.set_ylabel("similarity to its partner", fontsize=8)
    ax.legend(fontsize=7, frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=2)
    return figure


def angles(cosines: Mapping[str, ArrayLike], *, width: int | None = None) -> Figure:
    """Cosines of principal angles, from the nearest pair of directions on; 1 is shared, 0 is at a right angle.

    width: dimensions of the space; the line is then the root mean square of random subspaces.
    """
    figure, ax = canvas(5.5, 3)
    longest = max(len(np.asarray(each)) for each in cosines.values())
    for number, (name, each) in enumerate(cosines.items()):
        values, way = np.asarray(each, dtype=float), f"{MARKS[number % len(MARKS)]}{DASHES[number % len(DASHES)]}"
        ax.plot(np.arange(1, len(values) + 1), values, way, color=f"C{number % 10}", lw=1.4, ms=4, label=name)
    if width is not None:
        level = min(longest / width, 1.0) ** 0.5
        ax.axhline(level, color=QUIET, lw=0.8, ls=":", label=f"random, {longest} of {width}")
    ax.set(ylim=(0, 1.03), xticks=range(1, longest + 1))
    ax.set_xlabel("principal angle", fontsize=8)
    ax.set_ylabel("cosine", fontsize=8)
    ax.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def over_seeds(found: Spread) -> Figure:
    """A dot and an interval for each run, the mean over seeds with its own, and the floor."""
    figure, ax = canvas(5.5, 1.1 + 0.25 * (len(found.runs) + 1))
    _dots(ax, {**found.runs, "mean over seeds": found.mean}, last=True)
    floor = found.mean.floor
    if floor is not None:
        ax.axvline(floor, color=QUIET, lw=0.9, ls="--", label=f"floor {floor:.3g}")
        ax.legend(fontsize=7, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), borderpad=0)
    name = found.mean.name.removesuffix(": mean over seeds")
    ax.set_xlabel(f"{name} ({found.mean.space})" if found.mean.space else name, fontsize=8)
    return figure


def again(readings: Mapping[str, Measurement]) -> Figure:
    """Agreements from 0 to 1 with their intervals; the bar is the floor of each."""
    if not readings:
        raise UsageError("no readings were to be drawn", "give those of Told.within or Told.across")
    figure, ax = canvas(6.2, 0.8 + 0.27 * len(readings))
    _dots(ax, readings, last=False)
    for place, each in enumerate(readings.values()):
        if each.floor is not None:
            ax.plot([each.floor] * 2, [place - 0.3, place + 0.3], color=QUIET, lw=2, label="floor" if not place else "")
    lows = [each.value if each.interval is None else each.interval.low for each in readings.values()]
    ax.set_xlim(min(-0.02, *(max(low, -1.02) for low in lows)), 1.02)
    ax.set_xlabel("agreement; a bar is what there is without any", fontsize=8)
    return figure


def _dots(ax: Axes, readings: Mapping[str, Measurement], *, last: bool) -> None:
    """`last`: the last one stands out. An interval without an end has none drawn, and says so."""
    names = list(readings)
    for place, each in enumerate(readings.values()):
        own = last and place == len(names) - 1
        colour = ORANGE if own else BLUE
        if each.interval is not None and np.isfinite([each.interval.low, each.interval.high]).all():
            ends = [each.interval.low, each.interval.high]
            ax.plot(ends, [place, place], color=colour, lw=1.6, solid_capstyle="butt")
        else:
            names[place] += " (no interval)"
        ax.plot(each.value, place, "D" if own else "o", color=colour, ms=4)
    ax.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5))
