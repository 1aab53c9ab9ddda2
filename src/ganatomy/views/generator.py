"""What was found inside a generator, drawn: film-strips, unit tables, effects.

figure = film(film_strip(gan, range(8), seed=0), gan.format)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from ganatomy.pictures import pixels
from ganatomy.results.explanation import Explanation
from ganatomy.results.finding import Finding
from ganatomy.results.formats import Format
from ganatomy.views.canvas import BLUE, FAINT, INK, ORANGE, QUIET, VERDICTS, canvas, plain
from ganatomy.views.charts import curves, forest, matrix
from ganatomy.views.strips import Row, strip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Numbers = NDArray[np.generic]
UNSURE = VERDICTS["undetermined"]
WAYS = {"when set to the mean": "|", "when set to another sample's": "x"}
SHOWN = 24  # units in a table: those with the largest values


def tiles(samples: Numbers, format: Format) -> Numbers:
    """Pictures as bytes; points as squares of their numbers."""
    if format.kind == "picture":
        return pixels(torch.as_tensor(np.array(samples)), format)
    return squares(samples)


def squares(vectors: Numbers) -> Numbers:
    """Each vector (n, d) in a square, row by row; what is left over is empty."""
    flat = np.asarray(vectors, dtype=float).reshape(len(vectors), -1)
    side = math.ceil(math.sqrt(flat.shape[1]))
    padded = np.full((len(flat), side * side), np.nan)
    padded[:, : flat.shape[1]] = flat
    return padded.reshape(len(flat), side, side)


def film(strips: Sequence[Explanation], format: Format, *, units: int = 2) -> Figure:
    """From noise to picture: of every place the mean map, then its first units; numbers without a place as squares."""
    rows = []
    for each in strips:
        maps = each.arrays["maps"]
        if each.target == "picture":
            rows.append(Row("picture", tiles(np.moveaxis(maps, 0, 1), format), map=format.kind != "picture"))
        elif maps.ndim != 4:  # numbers without a place: of all units, or of each if they are several
            held = {each.target: maps.T} if maps.ndim == 2 else dict(zip(each.units[: units + 1], maps, strict=False))
            rows += [Row(name, squares(numbers), map=True) for name, numbers in held.items()]
        else:
            rows += [Row(name, shown, map=True) for name, shown in zip(each.units[: units + 1], maps, strict=False)]
    return strip(rows)


def on_rates(found: Explanation) -> Figure:
    """In how many samples a unit is on, units from the most to the least; those that may be dead lie at the floor."""
    order = np.argsort(-np.asarray(found.arrays["on_rate"], dtype=float), kind="stable")
    rates, low, high = (np.asarray(found.arrays[name])[order] for name in ("on_rate", "on_rate_low", "on_rate_high"))
    places = np.arange(len(order))
    lines = {"on in a sample": rates}
    return curves(
        places,
        lines,
        label="share of samples",
        across=f"units of {found.target}",
        bands={"on in a sample": (low, high)},
    )


def sensitivities(found: Explanation, *, array: str = "sensitivity") -> Figure:
    """Which region of the picture a layer, a unit or a coordinate moves: a map each, on one scale."""
    values = np.asarray(found.arrays[array], dtype=float)
    order = np.argsort(-np.square(values).reshape(len(values), -1).sum(1), kind="stable")[:SHOWN]
    shown = values[np.sort(order)]
    names = [found.units[place].removeprefix(f"{found.target}:") for place in np.sort(order)]
    span = (0.0, float(shown.max()) or 1.0)
    per_row = 8
    rows = [
        Row("" if at else found.target, shown[at : at + per_row], map=True, span=span, heads=names[at : at + per_row])
        for at in range(0, len(shown), per_row)
    ]
    return strip(rows)


def table(
    found: Explanation,
    array: str,
    concepts: Sequence[str],
    *,
    label: str,
    signed: bool = True,
    place: int | None = None,
) -> Figure:
    """Units with the largest values, and every concept; `place` chooses an intervention."""
    values = np.asarray(found.arrays[array], dtype=float)
    values = values if place is None else values[:, place]
    size = np.nan_to_num(np.abs(values)).max(1)
    best = np.sort(np.argsort(-size, kind="stable")[:SHOWN])
    return matrix(values[best], [found.units[at] for at in best], concepts, label=label, signed=signed)


def strongest(found: Explanation, concepts: Sequence[str], *, place: int, smallest: float, many: int = 16) -> Figure:
    """The largest effects of one intervention with their intervals, coloured by the claim that all three allow."""
    effect, low, high = (np.asarray(found.arrays[name], dtype=float)[:, place] for name in ("effect", "low", "high"))
    order = np.argsort(-np.nan_to_num(np.abs(effect)), axis=None, kind="stable")[:many]
    units, about = np.unravel_index(order, effect.shape)
    claim = np.asarray(found.arrays["claim"])[units, about]
    names = [f"{found.units[unit]} on {concepts[concept]}" for unit, concept in zip(units, about, strict=True)]
    words = [{1: "present", -1: "absent"}.get(int(each), "undetermined") for each in claim]
    bounds = (low[units, about], high[units, about])
    return forest(
        names,
        effect[units, about],
        bounds,
        verdicts=words,
        smallest=smallest,
        label="effect of setting to zero, sd of the concept",
    )


def unreal(found: Explanation, *, many: int = SHOWN) -> Figure:
    """The first units of an artifact ranking: how they go with unrealism on samples that did not rank them."""
    arrays = found.arrays
    order = np.argsort(-np.asarray(arrays["rank_correlation"]), kind="stable")[:many]
    readings = [name for name in ("neighbours", "critic") if name in arrays]
    labels = {"neighbours": "distance to real samples", "critic": "critic's dislike"}
    figure, axes = _beside(len(readings), height=1.3 + 0.2 * len(order), shared=True)
    ends = [np.asarray(arrays[f"{name}_{end}"])[order] for name in readings for end in ("low", "high")]
    low, high = min(0.0, float(np.min(ends))) - 0.02, max(0.0, float(np.max(ends))) + 0.02
    for ax, name in zip(axes, readings, strict=True):
        words = ["present" if p <= 0.05 else "undetermined" for p in arrays[f"{name}_p"][order]]
        bounds = (arrays[f"{name}_low"][order], arrays[f"{name}_high"][order])
        units = [found.units[at] for at in order]
        forest(units, arrays[name][order], bounds, verdicts=words, label="correlation, 95 % interval", ax=ax)
        ax.set_title(f"with {labels[name]}", fontsize=8, loc="left")
        ax.set_xlim(low, high)
    _key(axes[-1], {"goes with it (FDR 5 %)": BLUE, "not shown to": UNSURE})
    return figure


def pairs(found: Explanation, concepts: Sequence[str], smallest: float, *, many: int = 16) -> Figure:
    """Units together against the sum of what they do alone, where these differ most.

    More together than alone: each stands in for the other. Less: they undo or repeat each other.
    """
    joint, alone, surplus, verdict = (
        np.asarray(found.arrays[name], dtype=float) for name in ("effect", "alone", "surplus", "surplus_verdict")
    )
    width = np.asarray(found.arrays["high"] - found.arrays["low"], dtype=float)
    clear = np.nan_to_num(np.abs(surplus) / np.maximum(width, 1e-12))  # rare concepts are noisy
    order = np.lexsort([-clear.ravel(), -(verdict.ravel() > 0).astype(float)])[:many]  # claims first
    rows, about = np.unravel_index(order, surplus.shape)
    more = surplus * joint > 0
    names = [f"{_bare(found.units[row])} on {concepts[at]}" for row, at in zip(rows, about, strict=True)]
    figure, ax = canvas(6.0, 1.4 + 0.22 * len(names))
    ax.axvspan(-smallest, smallest, color=FAINT, lw=0)
    ax.axvline(0, color=QUIET, lw=0.8)
    for place, pair in enumerate(zip(rows, about, strict=True)):
        colour = (BLUE if more[pair] else ORANGE) if verdict[pair] > 0 else UNSURE
        bounds = [found.arrays[name][pair] for name in ("low", "high")]
        ax.plot(bounds, [place, place], color=colour, lw=1.6, solid_capstyle="butt")
        ax.plot(joint[pair], place, "o", color=colour, ms=4, label=names[place])
        ax.plot(alone[pair], place, "o", mfc="white", mec=INK, ms=4)
    ax.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5))
    ax.set_xlabel("effect of setting to zero, sd of the concept", fontsize=8)
    ax.set_title(f"units of {found.units[0].rpartition(':')[0].rpartition(' ')[2]}", fontsize=8, loc="left")
    keys = {"more together (redundant)": BLUE, "less together (cancelling)": ORANGE, "not shown to differ": UNSURE}
    _key(ax, keys, marks={"sum of each alone": "o"})
    return figure


def set_of(found: Finding) -> Figure:
    """A set of units: how its effect grows from unit to unit beside random sets, and what it does to all concepts."""
    arrays = found.arrays
    concepts, own = [str(name) for name in arrays["concepts"]], int(arrays["concept"])
    figure, (left, right) = _beside(2, height=max(3.0, 1.2 + 0.2 * len(concepts)))
    _grown(found, left)
    size = np.where(np.arange(len(concepts)) == own, np.inf, np.nan_to_num(np.abs(arrays["effect"][0])))
    order = np.argsort(-size, kind="stable")[:SHOWN]
    words = [{1: "present", -1: "absent"}.get(int(arrays["claim"][at]), "undetermined") for at in order]
    names = [f"{concepts[at]} (searched for)" if at == own else concepts[at] for at in order]
    bounds = (arrays["low"][0][order], arrays["high"][0][order])
    smallest = found.smallest_effect
    forest(names, arrays["effect"][0][order], bounds, verdicts=words, smallest=smallest, label="sd", ax=right)
    for way, mark in enumerate(WAYS.values(), start=1):
        right.plot(arrays["effect"][way][order], range(len(order)), mark, color=INK, ms=4, ls="")
    right.set_xlabel("change when set to zero (dot, interval), sd of each concept", fontsize=8)
    keys = {"present in all three ways": BLUE, "absent in all three": QUIET, "undetermined": UNSURE}
    _key(right, keys, marks=WAYS)
    figure.suptitle(f"{found.claim}: {found.verdict}", fontsize=8, x=0.01, ha="left")
    return figure


def _grown(found: Finding, ax: Axes) -> None:
    """The curve of the first 1, 2, ... units, and the middle nine tenths of random sets."""
    curve, band, units = (np.asarray(found.arrays[name]) for name in ("curve", "band", "units"))
    places = np.arange(1, len(curve) + 1)
    ax.axhline(0, color=QUIET, lw=0.8)
    for at, (mean, low, high) in zip(places, band, strict=True):
        ax.fill_between([at - 0.3, at + 0.3], low, high, color=FAINT, lw=0, label="random sets" if at == 1 else None)
        ax.plot([at - 0.3, at + 0.3], [mean, mean], color=QUIET, lw=1)
    spread = np.abs(curve[:, 1:].T - curve[:, 0])
    ax.errorbar(places, curve[:, 0], spread, fmt="o-", color=BLUE, ms=4, lw=1.2, elinewidth=1.6, label="this set")
    ax.set_xticks(places, [f"{'' if at == 1 else '+ '}{unit}" for at, unit in zip(places, units, strict=True)])
    ax.set_xlabel(f"units set to zero, one after another ({found.treatment.partition(':')[0]})", fontsize=8)
    ax.set_ylabel("change of the concept, sd", fontsize=8)
    ax.legend(fontsize=7, frameon=False)


def sets_and_concepts(found: Explanation) -> Figure:
    """What each set does to every concept; a dot where zero, mean and resample all say so."""
    concepts, names = found.target.split("; "), [_bare(name) for name in found.units]
    wide = 2.0 + 0.32 * len(concepts) + 0.06 * max(map(len, names))  # beside the names, which are long
    _, ax = canvas(wide, max(1.0 + 0.2 * len(names), 1.8) + 0.06 * max(map(len, concepts)))
    label = "effect of setting to zero, sd of a concept; dots are claims"
    effect = np.asarray(found.arrays["effect"], dtype=float)
    figure = matrix(effect, names, concepts, label=label, signed=True, ax=ax)
    rows, columns = np.nonzero(np.asarray(found.arrays["claim"]) > 0)
    figure.axes[0].plot(columns, rows, ".", color=INK, ms=3)
    return figure


def _beside(count: int, *, height: float, shared: bool = False) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.6 + 3.6 * count, height), layout="constrained")
    axes = figure.subplots(1, count, sharey=shared, squeeze=False)[0]
    return figure, [plain(ax) for ax in axes]


def _key(ax: Axes, colours: Mapping[str, str], *, marks: Mapping[str, str] | None = None) -> None:
    """Below the axes, where it covers nothing."""
    from matplotlib.lines import Line2D

    shown = [Line2D([], [], color=colour, marker="o", ms=4, lw=1.6, label=name) for name, colour in colours.items()]
    shown += [Line2D([], [], color=INK, marker=m, mfc="white", ms=4, lw=0, label=n) for n, m in (marks or {}).items()]
    ax.figure.legend(handles=shown, fontsize=7, frameon=False, loc="outside lower center", ncols=3)


def _bare(name: str) -> str:
    """'up1.act:3 + up1.act:4' as '3 + 4 ', the place left out."""
    import re

    return re.sub(r"[^\s:]+:(?=\d)", "", name)
