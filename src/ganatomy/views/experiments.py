"""An experiment as a figure: what each arm changed, seed by seed, beside what is too small to be of interest.

figure = experiment_figure(finding, ("without", "with R1", "positive", "negative"))      # the base comes first
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ganatomy.results.finding import Finding
from ganatomy.views.canvas import FAINT, INK, QUIET, VERDICTS, canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE, NAMES = 84, 26  # characters a line, of the title and of an arm's name
PARTS = ("treatment", "should show", "should not")
APART = 0.28  # how far the dots of the seeds stand from the middle of their row


def experiment_figure(found: Finding, arms: Sequence[str]) -> Figure:
    """A dot for each seed, the mean with its interval below; the scale is logarithmic beyond the shaded band."""
    figure, ax = canvas(6.8, 2.9)
    base = np.asarray(found.arrays[arms[0]], dtype=float)
    intervals = (found.interval, found.positive_control.interval, found.negative_control.interval)
    colours = (VERDICTS["present"], INK, INK)
    ax.axvspan(-found.smallest_effect, found.smallest_effect, color=FAINT, lw=0)
    ax.axvline(0, color=QUIET, lw=0.8)
    for row, (arm, interval, colour) in enumerate(zip(arms[1:], intervals, colours, strict=True)):
        change = np.asarray(found.arrays[arm], dtype=float) - base
        spread = np.linspace(-APART, APART / 3, len(change))
        ax.plot(change, row + spread, "o", color=colour, ms=3.5, alpha=0.55, mew=0)
        below = row + APART
        if interval is not None:
            ax.plot([interval.low, interval.high], [below, below], color=colour, lw=1.6, solid_capstyle="butt")
        ax.plot([change.mean()], [below], "D", color=colour, ms=4)
    _named(ax, arms)
    ax.set_xscale("symlog", linthresh=found.smallest_effect, linscale=1.0)
    ax.set_xlabel(f"change against: {arms[0]} (mean {base.mean():.3g}, {len(base)} seeds)", fontsize=8)
    ax.set_title(textwrap.fill(f"{found.claim}: {found.verdict}", WIDE), fontsize=8, loc="left")
    return figure


def _named(ax: Axes, arms: Sequence[str]) -> None:
    names = [f"{textwrap.fill(arm, NAMES)}\n({part})" for arm, part in zip(arms[1:], PARTS, strict=True)]
    ax.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5))
