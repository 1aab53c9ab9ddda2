"""What counts as good enough, and who said so when: limits are data, read from YAML, and never hidden.

    limits = limits_from(Path("limits.yaml"))       # or shipped()
    limits.verdict(measurement)                     # "pass", "warn" or "fail"; None where nothing is said of it

A bound is met when the whole interval meets it: what is too uncertain to pass or to fail is a warning.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from ganatomy.errors import InputError
from ganatomy.results.measurement import Measurement

Verdict = Literal["pass", "warn", "fail"]
SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
}
WRITTEN = re.compile(r"(<=|<|>=|>)\s*([-+]?[\d.]+(?:e[-+]?\d+)?)\s*(floor)?")
FORM = 'a bound is written as "<= 0.5" or ">= 0.8 floor"'
KEYS = {"measure", "space", "pass", "fail"}


@dataclass(frozen=True)
class Bound:
    """`sign` number, or number times the floor of what is judged."""

    sign: str
    number: float
    of_floor: bool = False

    def __str__(self) -> str:
        return f"{self.sign} {self.number:g}" + (" floor" if self.of_floor else "")

    @property
    def upper(self) -> bool:
        return self.sign.startswith("<")

    def at(self, floor: float | None) -> float | None:
        """The number to lie beside; None where that takes a floor that is not known, or is no scale: 0 or less."""
        if not self.of_floor:
            return self.number
        return self.number * floor if floor is not None and floor > 0 else None

    def met(self, measured: Measurement) -> bool:
        """By the end of the interval that is farthest off; without an interval by the value."""
        place = self.at(measured.floor)
        within = measured.interval
        end = measured.value if within is None else within.high if self.upper else within.low
        return place is not None and SIGNS[self.sign](end, place)


@dataclass(frozen=True)
class Limit:
    """For measurements of that name, and only in spaces of that name; `*`, and nothing else, stands for any letters."""

    measure: str
    passes: Bound
    fails: Bound
    space: str = "*"

    def fits(self, measured: Measurement) -> bool:
        space = re.sub(r"-[0-9a-f]{12}$", "", measured.space or "")
        spaces = (space, re.sub(r"-\d+$", "", space))  # also without its width, as --space names it
        return _like(measured.name, self.measure) and any(_like(each, self.space) for each in spaces)

    def __str__(self) -> str:
        return self.measure + ("" if self.space == "*" else f" in {self.space}")

    def verdict(self, measured: Measurement) -> Verdict | None:
        if not math.isfinite(measured.value):
            return None
        if any(bound.at(measured.floor) is None for bound in (self.passes, self.fails)):
            return None
        if self.fails.met(measured):
            return "fail"
        return "pass" if self.passes.met(measured) else "warn"


@dataclass(frozen=True)
class Limits:
    """Who set them, and when; the first that fits a measurement counts."""

    by: str
    date: str
    limits: tuple[Limit, ...]

    def of(self, measured: Measurement) -> Limit | None:
        return next((limit for limit in self.limits if limit.fits(measured)), None)

    def verdict(self, measured: Measurement) -> Verdict | None:
        limit = self.of(measured)
        return None if limit is None else limit.verdict(measured)

    def idle(self, measured: Iterable[Measurement]) -> tuple[Limit, ...]:
        """Those that judged nothing: no measurement fits, or what fits cannot be judged."""
        met = {self.of(each) for each in measured if self.verdict(each) is not None}
        return tuple(limit for limit in self.limits if limit not in met)


def shipped_text() -> str:
    """The file of the package, to start one's own from."""
    return files("ganatomy.evaluate.scorecard").joinpath("limits.yaml").read_text("utf-8")


def shipped() -> Limits:
    return _read(shipped_text(), "limits.yaml")


def limits_from(path: Path) -> Limits:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the limits {path} cannot be read ({error})", "name a YAML file") from error
    return _read(text, str(path))


def _read(text: str, name: str) -> Limits:
    import yaml

    try:
        written = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"{name} is no YAML ({error})".replace("\n", " "), "start from --print-limits") from error
    if not isinstance(written, dict) or not {"by", "date", "limits"} <= written.keys():
        raise InputError(f"{name} does not say by whom, of what date and which limits", "start from --print-limits")
    if not isinstance(written["limits"], list) or not written["limits"]:
        raise InputError(f"{name} has no limits", "list one or more; start from --print-limits")
    try:
        day = date.fromisoformat(str(written["date"])).isoformat()
    except ValueError as error:
        raise InputError(f"{name} is of the date {written['date']!r}", "write it as 2026-11-22") from error
    entries = tuple(_limit(entry, f"{name}, entry {place}") for place, entry in enumerate(written["limits"], start=1))
    return Limits(str(written["by"]), day, entries)


def _limit(entry: Any, where: str) -> Limit:
    if not isinstance(entry, dict) or not {"measure", "pass", "fail"} <= entry.keys() <= KEYS:
        said = ", ".join(map(str, entry)) if isinstance(entry, dict) else repr(entry)
        raise InputError(f"{where} has {said}", "an entry has measure, pass and fail, and may have a space")
    limit = Limit(
        str(entry["measure"]),
        _bound(entry["pass"], where),
        _bound(entry["fail"], where),
        str(entry.get("space", "*")),
    )
    if limit.passes.upper == limit.fails.upper:
        raise InputError(f"{where}: pass {limit.passes} and fail {limit.fails} look the same way", "let them part")
    if _overlap(limit.passes, limit.fails):
        raise InputError(f"{where}: something both passes {limit.passes} and fails {limit.fails}", "part the two")
    return limit


def _overlap(one: Bound, other: Bound) -> bool:
    """Whether one number could meet both, of bounds that look in opposite ways; a bare one and one of floors may."""
    low, high = (other, one) if one.upper else (one, other)
    if one.of_floor != other.of_floor:
        return False
    return low.number < high.number or (low.number == high.number and "=" in low.sign and "=" in high.sign)


def _like(name: str, pattern: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name) is not None


def _bound(text: object, where: str) -> Bound:
    found = WRITTEN.fullmatch(str(text).strip())
    if found is None:
        raise InputError(f"{where} has the bound {text!r}", FORM)
    try:
        return Bound(found[1], float(found[2]), found[3] is not None)
    except ValueError as error:
        raise InputError(f"{where} has the bound {text!r}", FORM) from error
