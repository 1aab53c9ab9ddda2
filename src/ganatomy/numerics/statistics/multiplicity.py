"""Many tests at once: p-values that may be compared with q as they are, and intervals for what was selected.

    benjamini_hochberg(p) <= 0.05          # among these claims 5 % are false on average
    holm(p) <= 0.05                        # any false claim at all in 5 % of studies
    selected_level(12, 512, q=0.05)        # the level at which to compute the 12 selected intervals: 0.9988

Benjamini-Hochberg holds for independent and for positively dependent tests, Holm always.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.numerics.statistics.samples import Given, vector


def benjamini_hochberg(p: Given) -> Tensor:
    """Adjusted p_(i) = min over j >= i of m p_(j) / j, at most 1 (Benjamini & Hochberg 1995)."""
    ordered, order = _ordered(p)
    m = len(ordered)
    scaled = ordered * m / torch.arange(1, m + 1)
    return _restored(scaled.flip(0).cummin(0).values.flip(0), order)


def holm(p: Given) -> Tensor:
    """Adjusted p_(i) = max over j <= i of (m - j + 1) p_(j), at most 1 (Holm 1979)."""
    ordered, order = _ordered(p)
    m = len(ordered)
    return _restored((ordered * torch.arange(m, 0, -1)).cummax(0).values, order)


ADJUSTMENTS: dict[str, Callable[[Given], Tensor]] = {"benjamini-hochberg": benjamini_hochberg, "holm": holm}


def selected_level(selected: int, tests: int, *, q: float = 0.05) -> float:
    """1 - q R / m: at this level at most a share q of the R intervals selected from m miss, on average.

    False coverage rate of Benjamini & Yekutieli 2005, for estimates that are independent or positively dependent and
    selected by Benjamini-Hochberg, Holm or a fixed threshold.
    """
    if not 1 <= selected <= tests:
        raise UsageError(f"{selected} selected of {tests} tests were given", "selected lies between 1 and tests")
    if not 0 < q < 1:
        raise UsageError(f"a false coverage rate of {q} was asked for", "a rate lies between 0 and 1, as in 0.05")
    return 1 - q * selected / tests


def _ordered(given: Given) -> tuple[Tensor, Tensor]:
    p = vector(given, "p")
    if float(p.min()) < 0 or float(p.max()) > 1:
        raise UsageError(
            f"p-values from {float(p.min())} to {float(p.max())} were given", "p-values lie between 0 and 1"
        )
    ordered, order = p.sort(stable=True)
    return ordered, order


def _restored(ordered: Tensor, order: Tensor) -> Tensor:
    out = torch.empty_like(ordered)
    out[order] = ordered.clamp(max=1)
    return out
