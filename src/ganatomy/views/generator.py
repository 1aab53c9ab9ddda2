"""What was found inside a generator, drawn: film-strips, unit tables, effects.

figure = film(film_strip(gan, range(8), seed=0), gan.format)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from ganatomy.pictures import pixels
from ganatomy.results.explanation import Explanation
from ganatomy.results.formats import Format
from ganatomy.views.charts import curves, forest, matrix
from ganatomy.views.strips import Row, strip

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Numbers = NDArray[np.generic]
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
        elif maps.ndim == 2:
            rows.append(Row(each.target, squares(maps.T), map=True))
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
