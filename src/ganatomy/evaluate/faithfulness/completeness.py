"""Completeness: do the parts add up to the change of the score from the baseline to the picture?

    completeness(maps, case.change)               # (n,): |sum a - (f(x) - f(b))| / max(|f(x) - f(b)|, least)

Sundararajan et al. 2017. From 0 (they add up) without bound; a map of zeros has 1. Only asked of methods whose values
are shares of the change: a gradient does not promise it.
"""

from __future__ import annotations

from torch import Tensor

LEAST = 1e-9


def completeness(maps: Tensor, change: Tensor, *, least: float = LEAST) -> Tensor:
    """`least`: a change this small counts as this large, so that pictures like the baseline do not decide all."""
    return (maps.double().flatten(1).sum(1) - change).abs() / change.abs().clamp(min=least)
