"""Eigenvalues of games side by side in the complex plane; angles along paths beside the curves that are known.

figure = eigenvalue_maps({"minimax": spectrum(field, field.start), ...})
figure = angles({"pull 1, turn 0": (path_angle(...), known)}, {"minimax": averaged})
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ganatomy.theory.spectra import PathAngle, Spectrum
from ganatomy.views.canvas import BLUE, FAINT, INK, ORANGE, QUIET, plain
from ganatomy.views.charts import DASHES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STILL = 1e-9  # a real part below counts as none, so that rounding does not choose the mark


def eigenvalue_maps(found: Mapping[str, Spectrum], *, columns: int = 4) -> Figure:
    """A panel a game, each on a scale of its own: what lies left of the line dies out, what lies above 0 turns."""
    from matplotlib.figure import Figure

    down = -(-len(found) // columns)
    figure = Figure(figsize=(2.4 * columns, 2.2 * down + 0.3), layout="constrained")
    panels = figure.subplots(down, columns, squeeze=False).ravel()
    for ax, (name, each) in zip(panels, found.items(), strict=False):
        values, dies = each.values, each.values.real < -STILL
        plain(ax).axvline(0, color=QUIET, lw=0.8)
        ax.axhline(0, color=FAINT, lw=0.8, zorder=0)
        ax.plot(values.real[dies], values.imag[dies], "o", color=BLUE, ms=4, label="dies out")
        ax.plot(values.real[~dies], values.imag[~dies], "x", color=ORANGE, ms=6, mew=1.6, label="grows or stays")
        wide = max(float(np.ptp(np.append(values.real, 0.0))), float(np.abs(values).max()), 1e-12)
        high = max(float(np.abs(values.imag).max()), 0.05 * wide)
        left, right = min(0.0, float(values.real.min())), max(0.0, float(values.real.max()))
        ax.set(xlim=(left - 0.12 * wide, right + 0.12 * wide), ylim=(-1.2 * high, 1.2 * high))
        ax.locator_params(nbins=4)
        ax.set_title(f"{name}\n|v| {each.speed:.2g}", fontsize=8, loc="left")
    for ax in panels[len(found) :]:
        ax.set_axis_off()
    for ax in panels[: len(found)][-columns:]:
        ax.set_xlabel("real part", fontsize=8)
    for ax in panels[: len(found) : columns]:
        ax.set_ylabel("imaginary part", fontsize=8)
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, fontsize=7, frameon=False, ncols=2, loc="outside upper left")
    return figure


def angles(known: Mapping[str, tuple[PathAngle, ArrayLike]], averaged: Mapping[str, PathAngle]) -> Figure:
    """Left found curves as lines on the closed forms as dots; right means over directions through a rest."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.2, 3.0), layout="constrained")
    left, right = (plain(ax) for ax in figure.subplots(1, 2, sharey=True))
    for number, (name, (curve, closed)) in enumerate(known.items()):
        way = DASHES[number % len(DASHES)]
        left.plot(curve.places, curve.cosine, way, color=f"C{number}", lw=1.6, label=name)
        left.plot(curve.places[::2], np.asarray(closed)[::2], ".", color=INK, ms=4)
    left.plot([], [], ".", color=INK, ms=4, label="closed form")
    for number, (name, curve) in enumerate(averaged.items()):
        way = DASHES[number % len(DASHES)]
        right.plot(curve.places, curve.cosine, way, color=f"C{number}", lw=1.6, label=name)
    left.set_ylabel("cosine of v and the way", fontsize=8)
    left.set_title("a linear field, past its rest", fontsize=8, loc="left")
    right.set_title("the Dirac game through its rest, mean over directions", fontsize=8, loc="left")
    for ax in (left, right):
        ax.axhline(0, color=QUIET, lw=0.8)
        ax.axvline(0.5, color=FAINT, lw=1, zorder=0)
        ax.set_xlabel("place along the path; nearest to rest at 0.5", fontsize=8)
        ax.legend(fontsize=7, frameon=False, loc="lower left")
    return figure
