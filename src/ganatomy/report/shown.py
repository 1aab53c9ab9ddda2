"""Claims as a page shows them: numbers rounded as their interval bears, a small drawn interval, what all rows share.

    table = laid_out(part.claims)
    table.first[0].value, table.first[0].interval, table.first[0].bar

Bars share one scale where all rows were read by one method in one space; else each has its own, and the table says so.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ganatomy.evaluate.scorecard.card import short as brief
from ganatomy.evaluate.scorecard.card import written
from ganatomy.report.answered.words import places, valued
from ganatomy.report.facts import Claim, Difference
from ganatomy.results.measurement import Measurement

MOST = 12  # rows before the rest is folded
# Words of a verdict, the shape beside it, and its colour: never the colour alone.
SIGNS: Final[dict[str | None, tuple[str, str, str]]] = {
    "pass": ("pass", "check", "blue"),
    "warn": ("warn", "triangle", "amber"),
    "fail": ("fail", "cross", "orange"),
    "present": ("present", "check", "blue"),
    "absent": ("absent", "dash", "grey"),
    "undetermined": ("undetermined", "ring", "grey"),
    "A": ("A is better", "a", "blue"),
    "B": ("B is better", "b", "orange"),
    "apart": ("apart", "split", "grey"),
    "not told apart": ("not told apart", "ring", "grey"),
    None: ("not judged", "ring", "grey"),
}
WHOLE: Final = {"pass": "Pass", "warn": "With care", "fail": "Fail", None: "Cannot be said"}
MINUS = re.compile(r"(?<![\w.-])-(?=[\d.∞])")
ENDLESS: Final = {"inf": "∞", "-inf": "−∞", "nan": "no number"}


@dataclass(frozen=True)
class Bar:
    """Places along a line of 100; `open_low`, `open_high`: the interval goes on beyond it."""

    at: float
    low: float | None = None
    high: float | None = None
    control: float | None = None
    zero: float | None = None
    open_low: bool = False
    open_high: bool = False


@dataclass(frozen=True)
class Line:
    claim: Claim
    value: str
    interval: str
    control: str
    n: str
    bar: Bar | None


@dataclass(frozen=True)
class How:
    """What one method, in one space, was used for."""

    rows: str
    method: str
    space: str


@dataclass(frozen=True)
class Table:
    """`columns` are those that say something; `controlled` is what the control is where it is the same for all."""

    first: tuple[Line, ...]
    rest: tuple[Line, ...]
    columns: frozenset[str]
    level: str
    controlled: str
    scale: str
    how: tuple[How, ...]
    twice: bool  # rows that only their space tells apart


@dataclass(frozen=True)
class Gap:
    """A line of a table of differences."""

    difference: Difference
    a: Line
    b: Line
    value: str
    interval: str
    bar: Bar | None


def laid_out(claims: Sequence[Claim]) -> Table:
    one = len(claims) > 1 and len({(claim.method, claim.space) for claim in claims}) == 1
    scale = _scale(claims) if one else None
    lines = tuple(line(claim, scale=scale) for claim in claims)
    controls = {claim.controlled for claim in claims if claim.control is not None or claim.controlled}
    names = [claim.what for claim in claims]
    levels = {claim.interval.level for claim in claims if claim.interval is not None}
    return Table(
        first=lines[:MOST],
        rest=lines[MOST:],
        columns=frozenset(_columns(lines)),
        level=f"{next(iter(levels)):.0%}".replace("%", " %") if len(levels) == 1 else "",
        controlled=next(iter(controls)) if len(controls) == 1 and len(claims) > 1 else "",
        scale="" if scale is None else f"from {number(scale[0])} to {number(scale[1])}",
        how=_how(claims),
        twice=len(set(names)) < len(names),
    )


def line(claim: Claim, *, scale: tuple[float, float] | None = None) -> Line:
    value, interval = told(claim)
    return Line(
        claim=claim,
        value=value,
        interval=interval,
        control="" if claim.control is None else number(claim.control),
        n="" if claim.n is None else f"{claim.n:,}".replace(",", "\u202f"),
        bar=bar(claim, scale=scale),
    )


def gap(difference: Difference) -> Gap:
    """Drawn with 0 as its control: no difference."""
    method = "" if difference.interval is None else difference.interval.method
    read = Claim(difference.what, difference.effect, difference.interval, 0.0, "no difference", method=method)
    value, interval = told(read)
    return Gap(difference, line(difference.a), line(difference.b), value, interval, bar(read))


def told(claim: Claim) -> tuple[str, str]:
    """Its number and its interval as text; rounded less where rounding would put an end on the bound it misses."""
    bounds = places(claim)
    plain = Measurement(claim.what, claim.effect, n=0, estimator="", better="neither", interval=claim.interval)
    shown = valued(claim.effect, claim.interval, beside=bounds) if bounds else written(plain)
    value, _, within = shown.partition(" [")
    return _signed(value), f"[{_signed(within)}" if within else ""


def number(value: float) -> str:
    return _signed(brief(value))


def limited(claim: Claim) -> str:
    """What a verdict hangs on, with the word for it where it is a limit."""
    judged = claim.verdict in ("pass", "warn", "fail")
    return f"{'limit: ' if judged else ''}{MINUS.sub('−', claim.limit)}" if claim.limit else ""


def _signed(text: str) -> str:
    """With the signs of print: a true minus, ∞ for what has no end."""
    text = re.sub(r"-?\b(?:inf|nan)\b", lambda found: ENDLESS.get(found.group(), "no number"), text)
    return MINUS.sub("−", text)


def bar(claim: Claim, *, scale: tuple[float, float] | None = None) -> Bar | None:
    """None where there is nothing to set the number against."""
    if not math.isfinite(claim.effect) or (claim.interval is None and claim.control is None):
        return None
    low, high = scale or _scale([claim])

    def place(value: float) -> float:
        return round(min(100.0, max(0.0, 100 * (value - low) / (high - low))), 1)

    within = claim.interval
    drawn = within is not None and not math.isnan(within.low) and not math.isnan(within.high)
    ends = (within.low, within.high) if within is not None and drawn else (0.0, 0.0)
    control = claim.control if claim.control is not None and math.isfinite(claim.control) else None
    return Bar(
        at=place(claim.effect),
        low=place(ends[0]) if drawn else None,
        high=place(ends[1]) if drawn else None,
        control=None if control is None else place(control),
        zero=place(0.0) if low < 0 < high and control != 0 else None,
        open_low=drawn and ends[0] < low,
        open_high=drawn and ends[1] > high,
    )


def _scale(claims: Iterable[Claim]) -> tuple[float, float]:
    """From the least to the largest of all that is drawn, and a little more on both sides."""
    values = [value for claim in claims for value in _drawn(claim) if math.isfinite(value)]
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = 0.06 * (high - low) or max(abs(high), 1.0) / 2
    return low - room, high + room


def _drawn(claim: Claim) -> list[float]:
    within = [] if claim.interval is None else [claim.interval.low, claim.interval.high]
    return [claim.effect, *within, *([] if claim.control is None else [claim.control])]


def _columns(lines: Sequence[Line]) -> Iterable[str]:
    """Names of the columns in which some row says something."""
    for row in lines:
        said = {
            "interval": row.interval,
            "bar": row.bar,
            "control": row.control or row.claim.controlled,
            "verdict": row.claim.verdict or row.claim.limit,
            "n": row.n,
        }
        yield from (name for name, value in said.items() if value)


def _how(claims: Sequence[Claim]) -> tuple[How, ...]:
    """Each method once, after the rows that it covers."""
    covered: dict[tuple[str, str], list[str]] = {}
    for claim in claims:
        if claim.method or claim.space:
            covered.setdefault((claim.method, claim.space), []).append(claim.what)
    every = len(covered) == 1 and len(next(iter(covered.values()))) == len(claims)
    return tuple(
        How("all rows" if every else "; ".join(dict.fromkeys(names)), method, space)
        for (method, space), names in covered.items()
    )
