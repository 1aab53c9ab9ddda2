"""One recipe, several seeds: how much do its readings differ from run to run, and how often does it collapse?

    found = spread({"s0": readings_0, "s1": readings_1, "s2": readings_2}, stream=Stream(0, "seeds"))
    found["Fréchet distance"].mean, found["Fréchet distance"].sd, found["Fréchet distance"].between
    collapse_rate([True, False, False])            # with the exact interval: 0 of 3 leaves rates up to 71 %

Runs are the unit here: three runs of 50,000 samples are three. `sd` is the spread of what was measured, `between` what
is left of it without the error of each measurement, which its interval tells: the variance t at which
sum (x_i - mean)^2 / (e_i^2 + t) = n - 1 (Paule & Mandel 1982; DerSimonian & Laird's, taken to its end). Errors that all
runs share, as those of the same real samples are, make no spread but are taken off: `between` is rather too low.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.quality.pairs import Readings
from ganatomy.evaluate.trust.tails import clopper_pearson
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import Interval, mean_interval
from ganatomy.numerics.statistics.samples import miss
from ganatomy.results.measurement import Measurement

FEWEST = 3
SIMULATED = 200  # sets of runs that differ by the error of measurement alone, for the floors
BONETT = 5  # runs from which the kurtosis says something
HALVINGS = 60


@dataclass(frozen=True)
class Spread:
    """`runs` by name; `between` is None where some measurement has no interval to tell its error by."""

    runs: Mapping[str, Measurement]
    mean: Measurement
    sd: Measurement
    between: Measurement | None

    @property
    def range(self) -> tuple[float, float]:
        values = [each.value for each in self.runs.values()]
        return min(values), max(values)

    @property
    def readings(self) -> Readings:
        return {each.name: each for each in (self.mean, self.sd, self.between) if each is not None}


def spread(runs: Mapping[str, Readings], *, stream: Stream) -> dict[str, Spread]:
    """Of every measure that all runs have; those of one name must be comparable."""
    if len(runs) < FEWEST:
        raise UsageError(f"the spread over {len(runs)} runs was asked for", f"give {FEWEST} or more")
    names = [name for name in next(iter(runs.values())) if all(name in each for each in runs.values())]
    if not names:
        raise UsageError("the runs have no measure in common", "measure all of them in the same way")
    return {name: _spread({run: each[name] for run, each in runs.items()}, stream.child(name)) for name in names}


def _spread(runs: Mapping[str, Measurement], stream: Stream) -> Spread:
    first, *others = runs.values()
    for other in others:
        first.comparable(other)
    values = torch.tensor([each.value for each in runs.values()], dtype=torch.float64)
    if not bool(torch.isfinite(values).all()):
        broken = [run for run, each in runs.items() if not math.isfinite(each.value)]
        raise InputError(f"{first.name} of {', '.join(broken)} is not finite", "leave the measure out, not the run")
    floors = [each.floor for each in runs.values() if each.floor is not None]
    errors = errors_of(list(runs.values()))
    chance = None if errors is None else _by_error_alone(errors, stream)

    def read(what: str, value: float, within: Interval, floor: float | None, *, how: str) -> Measurement:
        said = f"{how} over {len(runs)} runs of one recipe; each: {first.estimator}"
        better = first.better if what == "mean over seeds" else "low"
        return Measurement(f"{first.name}: {what}", value, len(runs), said, better, within, floor, first.space)

    floor = sum(floors) / len(floors) if len(floors) == len(runs) else None
    mean = read("mean over seeds", float(values.mean()), mean_interval(values), floor, how="mean")
    sd = read("sd over seeds", float(values.std()), sd_interval(values), chance and chance[0], how="standard deviation")
    if errors is None:
        return Spread(dict(runs), mean, sd, None)
    value, how = between(values, errors), "standard deviation less the error of each measurement (Paule-Mandel)"
    rest = read("sd between seeds", value, between_interval(values, errors), chance and chance[1], how=how)
    return Spread(dict(runs), mean, sd, rest)


def errors_of(runs: Sequence[Measurement]) -> Tensor | None:
    """Standard errors, half the width of an interval over the normal quantile; None where one has no finite one."""
    from scipy.special import ndtri

    found = []
    for each in runs:
        if each.interval is None or not math.isfinite(each.interval.high - each.interval.low):
            return None
        wide = each.interval.high - each.interval.low
        found.append(wide / 2 / float(ndtri(1 - miss(each.interval.level) / 2)))
    return torch.tensor(found, dtype=torch.float64)


def between(values: Tensor, errors: Tensor) -> float:
    """The standard deviation between runs; 0 where they differ less than their errors let expect."""
    return _where(values, errors, len(values) - 1)


def between_interval(values: Tensor, errors: Tensor, *, level: float = 0.95) -> Interval:
    """The spreads at which the weighted squares are no surprise by chi-square (Q-profile, Viechtbauer 2007)."""
    from scipy.stats import chi2

    tail, df = miss(level) / 2, len(values) - 1
    low, high = (_where(values, errors, float(chi2.ppf(share, df))) for share in (1 - tail, tail))
    return Interval(low, high, level, "Q-profile, normal runs")


def sd_interval(values: Tensor, *, level: float = 0.95) -> Interval:
    """Chi-square for normal runs, made wider by Bonett's (2006), which heeds heavy tails, from five runs on."""
    from scipy.special import ndtri
    from scipy.stats import chi2

    n, variance, tail = len(values), float(values.var()), miss(level) / 2
    if variance == 0:
        return Interval(0.0, math.inf, level, f"none: no spread to be had from {n}")
    low, high = (math.sqrt((n - 1) * variance / float(chi2.ppf(share, n - 1))) for share in (1 - tail, tail))
    if n < BONETT:
        return Interval(low, high, level, "chi-square, normal runs")
    z = float(ndtri(1 - tail))
    centred = values - _trimmed(values, 1 / (2 * math.sqrt(n - 4)))
    peaked = n * float(centred.pow(4).sum()) / float((values - values.mean()).square().sum()) ** 2
    scale = n / (n - z)
    error = scale * math.sqrt(max(peaked - (n - 3) / n, 0.0) / (n - 1))
    ends = [math.sqrt(scale * variance * math.exp(sign * z * error)) for sign in (-1, 1)]
    return Interval(min(low, ends[0]), max(high, ends[1]), level, "the wider of chi-square and Bonett")


