"""Empty figures, and figures as text: `figure, ax = canvas(6, 3)`, then `svg(figure)`.

Matplotlib is used without pyplot, so that nothing is shown, no figure stays in memory and no setting is changed. The
same figure gives the same bytes.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, QUIET, FAINT = "#222222", "#777777", "#dddddd"
BLUE, ORANGE = "#1f6fb4", "#d9730d"  # told apart by the colour-blind, and in print
VERDICTS = {"present": BLUE, "absent": QUIET, "undetermined": "#bbbbbb"}
GROWING, SIGNED = "Blues", "PuOr_r"  # colour maps for sizes, and for numbers around 0


def canvas(width: float, height: float, *, ax: Axes | None = None) -> tuple[Figure, Axes]:
    """A new figure in inches with one plain axes, or the axes that were given."""
    if ax is not None:
        return ax.get_figure(root=True), ax  # type: ignore[return-value]
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, plain(figure.subplots())


def plain(ax: Axes) -> Axes:
    """Without the box around it."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(colors=INK, labelsize=8)
    return ax


def svg(figure: Figure) -> str:
    import matplotlib

    text = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "ganatomy", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return text.getvalue()
