"""What a feature space answers to: real samples against other real ones that were made worse in known steps.

    curves = sanity_curve(space, dataset, stream=Stream(0, "sanity"))
    curves[0].kind, curves[0].first, curves[0].said       # noise, 0.05, "... answers to noise: ..."
    equivalent(curves[0], measured).said                  # as far as real samples with noise of sd 0.13 (0.11 to 0.14)

One half of the real samples is the reference, the other is disturbed; no group is in both. What counts is the value
above its floor, so that curves and GANs measured with other numbers of samples can be set beside each other. At
severity 0 nothing is there to see. Intervals take the disturbed samples for independent ones: where the data come in
large groups they are too narrow.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError, choose
from ganatomy.evaluate.faithfulness.ranks import spearman
from ganatomy.evaluate.quality.distances import DISTANCES
from ganatomy.evaluate.quality.disturbances import DISTURBANCES, Reals, fitting
from ganatomy.evaluate.quality.frechet import NAME
from ganatomy.evaluate.quality.pairs import Readings, pair
from ganatomy.features.space import FeatureSpace
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.measurement import Measurement

MOST = 2000  # real samples, both halves together
DRAWS = 999
ORDERED = 0.3  # Spearman, surely above which a space is said to respond
Progress = Callable[[int, int], None]
Steps = Mapping[str, Sequence[float]]


@dataclass(frozen=True, eq=False)
class Curve:
    """readings: one a severity, the first at 0. response: Spearman of severity and distance.

    first: the least severity from which on all are told apart from real samples, None where the harshest is not.
    verdict: responds; order not sure: the harshest is told apart, but Spearman may be below `ORDERED`; no response.
    """

    kind: str
    unit: str
    severities: tuple[float, ...]
    readings: tuple[Measurement, ...]
    response: Measurement
    first: float | None
    verdict: str
    said: str

    @property
    def space(self) -> str:
        return self.response.space or ""

    @property
    def distance(self) -> str:
        return self.readings[0].name


def sanity_curve(
    space: FeatureSpace,
    real: Dataset | Reals,
    *,
    stream: Stream,
    steps: Steps | None = None,
    distance: str = NAME,
    most: int = MOST,
    progress: Progress | None = None,
) -> tuple[Curve, ...]:
    """steps: disturbances of `DISTURBANCES` with severities; all that fit the samples where none are given.

    Of a distance that is read with its bias and less it a curve takes the latter, if its severities leave enough
    samples for it.
    """
    measured = choose(DISTANCES, distance, "distance")
    given = Reals.of(real, most, stream=stream.child("samples")) if isinstance(real, Dataset) else real
    asked = _asked(steps, given)
    one, other = given.halves(stream=stream.child("halves"))
    reference = space(one.samples, one.format)
    total, done = 1 + sum(len(each) for each in asked.values()), itertools.count(1)

    def read(samples: Tensor) -> Readings:
        both = pair(
            reference, space(samples, one.format), space=space.id, stream=stream.child("pair"), groups=one.groups
        )
        found = measured(both)
        if progress is not None:
            progress(next(done), total)
        return found

    start = read(other.samples)
    found = {
        name: [start, *(read(DISTURBANCES[name].apply(other, each, stream.child(name))) for each in severities)]
        for name, severities in asked.items()
    }
    return tuple(
        _curve(name, (0.0, *asked[name]), _alike(readings), stream=stream.child(name))
        for name, readings in found.items()
    )


def told_apart(measured: Measurement) -> bool:
    """The whole interval lies above the floor."""
    if measured.interval is None or measured.floor is None:
        raise UsageError(f"{measured.name} has no interval or no floor", "measure it with evaluate.quality.distances")
    return measured.interval.low > measured.floor


def above(measured: Measurement) -> tuple[float, float, float]:
    """Value and both ends of the interval, less the floor."""
    within, floor = measured.interval, measured.floor
    if within is None or floor is None:
        raise UsageError(f"{measured.name} has no interval or no floor", "measure it with evaluate.quality.distances")
    return measured.value - floor, within.low - floor, within.high - floor


@dataclass(frozen=True)
class Equivalent:
    """A distance as the severity that reads the same; None is beyond the harshest, or nothing to compare with."""

    kind: str
    severity: float | None
    low: float | None
    high: float | None
    said: str


def equivalent(curve: Curve, measured: Measurement) -> Equivalent:
    """Between two severities the root of the distance is taken to be straight. The interval is that of `measured`.

    What the curve's own scatter adds is not in it: take as many real samples as generated ones, or more.
    """
    if (measured.name, measured.space) != (curve.distance, curve.space):
        raise UsageError(
            f"{measured.name} in {measured.space} was to be held against a curve of {curve.distance} in {curve.space}",
            "measure both in the same space, with the same distance",
        )
    if curve.verdict != "responds":
        return Equivalent(curve.kind, None, None, None, f"no answer to {curve.kind} that it could be held against")
    value, low, high = (_severity(curve, each) for each in above(measured))
    return Equivalent(curve.kind, value, low, high, _as_far(curve, value, low, high))


def _as_far(curve: Curve, value: float | None, low: float | None, high: float | None) -> str:
    phrase, harshest = DISTURBANCES[curve.kind].said, f"{curve.severities[-1]:g}"
    if value is None:
        return f"farther than real samples with {phrase.format(harshest)}, the harshest tried"
    ends = f"{low or 0:.2g} to " + ("beyond " + harshest if high is None else f"{high:.2g}")
    if not low:
        return f"not told apart from real samples; at most as far as with {phrase.format(ends.partition(' to ')[2])}"
    return f"as far as real samples with {phrase.format(f'{value:.2g}')} ({ends})"


def _severity(curve: Curve, value: float) -> float | None:
    """Where the curve, made to rise, first reads `value`; None beyond its end."""
    roots = torch.tensor([max(above(each)[0], 0.0) for each in curve.readings], dtype=torch.float64).sqrt()
    roots = roots.cummax(0).values
    wanted = math.sqrt(max(value, 0.0))
    if wanted > float(roots[-1]):
        return None
    place = int(torch.searchsorted(roots, torch.tensor(wanted, dtype=torch.float64)))
    if place == 0:
        return 0.0
    low, high = (float(each) for each in roots[place - 1 : place + 1])
    first, second = curve.severities[place - 1 : place + 1]
    return first + (second - first) * (wanted - low) / (high - low)


def _asked(steps: Steps | None, real: Reals) -> dict[str, tuple[float, ...]]:
    legal = fitting(real)
    if steps is None:
        return legal
    for name, severities in steps.items():
        choose(legal, name, "disturbance of these samples")
        if not severities or min(severities) <= 0 or list(severities) != sorted(set(severities)):
            raise UsageError(f"severities {tuple(severities)} of {name} were asked for", "give rising numbers above 0")
    return {name: tuple(float(each) for each in severities) for name, severities in steps.items()}


def _alike(found: Sequence[Readings]) -> list[Measurement]:
    """The same reading at every severity, of those that all have the last one."""
    name = [each for each in found[0] if all(each in readings for readings in found)][-1]
    return [readings[name] for readings in found]


def _curve(kind: str, severities: tuple[float, ...], readings: Sequence[Measurement], *, stream: Stream) -> Curve:
    response = _response(kind, severities, readings, stream=stream.child("response"))
    apart = [told_apart(each) for each in readings]
    steady = [all(apart[place:]) for place in range(len(apart))]
    first = severities[steady.index(True)] if steady[-1] else None
    sure = response.interval is not None and response.interval.low > ORDERED
    verdict = "no response" if first is None else "responds" if sure else "order not sure"
    said = _said(kind, first, verdict, response, name=readings[0].name)
    return Curve(kind, DISTURBANCES[kind].unit, severities, tuple(readings), response, first, verdict, said)


def _response(
    kind: str, severities: tuple[float, ...], readings: Sequence[Measurement], *, stream: Stream
) -> Measurement:
    """The interval from values drawn anew, each within its own interval, as if they were independent: it is wide."""
    places = torch.tensor(severities, dtype=torch.float64)
    values, low, high = torch.tensor([above(each) for each in readings], dtype=torch.float64).T
    spread = torch.maximum(high - values, values - low) / 2
    drawn = values + spread * stream.normal(range(DRAWS), len(values), dtype=torch.float64)
    ends = torch.quantile(spearman(places.expand_as(drawn), drawn), torch.tensor([0.025, 0.975], dtype=torch.float64))
    value = float(spearman(places, values))
    within = Interval(min(float(ends[0]), value), max(float(ends[1]), value), 0.95, f"{DRAWS} draws within intervals")
    estimator = f"Spearman of severity and {readings[0].name} at {len(places)} severities"
    return Measurement(f"response to {kind}", value, readings[0].n, estimator, "high", within, 0.0, readings[0].space)


def _said(kind: str, first: float | None, verdict: str, response: Measurement, *, name: str) -> str:
    within = response.interval
    order = f"Spearman {response.value:.2f}" + (f", {within.low:.2f} to {within.high:.2f}" if within else "")
    phrase = "" if first is None else DISTURBANCES[kind].said.format(f"{first:g}")
    told = {
        "responds": f"answers to {kind}: real samples with {phrase}, or more, are told apart",
        "order not sure": f"tells real samples with {phrase} apart, but it is not sure that more reads more",
        "no response": f"does not answer to {kind}: not even the harshest is told apart",
    }
    return f"{name} in {response.space} {told[verdict]} ({order})."
