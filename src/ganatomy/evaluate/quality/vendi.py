"""Vendi score: how many different samples there seem to be, by their similarities (Friedman & Dieng 2023).

    vendi(features, centre=real.mean(0))                   # 1 when all are alike, n when no two are
    diversity(real, fake, space=space.id, stream=Stream(0, "vendi"))

exp of the entropy of the eigenvalues of K / n, K the cosines between samples. Cosines about the origin see little but
the mean of the features, so samples are centred by the mean of the real ones first. The score grows with n: fakes and
real samples are read at the same number, and the floor is what the real ones read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.quality.left_out import BLOCKS, jackknifed, left_out, reach
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.groups import Ids, units
from ganatomy.results.measurement import Measurement


@dataclass(frozen=True, eq=False)
class Directions:
    """The summed outer products of unit vectors, (d + 1, d + 1), float64: batches add up, and can be taken off again.

    The last place counts samples that lie on the centre: they have no direction, and are like one another only.
    """

    n: int
    table: Tensor

    @classmethod
    def of(cls, samples: Tensor, centre: Tensor | None = None) -> Directions:
        x = directed(samples, centre)
        return cls(len(x), x.T @ x)

    def __add__(self, other: Directions) -> Directions:
        return Directions(self.n + other.n, self.table + other.table)

    def score(self, order: float = 1.0) -> float:
        """Of order 1: exp of the entropy. Other orders weigh common directions more; infinite: 1 / the largest."""
        return effective(torch.linalg.eigvalsh(self.table / self.n), order)


def directed(samples: Tensor, centre: Tensor | None = None) -> Tensor:
    """Unit vectors from the centre, and one further number that is 1 for a sample on it."""
    if samples.dim() != 2 or len(samples) == 0:
        raise UsageError(
            f"samples of shape {tuple(samples.shape)} were given", "give a table (samples, features) with rows"
        )
    if not bool(torch.isfinite(samples).all()):
        raise InputError("samples hold NaN or infinite values", "leave those out before measuring")
    x = samples.detach().double() - (0.0 if centre is None else centre.double())
    length = x.norm(dim=1, keepdim=True)
    return torch.cat([x / torch.where(length > 0, length, 1.0), (length == 0).double()], dim=1)


def effective(eigenvalues: Tensor, order: float = 1.0) -> float:
    """exp of the Rényi entropy of shares that sum to 1; 0 log 0 = 0."""
    share = eigenvalues.double().clamp(min=0)
    share = share[share > 0] / share.sum()
    if order == 1:
        return math.exp(-float((share * share.log()).sum()))
    if math.isinf(order):
        return 1 / float(share.max())
    return math.exp(math.log(float(share.pow(order).sum())) / (1 - order))


def vendi(samples: Tensor, *, centre: Tensor | None = None, order: float = 1.0) -> float:
    """Over the smaller of the two matrices, n x n or d x d: their eigenvalues are the same."""
    if not order > 0:
        raise UsageError(f"a Vendi score of order {order} was asked for", "orders are above 0; 1 is the usual one")
    x = _thin(directed(samples, centre))
    return Directions(len(x), x.T @ x).score(order)


def diversity(
    real: Tensor,
    fake: Tensor,
    *,
    space: str,
    stream: Stream,
    order: float = 1.0,
    groups: Ids | None = None,
) -> dict[str, Measurement]:
    """The score of the fakes beside that of as many real samples, and their ratio; the longer table is cut at random.

    A ratio below 1 says that fakes are less diverse. The ratio leans: real samples that come in groups are
    less diverse than as many that stand alone, as fakes do, and that lifts it. Intervals are about the means at this
    number of samples; `groups` of the real ones stay in one block.
    """
    n, centre = min(len(real), len(fake)), real.detach().double().mean(0)
    if n < BLOCKS:
        raise UsageError(f"the diversity of {n} samples was asked for", f"give {BLOCKS} or more of each")
    rows = [stream.child(name).permutation(0, len(x))[:n].sort().values for x, name in _named(real, fake)]
    ids = None if groups is None else units(groups, len(real)).codes[rows[0]]
    count = min(BLOCKS, units(ids, n).count)
    if count < 2:
        raise UsageError(
            "the diversity of real samples of one group was asked for", "give samples of two groups or more"
        )
    scores, cuts = [], []
    for (x, name), own, kin in zip(_named(real, fake), rows, (ids, None), strict=True):
        codes, share = left_out(n, count, stream=stream.child(f"{name}/blocks"), groups=kin)
        scores.append(_without(x[own], codes, centre=centre, order=order))
        cuts.append(share)
    real_score, fake_score = scores
    both = (cuts[0] + cuts[1]) / 2
    said = f"cosine kernel about the mean of {len(real)} real, order {order:g}, float64; floor from {n} real samples"
    ratio = (fake_score.log() - real_score.log()).exp()
    told = (
        ("Vendi score", fake_score, cuts[1], float(real_score[0]), float(n)),
        ("Vendi ratio", ratio, both, 1.0, math.inf),
    )
    flat = float(fake_score[0]), float(fake_score[0]) * _more(n, order)
    return {
        name: Measurement(
            name,
            float(values[0]),
            n=n,
            estimator=said,
            better="neither",
            interval=jackknifed(
                values,
                shares,
                low=1.0 if high < math.inf else 0.0,
                high=high,
                flat=flat if values is fake_score else None,
            ),
            floor=floor,
            space=space,
        )
        for name, values, shares, floor, high in told
    }


def _more(n: int, order: float) -> float:
    """By how much n samples that agree may be more diverse: as many as may be otherwise, each unlike all others."""
    other = reach(n)
    return effective(torch.tensor([1 - other] + [1 / n] * math.ceil(other * n), dtype=torch.float64), order)


def _named(real: Tensor, fake: Tensor) -> tuple[tuple[Tensor, str], tuple[Tensor, str]]:
    return (real, "real"), (fake, "fake")


def _thin(x: Tensor) -> Tensor:
    """The same cosines in at most n numbers a sample: x = R^T Q^T, and Q changes no product."""
    return torch.linalg.qr(x.T, mode="r").R.T if x.shape[1] > len(x) else x


def _without(x: Tensor, codes: Tensor, *, centre: Tensor, order: float) -> Tensor:
    """The score of all, then without each block."""
    unit = _thin(directed(x, centre))
    blocks = [Directions(int(mine.sum()), unit[mine].T @ unit[mine]) for mine in (codes == j for j in codes.unique())]
    total = sum(blocks[1:], blocks[0])
    rest = [Directions(total.n - each.n, total.table - each.table) for each in blocks]
    return torch.tensor([each.score(order) for each in (total, *rest)], dtype=torch.float64)
