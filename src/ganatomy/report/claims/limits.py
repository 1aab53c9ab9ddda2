"""What a verdict hangs on, in words: the smallest effect of interest, and p where it was corrected.

    limit = judged_by(record, verdict, p=arrays["p"], absent=arrays["p_absent"])
    limit((3, 1))                           # "smallest effect of interest 0.1; corrected p 0.003"

Other p's, sizes that an effect is compared with and what else was seen belong to the method.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ganatomy.report.claims.cells import Cell, codes
from ganatomy.results.explanation import Explanation
from ganatomy.results.record import Array

SURELY = "surely beyond the smallest effect of interest, by all tests together"


def judged_by(
    record: Explanation, verdict: Array, *, p: Array | None, absent: Array | None = None
) -> Callable[[Cell], str]:
    """p is of what is said: that an effect is there, or, of an absent one, that it is not."""
    kept = record.arrays.get("smallest")
    smallest = "" if kept is None else f"smallest effect of interest {float(np.ravel(kept)[0]):.3g}"
    found = codes(verdict)

    def limit(at: Cell) -> str:
        own = absent if found[at] < 0 else p
        value = np.nan if own is None else float(own[at])
        said = [smallest, f"corrected p {value:.2g}" if np.isfinite(value) else ""]
        return "; ".join(each for each in said if each) or SURELY

    return limit


def largest_of(p: Array | None, ways: int) -> Array | None:
    """(rows, ways, columns) to (rows, columns): a claim that needs the first so many ways hangs on the largest p."""
    return None if p is None else np.asarray(p[:, :ways]).max(1)
