"""How well a score tells members from non-members of the same law: area, best advantage, members found at few alarms.

    told = attack(known, other, space="critic", stream=Stream(0, "attack"), groups=(patients, others))
    told.measured["AUC"], told.p["AUC"], told.untold, told.verdict, told.note

Scores (n,) of members and (m,) of non-members, larger for what is taken for a member. Every reading has as floor what
it reads on average under labels shuffled by whole groups, and from the same shuffles its p: without it the best
advantage, a maximum, would look like a success of its own. A rate at few false alarms hangs on a threshold that itself
rests on a few non-members, and its interval says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.evaluate.quality.copies import PRIVACY
from ganatomy.evaluate.quality.pairs import Readings
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.groups import Ids, units
from ganatomy.numerics.statistics.interval import Interval, mean_of
from ganatomy.numerics.statistics.multiplicity import holm
from ganatomy.numerics.statistics.permutation import against_controls, permute_labels
from ganatomy.numerics.statistics.roc import ALONE, auc
from ganatomy.numerics.statistics.samples import vector
from ganatomy.numerics.statistics.shares import share
from ganatomy.results.measurement import Measurement

RATES = (0.1, 0.01, 0.001)  # of false alarms
ALARMS = 3  # expected at a rate: with fewer nothing is told of it
FEWEST = 20  # samples of each kind
DRAWS = 999
SURE = 0.05
APART, ALIKE, NOT_TOLD = "members are told apart", "members are not told apart", "not told"


@dataclass(frozen=True, eq=False)
class Attack:
    """p: of each reading under shuffled labels, not adjusted. untold: why rates are missing. known, other: the scores.

    verdict: members are told apart where any p stays at most 0.05 after Holm; else they are not, or it is not told.
    """

    measured: Readings
    p: dict[str, float]
    untold: tuple[str, ...]
    known: Tensor
    other: Tensor
    verdict: str
    note: str


def attack(
    known: Tensor,
    other: Tensor,
    *,
    space: str,
    stream: Stream,
    groups: tuple[Ids, Ids] | None = None,
    draws: int = DRAWS,
    shift: str = "",
) -> Attack:
    """`shift` says in what the two samples differ by themselves: nothing is then claimed."""
    known, other = vector(known, "scores of members"), vector(other, "scores of non-members")
    if min(len(known), len(other)) < FEWEST:
        raise UsageError(
            f"{len(known)} members and {len(other)} non-members were to be told apart", f"give {FEWEST} of each or more"
        )
    rates, untold = _told_rates(other, None if groups is None else groups[1])
    own, shuffled = _shuffled(known, other, rates, groups=groups, stream=stream, draws=draws)
    names = _names(rates)
    p = {name: against_controls(own[name], shuffled[:, at]).p for at, name in enumerate(names)}
    within = _intervals(known, other, rates, groups=groups, reach=float(shuffled[:, -1].quantile(0.95)))
    sizes = [units(each, len(x)).count for each, x in zip(groups or ALONE, (known, other), strict=True)]
    measured = {
        name: Measurement(
            name,
            own[name],
            n=min(sizes),
            estimator=f"{len(known)} members, {len(other)} non-members, float64; floor by {len(shuffled)} relabellings",
            better="low",
            interval=within[name],
            floor=float(shuffled[:, at].mean()),
            space=space,
        )
        for at, name in enumerate(names)
    }
    sure = float(holm(list(p.values())).min()) <= SURE
    verdict = (NOT_TOLD if shift else APART) if sure else ALIKE
    return Attack(measured, p, untold, known, other, verdict, _said(verdict, measured, p, (*untold, shift)))


def null_error(n: int, m: int) -> float:
    """Of the area where nothing is told apart, sqrt((n + m + 1) / (12 n m))."""
    return math.sqrt((n + m + 1) / (12 * n * m))


def found_at(rate: float) -> str:
    return f"members found at {rate:.3g} false alarms"


def curve(scores: Tensor, members: Tensor, rates: Sequence[float]) -> list[float]:
    """Area, best advantage, share of members found at each rate, and the largest gap either way; ties fall together."""
    return _read(*_ranked(scores), members, rates)


def _names(rates: Sequence[float]) -> list[str]:
    return ["AUC", "best advantage", *map(found_at, rates)]


def _ranked(scores: Tensor) -> tuple[Tensor, Tensor]:
    """The order of scores from the highest down, and the last place of each run of equal ones."""
    ranked, order = scores.sort(descending=True)
    last = torch.ones(len(scores), dtype=torch.bool)
    last[:-1] = ranked[1:] != ranked[:-1]
    return order, last.nonzero()[:, 0]


def _read(order: Tensor, ends: Tensor, members: Tensor, rates: Sequence[float]) -> list[float]:
    mine = members[order].double()
    hits, alarms = mine.cumsum(0)[ends], (1 - mine).cumsum(0)[ends]
    n, m = float(hits[-1]), float(alarms[-1])
    tpr, fpr = torch.cat([hits.new_zeros(1), hits]) / n, torch.cat([hits.new_zeros(1), alarms]) / m
    gap = tpr - fpr
    # Places at which no more alarms have been given than a rate allows: the last of them finds most.
    at = [int((fpr * m <= math.floor(rate * m + 1e-9)).sum()) - 1 for rate in rates]
    return [float(torch.trapezoid(tpr, fpr)), float(gap.max()), *tpr[at].tolist(), float(gap.abs().max())]


def _shuffled(
    known: Tensor,
    other: Tensor,
    rates: Sequence[float],
    *,
    groups: tuple[Ids, Ids] | None,
    stream: Stream,
    draws: int,
) -> tuple[dict[str, float], Tensor]:
    """Readings as they are, and under every relabelling, (draws, readings)."""
    scores, numbers = torch.cat([known, other]), torch.arange(len(known) + len(other))
    order, ends = _ranked(scores)
    seen: list[list[float]] = []

    def statistic(labelled: Tensor, _: Tensor) -> float:
        members = torch.zeros(len(scores), dtype=torch.bool)
        members[labelled.long()] = True
        seen.append(_read(order, ends, members, rates))
        return seen[-1][0]

    told = permute_labels(
        numbers[: len(known)],
        numbers[len(known) :],
        stream=stream,
        statistic=statistic,
        groups=groups,
        alternative="greater",
        draws=draws,
    )
    table = torch.tensor(seen, dtype=torch.float64)  # the last row is as it was observed
    return dict(zip(_names(rates), table[-1].tolist(), strict=False)), table[: told.arrangements]


def _told_rates(other: Tensor, ids: Ids | None) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """The rates at which enough false alarms are due, and a sentence for each of the others."""
    told = tuple(rate for rate in RATES if _worth(other > _threshold(other, rate), ids) * rate >= ALARMS)
    kin = units(ids, len(other)).count
    untold = tuple(
        f"What is found at {rate:.3g} false alarms cannot be told with so few non-members"
        f" ({kin}{'' if ids is None else ' groups'}; it takes {math.ceil(ALARMS / rate):,} independent ones)."
        for rate in RATES
        if rate not in told
    )
    return told, untold


def _threshold(other: Tensor, rate: float) -> float:
    """The least score that at most this share of non-members lie above."""
    return float(other.sort(descending=True).values[math.floor(rate * len(other) + 1e-9)])


def _worth(flags: Tensor, ids: Ids | None) -> int:
    """So many independent samples say as much of this share: in groups, fewer by the design effect."""
    n = len(flags)
    if ids is None:
        return n
    mean = mean_of(flags.double(), ids)
    if not 0 < mean.error < math.inf:
        return mean.n
    return max(1, round(n / max(1.0, mean.error**2 * (n - 1) / (mean.value * (1 - mean.value)))))


def _intervals(
    known: Tensor, other: Tensor, rates: Sequence[float], *, groups: tuple[Ids, Ids] | None, reach: float
) -> dict[str, Interval]:
    """Of the advantage: as far as relabelling moves a whole curve, 95 % of the time, as it is a maximum over it."""
    sides = groups or ALONE
    best = curve(torch.cat([known, other]), torch.arange(len(known) + len(other)) < len(known), ())[1]
    found = {
        "AUC": auc(known, other, groups=sides).interval,
        "best advantage": Interval(
            max(0.0, best - reach), min(1.0, best + reach), 0.95, "band of the whole curve by relabelling"
        ),
    }
    return found | {found_at(rate): _found_within(known, other, rate, groups=sides) for rate in rates}


def _found_within(
    known: Tensor, other: Tensor, rate: float, *, groups: tuple[Ids | None, Ids | None], level: float = 0.95
) -> Interval:
    """What chance of members and what chance of the threshold do, in quadrature (MOVER: Zou & Donner 2008).

    How many non-members lie above the true threshold is binomial, which leaves it between two of their scores.
    """
    from scipy.stats import binom

    threshold = _threshold(other, rate)
    value, own = share(known > threshold, groups[0], level=level)
    worth, m = _worth(other > threshold, groups[1]), len(other)
    few, many = (float(binom.ppf(tail, worth, rate)) / worth for tail in ((1 - level) / 2, (1 + level) / 2))
    scores = other.sort(descending=True).values
    least, most = math.floor(few * m + 1e-9), math.ceil(many * m - 1e-9)
    strict = float((known > scores[least - 1]).double().mean()) if least else 0.0
    loose = float((known > scores[most]).double().mean()) if most < m else 1.0
    low = value - math.hypot(value - own.low, value - strict)
    high = value + math.hypot(own.high - value, loose - value)
    return Interval(
        min(max(low, 0.0), value), max(min(high, 1.0), value), level, f"{own.method} and the threshold's, MOVER"
    )


def _said(verdict: str, measured: Readings, p: dict[str, float], rest: Sequence[str]) -> str:
    area, best = measured["AUC"], measured["best advantage"]
    assert area.interval is not None, "every area has an interval"
    rates = [
        f"{each.value:.1%} are {name.removeprefix('members ')} (shuffled {each.floor:.1%}, p {p[name]:.3g})"
        for name, each in measured.items()
        if name.startswith("members found")
    ]
    said = (
        f"Verdict: {verdict}. AUC {area.value:.3f} [{area.interval.low:.3f}, {area.interval.high:.3f}], p"
        f" {p['AUC']:.3g}; best advantage {best.value:.3f} where shuffled labels read {best.floor:.3f}, p"
        f" {p['best advantage']:.3g}."
    )
    if rates:
        said += f" Of members {'; '.join(rates)}."
    bound = f"What this attack finds is a lower bound on what leaks. {PRIVACY}"
    return " ".join(each for each in (said, *rest, bound) if each)
