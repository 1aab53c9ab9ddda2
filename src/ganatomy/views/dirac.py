"""Games of two numbers as fields with the runs through them; spectra beside the unit circle; angles along a path.

figure = fields([portrait(name) for name in ("minimax", "non-saturating", "ns-r1")])
figure = spectrum_map(found, h=0.1)
figure = path_curves(angle)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ganatomy.theory.convergence import Portrait
from ganatomy.theory.spectra import PathAngle, Spectrum
from ganatomy.views.canvas import BLUE, FAINT, INK, ORANGE, QUIET, canvas, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {"simultaneous": ORANGE, "alternating": BLUE, "extragradient": "#2a8a55", "optimistic": "#7a4fa3"}
REACH = 2.4  # of a field's axes


def fields(portraits: Sequence[Portrait], *, columns: int = 4) -> Figure:
    """A panel a game: arrows point where it pushes, longer where it pushes harder; runs begin at the ring."""
    from matplotlib.figure import Figure

    across = min(columns, len(portraits))
    down = -(-len(portraits) // across)
    figure = Figure(figsize=(2.1 * across, 2.25 * down + 0.3), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True).ravel()
    for ax, portrait in zip(panels, portraits, strict=False):
        field(portrait, ax=plain(ax))
    for ax in panels[len(portraits) :]:
        ax.set_axis_off()
    for ax in panels[: len(portraits)][-across:]:
        ax.set_xlabel("θ, the generated point", fontsize=7)
    for ax in panels[: len(portraits) : across]:
        ax.set_ylabel("ψ, the critic's slope", fontsize=7)
    handles = {line.get_label(): line for ax in panels[: len(portraits)] for line in ax.lines if line.get_gid()}
    figure.legend(handles.values(), handles.keys(), fontsize=7, frameon=False, ncols=4, loc="outside upper left")
    return figure


def field(portrait: Portrait, *, ax: Axes | None = None) -> Figure:
    """One game: its field and its runs."""
    figure, ax = canvas(3.2, 3.4, ax=ax)
    size = np.linalg.norm(portrait.arrows, axis=1, keepdims=True)
    arrows = portrait.arrows / np.maximum(size, 1e-12) * np.sqrt(size / max(float(size.max()), 1e-12))
    ax.quiver(
        *portrait.places.T,
        *arrows.T,
        color="#b8b8b8",
        angles="xy",
        scale=11,
        width=0.006,
        headwidth=3.5,
        headlength=3.5,
        headaxislength=3.2,
        pivot="mid",
    )
    for rule, path in portrait.paths.items():
        ax.plot(*path.T, color=COLOURS.get(rule, INK), lw=1, label=rule, gid=rule)
        ax.plot(*path[-1], "o", color=COLOURS.get(rule, INK), ms=3)
    start = next(iter(portrait.paths.values()))[0] if portrait.paths else (np.nan, np.nan)
    ax.plot(*start, "o", mfc="none", mec=INK, ms=5, mew=0.8)
    ax.plot(0, 0, "+", color=INK, ms=6, mew=1)
    ax.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), xticks=(-2, 0, 2), yticks=(-2, 0, 2), aspect="equal")
    ax.set_title(portrait.name, fontsize=8, loc="left")
    return figure


def spectrum_map(found: Spectrum, *, h: float) -> Figure:
    """Left the eigenvalues of the Jacobian, right those of a step of size h with the circle inside which it shrinks."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Circle

    figure = Figure(figsize=(6.4, 3.2), layout="constrained")
    flow, step = (plain(ax) for ax in figure.subplots(1, 2))
    _eigenvalues(flow, found.values, good=found.values.real < 0)
    flow.axvline(0, color=QUIET, lw=0.8)
    flow.set_title(f"of the flow: |v| is {found.speed:.2g} here", fontsize=8, loc="left")
    multipliers = found.multipliers(h)
    step.add_patch(Circle((0, 0), 1, fill=True, facecolor="#f4f4f4", edgecolor=QUIET, lw=0.8))
    _eigenvalues(step, multipliers, good=np.abs(multipliers) < 1)
    pad = 0.1 * max(float(np.ptp(np.append(multipliers.real, 1.0))), 2 * float(np.abs(multipliers.imag).max()), 1e-3)
    high = float(np.abs(multipliers.imag).max()) + pad
    left, right = float(multipliers.real.min()), max(1.0, float(multipliers.real.max()))
    step.set(xlim=(left - pad, right + pad), ylim=(-high, high))
    step.set_aspect("equal", adjustable="box")
    flow.legend(fontsize=7, frameon=False, loc="upper left")
    step.set_title(f"of a step of {h:g}: radius {np.abs(multipliers).max():.4f}", fontsize=8, loc="left")
    for ax in (flow, step):
        ax.set_xlabel("real part", fontsize=8)
        ax.set_ylabel("imaginary part", fontsize=8)
    return figure


def _eigenvalues(ax: Axes, values: ArrayLike, *, good: ArrayLike) -> None:
    """Dots where it dies out, crosses where it does not: told apart without colour."""
    flat, dies = np.asarray(values), np.asarray(good)
    ax.axhline(0, color=FAINT, lw=0.8, zorder=0)
    ax.plot(flat.real[dies], flat.imag[dies], "o", color=BLUE, ms=4, label="dies out")
    ax.plot(flat.real[~dies], flat.imag[~dies], "x", color=ORANGE, ms=6, mew=1.6, label="grows or stays")


def path_curves(angle: PathAngle, *, names: tuple[str, str] = ("start", "end")) -> Figure:
    """Above the cosine of v and the way, below |v|, along the line through two checkpoints."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.0, 3.6), layout="constrained")
    above, below = (plain(ax) for ax in figure.subplots(2, 1, sharex=True, height_ratios=(2, 1)))
    above.axhline(0, color=QUIET, lw=0.8)
    above.plot(angle.places, angle.cosine, color=BLUE, lw=1.6)
    above.set(ylim=(-1.05, 1.05))
    above.set_ylabel("cosine of v and the way", fontsize=8)
    below.plot(angle.places, angle.speed, color=INK, lw=1.2)
    below.set_ylim(0)
    below.set_ylabel("|v|", fontsize=8)
    below.set_xlabel("place along the path", fontsize=8)
    for place, name in zip((0, 1), names, strict=True):
        for ax in (above, below):
            ax.axvline(place, color=FAINT, lw=1, zorder=0)
        above.annotate(name, (place, 1.05), ha="center", va="bottom", fontsize=7, color=QUIET)
    return figure


def course_curves(columns: Mapping[str, ArrayLike], *, places: ArrayLike | None = None) -> Figure:
    """A low panel for each number along a run: spectra with |v| and the cheap proxies beside them, on one time."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 0.3 + 0.9 * len(columns)), layout="constrained")
    panels = figure.subplots(len(columns), 1, sharex=True, squeeze=False).ravel()
    for ax, (name, values) in zip(panels, columns.items(), strict=True):
        flat = np.asarray(values, dtype=float)
        plain(ax).plot(np.arange(len(flat)) if places is None else np.asarray(places), flat, color=BLUE, lw=1.4)
        ax.set_title(name, fontsize=8, loc="left", pad=2)
        ax.margins(y=0.15)
    panels[-1].set_xlabel("checkpoint" if places is None else "round", fontsize=8)
    return figure
