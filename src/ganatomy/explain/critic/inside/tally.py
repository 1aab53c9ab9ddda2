"""Means over pictures, block by block, with errors that know which pictures belong together.

    tally = Tally(groups, n)                     # groups (n,) of all pictures in their order, or None
    for rows in blocks: tally.add(rows)          # (pictures, numbers)
    tally.moments()                              # n, mean and variance of independent units: means_of(...) as ever

Without groups nothing but moments is kept; with them one row a group.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganatomy.numerics.running import Moments
from ganatomy.numerics.statistics.groups import units


class Tally:
    def __init__(self, groups: Tensor | None, n: int) -> None:
        self.kin = None if groups is None else units(groups, n)
        self.found: Moments | None = None
        self.total, self.seen = torch.zeros(0), 0

    def add(self, rows: Tensor) -> None:
        block = Moments.of(rows)
        self.found = block if self.found is None else self.found + block
        if self.kin is not None:
            if not self.seen:
                self.total = torch.zeros(self.kin.count, rows.shape[1], dtype=torch.float64)
            self.total.index_add_(0, self.kin.codes[self.seen : self.seen + len(rows)], rows.double())
        self.seen += len(rows)

    def moments(self) -> Moments:
        """variance / n is the squared error of the mean; of groups that of `mean_of`, so that n counts groups."""
        assert self.found is not None
        if self.kin is None:
            return self.found
        sizes, count, mean = self.kin.sizes.double()[:, None], self.kin.count, self.found.mean
        shift = (self.total - sizes * mean) / (self.seen - sizes)  # mean - mean without the group
        squares = (count - 1) ** 2 * shift.square().sum(0)
        return Moments(count, mean, squares, self.found.low, self.found.high)
