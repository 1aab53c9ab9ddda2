"""p-values by rearrangement: exact under the null that the labels, or the signs, mean nothing.

    sign_flip(after - before, stream=Stream(0, "flip"), groups=scenes)     # "no effect on any scene"
    permute_labels(copies, held_out, stream=Stream(0, "swap"))             # "both from one law"
    against_controls(effect, [effects of matched random sets])

Groups move whole. All arrangements are counted where they are few, else p = (1 + #{at least as extreme}) / (1 + draws).
Every answer carries its floor, the smallest p that could have come out: no claim below it is possible.
`sign_flip` supposes differences symmetric about 0; for a claim about their mean use `effects`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import torch
from torch import Tensor

from ganatomy.errors import UsageError, choose
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.groups import Ids, Units, checked, units
from ganatomy.numerics.statistics.samples import Given, sample, vector

CHUNK = 2**22  # entries of an arrangement table held at once
ALTERNATIVES: dict[str, Callable[[Tensor], Tensor]] = {
    "two-sided": torch.abs,
    "greater": lambda statistic: statistic,
    "less": torch.neg,
}


@dataclass(frozen=True)
class Permuted:
    """What was observed, its p and the smallest p possible, over so many arrangements (all there are if `exact`)."""

    observed: float
    p: float
    floor: float
    arrangements: int
    exact: bool


def sign_flip(
    differences: Given,
    *,
    stream: Stream,
    groups: Ids | None = None,
    alternative: str = "two-sided",
    draws: int = 9999,
) -> Permuted:
    """The mean difference against random signs, one for each group."""
    x = vector(differences, "differences")
    kin = units(groups, len(x))
    total = kin.total(x) / len(x)
    exact = kin.count < 63 and 2**kin.count <= draws
    count = 2**kin.count if exact else draws

    def signs(indices: range) -> Tensor:
        if exact:
            return torch.tensor(indices)[:, None] >> torch.arange(kin.count) & 1
        return stream.integers(indices, 2, kin.count)

    values = [(1 - 2 * signs(part).double()) @ total for part in _parts(count, kin.count)]
    return _compared(x.mean(), torch.cat(values), alternative, exact=exact)


def permute_labels(
    x: Given,
    y: Given,
    *,
    stream: Stream,
    statistic: Callable[[Tensor, Tensor], float] | None = None,
    groups: tuple[Ids, Ids] | None = None,
    alternative: str = "two-sided",
    draws: int = 9999,
) -> Permuted:
    """statistic(x, y), by default mean(x) - mean(y), against random relabelling with as many groups labelled x.

    A distance is one-sided: use "greater". A group must lie wholly in x or in y.
    """
    first, second = sample(x, "x"), sample(y, "y")
    if first.shape[1:] != second.shape[1:] or (statistic is None and first.dim() != 1):
        raise UsageError(
            f"samples of shapes {tuple(first.shape)} and {tuple(second.shape)} were given",
            "give both the same shape, and a statistic where a sample is more than one number",
        )
    pool = torch.cat([first, second])
    kin, chosen = _labelled(groups, len(first), len(second))
    exact = comb(kin.count, chosen) <= draws
    count = comb(kin.count, chosen) if exact else draws
    values = []
    for picks in _relabellings(kin.count, chosen, count, None if exact else stream):
        is_x = torch.zeros(len(picks), kin.count, dtype=torch.bool).scatter_(1, picks, value=True)
        if statistic is None:
            values.append(_mean_gaps(pool.cpu(), kin, is_x))
        else:
            masks = (labels[kin.codes] for labels in is_x)
            each = [float(statistic(pool[mask], pool[~mask])) for mask in masks]
            values.append(torch.tensor(each, dtype=torch.float64))
    own = (
        first.mean() - second.mean()
        if statistic is None
        else torch.tensor(float(statistic(first, second)), dtype=torch.float64)
    )
    return _compared(own, torch.cat(values), alternative, exact=exact)


def against_controls(observed: float, controls: Given, *, alternative: str = "greater") -> Permuted:
    """p = (1 + #{controls at least as extreme}) / (1 + controls); the pool bounds p from below."""
    own = vector([observed], "observed")[0]
    return _compared(own, vector(controls, "controls"), alternative, exact=False)


def _compared(observed: Tensor, values: Tensor, alternative: str, *, exact: bool) -> Permuted:
    extreme = choose(ALTERNATIVES, alternative, "alternative")
    own, others = extreme(observed.cpu().double()), extreme(values)
    # Equal arrangements summed in another order differ by rounding: they count as ties.
    slack = 1e-12 * max(float(own.abs()), float(others.abs().max()))
    at_least = int((others >= own - slack).sum())
    count = len(others)
    if exact:
        floor = int((others >= others.max() - slack).sum()) / count
        return Permuted(float(observed), at_least / count, floor, count, exact)
    return Permuted(float(observed), (1 + at_least) / (1 + count), 1 / (1 + count), count, exact)


def _labelled(groups: tuple[Ids, Ids] | None, n: int, m: int) -> tuple[Units, int]:
    """The groups of both samples together, and how many of them are labelled x."""
    if groups is None:
        return units(None, n + m), n
    kin = units(np.concatenate([checked(groups[0], n), checked(groups[1], m)]), n + m)
    in_x, in_y = kin.codes[:n].unique(), kin.codes[n:].unique()
    both = kin.count - len(in_x) - len(in_y)
    if both < 0:
        raise UsageError(
            f"{-both} groups have samples in both x and y", "take each group's difference and use sign_flip"
        )
    return kin, len(in_x)


def _relabellings(groups: int, chosen: int, count: int, stream: Stream | None) -> Iterator[Tensor]:
    """Tables of the groups labelled x, (part, chosen): every combination once, or drawn from a stream."""
    if stream is None:
        yield torch.tensor(list(combinations(range(groups), chosen)))
        return
    for part in _parts(count, groups):
        yield stream.uniform(part, groups, dtype=torch.float64).argsort(dim=1)[:, :chosen]


def _mean_gaps(pool: Tensor, kin: Units, is_x: Tensor) -> Tensor:
    labels = is_x.double()
    sums, sizes = labels @ kin.total(pool), labels @ kin.sizes.double()
    return sums / sizes - (pool.sum() - sums) / (len(pool) - sizes)


def _parts(count: int, width: int) -> Iterator[range]:
    if count < 1:
        raise UsageError(f"{count} random arrangements were asked for", "take at least one draw, better 999 or more")
    step = max(1, CHUNK // width)
    return (range(first, min(first + step, count)) for first in range(0, count, step))
