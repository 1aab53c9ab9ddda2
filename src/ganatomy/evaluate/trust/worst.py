"""The worst of many samples, beside the worst of as many real ones, and how many are worse than real ones ever are.

    found = worst(gan, 10_000, by=by_distance(gan, space, train), data=held_out)
    found.indices                       # gan.sample(found.seed, found.indices.tolist()) makes them again
    found.measured["beyond the real 99 %"], found.note

Memory does not grow with n. Real samples keep one number each; their groups widen the intervals.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError
from ganatomy.evaluate.quality.pairs import FEWEST, Readings
from ganatomy.evaluate.trust.criteria import Criterion, finite, shown
from ganatomy.evaluate.trust.tails import LEVEL, Tail, clopper_pearson, never
from ganatomy.explain.critic.lots import places, reals
from ganatomy.explain.passes import Progress, draws, made
from ganatomy.models.gan import GAN
from ganatomy.numerics.statistics.groups import units
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.numerics.statistics.samples import miss
from ganatomy.results.measurement import Measurement

REALS = 10_000
TAILS = {"beyond the real 99 %": 0.01, "beyond the real 99.9 %": 0.001}
BELOW = 3  # so many samples may lie beyond the point that 1 in n does: four or more do in 1.9 % of cases


@dataclass(frozen=True, eq=False)
class Ranked:
    """The worst k, worst first: indices and numbers (k,), pictures (k, ...) in the range of the format."""

    indices: Tensor
    values: Tensor
    pictures: Tensor

    def joined(self, other: Ranked, k: int) -> Ranked:
        """The worst k of both; of equals those that were seen first."""
        values = torch.cat([self.values, other.values])
        best = values.argsort(descending=True, stable=True)[:k]
        rows = [torch.cat(each)[best] for each in zip(_parts(self), _parts(other), strict=True)]
        return Ranked(rows[0], values[best], rows[1])


@dataclass(frozen=True, eq=False)
class Worst:
    """made: the worst samples of `seed`. real: the worst of as many of the data, or of all, with places in `data`.

    of: how many generated and real ones these are the worst of.
    """

    by: str
    seed: int
    of: tuple[int, int]
    made: Ranked
    real: Ranked
    measured: Readings
    note: str

    @property
    def indices(self) -> Tensor:
        return self.made.indices


def worst(
    gan: GAN, n: int, *, by: Criterion, data: Dataset, k: int = 16, seed: int = 0, progress: Progress | None = None
) -> Worst:
    """The worst k of n samples; `data` are held-out real ones, of which up to `REALS` are looked at."""
    if n < FEWEST or k < 1:
        raise UsageError(f"the worst {k} of {n} samples were asked for", f"ask for 1 or more of {FEWEST} or more")
    by.apart_from(data)
    values, groups, real = _real(gan, data, by, (k, n))
    tails = {name: Tail.of(values, share, groups) for name, share in TAILS.items() if share * (len(values) + 1) >= 1}
    most = float(values.max())
    counts = {name: torch.zeros(3, dtype=torch.int64) for name in tails}
    broken = left = beyond = 0
    top: Ranked | None = None
    for draw in draws(gan, n, seed=seed, progress=progress):
        pictures = made(gan.generator, draw)
        told = by.of(pictures, draw.labels, gan.format)
        broken += int((~finite(pictures)).sum())
        left += int(outside(pictures, gan).sum())
        beyond += int((told > most).sum())
        for name, tail in tails.items():
            counts[name] += tail.counted(told)
        top = _kept(top, torch.tensor(draw.indices), told, shown(pictures, gan.format), k)
    assert top is not None
    measured = {name: tail.told(counts[name], n, name=name, space=by.space) for name, tail in tails.items()}
    m, short = len(values), min(BELOW, len(top.values) - 1)
    measured["worse than the worst real"] = beyond_all(beyond, n, (m, units(groups, m).count), space=by.space)
    measured["worst"] = _most(top, short, n, expected(values, n), m, by)
    measured["not finite"] = rate("not finite", broken, n, said="samples with NaN or infinite values", floor=0.0)
    least, said = clopper_pearson(broken, n).low, "lower end of the interval of its share"
    measured["not finite at least"] = Measurement("not finite at least", least, n, said, "low", None, 0.0)
    measured["outside the range"] = rate("outside the range", left, n, said="samples that leave the format", floor=0.0)
    kept = min(k, len(top.values))
    return Worst(
        by.name, seed, (n, min(n, m)), cut(top, kept), cut(real, k), measured, _note(measured, counts, n, m, by)
    )


def rate(
    name: str, count: int, n: int, *, said: str, floor: float | None = None, by: Criterion | None = None
) -> Measurement:
    """A share that is better low, with the interval that holds for rare things."""
    space = None if by is None else by.space
    return Measurement(name, count / n, n, said, "low", clopper_pearson(count, n), floor, space)


def beyond_all(count: int, n: int, real: tuple[int, int], *, space: str | None = None) -> Measurement:
    """The share beyond the worst of m real samples (in so many groups), were that as far out as it is on average.

    Of the real law a share lies beyond it that is Beta(1, m): mostly between a hundredth and four times its mean. The
    interval has half of its misses for that, half for the count (Clopper & Pearson 1934); groups count as samples for
    the one end, and samples as what they are for the other.
    """
    m, alone = real
    half, side, floor = 1 - miss(LEVEL) / 2, miss(LEVEL) / 4, 1 / (alone + 1)
    most, least = 1 - side ** (1 / alone), 1 - (1 - side) ** (1 / m)
    counted = clopper_pearson(count, n, level=half)
    within = Interval(
        counted.low * floor / most, min(1.0, counted.high * floor / least), LEVEL, "Clopper-Pearson over Beta(1, m)"
    )
    said = f"share beyond the worst of {m} real" + (f" in {alone} groups" if alone < m else "")
    return Measurement("worse than the worst real", count / n, n, said, "low", within, floor, space)


def outside(pictures: Tensor, gan: GAN) -> Tensor:
    """(n,): finite pictures that leave the range, by more than rounding."""
    if gan.format.bounds is None:
        return torch.zeros(len(pictures), dtype=torch.bool)
    low, high = gan.format.bounds
    slack = 1e-4 * (high - low)
    flat = pictures.flatten(1)
    return finite(pictures) & ((flat < low - slack) | (flat > high + slack)).any(1)


def expected(values: Tensor, n: int) -> float:
    """The mean of the largest of n of these values, drawn without putting back; of all where there are fewer."""
    order, m = values.double().sort(descending=True).values, len(values)
    if n >= m:
        return float(order[0])
    ranks = torch.arange(m - n + 1, dtype=torch.float64)
    # P(the largest of n is the one at this rank) = n / (m - rank) times the chance that none before was drawn.
    missed = torch.log1p(-n / (m - ranks[:-1])).cumsum(0)
    before = torch.cat([torch.zeros(1, dtype=torch.float64), missed]).exp()
    return float((before * (n / (m - ranks)) * order[: len(ranks)]).sum())


def cut(ranked: Ranked, k: int) -> Ranked:
    return replace(ranked, indices=ranked.indices[:k], values=ranked.values[:k], pictures=ranked.pictures[:k])


def _real(gan: GAN, data: Dataset, by: Criterion, most: tuple[int, int]) -> tuple[Tensor, Tensor | None, Ranked]:
    """Numbers and groups of all, and the worst k of the first n."""
    k, n = most
    chosen = torch.as_tensor(places(data, REALS))
    values: list[Tensor] = []
    groups: list[Tensor | None] = []
    top: Ranked | None = None
    seen = 0
    for lot in reals(gan, data, REALS):
        told = by.of(lot.pictures, lot.labels, gan.format)
        own = slice(0, max(0, n - seen))
        top = _kept(top, chosen[seen : seen + len(lot)][own], told[own], lot.pictures[own], k)
        seen += len(lot)
        values.append(told)
        groups.append(lot.groups)
    if seen < FEWEST or top is None:
        raise UsageError(f"{seen} real samples were given", f"give {FEWEST} or more")
    known = [each for each in groups if each is not None]
    return torch.cat(values), torch.cat(known) if known else None, top


def _kept(top: Ranked | None, indices: Tensor, values: Tensor, pictures: Tensor, k: int) -> Ranked:
    """One more than the count that the interval of the worst looks at, at least."""
    some = Ranked(indices, values, pictures)
    k = max(k, BELOW + 1)
    return (cut(some, 0) if top is None else top).joined(some, k)


def _parts(ranked: Ranked) -> tuple[Tensor, Tensor]:
    return ranked.indices, ranked.pictures


def _most(top: Ranked, short: int, n: int, floor: float, m: int, by: Criterion) -> Measurement:
    """The largest number seen; what 1 in n samples is beyond has a lower bound, and none above."""
    low = float(top.values[short])
    within = Interval(low, math.inf, LEVEL, "order statistics of what 1 in n is beyond; no bound above")
    said = f"the largest {by.name} of n; floor: of {min(n, m)} real"
    return Measurement("worst", float(top.values[0]), n, said, "low", within, floor, by.space)


def _note(measured: Readings, counts: dict[str, Tensor], n: int, m: int, by: Criterion) -> str:
    said = []
    for name in (*counts, "worse than the worst real", "not finite"):
        told = measured[name]
        assert told.interval is not None
        assert told.floor is not None
        if told.value == 0:
            said.append(f"{name}: {never(n)}")
        else:
            bounds = f"{told.interval.low:.2%} to {told.interval.high:.2%}"
            said.append(f"{name}: {told.value:.2%} of {n} ({bounds}; real ones {told.floor:.2%})")
    few = [name for name in TAILS if name not in counts]
    said += [f"{name}: {m} real samples are too few to say" for name in few]
    return f"By {by.name}. " + "; ".join(said) + "."
