"""Distances of fakes to the nearest training and held-out sample, for any way of labelling which is which.

    side = looked_up(fake, train, held_out)            # the nearest few of all real samples, found once
    side.values(side.own)                              # nearer to training, mean log ratio, near-exact copies
    told, floors = by_relabelling(side, groups, stream=Stream(0, "relabel"))

A relabelling needs no new distances. Where all of the nearest few carry one label, the farthest stands in for the
other, in every arrangement alike, so that p stays exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.numerics.distances import neighbours
from ganatomy.numerics.linear import root
from ganatomy.numerics.random import Stream
from ganatomy.numerics.running import Covariance
from ganatomy.numerics.statistics.groups import Ids
from ganatomy.numerics.statistics.permutation import Permuted, permute_labels

DEPTH = 32  # nearest real samples of each fake that are kept
NEAR = 1 / 3  # a copy is nearer to its original than a third of the distance to the other side
TINY = 1e-3  # of the median distance: added to both, so that an exact copy has a finite ratio
NAMES = ("nearer to training", "mean log ratio", "near-exact copies")


@dataclass(frozen=True, eq=False)
class Beside:
    """far, where (m, depth): distances to and numbers of the nearest real samples, training ones numbered first.

    own (n,): True for training samples, as it is.
    """

    far: Tensor
    where: Tensor
    own: Tensor

    @property
    def nearest(self) -> Tensor:
        return self.where[:, 0]

    def distances(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """To the nearest sample labelled True and to the nearest labelled False, (m,) each."""
        mine = labels[self.where]
        return self._nearest(mine), self._nearest(~mine)

    def first(self, labels: Tensor) -> Tensor:
        """The number of the nearest sample labelled True, (m,); -1 where it is not among the nearest few."""
        mine = labels[self.where]
        found = self.where.gather(1, mine.int().argmax(1, keepdim=True))[:, 0]
        return torch.where(mine.any(1), found, -1)

    def ratio(self, labels: Tensor) -> Tensor:
        """log of the distance to False over that to True: large for a copy of a True one."""
        return self._log_ratio(*self.distances(labels))

    def values(self, labels: Tensor) -> dict[str, Tensor]:
        """One number a fake under each of `NAMES`; a near-exact copy of the other side counts as -1."""
        mine, other = self.distances(labels)
        nearer = (mine < other).double() + (mine == other).double() / 2
        copied = (mine < NEAR * other).double() - (other < NEAR * mine).double()
        return dict(zip(NAMES, (nearer, self._log_ratio(mine, other), copied), strict=True))

    def _nearest(self, mine: Tensor) -> Tensor:
        found = self.far.gather(1, mine.int().argmax(1, keepdim=True))[:, 0]
        return torch.where(mine.any(1), found, self.far[:, -1])

    def _log_ratio(self, mine: Tensor, other: Tensor) -> Tensor:
        tiny = TINY * self.far.median().clamp(min=1e-300)
        return ((other + tiny) / (mine + tiny)).log()


def looked_up(fake: Tensor, train: Tensor, held_out: Tensor) -> Beside:
    if train.shape[1:] != held_out.shape[1:]:
        raise UsageError(
            f"training and held-out samples have shapes {tuple(train.shape)} and {tuple(held_out.shape)}",
            "use one feature space for both",
        )
    pool = torch.cat([train.double(), held_out.double()])
    far, where = neighbours(fake, pool, min(DEPTH, len(pool)))
    return Beside(far.cpu(), where.cpu(), torch.arange(len(pool)) < len(train))


def by_relabelling(
    side: Beside, groups: tuple[Ids, Ids] | None = None, *, stream: Stream, draws: int = 999
) -> tuple[Permuted, dict[str, float]]:
    """p of the mean log ratio under random labels of whole groups, and the mean of every value over the labellings."""
    n = int(side.own.sum())
    numbers = torch.arange(len(side.own))
    seen: list[list[float]] = []

    def statistic(labelled: Tensor, _: Tensor) -> float:
        labels = torch.zeros(len(numbers), dtype=torch.bool)
        labels[labelled.long()] = True
        seen.append([float(each.mean()) for each in side.values(labels).values()])
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
    floors = torch.tensor(seen[: told.arrangements], dtype=torch.float64).mean(0)  # the last is as it was observed
    return told, dict(zip(NAMES, floors.tolist(), strict=True))


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
