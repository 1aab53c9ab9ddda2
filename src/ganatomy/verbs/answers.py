"""An explainer's answers on disk: kept, replaced by newer ones, and found again where the same was asked before.

    for answer in kept_as_told("map", explainer.answer(asked), folder, asking): ...
    recalled("map", folder, asking)         # the same from disk; None where something else was asked

Each answer has a folder of its own; `map.json` beside them is written when the last of them is whole. It says what was
asked (of which weights, beside which data, how), so that nobody takes one GAN's answers for another's.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import Any

from ganatomy.atomic import write_text
from ganatomy.errors import GanatomyError
from ganatomy.results.explanation import Explanation
from ganatomy.results.finding import Finding
from ganatomy.results.folder import ARRAYS, JSON, load, save
from ganatomy.results.measurement import Measurement
from ganatomy.verbs.asked import Told
from ganatomy.verbs.places import slug
from ganatomy.views.canvas import svg

FIGURE = "figure.svg"
Asking = Mapping[str, Any]  # all that an answer hangs on, as plain values


@dataclass(frozen=True, eq=False)
class Answer:
    """What an explainer found, in a sentence, and where the whole of it lies."""

    explainer: str
    told: Told
    folder: Path

    @property
    def said(self) -> str:
        return self.told.said

    @property
    def figure(self) -> Path | None:
        """The drawing on disk, if it could be drawn."""
        path = self.folder / FIGURE
        return path if path.is_file() else None

    def to_dict(self) -> dict[str, object]:
        return {"explainer": self.explainer, "name": self.told.name, "said": self.said, "folder": str(self.folder)}


def kept_as_told(name: str, answer: Iterator[Told], folder: Path, asking: Asking | None) -> Iterator[Answer]:
    """Each as soon as it is there; earlier ones of this explainer go when the first new one comes."""
    taken: list[str] = []
    told_of: list[dict[str, object]] = []
    for told in answer:
        if not taken:
            forget(folder, name)
        place = _unlike(slug(f"{name} {told.name}"), taken)
        taken.append(place)
        drawn, kept = keep(told, folder / place)
        told_of.append({"name": told.name, "said": drawn.said, "folder": place, "aside": told.aside})
        yield Answer(name, drawn, kept)
    if asking is not None and told_of:
        whole = {"explainer": name, "asked": asking, "answers": told_of}
        write_text(_index(folder, name), json.dumps(whole, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def recalled(name: str, folder: Path, asking: Asking) -> list[Answer] | None:
    """What lies there already, if it answers this; anything unreadable is no answer."""
    try:
        whole = json.loads(_index(folder, name).read_text("utf-8"))
        if whole["asked"] != json.loads(json.dumps(asking)):
            return None
        return [_read(name, folder, each) for each in whole["answers"]]
    except (OSError, ValueError, KeyError, TypeError, GanatomyError):
        return None


def _read(name: str, folder: Path, entry: Mapping[str, Any]) -> Answer:
    record = load(folder / entry["folder"])
    assert isinstance(record, Explanation | Finding | Measurement)
    told = Told(str(entry["name"]), record, str(entry["said"]), aside=bool(entry["aside"]))
    return Answer(name, told, folder / entry["folder"])


def forget(folder: Path, name: str) -> None:
    """Results of an explainer from before, which would stand among its new ones; nothing but results is touched."""
    _index(folder, name).unlink(missing_ok=True)
    for old in folder.glob(f"{slug(name)}-*/{JSON}"):
        for file in (old, old.with_name(ARRAYS), old.with_name(FIGURE)):
            file.unlink(missing_ok=True)
        with suppress(OSError):  # somebody keeps a file of his own there
            old.parent.rmdir()


def keep(told: Told, folder: Path) -> tuple[Told, Path]:
    """The result as JSON and arrays, and beside it its figure.

    What cannot be drawn, as pictures of two channels, is told without a figure.
    """
    save(told.record, folder)
    if told.figure is None:
        return told, folder
    try:
        figure = told.figure()
    except GanatomyError as error:
        return replace(told, figure=None, said=f"{told.said} It cannot be drawn: {error.said}."), folder
    write_text(folder / FIGURE, svg(figure))
    return told, folder


def _index(folder: Path, name: str) -> Path:
    return folder / f"{slug(name)}.json"


def _unlike(place: str, taken: Container[str]) -> str:
    """Names that differ in case or signs alone get a number."""
    return next(each for each in chain([place], (f"{place}-{more}" for more in count(2))) if each not in taken)