def collapse_rate(collapsed: Sequence[bool], *, rule: str = "as given", level: float = 0.95) -> Measurement:
    """Share of runs; the interval is exact, so that few runs without any do not pass for safe."""
    if not collapsed:
        raise UsageError("a collapse rate of no runs was asked for", "give one run or more")
    count, n = sum(collapsed), len(collapsed)
    within = clopper_pearson(count, n, level=level)
    return Measurement("collapse rate", count / n, n, f"share of runs; rule: {rule}", "low", within, 0.0)


def _where(values: Tensor, errors: Tensor, wanted: float) -> float:
    """The sd at which the weighted squares come down to `wanted`; they fall as it grows."""
    pairs: list[tuple[float, float]] = list(zip(values.tolist(), errors.tolist(), strict=True))

    def squares(variance: float) -> float:
        weighed = [(value, 1 / max(error * error + variance, 1e-300)) for value, error in pairs]
        mean = sum(value * weight for value, weight in weighed) / sum(weight for _, weight in weighed)
        return sum(weight * (value - mean) * (value - mean) for value, weight in weighed)

    if squares(0.0) <= wanted:
        return 0.0
    low, high = 0.0, float((values - values.mean()).square().sum()) / wanted * 2
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if squares(middle) > wanted else (low, middle)
    return math.sqrt((low + high) / 2)


def _by_error_alone(errors: Tensor, stream: Stream) -> tuple[float, float]:
    """What `sd` and `between` read on average where all runs are truly equal."""
    drawn = stream.normal(range(SIMULATED), len(errors), dtype=torch.float64) * errors
    return float(drawn.std(1).mean()), sum(between(each, errors) for each in drawn) / SIMULATED


def _trimmed(values: Tensor, share: float) -> float:
    """The mean without that share at each end."""
    cut = int(share * len(values))
    return float(values.sort().values[cut : len(values) - cut].mean())
