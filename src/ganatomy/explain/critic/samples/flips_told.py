"""What flips come to in plain sentences, and the median of sizes of which some were never found.

median_of(sizes)                                 # 0.31, Interval(0.28, 0.36, ...); infinite sizes are at the far end
said_of(arrays, sort, ways=("L2", "largest value", "latent"), level=0.95)
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from ganatomy.explain.critic.samples.boundary import percent
from ganatomy.numerics.statistics.interval import Interval, mean_interval, wilson

UNITS = {
    "L2": "root mean square {:.3g} [{:.3g}, {:.3g}] of the range",
    "largest value": "every value by at most {:.3g} [{:.3g}, {:.3g}] of the range",
    "latent": "{:.3g} [{:.3g}, {:.3g}] sd of a latent coordinate",
}


def median_of(sizes: Tensor, *, level: float = 0.95) -> tuple[float, Interval]:
    """With the order statistics between which the law's median lies, whatever the law (binomial; Conover 1999)."""
    from scipy.stats import binom

    ranked, n = sizes.sort().values, len(sizes)
    down = int(binom.ppf((1 - level) / 2, n, 0.5))
    low, high = (ranked[down - 1], ranked[n - down]) if down >= 1 else (0.0, math.inf)
    middle = float((ranked[(n - 1) // 2] + ranked[n // 2]) / 2)
    return middle, Interval(float(low), float(high), level, "order statistics")


def said_of(arrays: Mapping[str, Tensor], sort: NDArray[Any], *, ways: Sequence[str], level: float) -> Iterator[str]:
    """For each sort and way how large the median flip is, and what chance does with as much."""
    for name in dict.fromkeys(sort.tolist()):
        mine = torch.tensor(sort == name)
        for place, way in enumerate(ways):
            if bool(arrays["tried"][mine, place].any()):
                columns = {key: arrays[key][mine, place] for key in ("relative", "neighbours", "random")}
                yield _sentence(str(name), way, columns, level)


def _sentence(sort: str, way: str, columns: Mapping[str, Tensor], level: float) -> str:
    size, found = columns["relative"], torch.isfinite(columns["relative"])
    middle, within = median_of(size, level=level)
    all_of = f"all {len(size)}" if bool(found.all()) else f"{int(found.sum())} of {len(size)}"
    said = f"{sort.capitalize()} pictures, {way}: {all_of} flip"
    if math.isfinite(middle):
        said += "; the median takes " + UNITS[way].format(middle, within.low, within.high)
    yardstick = columns["neighbours"]
    if math.isfinite(middle) and bool(torch.isfinite(yardstick).any()):
        said += f", {float(yardstick.nanmedian()):.3g} times the distance to the nearest real picture"
    if not bool(found.any()):
        return said + "."
    chance = columns["random"][found]
    times, most = float(chance.mean()), float(chance.max())
    bounds = mean_interval(chance, level=level) if most > 0 and len(chance) > 1 else wilson(0, len(chance), level=level)
    bounds = Interval(max(bounds.low, 0.0), min(bounds.high, 1.0), level, bounds.method)
    return said + f"; random changes as large flip {percent(times, bounds)}."
