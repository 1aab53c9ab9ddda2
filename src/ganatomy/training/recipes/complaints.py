"""What pydantic found wrong with a recipe, as one error for people: the key, what was given, what would work.

with understood("my.yaml"):
    Recipe.model_validate(content)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from ganatomy.errors import UsageError, nearest
from ganatomy.training.recipes.schema import Recipe
from ganatomy.training.recipes.values import TAG

# pydantic's types of errors, in the words of a recipe
WANTED = {
    "string_type": "give text",
    "tuple_type": "give a list: [first, second]",
    "too_short": "give more items",
    "too_long": "give fewer items",
    "missing_argument": "give all parts",
    "model_type": "give a section: `key: value` lines, or {key: value}",
    "model_attributes_type": "give a section: `key: value` lines, or {key: value}",
    "dict_type": "give a section: `key: value` lines, or {key: value}",
    "dict_attributes_type": "give a section: `key: value` lines, or {key: value}",
}
Details = Mapping[str, Any]


@contextmanager
def understood(source: str) -> Iterator[None]:
    """Turns a ValidationError into a UsageError that begins with `source`."""
    try:
        yield
    except ValidationError as error:
        raise complaint(error.errors(), source) from error


@contextmanager
def under(path: str) -> Iterator[None]:
    """An error of ours that arises inside names the key that led there."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{path}: {error.said}", error.remedy) from error


def complaint(found: Sequence[Any], source: str) -> UsageError:
    """The first fault in full, the keys of the others by name."""
    first, *others = sorted(found, key=lambda fault: fault["type"] == "missing")  # a typo makes both, and names both
    said, remedy = _described(first)
    key = dotted(first["loc"])
    rest = list(dict.fromkeys(dotted(other["loc"]) for other in others))
    rest = [other for other in rest if not (f"{key}.".startswith(f"{other}.") or other.startswith(f"{key}."))]
    also = f" (also wrong: {', '.join(rest)})" if rest else ""
    return UsageError(f"{source}: {said}{also}", remedy)


def dotted(place: Sequence[str | int]) -> str:
    return ".".join(str(part) for part in place if not str(part).startswith(TAG))


def _described(fault: Details) -> tuple[str, str]:
    key, kind, given = dotted(fault["loc"]), fault["type"], fault["input"]
    error = fault.get("ctx", {}).get("error")
    if isinstance(error, UsageError):
        return (f"{key}: {error.said}" if key else error.said), error.remedy
    if kind == "extra_forbidden":
        return f"there is no key {key!r}", _elsewhere(fault["loc"])
    if kind == "missing":
        return f"the key {key!r} is missing", _example(key)
    if kind == "literal_error":
        return f"{key} = {given!r} was given", nearest(str(given), re.findall("'([^']*)'", fault["ctx"]["expected"]))
    return f"{key} = {given!r} was given", WANTED.get(kind, str(fault["msg"]))


def _example(key: str) -> str:
    return EXAMPLES.get(key.rpartition(".")[2], f"give {key} a value")


EXAMPLES = {
    "name": "give a name",
    "summary": "give one sentence that says what the recipe is for",
    "data": "give a data set, as in data: {name: digits}",
    "latent": "give a prior, as in latent: {kind: normal, dim: 32}",
    "dim": "give the number of latent dimensions, as in dim: 32",
    "players": "give networks, as in players: {architecture: mlp}",
    "architecture": "give the name of an architecture, as in architecture: mlp",
    "game": "give a game, as in game: {name: r3}",
    "end": "give a goal, as in end: {steps: 3000}",
    "start": "a schedule is {start: 1, end: 0.1, until: 100000}",
    "until": "give the number of images at which it ends, as in until: 100000",
    "last": "give the columns of the latent, as in {first: 0, last: 4}",
}


def _elsewhere(place: Sequence[str | int]) -> str:
    """The nearest legal keys here, or where else a key of that name stands."""
    parts = [str(part) for part in place if not str(part).startswith(TAG)]
    wanted, above = parts[-1], parts[:-1]
    model = _section(above)
    legal = list(model.model_fields) if model is not None else []
    if not above:
        legal.append("inherit")
    if above[-1:] == ["pace"]:
        legal.append("both")
    other = [key for key in _keys(Recipe) if key.rpartition(".")[2] == wanted]
    if other and wanted not in legal:
        return "did you mean " + " or ".join(repr(key) for key in other[:3]) + "?"
    return re.sub("'([^']*)'", lambda found: repr(".".join([*above, found[1]])), nearest(wanted, legal))


def _section(parts: Sequence[str]) -> type[BaseModel] | None:
    model: type[BaseModel] | None = Recipe
    for part in parts:
        if part.isdigit():
            continue
        if model is None or part not in model.model_fields:
            return None
        model = _inner(model.model_fields[part].annotation)
    return model


def _inner(annotation: Any) -> type[BaseModel] | None:
    """The section that an annotation speaks of: itself, or inside `| None` or a tuple."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _inner(part)) is not None), None)


def _keys(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """All dotted keys outside stages and schedules."""
    for name, field in model.model_fields.items():
        yield above + name
        inner = _inner(field.annotation)
        if inner is not None and name != "stages" and not {"start", "end", "shape"} <= set(inner.model_fields):
            yield from _keys(inner, f"{above}{name}.")
