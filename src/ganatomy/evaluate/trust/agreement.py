"""How far repetitions agree: rank correlation, overlap of the largest, signs, spans, each beside its chance level.

    found = agreement(values, top=10, stream=Stream(0, "again"))       # values (repetitions, n): Measurements by name
    found.readings["rank correlation"], found.p["rank correlation"]
    of_pairs(table, "mean squared cosine", floor=k / d, says="...", n=4)  # any number of two repetitions, (r, r)

Pairs of repetitions share members, so that their spread is no guide: intervals are from leaving out each repetition.
They are about the mean agreement of two repetitions, and what is repeated is all they know of: fresh samples, other
seeds or bootstrap samples. p is from values permuted within each repetition.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.quality.pairs import Readings
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.numerics.statistics.samples import miss
from ganatomy.results.measurement import Better, Measurement

FEWEST = 3  # repetitions: of two nothing can be left out
DRAWS = 199  # permutations


@dataclass(frozen=True, eq=False)
class Agreement:
    """p: of each reading, the share of permutations that agree as well. pairs: (r, r) for each."""

    readings: Readings
    p: Mapping[str, float]
    pairs: Mapping[str, Tensor]


@dataclass(frozen=True)
class Measure:
    """between: values (r, n), how many are the largest -> (r, r). floor: what permuted values read on average."""

    says: str
    between: Callable[[Tensor, int], Tensor]
    floor: Callable[[Tensor, int], float]
    low: float


def agreement(values: Tensor, *, stream: Stream, top: int | None = None, draws: int = DRAWS) -> Agreement:
    """Of scores of n units in each repetition; `top`: how many largest in size are compared, by default a tenth."""
    table = checked(values)
    most = max(1, table.shape[1] // 10) if top is None else top
    if not 1 <= most < table.shape[1]:
        raise UsageError(f"the largest {most} of {table.shape[1]} were to be compared", "take fewer than there are")
    readings, p, pairs = {}, {}, {}
    for name, measure in MEASURES.items():
        title = name.format(most)
        pairs[title] = measure.between(table, most)
        floor, says = measure.floor(table, most), measure.says.format(most, table.shape[1])
        readings[title] = of_pairs(pairs[title], title, floor=floor, says=says, low=measure.low)
        chance = [_mean(measure.between(shuffled(table, stream, draw), most)) for draw in range(draws)]
        own = readings[title].value - 1e-12
        p[title] = (1 + sum(each >= own for each in chance)) / (1 + draws)
    return Agreement(readings, p, pairs)


def of_pairs(
    table: Tensor, name: str, *, floor: float | None, says: str, low: float = 0.0, better: Better = "high"
) -> Measurement:
    """The mean over pairs of repetitions, with its interval; `table` (r, r) is symmetric, its diagonal is not read."""
    count = len(table)
    if table.shape != (count, count) or count < FEWEST:
        raise UsageError(f"agreement of {count} repetitions was asked for", f"take {FEWEST} or more")
    within = left_out(table, low=low, high=1.0)
    return Measurement(name, _mean(table), count, f"{says}; mean over pairs of repetitions", better, within, floor)


def of_some(table: Tensor, name: str, *, floor: float | None, says: str, low: float = 0.0) -> Measurement:
    """The same, but of two there is no interval."""
    if len(table) >= FEWEST:
        return of_pairs(table, name, floor=floor, says=says, low=low)
    return Measurement(name, _mean(table), len(table), f"{says}; one pair, no interval", "high", None, floor)


def left_out(table: Tensor, *, low: float = -math.inf, high: float = math.inf, level: float = 0.95) -> Interval:
    """Leaving out each repetition with all its pairs: error^2 = (r - 1) / r sum_j (without j - their mean)^2."""
    from scipy.special import stdtrit

    count, value = len(table), _mean(table)
    off = table.double() - table.double().diagonal().diag()
    each = (off.sum() - 2 * off.sum(1)) / ((count - 1) * (count - 2))
    error = math.sqrt((count - 1) / count * float((each - each.mean()).square().sum()))
    if error <= 1e-12 and 2.0 ** (1 - count) > miss(level):  # as for equal values in `t_interval`
        return Interval(low, high, level, f"none: no spread to be had from {count} repetitions")
    half = float(stdtrit(count - 1, 1 - miss(level) / 2)) * error
    start, end = (min(max(end, low), high) for end in (value - half, value + half))
    return Interval(start, end, level, f"jackknife over {count} repetitions")


def checked(values: Tensor) -> Tensor:
    table = values.detach().double().cpu()
    if table.ndim != 2 or len(table) < FEWEST or table.shape[1] < 2:
        raise UsageError(
            f"repeated values of shape {tuple(table.shape)} were given",
            f"give (repetitions, values), {FEWEST} or more repetitions of 2 or more",
        )
    if not bool(torch.isfinite(table).all()):
        raise InputError("repeated values hold NaN or infinite ones", "leave out what was not found every time")
    if bool((table.amax(1) == table.amin(1)).any()):
        raise InputError("all values of a repetition are equal", "there is no order in them to be found again")
    return table


def shuffled(table: Tensor, stream: Stream, draw: int) -> Tensor:
    """Each row in an order of its own."""
    count = len(table)
    order = stream.uniform(range(draw * count, (draw + 1) * count), table.shape[1], dtype=torch.float64).argsort(1)
    return table.gather(1, order)


def ranks(table: Tensor) -> Tensor:
    """From 1 on in each row; equal values share the mean of their ranks."""
    found = torch.empty_like(table)
    for row, out in zip(table, found, strict=True):
        _, place, count = row.unique(return_inverse=True, return_counts=True)
        last = count.cumsum(0).double()
        out.copy_((last - (count - 1) / 2)[place])
    return found


def correlations(table: Tensor) -> Tensor:
    """Of rows, (r, r); a row without any spread goes with no other."""
    centred = table - table.mean(1, keepdim=True)
    unit = centred / centred.norm(dim=1, keepdim=True).clamp(min=1e-300)
    found: Tensor = unit @ unit.T
    return found


def weights(table: Tensor, top: int) -> Tensor:
    """1 for the `top` largest in size of each row; those equal to the last one share what is left of it."""
    size = table.abs()
    last = size.topk(top, dim=1).values[:, -1:]
    above, equal = (size > last).double(), (size == last).double()
    left: Tensor = top - above.sum(1, keepdim=True)
    found: Tensor = above + equal * left / equal.sum(1, keepdim=True)
    return found


def _signs(table: Tensor, _: int) -> Tensor:
    return (1 + table.sign() @ table.sign().T / table.shape[1]) / 2


def _overlap(table: Tensor, top: int) -> Tensor:
    return weights(table, top) @ weights(table, top).T / top


def _signs_floor(table: Tensor, _: int) -> float:
    return (1 + _mean(torch.outer(table.sign().mean(1), table.sign().mean(1)))) / 2


def _mean(table: Tensor) -> float:
    """Over pairs."""
    return float((table.sum() - table.diagonal().sum()) / (len(table) * (len(table) - 1)))


def chance(n: int, top: int, *, share: float = 0.95) -> float:
    """The overlap that two random sets of `top` of n stay at or below with this probability (hypergeometric)."""
    from scipy.stats import hypergeom

    return float(hypergeom.ppf(share, n, top, top)) / top


MEASURES = {
    "rank correlation": Measure(
        "Spearman, equal values share a rank, {1} values",
        lambda table, _: correlations(ranks(table)),
        lambda *_: 0.0,
        -1.0,
    ),
    "overlap of the largest {}": Measure(
        "share of the {0} largest in size of {1} found again; floor: hypergeometric mean",
        _overlap,
        lambda table, top: top / table.shape[1],
        0.0,
    ),
    "same sign": Measure("share of {1} values with the same sign, 0 counts half", _signs, _signs_floor, 0.0),
}
