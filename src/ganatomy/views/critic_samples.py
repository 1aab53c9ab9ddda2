"""Special samples of the critic, drawn: scores by kind, blends, flips, robustness, climbs, mistakes.

figure = kinds(specials(gan, held_out))
figure = blends(specials(gan, held_out))
figure = flip_strip(found.shown, gan.format)         # before, the change magnified, after
figure = gallery(mistakes(gan, held_out).examples, gan.format)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ganatomy.errors import UsageError
from ganatomy.results.explanation import Explanation
from ganatomy.results.formats import Format
from ganatomy.views.canvas import BLUE, FAINT, INK, ORANGE, QUIET, canvas, plain
from ganatomy.views.charts import DASHES
from ganatomy.views.generator import tiles
from ganatomy.views.strips import Row, strip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KNOWN = {"real": BLUE, "generated": ORANGE}
FACTORS = (1, 2, 5, 10, 20, 50, 100)
BLEND = "blend with "
STRONG = 0.5  # of the range: changes are magnified to about this


def kinds(found: Explanation) -> Figure:
    """Mean score of every kind but blends, over the middle 95 % of its scores; bands: of real and generated ones."""
    family = np.asarray(found.arrays["family"], dtype=str)
    rows = [at for at, name in enumerate(family) if not name.startswith(BLEND)]
    figure, ax = canvas(6.2, 0.9 + 0.24 * len(rows))
    spread = np.asarray(found.arrays["quantiles"], dtype=float)
    for name, colour in KNOWN.items():
        for at in np.flatnonzero(family == name).tolist():
            ax.axvspan(spread[at, 0], spread[at, -1], color=colour, alpha=0.12, lw=0, label=f"95 % of {name}")
    threshold = float(found.arrays["threshold"][0])
    if np.isfinite(threshold):
        ax.axvline(threshold, color=QUIET, lw=0.9, ls="--", label="called real beyond")
    for place, at in enumerate(rows):
        colour = KNOWN.get(family[at], INK)
        ax.plot(spread[at, [0, -1]], [place, place], color=colour, lw=0.8, alpha=0.6)
        low, high, mean = (float(found.arrays[name][at]) for name in ("low", "high", "mean"))
        ax.plot([low, high], [place, place], color=colour, lw=3.2, solid_capstyle="butt")
        ax.plot(mean, place, "o", color=colour, ms=4)
        ax.text(1.01, place, _share(found, at), transform=ax.get_yaxis_transform(), fontsize=7, va="center")
    ax.set(yticks=range(len(rows)), yticklabels=[found.units[at] for at in rows], ylim=(len(rows) - 0.5, -0.5))
    ax.set_xlabel(f"{found.target} (right: more real); right column: share called real", fontsize=8)
    figure.legend(fontsize=7, frameon=False, ncols=3, loc="outside upper center")
    return figure


def _share(found: Explanation, at: int) -> str:
    share, low, high = (float(found.arrays[name][at]) for name in ("called", "called_low", "called_high"))
    if not np.isfinite(share):
        return ""
    return f"{share:.0%}" if low == high else f"{share:.0%} [{low:.0%}, {high:.0%}]"


def blends(found: Explanation) -> Figure:
    """Mean score from real (0) to generated or another real picture (1), with intervals."""
    family = np.asarray(found.arrays["family"], dtype=str)
    kept = [name for name in dict.fromkeys(family.tolist()) if name.startswith(BLEND)]
    if not kept:
        raise UsageError("blends were to be drawn, and none were measured", "give real data")
    figure, ax = canvas(5.2, 3)
    mean, low, high = (np.asarray(found.arrays[name], dtype=float) for name in ("mean", "low", "high"))
    ends = {name: int(np.flatnonzero(family == name)[0]) for name in KNOWN}
    for number, name in enumerate(kept):
        rows = np.flatnonzero(family == name)
        other = "generated" if "generated" in name else "real"
        order = np.r_[ends["real"], rows, ends[other]]
        level = np.r_[0.0, np.asarray(found.arrays["level"], dtype=float)[rows], 1.0]
        colour = ORANGE if other == "generated" else BLUE
        ax.plot(level, mean[order], DASHES[number], color=colour, marker="o", ms=3, lw=1.5, label=name[len(BLEND) :])
        ax.fill_between(level, low[order], high[order], color=colour, alpha=0.2, lw=0)
    threshold = float(found.arrays["threshold"][0])
    if np.isfinite(threshold):
        ax.axhline(threshold, color=QUIET, lw=0.9, ls="--", label="called real above")
    ax.set_xlabel("share of the second picture in a real one", fontsize=8)
    ax.set_ylabel(found.target, fontsize=8)
    ax.legend(fontsize=7, frameon=False)
    return figure


def flip_strip(
    found: Explanation, format: Format, *, ways: tuple[str, ...] = ("L2", "largest value", "latent")
) -> Figure:
    """Each picture before, and by each way the change (grey is none; magnified as named) and the picture after."""
    before = np.asarray(found.arrays["before"], dtype=float)
    after = np.asarray(found.arrays["after"], dtype=float)
    rows = [Row("before", tiles(before, format), heads=list(found.units), map=format.kind != "picture")]
    low, high = format.bounds or (-1.0, 1.0)
    for at, way in enumerate(ways):
        tried = np.asarray(found.arrays["tried"])[:, at] & np.isfinite(np.asarray(found.arrays["size"])[:, at])
        change = after[:, at] - before
        factor = _factor(change[tried], STRONG * (high - low))
        grey = np.clip((low + high) / 2 + factor * change, low, high)
        for name, pictures in ((f"{way}: change x {factor}", grey), (f"{way}: after", after[:, at])):
            shown = tiles(pictures.astype(np.float32), format).copy()
            shown[~tried] = 255 if shown.dtype == np.uint8 else 0
            rows.append(Row(name, shown, map=format.kind != "picture"))
    return strip(rows)


def _factor(change: NDArray[Any], strong: float) -> int:
    """The largest of FACTORS at which the strongest change stays within what is strong, at least 1."""
    most = float(np.abs(change).max()) if change.size else 0.0
    return max([factor for factor in FACTORS if factor * most <= strong], default=1)


def robustness_curves(found: Explanation) -> Figure:
    """Share of verdicts that stand by the allowed size; found flips bound it from above, chance is beside it."""
    from matplotlib.figure import Figure

    ways, sorts = (np.asarray(found.arrays[name], dtype=str)[0] for name in ("ways", "sorts"))
    figure = Figure(figsize=(0.6 + 2.6 * len(ways), 2.9), layout="constrained")
    axes = [plain(ax) for ax in figure.subplots(1, len(ways), sharey=True, squeeze=False)[0]]
    labels = {"L2": "RMS change, share of the range", "largest value": "largest change, share of the range"}
    for place, (way, ax) in enumerate(zip(ways, axes, strict=True)):
        size = np.asarray(found.arrays["relative"], dtype=float)[:, place]
        for across, sort in enumerate(sorts):
            _standing(ax, size, found, (across, place), str(sort))
        ax.set_xlabel(labels.get(way, "sd of a latent coordinate"), fontsize=8)
        ax.set_title(way, fontsize=8, loc="left")
    axes[0].set_ylabel("verdicts that stand, at most", fontsize=8)
    axes[0].set_ylim(-0.02, 1.05)
    figure.legend(*axes[0].get_legend_handles_labels(), fontsize=7, frameon=False, ncols=4, loc="outside lower center")
    return figure


def _standing(ax: Axes, size: NDArray[Any], found: Explanation, at: tuple[int, int], sort: str) -> None:
    kept, low, high, chance = (
        np.asarray(found.arrays[name], dtype=float)[:, at[0], at[1]] for name in ("kept", "low", "high", "chance")
    )
    if not np.isfinite(kept).any():
        return
    colour = KNOWN[sort]
    ax.plot(size, kept, color=colour, lw=1.6, label=f"{sort}, searched")
    ax.fill_between(size, low, high, color=colour, alpha=0.2, lw=0)
    ax.plot(size, chance, ":", color=colour, lw=1.4, label=f"{sort}, random")


def climb_strip(found: Explanation, format: Format, *, starts: int = 4) -> Figure:
    """Frames at equal steps of the score, through the latent space and in the picture; empty where a path ended."""
    rows: list[Row] = []
    heads = [f"+{step:g} sd" if step else "start" for step in np.asarray(found.arrays["steps"])[0].tolist()]
    for at, name in enumerate(found.units[:starts]):
        for way in ("latent", "picture"):
            shown = tiles(np.asarray(found.arrays[way][at], dtype=np.float32), format).copy()
            shown[~np.asarray(found.arrays[f"{way}_reached"][at])] = 255 if shown.dtype == np.uint8 else 0
            rows.append(Row(f"{name}, {way}", shown, heads=() if rows else heads, map=format.kind != "picture"))
    return strip(rows)


def realism_curve(found: Explanation) -> Figure:
    """How far from real pictures each way has gone by each step of the score; 1: as real ones from each other."""
    figure, ax = canvas(5.0, 2.8)
    steps = np.arange(len(found.units))
    for at, way in enumerate(np.asarray(found.arrays["ways"], dtype=str)[0]):
        ratio, low, high = (np.asarray(found.arrays[name], dtype=float)[:, at] for name in ("ratio", "low", "high"))
        colour = (BLUE, ORANGE)[at]
        ax.plot(steps, ratio, DASHES[at], color=colour, lw=1.5, marker="o", ms=3, label=f"climbed: {way}")
        ax.fill_between(steps, low, high, color=colour, alpha=0.2, lw=0)
    ax.axhline(1, color=FAINT, lw=1)
    counts = np.asarray(found.arrays["n"]).tolist()
    ax.set_xticks(steps, [f"{name}\n{n}" for name, n in zip(found.units, counts, strict=True)])
    ax.set_xlabel("gain of the score; below, from how many starts", fontsize=8)
    ax.set_ylabel("distance to real pictures", fontsize=8)
    ax.legend(fontsize=7, frameon=False)
    return figure


def gallery(found: Explanation, format: Format) -> Figure:
    """The worst mistakes of both sorts and what lies at the boundary; above each its sort, index and score."""
    why = np.asarray(found.arrays["why"], dtype=str)
    scores = np.asarray(found.arrays["score"], dtype=float)
    rows = []
    for name in dict.fromkeys(why.tolist()):
        at = np.flatnonzero(why == name)
        pictures = tiles(np.asarray(found.arrays["picture"])[at], format)
        heads = [f"{_short(found.units[place])}: {scores[place]:.3g}" for place in at.tolist()]
        rows.append(Row(name, pictures, heads=heads, map=format.kind != "picture"))
    return strip(rows, tile=0.8)


def _short(name: str) -> str:
    """ "generated 33" is too long for a small picture."""
    sort, _, number = name.partition(" ")
    return f"{sort[0]}{number}"
