"""A statistic, and which intervals its kind allows: the wrong resampling misses the truth every time.

fd = Statistic("Fréchet distance", frechet, "plug-in distance", low=0)
share = Statistic("coverage", coverage, "neighbour", low=0, high=1)
allow(fd, "percentile")                            # UsageError: says why, and names what would work
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from ganatomy.errors import UsageError, choose


@dataclass(frozen=True)
class Kind:
    """The interval methods that work for a kind of statistic, and why the others do not.

    correctable: its bias falls as 1/n, so that the jackknife can take it off.
    """

    methods: tuple[str, ...]
    why: str
    correctable: bool


KINDS: dict[str, Kind] = {
    # Means, and smooth functions of means whose bias is small beside their spread.
    "smooth": Kind(("bca", "percentile", "basic", "jackknife", "half-sampling"), "", correctable=True),
    # Distances between laws (Fréchet, MMD): biased upward by about 1/n, or as soon as a draw holds duplicates.
    "plug-in distance": Kind(
        ("jackknife", "basic"),
        "noise adds to a distance between fitted laws, and a resample adds the same noise once more, so that its "
        "values lie wholly above the truth",
        correctable=True,
    ),
    # Whatever looks up nearest neighbours (precision, recall, density, coverage, copies).
    "neighbour": Kind(
        ("half-sampling", "jackknife"),
        "drawing with replacement makes duplicates, and a duplicate is its own nearest neighbour",
        correctable=False,
    ),
}


@dataclass(frozen=True)
class Statistic:
    """A named function of one or more samples, float64 tensors (n, ...), to a number.

    kind: a key of `KINDS`. batched: the function takes stacks (draws, n, ...) and gives (draws,), which is faster.
    low, high: the range it cannot leave; an interval is cut to it.
    """

    name: str
    function: Callable[..., Tensor | float]
    kind: str
    batched: bool = False
    low: float = -math.inf
    high: float = math.inf


def allow(statistic: Statistic, method: str) -> None:
    """Refuses an interval method that is known to fail for this kind of statistic."""
    kind = choose(KINDS, statistic.kind, "kind of statistic")
    if method not in kind.methods:
        raise UsageError(
            f"the {method} interval fails for {statistic.name}, a {statistic.kind} statistic: {kind.why}",
            "use " + " or ".join(kind.methods),
        )
