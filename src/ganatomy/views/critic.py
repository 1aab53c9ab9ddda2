"""What was found inside a critic, drawn: film-strips, probes by layer, areas of units, contributions, credits.

figure = film(film_strip(gan, {"real": lot, "generated": other}), gan.format)
figure = probe_lines(probes(gan, train, held_out))
figure = unit_areas(unit_separation(gan, held_out))
figure = contributions(removal(gan, held_out), areas=unit_separation(gan, held_out))
figure = credit_scatter(credit(gan))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ganatomy.errors import UsageError
from ganatomy.results.explanation import Explanation
from ganatomy.results.formats import Format
from ganatomy.views.canvas import BLUE, FAINT, INK, ORANGE, QUIET, VERDICTS, canvas, plain
from ganatomy.views.charts import forest
from ganatomy.views.generator import Numbers, squares, tiles
from ganatomy.views.strips import Row, strip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WORDS = {1: "present", -1: "absent", 0: "undetermined"}
CARRIED = {
    "present": "changes it, all three ways",
    "absent": "does not, all three ways",
    "undetermined": "undetermined",
}
SPREAD = 0.22  # to either side, of dots that would lie on each other


def film(strips: Sequence[Explanation], format: Format, *, units: int = 3) -> Figure:
    """From picture to verdict, the sorts beside each other with a gap between; one scale for each row."""
    rows = []
    for each in strips:
        maps, sorts = np.asarray(each.arrays["maps"]), [str(sort) for sort in each.arrays["sorts"][0]]
        if each.target == "picture":
            shown = tiles(np.moveaxis(maps, 0, 1), format)
            heads = [sort if at == 0 or sorts[at - 1] != sort else "" for at, sort in enumerate(sorts)]
            rows.append(
                Row("picture", _parted(shown, sorts), map=format.kind != "picture", heads=_headed(heads, sorts))
            )
        elif each.target == "verdict":
            heads = _headed([f"{score:.2g}" for score in maps[0]], sorts)
            rows.append(
                Row(f"verdict ({each.units[0]})", _parted(maps[0][:, None, None], sorts), map=True, heads=heads)
            )
        elif maps.ndim == 2:
            rows.append(Row(each.target, _parted(squares(maps[1:].T), sorts), map=True))
        else:
            rows += [
                Row(name, _parted(shown, sorts), map=True)
                for name, shown in zip(each.units[: units + 1], maps, strict=False)
            ]
    return strip(rows, tile=0.6)


def _parted(shown: Numbers, sorts: Sequence[str]) -> Numbers:
    """An empty tile where one sort ends and the next begins."""
    empty = np.full(shown.shape[1:], 255 if shown.dtype == np.uint8 else np.nan, dtype=shown.dtype)
    parts = []
    for at, tile in enumerate(shown):
        parts += [empty] if at and sorts[at] != sorts[at - 1] else []
        parts.append(tile)
    return np.stack(parts)


def _headed(heads: Sequence[str], sorts: Sequence[str]) -> list[str]:
    told: list[str] = []
    for at, head in enumerate(heads):
        told += [""] if at and sorts[at] != sorts[at - 1] else []
        told.append(head)
    return told


def probe_lines(found: Explanation, *, feature: str = "full") -> Figure:
    """Held-out area of a probe at each place with its interval, beside the same with random weights; one panel each."""
    at = [str(each) for each in found.arrays["features"][0]].index(feature)
    contrasts, places = [str(each) for each in found.arrays["contrasts"][0]], np.arange(len(found.units))
    figure, axes = _beside(len(contrasts), 2.6, 2.9)
    series = {"critic": ("area", BLUE, "o", -0.08), "random weights": ("twin_area", ORANGE, "D", 0.08)}
    for number, (ax, contrast) in enumerate(zip(axes, contrasts, strict=True)):
        ax.axhline(0.5, color=QUIET, lw=0.8, ls=":")
        for name, (array, colour, mark, aside) in series.items():
            value, low, high = (
                np.asarray(found.arrays[f"{array}{end}"])[:, at, number] for end in ("", "_low", "_high")
            )
            ax.plot(places + aside, value, mark, ls="-", color=colour, ms=4, lw=0.8, label=name)
            ax.vlines(places + aside, low, high, color=colour, lw=1.4)
        ax.set_title(contrast, fontsize=8, loc="left")
        ax.set(xticks=places, ylim=(0.35, 1.02), xlim=(-0.4, len(places) - 0.6))
        ax.set_xticklabels(found.units, rotation=45, ha="right", rotation_mode="anchor", fontsize=7)
        if number:
            ax.tick_params(labelleft=False)
    axes[0].set_ylabel("area under the ROC curve,\nother pictures", fontsize=8)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=7, frameon=False, ncols=2, loc="outside lower center")
    return figure


def unit_areas(found: Explanation, *, many: int = 12, summary: str = "mean") -> Figure:
    """All units by site, and the ones farthest from 1/2 with their intervals."""
    at = [str(each) for each in found.arrays["summaries"][0]].index(summary)
    area, low, high, verdict = (
        np.asarray(found.arrays[name])[:, at] for name in ("area", "area_low", "area_high", "verdict")
    )
    sites = [unit.rpartition(":")[0] for unit in found.units]
    names = list(dict.fromkeys(sites))
    best = np.argsort(-np.abs(area - 0.5), kind="stable")[:many]
    figure, (left, right) = _beside(2, 3.4, 0.9 + 0.2 * max(many, len(names)), shared=False)
    rows = np.array([names.index(site) for site in sites])
    colours = [VERDICTS[WORDS[int(code)]] for code in verdict]
    left.axvline(0.5, color=QUIET, lw=0.8)
    left.scatter(area, rows + _aside(len(rows)), s=7, c=colours, lw=0, alpha=0.8)
    left.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5), xlim=(-0.02, 1.02))
    left.set_xlabel(f"area of a unit's {summary}: above 1/2, larger on real", fontsize=8)
    words = [WORDS[int(verdict[unit])] for unit in best]
    units = [found.units[unit] for unit in best]
    forest(units, area[best] - 0.5, (low[best] - 0.5, high[best] - 0.5), verdicts=words, label="area - 1/2", ax=right)
    right.set_xlim(-0.52, 0.52)
    _key(figure, {"tells the sorts apart": "present", "does not": "absent", "undetermined": "undetermined"})
    return figure


def contributions(found: Explanation, *, areas: Explanation | None = None, many: int = 14) -> Figure:
    """The strongest changes of the gap when a unit is set to its mean; the two other ways as marks.

    With `areas`, beside them how well every unit separates against how much of the gap goes with it.
    """
    gap = [str(each) for each in found.arrays["moved"][0]].index("gap")
    effect, low, high = (np.asarray(found.arrays[name])[:, :, gap] for name in ("effect", "low", "high"))
    claim = np.asarray(found.arrays["claim"])[:, gap]
    best = np.argsort(-np.abs(effect[:, 0]), kind="stable")[:many]
    figure, axes = _beside(1 if areas is None else 2, 3.7, 1.1 + 0.2 * len(best), shared=False)
    units, words = [found.units[unit] for unit in best], [WORDS[int(claim[unit])] for unit in best]
    smallest = float(found.arrays["smallest"][0])
    forest(units, effect[best, 0], (low[best, 0], high[best, 0]), verdicts=words, smallest=smallest, ax=axes[0])
    for way, mark in ((1, "|"), (2, "x")):
        axes[0].plot(effect[best, way], range(len(best)), mark, color=INK, ms=4, ls="")
    axes[0].set_xlabel(
        "change of the gap real - generated, sd of the score\ndot mean, | zero, × another picture's", fontsize=7
    )
    axes[0].set_title(f"gap {float(found.arrays['gap'][0]):.2f} sd", fontsize=8, loc="left")
    if areas is not None:
        _used(found, areas, gap, axes[1])
    _key(figure, {label: word for word, label in CARRIED.items()})
    return figure


def _used(found: Explanation, areas: Explanation, gap: int, ax: Axes) -> None:
    if areas.units != found.units:
        raise UsageError("the areas and the removal are of other units", "make both at the same sites")
    claim = np.asarray(found.arrays["claim"])[:, gap]
    colours = [VERDICTS[WORDS[int(code)]] for code in claim]
    ax.axhline(0, color=QUIET, lw=0.8)
    ax.axvline(0.5, color=QUIET, lw=0.8)
    ax.scatter(areas.arrays["area"][:, 0], np.asarray(found.arrays["share"])[:, 0], s=9, c=colours, lw=0, alpha=0.85)
    ax.set_xlim(-0.02, 1.02)
    ax.set_xlabel("area of the unit's mean, real over generated", fontsize=8)
    ax.set_ylabel("share of the gap that goes with it", fontsize=8)


def credit_scatter(found: Explanation, *, baseline: str = "zero") -> Figure:
    """What credits foretell against what ablation did, on other samples; random units are filled."""
    at = [str(each) for each in found.arrays["baselines"][0]].index(baseline)
    forecast, change, low, high = (
        np.asarray(found.arrays[name])[:, at] for name in ("credit", "change", "change_low", "change_high")
    )
    checked, random = np.isfinite(change), np.asarray(found.arrays["random"])
    figure, ax = canvas(4.6, 3.8)
    ends = np.concatenate([-forecast[checked], change[checked]])
    low_end, high_end = float(ends.min()), float(ends.max())
    ax.plot([low_end, high_end], [low_end, high_end], color=FAINT, lw=1.2, zorder=0)
    ax.axhline(0, color=QUIET, lw=0.6)
    ax.axvline(0, color=QUIET, lw=0.6)
    ax.vlines(-forecast[checked], low[checked], high[checked], color=FAINT, lw=1)
    for name, own, fill in (("strongest credits", checked & ~random, "white"), ("random units", random, BLUE)):
        ax.plot(-forecast[own], change[own], "o", color=BLUE, mfc=fill, ms=4, label=name)
    named = sorted(np.flatnonzero(checked), key=lambda unit: -abs(change[unit]))[:4]
    for unit in named:
        place = (-forecast[unit], change[unit])
        ax.annotate(found.units[unit], place, xytext=(4, 3), textcoords="offset points", fontsize=6.5, color=INK)
    ax.set_xlabel(f"foretold by the gradient: - credit against {baseline}, sd of the score", fontsize=8)
    ax.set_ylabel(f"measured when set to {baseline}", fontsize=8)
    ax.legend(fontsize=7, frameon=False, loc="upper left")
    return figure


def _aside(count: int) -> Numbers:
    """Dots of a row spread in a fixed pattern (the golden ratio's), so that the same result gives the same bytes."""
    spread: Numbers = ((np.arange(count) * 0.6180339887) % 1 - 0.5) * 2 * SPREAD
    return spread


def _key(figure: Figure, said: dict[str, str]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=VERDICTS[word], marker="o", ms=4, lw=0, label=label) for label, word in said.items()
    ]
    figure.legend(handles=handles, fontsize=7, frameon=False, ncols=len(handles), loc="outside lower center")


def _beside(count: int, width: float, height: float, *, shared: bool = True) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(0.6 + count * width, height + 0.5), layout="constrained")
    return figure, [plain(ax) for ax in figure.subplots(1, count, squeeze=False, sharey=shared)[0]]


def sides(found: Explanation) -> Figure:
    """Whether real pictures score above generated ones, each way the critic is run; left of 0 they score below."""
    area, low, high = (np.asarray(found.arrays[name], dtype=float) - 0.5 for name in ("auc", "low", "high"))
    return forest(found.units, area, (low, high), label="area under ROC, less 1/2")
