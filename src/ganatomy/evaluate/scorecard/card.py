"""The scorecard: every measurement of a GAN in one table, each beside its floor and under its limit.

    card = Scorecard(subject, sections, limits, provenance)
    card.table(), card.to_dict(), card.failed

A cell without a limit is told and not judged; what could not be measured stands there too, with the reason.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ganatomy.evaluate.scorecard.limits import Limit, Limits, Verdict, shipped
from ganatomy.results.folder import restored
from ganatomy.results.measurement import Measurement
from ganatomy.results.provenance import Provenance
from ganatomy.results.record import plain

WIDTH = 110  # of sentences
HEAD = ("", "value [95 % interval]", "floor", "n", "", "limit")


@dataclass(frozen=True)
class Section:
    """What one question measured: `title` names it and its space, `said` is its sentence."""

    name: str
    title: str
    measured: tuple[Measurement, ...]
    said: str = ""


@dataclass(frozen=True)
class LeftOut:
    """A question that could not be asked."""

    name: str
    said: str
    remedy: str


@dataclass(frozen=True)
class Scorecard:
    """`subject` names the GAN, `against` the real data."""

    subject: str
    against: str
    sections: tuple[Section, ...]
    left_out: tuple[LeftOut, ...]
    limits: Limits
    provenance: Provenance

    def judged(self) -> Iterator[tuple[Section, Measurement, Verdict | None]]:
        for section in self.sections:
            for measured in section.measured:
                yield section, measured, self.limits.verdict(measured)

    def named(self, verdict: Verdict) -> tuple[str, ...]:
        return tuple(
            f"{measured.name} ({section.name})" for section, measured, found in self.judged() if found == verdict
        )

    @property
    def failed(self) -> tuple[str, ...]:
        return self.named("fail")

    @property
    def verdict(self) -> Verdict | None:
        """The worst of all; None where no limit says anything."""
        found = {verdict for _, _, verdict in self.judged()}
        worst: tuple[Verdict, ...] = ("fail", "warn", "pass")
        return next((each for each in worst if each in found), None)

    def counted(self) -> str:
        counts = {verdict: len(self.named(verdict)) for verdict in ("pass", "warn", "fail")}
        silent = sum(verdict is None for _, _, verdict in self.judged())
        return ", ".join(f"{count} {verdict}" for verdict, count in counts.items()) + f", {silent} without a limit"

    def table(self, *, long: bool = False) -> str:
        """Plain text: a block for each section, columns alike in all of them; `long` names every estimator."""
        blocks = [[self._row(each) for each in section.measured] for section in self.sections]
        every = [HEAD, *(row for block in blocks for row in block)]
        widths = [max(len(row[place]) for row in every) for place in range(len(HEAD))]
        lines = [f"{self.subject} against {self.against}", self._ruled(), "", _line(HEAD, widths)]
        for section, block in zip(self.sections, blocks, strict=True):
            lines += ["", section.title, *(_line(row, widths) for row in block)]
            lines += _folded(section.said, "  ")
            lines += [line for each in _estimators(section) for line in _folded(each, "  ")] if long else []
        ends = [f"Not told: {each.name}: {each.said}; {each.remedy}." for each in self.left_out]
        for verdict in ("fail", "warn"):
            ends += [f"{verdict}: " + "; ".join(found)] if (found := self.named(verdict)) else []
        ends += [f"Limits that judged nothing: {'; '.join(map(str, self.idle))}."] if self.idle else []
        lines += [line for each in ends for line in ("", *_folded(each))]
        return "\n".join([*lines, "", f"{self.counted()}."])

    @property
    def idle(self) -> tuple[Limit, ...]:
        """Of limits that somebody gave; those that ship are for every kind of GAN at once."""
        own = self.limits != shipped()
        return self.limits.idle(each for section in self.sections for each in section.measured) if own else ()

    def _ruled(self) -> str:
        return f"limits of {self.limits.by}, {self.limits.date}; judged {self.provenance.made}"

    def _row(self, measured: Measurement) -> tuple[str, ...]:
        limit, verdict = self.limits.of(measured), self.limits.verdict(measured)
        return (
            f"  {measured.name}",
            written(measured),
            "" if measured.floor is None else short(measured.floor),
            str(measured.n),
            verdict or ("" if limit is None else "?"),
            "" if limit is None else str(limit.fails if verdict == "fail" else limit.passes),
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "against": self.against,
            "verdict": self.verdict,
            "sections": [
                {
                    "name": section.name,
                    "title": section.title,
                    "said": section.said,
                    "rows": [self._judgement(measured) for measured in section.measured],
                }
                for section in self.sections
            ],
            "idle_limits": [str(limit) for limit in self.idle],
            "left_out": [vars(each) for each in self.left_out],
            "limits": plain(self.limits),
            "provenance": self.provenance.to_dict(),
        }

    def _judgement(self, measured: Measurement) -> dict[str, Any]:
        limit = self.limits.of(measured)
        bounds = None if limit is None else {"pass": str(limit.passes), "fail": str(limit.fails)}
        return {**measured.to_dict(), "verdict": self.limits.verdict(measured), "limit": bounds}


def from_dict(written: Mapping[str, Any], limits: Limits) -> Scorecard:
    """What `to_dict` gave, under these limits."""
    sections = (
        Section(each["name"], each["title"], tuple(restored(Measurement, row) for row in each["rows"]), each["said"])
        for each in written["sections"]
    )
    left_out = tuple(LeftOut(each["name"], each["said"], each["remedy"]) for each in written["left_out"])
    made = restored(Provenance, written["provenance"])
    return Scorecard(written["subject"], written["against"], tuple(sections), left_out, limits, made)


def written(measured: Measurement) -> str:
    """The value and its interval, in as many digits as the interval can bear."""
    value, within = measured.value, measured.interval
    if within is None or not (math.isfinite(within.low) and math.isfinite(within.high)):
        ends = "" if within is None else f" [{short(within.low)}, {short(within.high)}]"
        return short(value) + ends
    width = within.high - within.low
    digits = 3 if width <= 0 else max(0, min(6, 1 - math.floor(math.log10(width))))
    if max(abs(value), abs(within.high)) >= 1e5 or (0 < abs(value) < 1e-4 and digits == 6):
        return f"{value:.2e} [{within.low:.2e}, {within.high:.2e}]"
    told, low, high = (
        f"{round(each, digits) + 0.0:.{digits}f}" for each in (value, within.low, within.high)
    )  # no -0.0
    return f"{told} [{low}, {high}]"


def short(value: float) -> str:
    return f"{value:.3g}"


def _estimators(section: Section) -> list[str]:
    """Each estimator once, after the names of what it measured."""
    names: dict[str, list[str]] = {}
    for measured in section.measured:
        names.setdefault(measured.estimator, []).append(measured.name)
    return [f"{', '.join(each)}: {estimator}" for estimator, each in names.items()]


def _folded(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    left = (0, 4, 5)
    cells = [
        cell.ljust(w) if place in left else cell.rjust(w)
        for place, (cell, w) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()
