"""A reading over the values of a key: every seed a line, so that pairs are seen, and the mean with its interval.

figure = swept_values("pace.both.rate", ("1e-3", "2e-3"), table, "gap")        # table: (values, seeds)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ganatomy.numerics.statistics.interval import mean_interval
from ganatomy.views.canvas import BLUE, QUIET, canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def swept_values(key: str, values: Sequence[str], table: ArrayLike, reading: str) -> Figure:
    """Seeds that diverged are not drawn; a value of which fewer than three are left has no mean."""
    found = np.asarray(table, dtype=float)
    figure, ax = canvas(2.0 + 1.0 * len(values), 3)
    places = np.arange(len(values))
    for seed in found.T:
        ax.plot(places, seed, "o-", color=QUIET, lw=0.7, ms=2.5, alpha=0.7)
    for place, row in zip(places, found, strict=True):
        there = row[np.isfinite(row)]
        if len(there) >= 3:
            interval, mean = mean_interval(there), there.mean()
            ends = np.nan_to_num([[mean - interval.low], [interval.high - mean]], posinf=0.0)
            ax.errorbar([place], [mean], ends, fmt="D", color=BLUE, ms=5, lw=1.8, capsize=3)
    ax.set(xticks=places, xticklabels=list(values), xlim=(-0.5, len(values) - 0.5))
    ax.set_xlabel(key, fontsize=8)
    ax.set_ylabel(reading, fontsize=8)
    return figure
