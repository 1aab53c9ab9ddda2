"""What every result can do: become a dictionary, JSON, a table in a notebook, a data frame.

    measurement.to_dict(); finding.to_json(); frame([measurement, other])      # a row each

Arrays are too large for JSON: a dictionary says their shape and type, `folder.save` keeps their values. Numbers that
JSON does not know (NaN, infinities) are written as {"float": "nan"} and read back as they were.
"""

from __future__ import annotations

import dataclasses
import html
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ganatomy.errors import UsageError

if TYPE_CHECKING:
    import pandas

Array = NDArray[Any]
MOST_ROWS = 20  # in a notebook
RESERVED = ("file", "allow_pickle")  # parameters of numpy.savez_compressed


class Record:
    """Mixed into the frozen result types; adds no state."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values only, with the name of the type under "type"."""
        return {"type": type(self).__name__, **_fields(self)}

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False)

    def rows(self) -> list[dict[str, Any]]:
        """What a data frame shows: one row, nested values joined by dots."""
        return [flat(self.to_dict())]

    def to_frame(self) -> pandas.DataFrame:
        return frame([self])

    def _repr_html_(self) -> str:
        rows = [{k: v for k, v in row.items() if not k.startswith("provenance.")} for row in self.rows()]
        return _down(rows[0]) if len(rows) == 1 else _across(rows)


def frame(results: Iterable[Record]) -> pandas.DataFrame:
    """Any results as one data frame, a row each (an Explanation gives a row for each unit)."""
    try:
        import pandas
    except ModuleNotFoundError as error:
        raise UsageError(
            "a data frame was asked for, but pandas is missing", "pip install 'ganatomy[frame]'"
        ) from error
    return pandas.DataFrame([row for result in results for row in result.rows()])


def plain(value: Any) -> Any:
    """The same value made of what JSON knows."""
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, np.ndarray):
        return {"array": list(value.shape), "dtype": str(value.dtype)}
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [plain(inner) for inner in value]
    if dataclasses.is_dataclass(value):
        return _fields(value)
    return _scalar(value)


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}


def _scalar(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise UsageError(
        f"a result holds a {type(value).__name__}", "results are made of numbers, text, arrays and results"
    )


def number(value: Any) -> Any:
    """Undo the writing of NaN and infinities."""
    return float(value["float"]) if isinstance(value, Mapping) and set(value) == {"float"} else value


def flat(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} -> {"a.b": 1}; NaN and infinities are numbers again, lists stay lists."""
    out: dict[str, Any] = {}
    for key, value in nested.items():
        value = number(value)
        if isinstance(value, Mapping):
            out |= flat(value, f"{prefix}{key}.")
        else:
            out[f"{prefix}{key}"] = value
    return out


def _down(row: Mapping[str, Any]) -> str:
    """One row as a table of names and values."""
    lines = (f"<tr>{_cell(name, 'th')}{_cell(value)}</tr>" for name, value in row.items() if value is not None)
    return f"<table>{''.join(lines)}</table>"


def _across(rows: list[dict[str, Any]]) -> str:
    """Several rows under one head, the first MOST_ROWS of them."""
    head = "".join(_cell(name, "th") for name in rows[0])
    lines = "".join(f"<tr>{''.join(_cell(value) for value in row.values())}</tr>" for row in rows[:MOST_ROWS])
    rest = f"<caption>the first {MOST_ROWS} of {len(rows)}</caption>" if len(rows) > MOST_ROWS else ""
    return f"<table>{rest}<tr>{head}</tr>{lines}</table>"


def _cell(value: Any, tag: str = "td") -> str:
    return f"<{tag} style='text-align:left'>{html.escape(shown(value))}</{tag}>"


def shown(value: Any) -> str:
    return (
        f"{value:.4g}"
        if isinstance(value, float)
        else ", ".join(map(str, value))
        if isinstance(value, list)
        else str(value)
    )


class Arrays(Mapping[str, Array]):
    """Named copies that cannot be written to or exchanged, so that a result stays what it was."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._kept = {name: _copied(name, values) for name, values in given.items()}

    def __getitem__(self, name: str) -> Array:
        return self._kept[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


def _copied(name: str, values: Any) -> Array:
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = (values.float() if str(values.dtype) == "torch.bfloat16" else values).numpy()  # numpy has no bfloat16
    copy = np.array(values)
    if copy.dtype == object or name in RESERVED:
        what = "holds Python objects" if copy.dtype == object else "has a name that NumPy keeps for itself"
        raise UsageError(f"the array {name!r} {what}", "give arrays of numbers, booleans or text, under another name")
    copy.setflags(write=False)
    return copy
