"""Does a generator repeat its training samples? Nearest training sample against nearest held-out one.

    told = copies(fake, train, held_out, space=space.id, stream=Stream(0, "copies"), groups=(patients, others))
    told.p, told.measured["near-exact copies"], told.excess["nearer to training"], told.pairs, told.note

Fakes that know no training sample lie as near to held-out ones of the same law. p comes from relabelling training and
held-out samples by whole groups: a binomial p is wrong, since fakes share neighbours. A Gaussian fitted to the training
samples copies nothing and is often nearer to them too, so it is measured in the same way, and what counts is the excess
over it. Near-exact copies are counted on their own. None of this is a statement about privacy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.evaluate.quality.beside import Beside, by_relabelling, fitted_gaussian, looked_up
from ganatomy.numerics.distances import neighbours
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.groups import Ids, checked
from ganatomy.numerics.statistics.interval import Interval, Mean, difference, mean_of, t_interval, wilson
from ganatomy.numerics.statistics.permutation import Permuted
from ganatomy.numerics.statistics.shares import on_logits, share
from ganatomy.results.measurement import Measurement

TOP = 20  # closest pairs that are kept to be shown
DRAWS = 999
SURE = 0.05
PRIVACY = "This is not a privacy claim: what is not found here may still be found otherwise."


@dataclass(frozen=True, eq=False)
class Copies:
    """measured: of the fakes. excess: the same less that of a Gaussian fitted to the training samples.

    relabelled: the mean log ratio against random labels of training and held-out. pairs (top, 3): fake, its nearest
    training and its nearest held-out sample, the ratio of distances least first; distances (top, 2): to the two.
    verdict: copies, nearer to training, or no copies seen.
    """

    measured: dict[str, Measurement]
    excess: dict[str, Measurement]
    relabelled: Permuted
    pairs: Tensor
    distances: Tensor
    verdict: str
    note: str

    @property
    def p(self) -> float:
        return self.relabelled.p


def copies(
    fake: Tensor,
    train: Tensor,
    held_out: Tensor,
    *,
    space: str,
    stream: Stream,
    groups: tuple[Ids, Ids] | None = None,
    draws: int = DRAWS,
) -> Copies:
    """Features (n, d) of one space; held-out samples of the same law, best as many as training ones.

    A group (a patient) must be wholly on one side.
    """
    if min(len(train), len(held_out)) < 2 or len(fake) < 2:
        raise UsageError(
            f"copies of {len(train)} training samples were sought with {len(fake)} fakes and {len(held_out)} held out",
            "give two samples or more of each",
        )
    benign = fitted_gaussian(train, len(fake), stream=stream.child("gaussian"))
    sides = [looked_up(each, train, held_out) for each in (fake, benign)]
    relabelled, floors = by_relabelling(sides[0], groups, stream=stream.child("relabel"), draws=draws)
    ids = None if groups is None else _pooled(groups, len(train), len(held_out))
    means = [_means(each, ids) for each in sides]
    said = f"{len(train)} training, {len(held_out)} held out, float64"
    near = {
        name: Measurement(
            name,
            mean.value,
            n=len(fake),
            estimator=f"{said}; floor by relabelling",
            better="neither",
            interval=_within(mean, bounded=name == "nearer to training"),
            floor=floors[name],
            space=space,
        )
        for name, mean in means[0].items()
    }
    excess = {
        name: Measurement(
            f"{name}, excess",
            mean.value - means[1][name].value,
            n=len(fake),
            estimator=f"{said}; less that of a Gaussian fitted to the training samples",
            better="low",
            interval=_within(difference(mean, means[1][name])),
            floor=0.0,
            space=space,
        )
        for name, mean in means[0].items()
    }
    near |= _exact(sides[0], said=said, space=space)
    alone = _beyond_chance(sides[0], held_out, train)
    verdict = "copies" if alone else _verdict(relabelled.p, excess)
    pairs, distances = _closest(sides[0])
    beside = neighbours(fake[pairs[:, 0]].double(), held_out.double())[1].cpu()
    pairs = torch.cat([pairs, beside], dim=1)
    return Copies(near, excess, relabelled, pairs, distances, verdict, _said(verdict, relabelled, near, excess))


def near_duplicates(x: Tensor, y: Tensor, *, within: float) -> tuple[Tensor, Tensor]:
    """Pairs (row of x, nearest row of y) at most so far apart, nearest first, (pairs, 2), and distances; 0 is exact.

    Best in pixels: there no space can make two pictures alike that are not.
    """
    if not within >= 0:
        raise UsageError(f"duplicates within {within} were asked for", "give a distance of 0 (exact) or more")
    far, where = neighbours(x, y)
    rows = (far[:, 0] <= within).nonzero()[:, 0]
    rows = rows[far[rows, 0].argsort(stable=True)]
    return torch.stack([rows, where[rows, 0]], dim=1), far[rows, 0]


def _means(side: Beside, ids: Tensor | None) -> dict[str, Mean]:
    """Fakes that share a nearest sample (or its group) count as one unit in the error."""
    shared = side.nearest if ids is None else ids[side.nearest]
    return {name: mean_of(values, shared) for name, values in side.values(side.own).items()}


def _exact(side: Beside, *, said: str, space: str) -> dict[str, Measurement]:
    """Fakes at distance exactly 0; the floor is the share of exact copies of held-out samples."""
    to_train, to_held_out = side.distances(side.own)
    value, within = share((to_train == 0).cpu())
    floor = float((to_held_out == 0).double().mean())
    name = "exact copies"
    told = Measurement(
        name, value, n=len(to_train), estimator=said, better="low", interval=within, floor=floor, space=space
    )
    return {name: told}


def _pooled(groups: tuple[Ids, Ids], n: int, m: int) -> Tensor:
    both = np.concatenate([checked(groups[0], n), checked(groups[1], m)])
    return torch.from_numpy(np.unique(both, return_inverse=True)[1].astype(np.int64))


def _closest(side: Beside) -> tuple[Tensor, Tensor]:
    to_train, to_held_out = side.distances(side.own)
    order = side.ratio(side.own).argsort(descending=True, stable=True)[:TOP]
    pairs = torch.stack([order, side.first(side.own)[order]], dim=1)
    return pairs, torch.stack([to_train[order], to_held_out[order]], dim=1)


def _bounds(told: Measurement) -> Interval:
    if told.interval is None:
        raise UsageError(f"{told.name} has no interval", "measure it anew")
    return told.interval


def _within(mean: Mean, *, bounded: bool = False) -> Interval:
    """t over units; where all agree, as when there is no copy at all, as far as so many units can be wrong."""
    if bounded and 0 < mean.value < 1 and 0 < mean.error < math.inf:
        return on_logits(mean)
    if mean.error > 0:
        return t_interval(mean)
    reach = wilson(0, mean.n).high
    low, high = (0.0, 1.0) if bounded else (-math.inf, math.inf)
    return Interval(
        max(mean.value - reach, low), min(mean.value + reach, high), 0.95, f"Wilson of {mean.n} units that agree"
    )


def _beyond_chance(side: Beside, held_out: Tensor, train: Tensor) -> bool:
    """Whether exact copies are too many to have come about by chance, as they do where data repeat themselves.

    Fakes, training and held-out samples of one law coincide as often, pair for pair. So where no held-out sample is
    met by a fake or by a training sample, c copies are a matter of chance with probability share^c: of all pairs of two
    kinds, the share that joins a fake and a training sample.
    """
    to_train, to_held_out = side.distances(side.own)
    count = int((to_train == 0).sum())
    if not count or bool((to_held_out == 0).any()) or bool((neighbours(held_out, train)[0] == 0).any()):
        return False
    k, n, m = len(to_train), len(train), len(held_out)
    return bool((k * n / (k * n + k * m + n * m)) ** count <= SURE)


def _verdict(p: float, excess: dict[str, Measurement]) -> str:
    """Copies: more of the near-exact than the Gaussian, and labels matter; nearer to training: labels matter, and by
    more than to the Gaussian. Exact copies beyond chance are copies whatever p.
    """
    if p > SURE:
        return "no copies seen"
    if _bounds(excess["near-exact copies"]).low > 0:
        return "copies"
    return "nearer to training" if _bounds(excess["mean log ratio"]).low > 0 else "no copies seen"


def _said(verdict: str, relabelled: Permuted, near: dict[str, Measurement], excess: dict[str, Measurement]) -> str:
    half, exact, more = near["nearer to training"], near["near-exact copies"], excess["nearer to training"]
    return (
        f"Verdict: {verdict}. {half.value:.1%} of fakes are nearer to a training sample than to any held-out one"
        f" ({half.floor or 0:.1%} with labels shuffled, p {relabelled.p:.3g}; {more.value:+.1%} beside a Gaussian"
        f" fitted to the same samples); near-exact copies {exact.value:.2%}, exact ones"
        f" {near['exact copies'].value:.2%}. {PRIVACY}"
    )
