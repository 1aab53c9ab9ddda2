"""What feature spaces answer to, drawn: sanity curves of the spaces side by side, with a GAN's own distance across.

figure = sanity([curves_of_one_space, curves_of_other], measured=[readings_in_one, readings_in_other])

A row is a disturbance of real samples, a column a space. The scale is straight about 0, where the grey band of
undisturbed samples lies, and logarithmic above: distances of two spaces have no common scale. The ring stands where
the GAN's distance meets the curve.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ganatomy.errors import UsageError
from ganatomy.evaluate.quality.sanity import Curve, above, equivalent, told_apart
from ganatomy.results.measurement import Measurement
from ganatomy.views.canvas import BLUE, FAINT, INK, ORANGE, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Readings = Mapping[str, Measurement]


def sanity(curves: Sequence[Sequence[Curve]], *, measured: Sequence[Readings] = ()) -> Figure:
    """Of each space its curves, and the readings of one GAN in it: the one of the curves' distance is drawn."""
    from matplotlib.figure import Figure

    kinds = list(dict.fromkeys(curve.kind for each in curves for curve in each))
    if not kinds or (measured and len(measured) != len(curves)):
        raise UsageError(
            f"curves of {len(curves)} spaces and readings in {len(measured)} were to be drawn",
            "give curves of a space or more, and readings in as many or none",
        )
    figure = Figure(figsize=(3.1 * len(curves), 1.7 * len(kinds) + 0.6), layout="constrained")
    axes = figure.subplots(len(kinds), len(curves), squeeze=False, sharey="col")
    for column, each in enumerate(curves):
        own = {curve.kind: curve for curve in each}
        readings = measured[column] if measured else {}
        straight = 10 ** math.ceil(math.log10(max(_scatter(curve) for curve in each)))
        for row, kind in enumerate(kinds):
            ax = axes[row, column]
            if kind not in own:
                ax.set_visible(False)
                continue
            _panel(plain(ax), own[kind], readings.get(own[kind].distance))
            ax.set_yscale("symlog", linthresh=straight)
            ax.yaxis.get_major_locator().set_params(numticks=5)
            ax.minorticks_off()
            if not row:
                ax.set_title(_short(own[kind].space), fontsize=8, loc="left")
        figure.align_ylabels(axes[:, column])
    n = max(each.n for one in curves for curve in one for each in curve.readings)
    said = (
        f"Up to {n} real samples, disturbed, against others; 95 % intervals. Grey: undisturbed."
        "\nFilled: told apart from real ones."
    )
    figure.supxlabel(said + (" Orange: the GAN." if measured else ""), fontsize=7.5, color=INK)
    return figure


def _panel(ax: Axes, curve: Curve, measured: Measurement | None) -> None:
    values, low, high = zip(*(above(each) for each in curve.readings), strict=True)
    ax.axhspan(-_scatter(curve), _scatter(curve), color=FAINT, lw=0)
    ax.vlines(curve.severities, np.minimum(low, values), high, color=BLUE, lw=1.4)  # less its bias may fall below 0
    ax.plot(curve.severities, values, color=BLUE, lw=1.2)
    for severity, value, each in zip(curve.severities, values, curve.readings, strict=True):
        ax.plot(severity, value, "o", ms=4, color=BLUE, mfc=BLUE if told_apart(each) else "white")
    if measured is not None:
        value, least, most = above(measured)
        ax.axhspan(min(least, value), most, color=ORANGE, alpha=0.2, lw=0)
        ax.axhline(value, color=ORANGE, lw=1.2)
        met = equivalent(curve, measured)
        if met.severity is not None and met.low:
            ax.plot(met.severity, value, "o", ms=7, mfc="none", mec=ORANGE, mew=1.4)
    name, less, _ = curve.distance.partition(" less its bias")
    ax.set_ylabel(f"{name},\n" + ("less its bias" if less else "above its floor"), fontsize=7.5)
    ax.set_xlabel(curve.unit, fontsize=7.5)
    if curve.verdict != "responds":
        ax.text(0.02, 0.95, curve.verdict, transform=ax.transAxes, fontsize=7, va="top")


def _scatter(curve: Curve) -> float:
    """How far from 0 undisturbed samples may read."""
    return max(abs(each) for each in above(curve.readings[0])) or max(above(each)[2] for each in curve.readings) or 1.0


def _short(space: str) -> str:
    """The name and as much of the hash as tells two apart."""
    name, _, digest = space.rpartition("-")
    return f"{name} ({digest[:4]})"
