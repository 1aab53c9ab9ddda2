"""Faithfulness correlation: do pixel sets with larger sums in the map take more from the score when they go?

    faithfulness_correlation(told, seen)          # (n,) from sums and score drops, both (draws, n)

Bhatt, Weller & Moura 2020, here over squares. Pearson's, in [-1, 1]: 1 where the score is additive and the map holds
its terms, 0 on average for a map that knows nothing, and 0 where sums or drops are all equal.
"""

from __future__ import annotations

from torch import Tensor

from ganatomy.evaluate.faithfulness.ranks import pearson


def faithfulness_correlation(told: Tensor, seen: Tensor) -> Tensor:
    return pearson(told.T, seen.T)
