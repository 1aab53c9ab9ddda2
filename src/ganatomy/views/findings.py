"""A finding as a figure: its effect beside what was done where nothing, or everything, should happen.

figure = drawn(finding)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ganatomy.results.finding import Finding
from ganatomy.results.measurement import Measurement
from ganatomy.views.charts import forest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDE = 60  # characters a line of the heading


def drawn(found: Finding) -> Figure:
    """Three rows in one unit; the shaded band is too small to be of interest."""
    rows = [("effect", found.effect, found.interval.low, found.interval.high)]
    controls = (("negative control", found.negative_control), ("positive control", found.positive_control))
    rows += [(name, *_bounds(control)) for name, control in controls]
    names, values, low, high = zip(*rows, strict=True)
    verdicts = (found.verdict, "undetermined", "undetermined")
    figure = forest(names, values, (low, high), verdicts=verdicts, smallest=found.smallest_effect, label="effect")
    figure.axes[0].set_title(_folded(f"{found.claim}: {found.verdict}"), fontsize=8, loc="left")
    return figure


def _bounds(control: Measurement) -> tuple[float, float, float]:
    if control.interval is None:
        return control.value, np.nan, np.nan
    return control.value, control.interval.low, control.interval.high


def _folded(text: str) -> str:
    import textwrap

    return textwrap.fill(text, WIDE)
