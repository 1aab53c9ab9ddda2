"""Is an effect there? A claim ends as present, absent or undetermined, against a smallest effect of interest.

    found = paired_effect(after, before, smallest=0.01, groups=scenes)
    found.value, found.interval, found.verdict       # -0.12, Interval(-0.15, -0.09, ...), "present"
    family = judged_together([found, *others])       # p-values, verdicts and intervals that allow for the others

`smallest` is in the units of the effect: in a dense generator every unit has some effect, so a test against exactly 0
rewards a large n. With smallest = 0 nothing can be shown absent. An effect that shows in few samples can be missed
altogether, by t and by any other method: measure at least 25 samples in which it can occur.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch

from ganatomy.errors import UsageError, choose
from ganatomy.numerics.statistics.groups import Ids
from ganatomy.numerics.statistics.interval import Interval, Mean, difference, mean_of, t_interval
from ganatomy.numerics.statistics.multiplicity import ADJUSTMENTS, selected_level
from ganatomy.numerics.statistics.samples import Given, miss, vector

Verdict = Literal["present", "absent", "undetermined"]


@dataclass(frozen=True)
class Effect(Mean):
    """A mean effect (value with its sign, error, df, n) and two claims, each false at most 1 - level of the time.

    p_present tests |effect| <= smallest, p_absent tests |effect| >= smallest. The verdict reads the p-values, which
    are one-sided away from 0, so it can be firmer than the two-sided interval.
    """

    smallest: float
    interval: Interval
    p_present: float
    p_absent: float
    verdict: Verdict


def paired_effect(
    after: Given, before: Given, *, smallest: float, groups: Ids | None = None, level: float = 0.95
) -> Effect:
    """Mean of after - before over the same samples (same latent, same noise), in this order."""
    first, second = vector(after, "after"), vector(before, "before")
    if len(first) != len(second):
        raise UsageError(
            f"{len(first)} values after and {len(second)} before were given", "pair every sample with itself"
        )
    return mean_effect(first - second, smallest=smallest, groups=groups, level=level)


def mean_effect(differences: Given, *, smallest: float, groups: Ids | None = None, level: float = 0.95) -> Effect:
    """The same from differences already taken."""
    return judged(mean_of(differences, groups), smallest=smallest, level=level)


def unpaired_effect(
    treated: Given,
    control: Given,
    *,
    smallest: float,
    groups: tuple[Ids | None, Ids | None] = (None, None),
    level: float = 0.95,
) -> Effect:
    """Mean of treated less mean of control over independent samples (Welch), as for networks that share no latents."""
    gap = difference(mean_of(treated, groups[0]), mean_of(control, groups[1]))
    return judged(gap, smallest=smallest, level=level)


def judged(mean: Mean, *, smallest: float, level: float = 0.95) -> Effect:
    """A mean put to both tests.

    p_present is the chance of |t| this large at |effect| = smallest, both tails (Hodges & Lehmann 1954); at
    smallest = 0 the two-sided t test. p_absent is the larger of two one-sided tests (Schuirmann 1987).
    Equal values fall back on the sign test, a single unit decides nothing.
    """
    if not 0 <= smallest < math.inf:
        raise UsageError(f"a smallest effect of interest of {smallest} was given", "it is finite and not below 0")
    size = abs(mean.value)
    present = min(1.0, _tail(mean, size - smallest) + _tail(mean, size + smallest))
    absent = _tail(mean, smallest - size)
    return Effect(
        mean.value,
        mean.error,
        mean.df,
        mean.n,
        smallest,
        t_interval(mean, level=level),
        present,
        absent,
        _verdict(present, absent, miss(level)),
    )


def verdict_of(interval: Interval, *, smallest: float) -> Verdict:
    """What any two-sided interval decides: wholly beyond smallest on one side, wholly within, or neither."""
    if interval.low > smallest or interval.high < -smallest:
        return "present"
    return "absent" if -smallest <= interval.low and interval.high <= smallest else "undetermined"


def judged_together(effects: Sequence[Effect], *, adjust: str = "benjamini-hochberg") -> tuple[Effect, ...]:
    """The same effects as one family: of the claims "present" at most 1 - level are false, and so of those "absent".

    p-values are adjusted within each of the two claims. A claim that stands has its interval widened for having been
    selected (false coverage rate 1 - level); an undetermined effect keeps its own.
    """
    if not effects:
        raise UsageError("no effects were given to judge", "give at least one")
    if len({effect.interval.level for effect in effects}) > 1:
        raise UsageError("effects of several levels were given", "judge a family at one level")
    correct = choose(ADJUSTMENTS, adjust, "adjustment")
    alpha = miss(effects[0].interval.level)
    present = correct(torch.tensor([effect.p_present for effect in effects], dtype=torch.float64)).tolist()
    absent = correct(torch.tensor([effect.p_absent for effect in effects], dtype=torch.float64)).tolist()
    verdicts = [_verdict(p, a, alpha) for p, a in zip(present, absent, strict=True)]
    times = Counter(verdicts)
    return tuple(
        replace(_widened(effect, times[verdict], len(effects)), p_present=p, p_absent=a, verdict=verdict)
        if verdict != "undetermined"
        else replace(effect, p_present=p, p_absent=a, verdict=verdict)
        for effect, p, a, verdict in zip(effects, present, absent, verdicts, strict=True)
    )


def _tail(mean: Mean, margin: float) -> float:
    """P(T >= margin / error)."""
    from scipy.special import stdtr

    if mean.error == math.inf:
        return 1.0
    if mean.error == 0:
        return 0.5**mean.n if margin > 0 else 1.0
    return float(stdtr(mean.df, -margin / mean.error))


def _verdict(present: float, absent: float, alpha: float) -> Verdict:
    if present <= alpha:
        return "present"
    return "absent" if absent <= alpha else "undetermined"


def _widened(effect: Effect, selected: int, tests: int) -> Effect:
    wider = t_interval(effect, level=selected_level(selected, tests, q=miss(effect.interval.level)))
    return replace(effect, interval=replace(wider, method=f"{wider.method}, for {selected} selected of {tests}"))
