"""What is otherwise with samples made off the prior, beside as many made on it: readings, and tests of each.

row = readings(seen, other, by=by, judge=judge)      # Measurements whose floors are what `other` reads
p = compared(seen, other, stream=Stream(0, "one way"))  # of the same names, one-sided where there is a worse side
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.evaluate.quality.pairs import BLOCKS, Readings
from ganatomy.evaluate.quality.plug_in import jackknifed
from ganatomy.evaluate.trust.criteria import Criterion
from ganatomy.evaluate.trust.tails import clopper_pearson
from ganatomy.evaluate.trust.worst import rate
from ganatomy.features.classifier import Judge
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import difference, mean_of, t_interval
from ganatomy.numerics.statistics.permutation import permute_labels
from ganatomy.results.measurement import Measurement

DRAWS = 1999
NAMES = ("not finite", "outside the range", "how bad", "classes exchanged")


@dataclass(frozen=True, eq=False)
class Looked:
    """Samples of one kind: a few pictures, and of each whether it is finite, left the range, its badness, its class."""

    pictures: Tensor
    finite: Tensor
    outside: Tensor
    values: Tensor
    labels: Tensor | None

    @property
    def classes(self) -> Tensor | None:
        return None if self.labels is None else self.labels[self.finite]


def readings(seen: Looked, other: Looked, *, by: Criterion, judge: Judge | None) -> Readings:
    """`other`, samples of the prior, are all finite."""
    n, broken, left = len(seen.finite), int((~seen.finite).sum()), int(seen.outside.sum())
    usual = float(other.outside.double().mean())
    row = {
        "not finite": rate("not finite", broken, n, said="samples with NaN or infinite values", floor=0.0),
        "outside the range": rate("outside the range", left, n, said="samples that leave the format", floor=usual),
    }
    if not bool(seen.finite.any()):
        return row
    mean = mean_of(seen.values[seen.finite])
    name, floor = "how bad", float(other.values.mean())
    row[name] = Measurement(name, mean.value, mean.n, f"mean {by.name}", "low", t_interval(mean), floor, by.space)
    if judge is not None and seen.classes is not None and other.classes is not None:
        row |= _classes(seen.classes, other.classes, judge)
    return row


def compared(seen: Looked, other: Looked, *, stream: Stream) -> dict[str, float]:
    """p under `NAMES`: Fisher's exact test for the shares, Welch's for how bad, relabelling for the classes."""
    from scipy.special import stdtr
    from scipy.stats import hypergeom

    n, m = len(seen.finite), len(other.finite)
    found = {}
    for name, mine, theirs in ((NAMES[0], ~seen.finite, ~other.finite), (NAMES[1], seen.outside, other.outside)):
        count, both = int(mine.sum()), int(mine.sum() + theirs.sum())
        found[name] = float(hypergeom.sf(count - 1, n + m, both, n))
    if not bool(seen.finite.any()):
        return found
    gap = difference(mean_of(seen.values[seen.finite]), mean_of(other.values))
    if 0 < gap.error < math.inf:
        found[NAMES[2]] = float(stdtr(gap.df, -gap.value / gap.error))
    else:
        found[NAMES[2]] = 0.0 if gap.error == 0 and gap.value > 0 else 1.0
    if seen.classes is not None and other.classes is not None:
        kinds = 1 + int(max(seen.classes.max(), other.classes.max()))
        pair = seen.classes.double(), other.classes.double()
        told = permute_labels(
            *pair, stream=stream, statistic=lambda x, y: exchanged(x, y, kinds), alternative="greater", draws=DRAWS
        )
        found[NAMES[3]] = told.p
    return found


def exchanged(labels: Tensor, others: Tensor, classes: int) -> float:
    """Half the sum of |differences of shares|: the share of one that must change its class to be like the other."""
    first, second = (torch.bincount(each.long(), minlength=classes).double() / len(each) for each in (labels, others))
    return float((first - second).abs().sum()) / 2


def _classes(labels: Tensor, other: Tensor, judge: Judge) -> Readings:
    """The commonest class, and how far the shares of classes are from those on the prior."""
    counts, theirs = (torch.bincount(each, minlength=judge.classes) for each in (labels, other))
    n, m, space = len(labels), len(other), judge.space().id
    most, name, said = int(counts.max()), "share of the commonest class", "labels of a judge"
    usual = int(theirs.max()) / m
    found = {name: Measurement(name, most / n, n, said, "neither", clopper_pearson(most, n), usual, space)}
    if min(n, m) < BLOCKS:
        return found
    lots = [[each[j::BLOCKS] for j in range(BLOCKS)] for each in (labels, other)]

    def apart(which: Sequence[int]) -> float:
        first, second = (torch.cat([lot[j] for j in which]) for lot in lots)
        return exchanged(first, second, judge.classes)

    told = jackknifed(apart, [1 / BLOCKS] * BLOCKS)
    name, within, floor = NAMES[3], told.interval(told.value, low=0.0, high=1.0), by_chance(theirs / m, n, m)
    said = f"total variation to {m} on the prior, labels of a judge; floor of two samples of one law"
    return found | {name: Measurement(name, told.value, n, said, "low", within, floor, space)}


def by_chance(shares: Tensor, n: int, m: int) -> float:
    """Half of sum_k E |difference of two shares of one law|, each nearly normal with variance p (1 - p)(1/n + 1/m)."""
    spread = (shares.double() * (1 - shares.double()) * (1 / n + 1 / m)).sqrt()
    return float(spread.sum() * math.sqrt(2 / math.pi) / 2)
