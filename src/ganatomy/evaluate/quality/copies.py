"""Does a generator repeat its training samples? Nearest training sample against nearest held-out one.

    told = copies(fake, train, held_out, space=space.id, stream=Stream(0, "copies"), groups=(patients, others))
    told.p, told.measured["near-exact copies"], told.excess["near-exact copies"], told.pairs, told.note

Fakes that know no training sample lie as near to held-out ones of the same law. p comes from relabelling training and
held-out samples by whole groups, which holds for any law and any two numbers of samples: a binomial p is wrong, since
fakes share neighbours. It is of two things at once, the mean log ratio and the share of near-exact copies.

Near-exact: nearer to a training sample than a third of the distance to any held-out one, and than 1 in 100 real samples
is by chance; in a plane, or with many times as many training samples, chance alone brings a sample so near. Two things
that copy nothing stand beside the fakes, and what counts is the excess over the larger: a Gaussian fitted to the
training samples, often nearer to them too, and real samples set among the others, whose labels are drawn anew.

Where training samples are s of all, c copied originals are all of them training ones in s^c of all relabellings, and no
p can be smaller: with 30 for each held-out one it takes about 100 copied originals. Exact copies have a test of their
own. None of this is a statement about privacy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.evaluate.quality.among_real import among_real, near_of
from ganatomy.evaluate.quality.beside import (
    NAMES,
    Near,
    Nearest,
    Relabelled,
    by_relabelling,
    fitted_gaussian,
    looked_up,
    nearest,
    pooled,
)
from ganatomy.evaluate.quality.exact_copies import exact_copies
from ganatomy.numerics.distances import neighbours
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.groups import Ids
from ganatomy.numerics.statistics.interval import Interval, Mean, difference, mean_of, t_interval, wilson
from ganatomy.numerics.statistics.shares import on_logits
from ganatomy.results.measurement import Measurement

TOP = 20  # closest pairs that are kept to be shown
DRAWS = 999
SURE = 0.05
PRIVACY = "This is not a privacy claim: what is not found here may still be found otherwise."


@dataclass(frozen=True, eq=False)
class Copies:
    """measured: of the fakes. excess: the same less that of the two learners that copy nothing, whichever is larger.

    relabelled: against random labels of training and held-out. pairs (top, 3): fake, its nearest training and its
    nearest held-out sample, the ratio of distances least first; distances (top, 2): to the two.
    verdict: copies, nearer to training, or no copies seen. It is "copies" where the interval of an excess of near-exact
    or of exact copies lies above 0, and only there: an interval holds 0 where p says that chance would do.
    """

    measured: dict[str, Measurement]
    excess: dict[str, Measurement]
    relabelled: Relabelled
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
    side = looked_up(fake, train, held_out, groups)
    own = side.exactly(fake, train, held_out)
    usual = among_real(train, held_out, groups, stream=stream.child("real"))
    benign = nearest(fitted_gaussian(train, len(fake), stream=stream.child("gaussian")), train, held_out)
    near = near_of(usual)
    relabelled = by_relabelling(side, groups, stream=stream.child("relabel"), near=near, draws=draws)
    ids = pooled(groups, len(train), len(held_out))
    means, *honest = [_means(each, ids, side.scale, near) for each in (own, benign, usual) if each is not None]
    said = f"{len(train)} training, {len(held_out)} held out, near is below {near[0]:.2g}, float64"
    measured = _measured(means, relabelled, said=said, space=space, count=len(fake))
    excess = _excess(means, honest, relabelled, said=said, space=space, count=len(fake))
    exact = exact_copies(own, (fake, train, held_out), said=said, space=space)
    measured["exact copies"], excess["exact copies"] = exact["exact copies"], exact["exact copies, excess"]
    excess["copied at least"] = _surely(excess, said=said, space=space)
    verdict = _verdict(relabelled.p, excess)
    order = own.values(side.scale)["mean log ratio"].argsort(descending=True, stable=True)[:TOP]
    pairs = torch.cat([order[:, None], own.where[order] - torch.tensor([0, len(train)])], dim=1)
    note = _said(verdict, relabelled, measured, excess)
    return Copies(measured, excess, relabelled, pairs, own.far[order], verdict, note)


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


def _means(side: Nearest, ids: Tensor | None, scale: float, near: Near) -> dict[str, Mean]:
    """Samples that share a nearest one (or its group) count as one unit in the error."""
    shared = side.closest if ids is None else ids[side.closest]
    return {name: mean_of(values, shared) for name, values in side.values(scale, near).items()}


def _measured(
    means: dict[str, Mean], relabelled: Relabelled, *, said: str, space: str, count: int
) -> dict[str, Measurement]:
    return {
        name: Measurement(
            name,
            means[name].value,
            n=count,
            estimator=f"{said}; floor by relabelling",
            better="neither",
            interval=_within(means[name], bounded=name == "nearer to training"),
            floor=relabelled.floors[name],
            space=space,
        )
        for name in NAMES
    }


def _excess(
    means: dict[str, Mean], honest: list[dict[str, Mean]], relabelled: Relabelled, *, said: str, space: str, count: int
) -> dict[str, Measurement]:
    """Over each of the learners that copy nothing; the one that leaves least counts."""
    told = {}
    for name in NAMES:
        gaps = [difference(means[name], each[name]) for each in honest]
        within = min((_within(gap) for gap in gaps), key=lambda each: each.low)
        value = min(gap.value for gap in gaps)
        if relabelled.p > SURE and within.low > 0:
            within = replace(within, low=0.0, method=f"{within.method}; chance may do it, by relabelling")
        told[name] = Measurement(
            f"{name}, excess",
            value,
            n=count,
            estimator=f"{said}; less the larger of a fitted Gaussian's and of real samples' among the others",
            better="low",
            interval=Interval(min(within.low, value), max(within.high, value), within.level, within.method),
            floor=0.0,
            space=space,
        )
    return told


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


def _surely(excess: dict[str, Measurement], *, said: str, space: str) -> Measurement:
    """One bound that both excesses have; above 0 is the verdict "copies"."""
    two = [excess[name] for name in ("near-exact copies", "exact copies")]
    least = max(0.0, *(_bounds(each).low for each in two))
    name = "copied at least"
    return Measurement(name, least, two[0].n, f"{said}; lower end of an excess", "low", None, 0.0, space)


def _verdict(p: float, excess: dict[str, Measurement]) -> str:
    """Nearer to training: labels matter, and by more than to learners that copy nothing."""
    if excess["copied at least"].value > 0:
        return "copies"
    return "nearer to training" if p <= SURE and _bounds(excess["mean log ratio"]).low > 0 else "no copies seen"


def _said(verdict: str, relabelled: Relabelled, near: dict[str, Measurement], excess: dict[str, Measurement]) -> str:
    half, exact, more = near["nearer to training"], near["near-exact copies"], excess["near-exact copies"]
    return (
        f"Verdict: {verdict}. {half.value:.1%} of fakes are nearer to a training sample than to any held-out one"
        f" ({half.floor or 0:.1%} with labels shuffled, p {relabelled.p:.3g}); near-exact copies {exact.value:.2%},"
        f" {more.value:+.2%} beside learners that copy nothing, exact ones {near['exact copies'].value:.2%}. {PRIVACY}"
    )
