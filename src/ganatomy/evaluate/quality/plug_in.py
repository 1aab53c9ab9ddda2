"""Distances between fitted laws, from blocks that merge: each read with its interval, and once more less its bias.

    found = plug_in("Fréchet distance", MOMENTS, parts, said)      # two Measurements by name

A distance that is put together from two samples lies too high, by about 1/n. The interval of the plain value is about
its mean for this many samples, as its floor is; that of the value "less its bias" is about the distance of the laws.
Both come from leaving out each block in turn. The floor is what blocks of the real samples read against each other, at
a half and at a quarter of them, carried on to the sizes at hand along the power of n that lies between the two. With
fewer samples than features that power itself grows with n; it is carried on too, and floors are up to a tenth too high.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch

from ganatomy.evaluate.quality.pairs import Readings
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.numerics.statistics.samples import miss
from ganatomy.results.measurement import Measurement

SPLITS = 16  # random halves of the real blocks, and as many pairs of quarters
STEEPEST = 2.0  # the largest power of 1/n a floor is believed to fall by, and the most it grows from step to step
BENT = 0.95  # a power below this one may still grow to 1

Part = TypeVar("Part")
Left = Callable[[Sequence[int]], float]  # numbers of the blocks that are left -> the value on them


@dataclass(frozen=True)
class Form(Generic[Part]):
    """merge: what blocks hold together. apart: the distance of two such. bends: the floor's power of n grows with n.

    splits: how many halves the floor is read from.
    """

    merge: Callable[[Sequence[Part]], Part]
    apart: Callable[[Part, Part], float]
    bends: bool = False
    splits: int = SPLITS


@dataclass(frozen=True)
class Parts(Generic[Part]):
    """The blocks of the real and of the generated samples, equally many, and how many samples each holds."""

    real: Sequence[Part]
    made: Sequence[Part]
    real_sizes: Sequence[int]
    made_sizes: Sequence[int]

    def shares(self) -> list[float]:
        """Of each block, the share of the samples that leaving it out takes away."""
        n, m = sum(self.real_sizes), sum(self.made_sizes)
        return [(a / n + b / m) / 2 for a, b in zip(self.real_sizes, self.made_sizes, strict=True)]


@dataclass(frozen=True)
class Said:
    """What stands beside the number. `corrects`: whether the bias falls as 1/n, so that it can be taken off."""

    estimator: str
    space: str
    stream: Stream
    corrects: bool = True


@dataclass(frozen=True)
class Jackknifed:
    """value on all blocks, the same less its bias, and the standard error from leaving out each block."""

    value: float
    corrected: float
    error: float
    blocks: int

    def interval(
        self, about: float, *, low: float = -math.inf, high: float = math.inf, level: float = 0.95
    ) -> Interval:
        """t with blocks - 1 degrees of freedom, cut to the range of the value."""
        from scipy.special import stdtrit

        half = float(stdtrit(self.blocks - 1, 1 - miss(level) / 2)) * self.error
        start, end = (min(max(end, low), high) for end in (about - half, about + half))
        return Interval(start, end, level, f"delete-a-group jackknife, {self.blocks} blocks")


def jackknifed(left: Left, shares: Sequence[float]) -> Jackknifed:
    """The formulas of `statistics.estimate.jackknife`, for values that are put together from blocks."""
    count = len(shares)
    value = left(range(count))
    each = torch.tensor([left([k for k in range(count) if k != j]) for j in range(count)], dtype=torch.float64)
    centre = float(((1 - torch.tensor(shares, dtype=torch.float64)) * each).sum()) / (count - 1)
    error = math.sqrt((count - 1) / count * float((each - centre).square().sum()))
    return Jackknifed(value, count * value - (count - 1) * centre, error, count)


def plug_in(name: str, form: Form[Part], parts: Parts[Part], said: Said) -> Readings:
    """The value with its floor and, where its bias falls as 1/n, the value less its bias."""

    def left(which: Sequence[int]) -> float:
        return form.apart(form.merge([parts.real[j] for j in which]), form.merge([parts.made[j] for j in which]))

    seen = jackknifed(left, parts.shares())
    n, m = sum(parts.real_sizes), sum(parts.made_sizes)
    noise = floor(form, parts, stream=said.stream.child(f"{name}/splits"))

    def reading(title: str, value: float, at: float, estimator: str, *, low: float = 0.0) -> Measurement:
        within = seen.interval(value, low=low)
        return Measurement(title, value, min(n, m), estimator, "low", within, at, said.space)

    found = {name: reading(name, seen.value, noise, said.estimator)}
    if said.corrects:
        title = f"{name} less its bias"
        how = f"{said.estimator}, less the jackknife's bias"
        found[title] = reading(title, seen.corrected, 0.0, how, low=-math.inf)
    return found


def floor(form: Form[Part], parts: Parts[Part], *, stream: Stream) -> float:
    """What the distance reads on average between two samples of the real law, of the sizes at hand."""
    count = len(parts.real)
    n, m = sum(parts.real_sizes), sum(parts.made_sizes)
    read = [_split(form, parts, each, stream.child(str(each))) for each in (count // 2, count // 4) if each]
    if form.bends and count >= 10 and _power(read) < BENT:  # else it would not be looked at
        read.append(_split(form, parts, count // 10, stream.child(str(count // 10))))
    value, size = read[0]
    return float(value * (size * (n + m) / (2 * n * m)) ** _power(read))


def _power(read: list[tuple[float, float]]) -> float:
    """Of 1/n, by which what was read falls from the largest size on; `read` has values with sizes, largest first."""
    if min(value for value, _ in read) <= 0:
        return 1.0
    pairs = itertools.pairwise(read)
    powers = [math.log(less[0] / more[0]) / math.log(more[1] / less[1]) for more, less in pairs]
    found = min(max(powers[0], 0.0), STEEPEST) if powers else 1.0
    if len(powers) == 2 and powers[1] > 0 and found < BENT:
        return min(found * min(max(found / powers[1], 1.0), STEEPEST), 1.0)
    return found


def _split(form: Form[Part], parts: Parts[Part], each: int, stream: Stream) -> tuple[float, float]:
    """The mean distance between `each` blocks and as many others, and the harmonic mean of their sizes."""
    values, sizes = [], []
    for index in range(form.splits):
        order = stream.permutation(index, len(parts.real)).tolist()
        one, other = order[:each], order[each : 2 * each]
        values.append(form.apart(*(form.merge([parts.real[j] for j in half]) for half in (one, other))))
        a, b = (sum(parts.real_sizes[j] for j in half) for half in (one, other))
        sizes.append(2 * a * b / (a + b))
    return sum(values) / form.splits, sum(sizes) / form.splits
