"""A report in at most so many bytes: pictures go, the least telling first, and the page says where they lie.

    small = fitted(report, 3_000_000)              # or a Comparison

First the pictures that are not the first of their part, the largest before the others; then the first ones, from the
last section backwards. The samples of the first screen stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar, cast

from ganatomy.report.facts import Comparison, Part, Picture, Report, Section
from ganatomy.report.page import page, page_of_two, uri

Page = TypeVar("Page", Report, Comparison)
SENTENCE = 400  # bytes, at most, that tell of what was left out of a part
Place = tuple[str, str, int, int]  # side, section, part, picture


def fitted(report: Page, most: int) -> Page:
    """As it was where it fits; without the fewest pictures, in that order, where it does not."""
    size, small = _size(report), report
    dropped: set[Place] = set()
    parts: set[tuple[str, str, int]] = set()
    places = list(_places(report)) if size > most else []
    for count, (place, saved) in enumerate(places, 1):
        dropped.add(place)
        size -= saved - (0 if place[:3] in parts else SENTENCE)
        parts.add(place[:3])
        if size <= most or count == len(places):
            small = cast(Page, _without(report, dropped))
            size = _size(small)
        if size <= most:
            break
    return small


def _size(report: Report | Comparison) -> int:
    text = page(report) if isinstance(report, Report) else page_of_two(report)
    return len(text.encode())


def _sides(report: Report | Comparison) -> dict[str, Report]:
    return {"": report} if isinstance(report, Report) else {"A": report.a, "B": report.b}


def _places(report: Report | Comparison) -> Iterator[tuple[Place, int]]:
    """Every picture that may go and the bytes it takes, the least telling first."""
    found = [
        ((side, section.key, at, number), len(uri(picture)), order)
        for side, each in _sides(report).items()
        for order, section in enumerate(each.sections)
        for at, part in enumerate(section.parts)
        for number, picture in enumerate(part.pictures)
    ]
    later = sorted((each for each in found if each[0][3]), key=lambda each: (-each[1], each[0]))
    first = sorted((each for each in found if not each[0][3]), key=lambda each: (-each[2], -each[0][2], each[0][0]))
    yield from ((place, size) for place, size, _ in [*later, *first])


def _without(report: Report | Comparison, dropped: set[Place]) -> Report | Comparison:
    if isinstance(report, Report):
        return _lighter(report, lambda key, at, number: ("", key, at, number) in dropped)
    a = _lighter(report.a, lambda key, at, number: ("A", key, at, number) in dropped)
    b = _lighter(report.b, lambda key, at, number: ("B", key, at, number) in dropped)
    return replace(report, a=a, b=b)


def _lighter(report: Report, gone: Callable[[str, int, int], bool]) -> Report:
    def section(each: Section) -> Section:
        parts = (
            _kept(part, [gone(each.key, at, number) for number in range(len(part.pictures))])
            for at, part in enumerate(each.parts)
        )
        return replace(each, parts=tuple(parts))

    return replace(report, sections=tuple(section(each) for each in report.sections))


def _kept(part: Part, gone: list[bool]) -> Part:
    if not any(gone):
        return part
    kept = tuple(picture for picture, went in zip(part.pictures, gone, strict=True) if not went)
    went = [picture for picture, left in zip(part.pictures, gone, strict=True) if left]
    return replace(part, pictures=kept, tally=f"{part.tally} {_told(went, part)}".strip())


def _told(pictures: list[Picture], part: Part) -> str:
    """How many went, and where they lie."""
    folders = list(
        dict.fromkeys(picture.source or part.source for picture in pictures if picture.source or part.source)
    )
    where = f" Look in {', '.join(folders[:3])}." if folders else " They were kept in no file."
    count = "1 figure was" if len(pictures) == 1 else f"{len(pictures)} figures were"
    return f"{count} left out to keep this page small.{where}"
