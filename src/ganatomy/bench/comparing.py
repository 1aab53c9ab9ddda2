"""Rows of a table of modes beside a published one: means over trials, and what lies between the two.

asked = Setting("ring8, GAN", 8, Line(modes=(6.3, 0.5), high_quality=(0.982, 0.002), reverse_kl=(0.45, 0.09)), "...")
rows = beside_table(asked, tallies)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ganatomy.bench.modes import SAMPLES, Tally
from ganatomy.bench.rows import Published, Reading, Row, median
from ganatomy.numerics.statistics.interval import Interval, Mean, difference, mean_of, t_interval

SOURCE = "Lin et al. 2018 (PacGAN), Table 1, mean and standard error of 10 trials"
OTHERS = 10  # trials behind a published mean
BEST = 1 - math.exp(-4.5)  # of exact samples of the data, so many lie within 3 std in the plane
LEVEL = 0.95
CEILING = f"Of exact samples {BEST:.1%} would be of high quality."


@dataclass(frozen=True)
class Line:
    """Of the published table: means and standard errors."""

    modes: tuple[float, float]
    high_quality: tuple[float, float]
    reverse_kl: tuple[float, float]

    def __str__(self) -> str:
        parts = {"modes": self.modes, "high quality": self.high_quality, "reverse KL": self.reverse_kl}
        return ", ".join(f"{name} {value:g} ± {spread:g}" for name, (value, spread) in parts.items())


@dataclass(frozen=True)
class Setting:
    """What was measured, on how many modes, what was published of it, and what is different, in sentences."""

    name: str
    modes: int
    published: Line | None
    differences: str


@dataclass(frozen=True)
class _Column:
    name: str
    unit: str
    values: list[float]
    most: float  # the largest that can be
    published: tuple[float, float] | None


def means(asked: Setting, found: Sequence[Tally]) -> list[Row]:
    """A row a number, with the published one beside it where there is one."""
    rows = [_mean(asked, column, len(found)) for column in _columns(asked, found) if column.values]
    return [*rows, Row(f"{asked.name}: training", median([each.seconds for each in found]), "CPU seconds")]


def beside_table(asked: Setting, found: Sequence[Tally]) -> list[Row]:
    """The same, and the difference to each published number, its error from both spreads (Welch)."""
    rows = means(asked, found)
    for column in _columns(asked, found):
        if column.published is not None and column.values:
            reading = _apart(column, Mean(*column.published, OTHERS - 1, OTHERS))
            rows.append(Row(f"{asked.name}: {column.name}, ours less the published", reading, column.unit))
    return rows


def _columns(asked: Setting, found: Sequence[Tally]) -> list[_Column]:
    """A reverse KL is that of the high-quality samples: of a trial without any there is none."""
    modes, line = asked.modes, {} if asked.published is None else vars(asked.published)
    kl = [each.reverse_kl for each in found if math.isfinite(each.reverse_kl)]
    return [
        _Column("modes", f"of {modes}", [float(c.loose) for c in found], modes, line.get("modes")),
        _Column("modes, strict", f"of {modes}", [float(c.strict) for c in found], modes, None),
        _Column("high quality", "share", [c.high_quality for c in found], 1.0, line.get("high_quality")),
        _Column("reverse KL", "nats", kl, math.log(modes), line.get("reverse_kl")),
    ]


def _mean(asked: Setting, column: _Column, trials: int) -> Row:
    mean = mean_of(column.values)
    some = "" if len(column.values) == trials else f" (of {len(column.values)} trials: the others hit no mode)"
    published = None if column.published is None else Published(*column.published, SOURCE)
    told = published is not None or asked.published is None
    interval, said = _bounds(column)
    note = " ".join(each for each in (asked.differences, CEILING, f"{SAMPLES:,} samples a trial.", said) if each)
    return Row(
        f"{asked.name}: {column.name}{some}",
        Reading(mean.value, interval),
        column.unit,
        published=published,
        differences=note if told else said or None,
    )


def _bounds(column: _Column) -> tuple[Interval, str]:
    """Student's t; of equal trials, which show no spread, what their number says of the share that would be others."""
    mean = mean_of(column.values)
    if mean.error > 0 and math.isfinite(mean.error):
        return _within(t_interval(mean), 0.0, column.most), ""
    others = _others(mean.n, at_an_end=mean.value in (0.0, column.most))
    low, high = (1 - others) * mean.value, (1 - others) * mean.value + others * column.most
    said = (
        f"All {mean.n} trials gave {column.name} {mean.value:g}: up to {others:.0%} of trials may give another number, "
        f"from 0 to {column.most:.3g}, and the interval is what the mean may be then."
    )
    return Interval(low, high, LEVEL, f"Clopper-Pearson for trials other than {mean.value:g}"), said


def _others(n: int, *, at_an_end: bool) -> float:
    """Of 0 of n, Clopper and Pearson 1934. A number that is no end was not known before: one trial has told it."""
    seen = n if at_an_end else n - 1
    return 1 - ((1 - LEVEL) / 2) ** (1 / seen) if seen else 1.0


def _apart(column: _Column, published: Mean) -> Reading:
    """Ours less the published: Welch's, or from both intervals where our trials are equal (Zou and Donner 2008)."""
    ours = mean_of(column.values)
    apart = difference(ours, published)
    if ours.error > 0 and math.isfinite(ours.error):
        return Reading(apart.value, _within(t_interval(apart), -column.most, column.most))
    mine, theirs = _bounds(column)[0], t_interval(published)
    low = apart.value - math.hypot(ours.value - mine.low, theirs.high - published.value)
    high = apart.value + math.hypot(mine.high - ours.value, published.value - theirs.low)
    joined = Interval(low, high, LEVEL, f"{mine.method}, with t for the published")
    return Reading(apart.value, _within(joined, -column.most, column.most))


def _within(interval: Interval, low: float, high: float) -> Interval:
    """No further than the number can lie."""
    return Interval(max(interval.low, low), min(interval.high, high), interval.level, interval.method)
