"""Samples that belong together (one patient, scene, author) stay together: in splits, in draws, in permutations.

    train, test = split(len(x), (0.8, 0.2), stream=Stream(0, "split"), groups=patients)
    kin = units(patients, len(x))     # kin.count groups; kin.rows(picks) lists the samples of the groups picked

Group ids are numbers or words, one a sample; `None` makes every sample its own group. Groups are ordered by their id,
so what happens to a group does not depend on the order of the samples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.numerics.random import Stream

Ids = Tensor | NDArray[Any] | Sequence[int] | Sequence[str]
Rows = Tensor | list[Tensor]  # sample indices of each draw: a table (draws, k) where all draws are of one size


@dataclass(frozen=True)
class Units:
    """The independent units of a sample: `codes` (n,) numbers the group of each from 0, `members` lists each group."""

    codes: Tensor
    members: Rows

    @property
    def count(self) -> int:
        return len(self.members)

    @property
    def sizes(self) -> Tensor:
        return torch.bincount(self.codes)

    def rows(self, picks: Tensor) -> Rows:
        """The samples of the groups picked, from group numbers (draws, k); a group picked twice is there twice."""
        if isinstance(self.members, Tensor):
            return self.members[picks].flatten(1)
        return [torch.cat([self.members[group] for group in draw]) for draw in picks.tolist()]

    def total(self, values: Tensor) -> Tensor:
        """The sum of `values` (n,) over each group."""
        return torch.zeros(self.count, dtype=values.dtype).index_add_(0, self.codes, values)


def units(groups: Ids | None, n: int) -> Units:
    """The groups of n samples, in the order of their ids."""
    codes = torch.arange(n)
    if groups is not None:
        codes = torch.from_numpy(np.unique(checked(groups, n), return_inverse=True)[1].astype(np.int64))
    sizes = torch.bincount(codes)
    order = codes.argsort(stable=True)
    if bool((sizes == sizes[0]).all()):
        return Units(codes, order.reshape(len(sizes), -1))
    return Units(codes, list(order.split(sizes.tolist())))


def checked(groups: Ids, n: int) -> NDArray[Any]:
    """Ids as an array (n,) of whole numbers or words."""
    ids = groups.cpu().numpy() if isinstance(groups, Tensor) else np.asarray(groups)
    if ids.shape != (n,):
        raise UsageError(f"group ids of shape {ids.shape} were given for {n} samples", "give one id for each sample")
    if ids.dtype.kind not in "biuUS":
        raise InputError(f"group ids of type {ids.dtype} were given", "ids are whole numbers or words, none missing")
    return ids


def split(n: int, fractions: Sequence[float], *, stream: Stream, groups: Ids | None = None) -> tuple[Tensor, ...]:
    """Sample indices of each part, ascending; no group is on two sides.

    Groups in random order are laid end to end and each goes where its middle falls, so a boundary is off by at most
    half the group that straddles it. Every order is equally likely: large groups favour no part.
    """
    if any(share <= 0 for share in fractions) or not math.isclose(sum(fractions), 1):
        raise UsageError(f"a split into {tuple(fractions)} was asked for", "fractions are above 0 and sum to 1")
    if n < 1:
        raise UsageError(f"{n} samples were to be split", "give at least one sample for each part")
    kin = units(groups, n)
    order = stream.permutation(0, kin.count)
    sizes = kin.sizes[order].double()
    middle = (sizes.cumsum(0) - sizes / 2) / n
    cuts = torch.tensor(fractions[:-1], dtype=torch.float64).cumsum(0)
    part = torch.empty_like(order)
    part[order] = torch.bucketize(middle, cuts)
    found = tuple((part[kin.codes] == side).nonzero()[:, 0] for side in range(len(fractions)))
    if any(len(side) == 0 for side in found):
        raise UsageError(
            f"{kin.count} groups over {n} samples leave a part of {tuple(fractions)} empty",
            "ask for fewer parts or larger fractions, or give more groups",
        )
    return found


def blocks(kin: Units, count: int, *, stream: Stream) -> Tensor:
    """The block 0 .. count - 1 of each sample: whole groups at random, equally many in each block to within one."""
    block = torch.empty(kin.count, dtype=torch.int64)
    block[stream.permutation(0, kin.count)] = torch.arange(kin.count) * count // kin.count
    return block[kin.codes]
