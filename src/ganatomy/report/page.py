"""A report as one HTML file that needs nothing else: no request, no font, no script but for comfort.

    page(report), page_of_two(comparison)                  # text of a file
    page(fitted(report, 3_000_000))                        # at most 3 MB: see `ganatomy.report.fitting`

Both are one set of templates (in sheet/): a comparison shows each part of A beside the same part of B.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from ganatomy.report import shown, worded
from ganatomy.report.facts import (
    QUESTIONS,
    Answer,
    Comparison,
    Difference,
    Method,
    Missing,
    Part,
    Picture,
    Report,
    Section,
)
from ganatomy.results.record import flat, plain

if TYPE_CHECKING:
    from jinja2 import Environment

POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
# What a data URI may hold as it is; the quotes of a drawing are single ones.
UNCHANGED: Final = " !$'()*+,-./:;=?@[]^_`|~"
ENLARGED = 320  # width on the page, at least, of a picture of few pixels
LETTERS, LEAST = 9.0, 8.5  # pixels of the smallest letters of a drawing: as shown, and where a page is too narrow
COLUMN = 900  # pixels of a drawing that a page of 1280 has room for
SHEETS = files("ganatomy.report") / "sheet"
FONT, BOX = re.compile(rb"font-size:([\d.]+)px"), re.compile(rb"viewBox=['\"][-\d.]+ [-\d.]+ ([\d.]+)")
LINKED = re.compile(r"(https?://[^\s<>\"')]+[^\s<>\"').,;])")


@dataclass(frozen=True)
class Side:
    """One of the GANs of a page; `mark` is "" where there is one only."""

    mark: str
    report: Report


@dataclass(frozen=True)
class Beside:
    """The same thing on every side, None where a side has none."""

    key: str
    name: str
    question: str
    parts: tuple[Part | None, ...]


@dataclass(frozen=True)
class Chapter:
    """A section of a page."""

    key: str
    question: str
    sections: tuple[Section | None, ...]
    rows: tuple[Beside, ...]
    differences: tuple[Difference, ...]


def page(report: Report) -> str:
    about = report.provenance
    return _rendered([Side("", report)], f"{report.subject}: what was found", report.headline, provenance=about)


def page_of_two(comparison: Comparison) -> str:
    sides = [Side("A", comparison.a), Side("B", comparison.b)]
    about = {"comparison": comparison.provenance, "A": comparison.a.provenance, "B": comparison.b.provenance}
    return _rendered(
        sides,
        f"{comparison.a.subject} and {comparison.b.subject}: what was found",
        comparison.headline,
        provenance=about,
        differences=comparison.differences,
        unlike=comparison.unlike,
    )


def uri(picture: Picture) -> str:
    """The picture within its address: a drawing as text where that is shorter."""
    packed = f"data:{picture.media};base64,{base64.b64encode(picture.data).decode()}"
    if picture.media != "image/svg+xml":
        return packed
    return min(f"data:{picture.media},{quote(picture.data, safe=UNCHANGED)}", packed, key=len)


def _rendered(
    sides: list[Side],
    title: str,
    headline: str,
    *,
    provenance: Mapping[str, Any],
    differences: tuple[Difference, ...] = (),
    unlike: tuple[Missing, ...] = (),
) -> str:
    return (
        _environment()
        .get_template("page.html")
        .render(
            sides=sides,
            title=title,
            headline=headline,
            policy=POLICY,
            answers=_answers(sides),
            keys=frozenset(section.key for side in sides for section in side.report.sections),
            chapters=_chapters(sides, differences),
            methods=_methods(side.report for side in sides),
            limits=tuple(dict.fromkeys(side.report.limits for side in sides if side.report.limits)),
            unlike=unlike,
            kept=_json(provenance),
            lines=[(name, _cell(value)) for name, value in flat(plain(provenance)).items()],
        )
    )


def _answers(sides: list[Side]) -> list[tuple[str, str, tuple[Answer | None, ...]]]:
    """Question, key, and the answer of every side, in the order of the first that asked."""
    asked = {answer.question: answer.key for side in sides for answer in side.report.answers}
    given = [{answer.question: answer for answer in side.report.answers} for side in sides]
    return [(question, key, tuple(each.get(question) for each in given)) for question, key in asked.items()]


def _chapters(sides: list[Side], differences: tuple[Difference, ...]) -> list[Chapter]:
    keys = dict.fromkeys(section.key for side in sides for section in side.report.sections)
    found = [{section.key: section for section in side.report.sections} for side in sides]
    return [
        Chapter(
            key,
            QUESTIONS[key],
            tuple(each.get(key) for each in found),
            _rows(key, [each.get(key) for each in found]),
            tuple(each for each in differences if each.key == key),
        )
        for key in keys
    ]


def _rows(key: str, sections: list[Section | None]) -> tuple[Beside, ...]:
    """Parts of one name side by side; of several with one name in a section, the first with the first."""
    placed: dict[tuple[str, int], list[Part | None]] = {}
    for side, section in enumerate(sections):
        seen: dict[str, int] = {}
        for part in section.parts if section else ():
            seen[part.name] = seen.get(part.name, -1) + 1
            placed.setdefault((part.name, seen[part.name]), [None] * len(sections))[side] = part
    return tuple(
        Beside(f"{key}-{place}", name, next((part.question for part in parts if part), ""), tuple(parts))
        for place, ((name, _), parts) in enumerate(placed.items(), 1)
    )


def _methods(reports: Iterable[Report]) -> tuple[Method, ...]:
    return tuple({method.name: method for report in reports for method in report.methods}.values())


def _json(provenance: Mapping[str, Any]) -> str:
    """Text that cannot end the script it stands in."""
    text = json.dumps(plain(provenance), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return worded.UNSEEN.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def _cell(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _across(picture: Picture) -> tuple[int, int]:
    """Size on the page: few pixels are enlarged by a whole number, drawings until their letters can be read."""
    if picture.pixelated:
        times = float(max(1, ENLARGED // picture.width))
    else:
        times = min(1.5, max(1.0, LETTERS / _letters(picture)))
    return round(picture.width * times), round(picture.height * times)


def _least(picture: Picture) -> int:
    """Width below which its letters cannot be read; 0 where a page has room for that."""
    width = round(picture.width * LEAST / _letters(picture))
    return width if width > COLUMN else 0


def _letters(picture: Picture) -> float:
    """Height of the smallest letters in pixels, at the size it was drawn in; endless where there are none."""
    found = [float(each) for each in FONT.findall(picture.data)] if picture.media == "image/svg+xml" else []
    box = BOX.search(picture.data)
    scale = picture.width / float(box[1]) if box and float(box[1]) else 1.0
    return min(found, default=math.inf) * scale


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    def sheet(name: str) -> str:
        return (SHEETS / name).read_text(encoding="utf-8")

    environment = Environment(
        loader=FunctionLoader(sheet),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=worded.shown,
    )
    environment.globals.update(
        style=Markup(sheet("style.css")),
        script=Markup(sheet("script.js")),
        signs=shown.SIGNS,
        whole=shown.WHOLE,
        laid_out=shown.laid_out,
        line=shown.line,
        gaps_of=lambda found: [shown.gap(each) for each in found],
        across=_across,
        least=_least,
        limited=shown.limited,
        heard=worded.heard,
        uri=lambda picture: Markup(uri(picture)),
        pieces=LINKED.split,
        raw=Markup,
    )
    for filtering in (worded.sentence, worded.stopped, worded.question, worded.brief, worded.fact, worded.folded):
        environment.filters[filtering.__name__] = filtering
    return environment
