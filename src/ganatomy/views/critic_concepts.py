"""What a critic's score hangs on, drawn: effects of edits, the edits themselves, slopes along concepts.

figure = cue_forest(cues(gan, held_out).told)          # real and generated side by side, at the largest level
figure = edit_strip(pictures, gan.format, level=0.1)   # what was done
figure = concept_matrix(sensitivity(gan, measurers, held_out))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from ganatomy.explain.critic.cues.edits import (
    CONTROLS,
    Address,
    Given,
    cues_for,
    edited,
    in_range,
    in_unit,
    matched,
)
from ganatomy.results.explanation import Explanation
from ganatomy.results.formats import Format
from ganatomy.views.canvas import ORANGE, VERDICTS, plain
from ganatomy.views.charts import doubted, forest, matrix
from ganatomy.views.generator import tiles
from ganatomy.views.strips import Row, strip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WORDS = {1: "present", -1: "absent", 0: "undetermined"}


def cue_forest(found: Explanation, *, level: float | None = None) -> Figure:
    """Effects at one level, by default the largest, the strongest on any sort first; noise of that size beside them."""
    from matplotlib.lines import Line2D

    levels = np.asarray(found.arrays["level"])
    wanted = levels.max() if level is None else level
    some = np.isfinite(found.arrays["effect"]).any(1)  # room for it in pictures of any sort
    rows = np.flatnonzero(((levels == wanted) | (levels == 0)) & some)
    size = np.nan_to_num(np.abs(found.arrays["effect"][rows])).max(1)
    rows = rows[np.argsort(-size, kind="stable")]
    names = [str(each) for each in found.arrays["cue"][rows]]
    figure, axes = _beside(found.arrays["sorts"].shape[1], 3.1, 0.9 + 0.2 * len(rows), left=1.6)
    for at, (ax, sort) in enumerate(zip(axes, found.arrays["sorts"][0], strict=True)):
        effect, low, high = (np.asarray(found.arrays[name])[rows, at] for name in ("effect", "low", "high"))
        words = [WORDS[int(code)] for code in found.arrays["verdict"][rows, at]]
        smallest = float(found.arrays["smallest"][0])
        forest(
            names, effect, (low, high), verdicts=words, smallest=smallest, label="change of the score, its sd", ax=ax
        )
        ax.set_title(f"{sort} pictures", fontsize=8, loc="left")
        ax.plot(found.arrays["control"][rows, at, 0], np.arange(len(rows)), "|", color=ORANGE, ms=7, mew=1.4)
        for place in np.flatnonzero(~np.isfinite(effect)).tolist():
            ax.text(0, place, " no room", fontsize=6.5, va="center", color=VERDICTS["absent"])
        if at:
            ax.tick_params(labelleft=False)
    handles = [Line2D([], [], color=colour, marker="o", ms=4, lw=1.6, label=word) for word, colour in VERDICTS.items()]
    handles.append(Line2D([], [], color=ORANGE, marker="|", ms=7, mew=1.4, lw=0, label="white noise of equal size"))
    figure.legend(handles=handles, fontsize=7, frameon=False, ncols=4, loc="outside lower center")
    return figure


def edit_strip(pictures: Tensor, format: Format, *, level: float, seed: int = 0) -> Figure:
    """The same pictures under every edit and control of one size; what a picture has no room for is empty."""
    address, unit = Address(seed, range(len(pictures))), in_unit(pictures, format)
    rows = [Row("as they are", tiles(in_range(unit, format).numpy(), format))]
    for name in cues_for(format):
        done = edited(name, unit, level=level, address=address)
        shown = tiles(in_range(done.pictures, format).numpy(), format).copy()
        shown[~done.reached.numpy()] = 255
        rows += [Row(name, shown)] if bool(done.reached.any()) else []
    for name, make in CONTROLS.items():
        change = make(Given(unit, level, address))
        done = matched(unit, change, unit.new_full((len(unit),), level))
        rows.append(Row(f"control: {name}", tiles(in_range(done.pictures, format).numpy(), format)))
    return strip(rows, tile=0.45)


def concept_matrix(found: Explanation, *, kind: int = 0) -> Figure:
    """Slopes of the score along concept vectors by site; full colour where it is shown to hang on the concept."""
    slopes = np.asarray(found.arrays["slope"], dtype=float)[:, :, kind]
    concepts, sites, sorts = slopes.shape
    longest = max(map(len, found.units))
    below = 0.05 * max(len(str(site)) for site in found.arrays["sites"][0])
    figure, axes = _beside(sorts, 1.2 + 0.4 * sites, 0.9 + 0.2 * concepts + below, left=0.08 * longest)
    most = float(np.nanmax(np.abs(slopes))) if np.isfinite(slopes).any() else 1.0
    words = np.vectorize(WORDS.get)(np.asarray(found.arrays["verdict"], dtype=int))
    for at, ax in enumerate(axes):
        names = [str(site) for site in found.arrays["sites"][0]]
        matrix(
            slopes[..., at], found.units, names, label=f"{found.arrays['sorts'][0][at]} pictures", signed=True, ax=ax
        )
        ax.images[0].set_clim(-most, most)
        doubted(ax, words[..., at], key=False)
        if at:
            ax.tick_params(labelleft=False)
    figure.supxlabel("sd of the score per sd along the vector; hatched: undetermined, ring: absent", fontsize=7)
    return figure


def _beside(count: int, width: float, height: float, *, left: float) -> tuple[Figure, list[Axes]]:
    """Plain axes in one row, with room for the names left of the first."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(left + count * width, height), layout="constrained")
    return figure, [plain(ax) for ax in figure.subplots(1, count, squeeze=False, sharex=True)[0]]
