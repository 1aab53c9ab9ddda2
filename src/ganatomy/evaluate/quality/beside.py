"""Distances of fakes to the nearest training and held-out sample, as labelled and for any other way of labelling.

    own = nearest(fake, train, held_out)               # exact, of each side
    own.values(scale, near)                            # nearer to training, mean log ratio, near-exact copies
    side = looked_up(fake, train, held_out, groups)    # the nearest few of all real samples, found once
    told = by_relabelling(side, groups, stream=Stream(0, "relabel"))

A relabelling needs no new distances. How many are kept follows from the sizes: all of a fake's carry one label in less
than one of a thousand relabellings, where memory lets them be so many. There the farthest stands in for the other, in
every arrangement alike, so that p stays exact. What is told of the labels as they are is never cut short.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.numerics.distances import neighbours
from ganatomy.numerics.linear import root
from ganatomy.numerics.random import Stream
from ganatomy.numerics.running import Covariance
from ganatomy.numerics.statistics.groups import Ids, checked, units
from ganatomy.numerics.statistics.permutation import Permuted, permute_labels

DEPTH = 32  # nearest real samples of each fake that are kept, at least
RARE = 1e-3  # of relabellings, in which all of these may carry one label
ENTRIES = 2**21  # distances kept at most: 32 MiB with their places
NEAR = 1 / 3  # a copy is nearer to its original than a third of the distance to the other side
TINY = 1e-3  # of the median distance: added to both, so that an exact copy has a finite ratio
NAMES = ("nearer to training", "mean log ratio", "near-exact copies")
Near = tuple[float, float]  # the ratio below which a sample is a copy of the first side, and of the second


@dataclass(frozen=True, eq=False)
class Nearest:
    """far, where (m, 2): distances to and numbers of the nearest training and held-out sample, training ones first."""

    far: Tensor
    where: Tensor

    @property
    def closest(self) -> Tensor:
        """The number of the nearer of the two; of equals the training one."""
        return self.where.gather(1, self.far.argmin(1, keepdim=True))[:, 0]

    def ratio(self) -> Tensor:
        """The distance to training over that to held-out; 1 where both are 0."""
        mine, other = self.far.unbind(1)
        return torch.where((mine == 0) & (other == 0), 1.0, mine / other)

    def values(self, scale: float, near: Near = (NEAR, NEAR)) -> dict[str, Tensor]:
        return _values(self.far[:, 0], self.far[:, 1], scale, near)


@dataclass(frozen=True, eq=False)
class Beside:
    """far, where (m, depth): distances to and numbers of the nearest real samples, training ones numbered first.

    own (n,): True for training samples, as it is. scale: what is added to distances, the same for every labelling.
    """

    far: Tensor
    where: Tensor
    own: Tensor
    scale: float

    def distances(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """To the nearest sample labelled True and to the nearest labelled False, (m,) each."""
        mine = labels[self.where[:, 0]]
        first, other = self.far[:, 0], self.far.gather(1, self._turn(labels, mine)[:, None])[:, 0]
        return torch.where(mine, first, other), torch.where(mine, other, first)

    def values(self, labels: Tensor, near: Near = (NEAR, NEAR)) -> dict[str, Tensor]:
        return _values(*self.distances(labels), self.scale, near)

    def cut_short(self, labels: Tensor) -> Tensor:
        """Fakes whose nearest few all carry one label, (m,)."""
        mine = labels[self.where[:, 0]]
        return labels[self.where.gather(1, self._turn(labels, mine)[:, None])[:, 0]] == mine

    def exactly(self, fake: Tensor, train: Tensor, held_out: Tensor) -> Nearest:
        """With labels as they are; what the nearest few do not hold is looked up."""
        mine = self.own[self.where[:, 0]]
        turn = self._turn(self.own, mine)[:, None]
        pair = [(each[:, 0], each.gather(1, turn)[:, 0]) for each in (self.far, self.where)]
        far, where = (
            torch.stack([torch.where(mine, each[0], each[1]), torch.where(mine, each[1], each[0])], dim=1)
            for each in pair
        )
        short = self.cut_short(self.own)
        for side, points, start in ((0, train, 0), (1, held_out, len(train))):
            rows = (short & (mine != (side == 0))).nonzero()[:, 0]
            if len(rows):
                found, at = neighbours(fake[rows.to(fake.device)].double(), points.double())
                far[rows, side], where[rows, side] = found[:, 0].cpu(), at[:, 0].cpu() + start
        return Nearest(far, where)

    def _turn(self, labels: Tensor, mine: Tensor) -> Tensor:
        """The column of the first sample that is labelled otherwise than the nearest; the last one where there is none.

        A few columns first, more of them only where these did not tell.
        """
        width = self.where.shape[1]
        found, rows, start, step = torch.full((len(mine),), width - 1), torch.arange(len(mine)), 0, DEPTH
        while len(rows) and start < width:
            other = labels[self.where[rows, start : start + step]] != mine[rows, None]
            any_, at = other.any(1), other.byte().argmax(1)
            found[rows[any_]] = at[any_] + start
            rows, start, step = rows[~any_], start + step, 2 * step
        return found


def _values(mine: Tensor, other: Tensor, scale: float, near: Near) -> dict[str, Tensor]:
    """One number a fake under each of `NAMES`; a near-exact copy of the other side counts as -1."""
    nearer = (mine < other).double() + (mine == other).double() / 2
    copied = (mine < near[0] * other).double() - (other < near[1] * mine).double()
    return dict(zip(NAMES, (nearer, ((other + scale) / (mine + scale)).log(), copied), strict=True))


def nearest(fake: Tensor, train: Tensor, held_out: Tensor) -> Nearest:
    """Of each side, exactly."""
    found = [neighbours(fake.double(), points.double()) for points in (train, held_out)]
    far, where = (torch.cat([each[part] for each in found], dim=1).cpu() for part in (0, 1))
    return Nearest(far, where + torch.tensor([0, len(train)]))


def looked_up(fake: Tensor, train: Tensor, held_out: Tensor, groups: tuple[Ids, Ids] | None = None) -> Beside:
    if train.shape[1:] != held_out.shape[1:]:
        raise UsageError(
            f"training and held-out samples have shapes {tuple(train.shape)} and {tuple(held_out.shape)}",
            "use one feature space for both",
        )
    pool = torch.cat([train.double(), held_out.double()])
    kept = min(depth(len(train), len(held_out), groups), max(DEPTH, ENTRIES // len(fake)), len(pool))
    far, where = neighbours(fake, pool, kept)
    scale = float(TINY * far.median().clamp(min=1e-300))
    return Beside(far.cpu(), where.cpu(), torch.arange(len(pool)) < len(train), scale)


def depth(n: int, m: int, groups: tuple[Ids, Ids] | None = None) -> int:
    """So many of n + m samples, labelled n to m at random by whole groups, that they seldom all carry one label."""
    kin = units(pooled(groups, n, m), n + m)
    first = n if groups is None else len(kin.codes[:n].unique())
    alike = math.log(RARE) / math.log(max(first, kin.count - first) / kin.count) if 0 < first < kin.count else 1
    return max(DEPTH, math.ceil(alike * float(kin.sizes.double().square().sum()) / (n + m)))


def pooled(groups: tuple[Ids, Ids] | None, n: int, m: int) -> Tensor | None:
    """One number for the group of each training and held-out sample."""
    if groups is None:
        return None
    both = np.concatenate([checked(groups[0], n), checked(groups[1], m)])
    return torch.from_numpy(np.unique(both, return_inverse=True)[1].astype(np.int64))


@dataclass(frozen=True)
class Relabelled:
    """far: the mean log ratio; near: the share of near-exact copies; p: that either is so large anywhere by chance."""

    far: Permuted
    near: Permuted
    p: float
    floors: Mapping[str, float]


def by_relabelling(
    side: Beside,
    groups: tuple[Ids, Ids] | None = None,
    *,
    stream: Stream,
    near: Near = (NEAR, NEAR),
    draws: int = 999,
) -> Relabelled:
    """Random labels of whole groups; floors are the means of every value over the labellings.

    p is of the smaller of the two p, by its own law over the labellings (Westfall & Young 1993): Holm's would count
    twice what the two say alike.
    """
    n = int(side.own.sum())
    numbers = torch.arange(len(side.own))
    seen: list[list[float]] = []

    def statistic(labelled: Tensor, _: Tensor) -> float:
        labels = torch.zeros(len(numbers), dtype=torch.bool)
        labels[labelled.long()] = True
        seen.append([float(each.mean()) for each in side.values(labels, near).values()])
        return seen[-1][1]

    told = permute_labels(
        numbers[:n],
        numbers[n:],
        stream=stream,
        statistic=statistic,
        groups=groups,
        alternative="greater",
        draws=draws,
    )
    table = torch.tensor(seen, dtype=torch.float64)  # the last row is as it was observed
    floors = dict(zip(NAMES, table[: told.arrangements].mean(0).tolist(), strict=True))
    # All arrangements hold the observed one already; those drawn take it as one more.
    others = table[: told.arrangements] if told.exact else table
    both = torch.stack([_chance(table[:, column], others[:, column]) for column in (1, 2)], dim=1)
    least = both.amin(1)
    counted = least[: len(others)]
    joint = float((counted <= least[-1] * (1 + 1e-9)).double().mean())
    close = Permuted(float(table[-1, 2]), float(both[-1, 1]), float(both[:, 1].min()), told.arrangements, told.exact)
    return Relabelled(told, close, joint, floors)


def _chance(values: Tensor, others: Tensor) -> Tensor:
    """The share of others that are as large, for each value; sums in another order are ties."""
    slack = 1e-12 * float(others.abs().max())
    return 1 - torch.searchsorted(others.sort().values, values - slack).double() / len(others)


def fitted_gaussian(train: Tensor, n: int, *, stream: Stream) -> Tensor:
    """n draws from the Gaussian with the mean and covariance of these samples: a learner that copies nothing.

    With fewer samples than features it is a random mixture of them about their mean: no d x d matrix is formed.
    """
    x = train.detach().double()
    mean: Tensor = x.mean(0)
    if len(x) <= x.shape[1]:
        noise = stream.normal(range(n), len(x), dtype=torch.float64).to(x.device)
        return mean + noise @ ((x - mean) / math.sqrt(max(len(x) - 1, 1)))
    noise = stream.normal(range(n), x.shape[1], dtype=torch.float64).to(x.device)
    return mean + noise @ root(Covariance.of(x).matrix())
