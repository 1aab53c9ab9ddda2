"""Which part of a picture raised the score: maps beside their pictures, with what their grades say below.

figure = maps(explanation, gan.format)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ganatomy.results.explanation import Explanation
from ganatomy.results.formats import Format
from ganatomy.views.canvas import SIGNED
from ganatomy.views.generator import tiles
from ganatomy.views.strips import Row, strip

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 8


def maps(found: Explanation, format: Format) -> Figure:
    """Signed, added up over channels: orange raised the score, purple lowered it, on one scale for all pictures."""
    pictures = found.arrays["pictures"][:SHOWN]
    added = np.asarray(found.arrays["maps"][:SHOWN], dtype=float).sum(1)
    most = float(np.abs(added).max()) or 1.0
    heads = [
        f"{name}: {score:.3g}" for name, score in zip(found.units, found.arrays["score"][:SHOWN].tolist(), strict=False)
    ]
    rows = [
        Row("picture", tiles(pictures, format), heads=heads),
        Row(found.method.removeprefix("attribution, "), added, map=True, span=(-most, most)),
    ]
    foot = f"Orange raised the score above that of the baseline, purple lowered it. {found.note}"
    return strip(rows, tile=0.95, colours=SIGNED, foot=foot)
