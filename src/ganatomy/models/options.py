"""Options of an architecture: checked by their declared types, and read from plain dictionaries (recipes, JSON).

    check_options(config)                             # in a frozen config's __post_init__
    read(DCGAN, {"width": 32, "format": Format.picture(1, 28), "latent": Normal(64)}, what="option of dcgan")

A whole number is a count (at least 1), a float a share in [0, 1), a Literal one of its values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from ganatomy.errors import UsageError, nearest

Config = TypeVar("Config")


def check_options(config: Any) -> None:
    """Refuse a dataclass with a field that its declared type does not allow."""
    hints = get_type_hints(type(config))
    for field in fields(config):
        hint, value = hints[field.name], getattr(config, field.name)
        said = f"{field.name}={value!r} was asked for in {type(config).__name__}"
        if get_origin(hint) is Literal:
            if value not in get_args(hint):
                raise UsageError(said, nearest(str(value), get_args(hint)))
        elif hint in _RULES:
            allowed, wanted = _RULES[hint]
            if not allowed(value):
                raise UsageError(said, f"{field.name} is {wanted}")
        elif not isinstance(value, hint):
            raise UsageError(said, f"{field.name} is a {hint.__name__}")


def read(kind: type[Config], values: Mapping[str, Any], *, what: str) -> Config:
    """A dataclass from a mapping; lists become tuples, unknown and missing names are errors. `what` is the noun."""
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            raise UsageError(f"there is no {what} called {name!r}", nearest(str(name), known))
    for name, field in known.items():
        if name not in values and field.default is MISSING and field.default_factory is MISSING:
            raise UsageError(f"the {what} called {name!r} is missing", "give all of: " + ", ".join(known))
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1


def _are_counts(value: object) -> bool:
    return isinstance(value, tuple) and all(_is_count(item) for item in value)


_RULES: dict[Any, tuple[Callable[[object], bool], str]] = {
    int: (_is_count, "a whole number, at least 1"),
    float: (_is_share, "a number in [0, 1)"),
    tuple[int, ...]: (_are_counts, "a list of whole numbers, each at least 1"),
}
