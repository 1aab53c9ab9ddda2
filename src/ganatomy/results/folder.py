"""Results on disk: a folder with `finding.json` and, where there are arrays, `arrays.npz`; never code.

    save(finding, "findings/unit-37"); load("findings/unit-37")

Only these two files are ever touched. The JSON file carries the fingerprint of the arrays and is written last, so a
save that was cut short is recognised.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganatomy.atomic import replacing, write_text
from ganatomy.errors import InputError
from ganatomy.numerics.fingerprint import fingerprint
from ganatomy.results.explanation import Explanation
from ganatomy.results.finding import Finding
from ganatomy.results.measurement import Measurement
from ganatomy.results.provenance import Provenance
from ganatomy.results.record import Array, Record, number

JSON, ARRAYS = "finding.json", "arrays.npz"
TYPES: dict[str, type[Any]] = {
    "Explanation": Explanation,
    "Finding": Finding,
    "Measurement": Measurement,
    "Provenance": Provenance,
}


def save(result: Record, folder: str | Path) -> Path:
    """Write the result into a folder, made if need be, and return its path."""
    folder, arrays = Path(folder), getattr(result, "arrays", {})
    if arrays:
        with replacing(folder / ARRAYS) as fresh, open(fresh, "wb") as file:
            np.savez_compressed(file, **arrays)
    written = {**result.to_dict(), "arrays_fingerprint": _fingerprint(arrays)}
    text = json.dumps(written, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False)
    write_text(folder / JSON, text + "\n")
    if not arrays:
        (folder / ARRAYS).unlink(missing_ok=True)
    return folder


def load(folder: str | Path) -> Record:
    """Read what `save` wrote."""
    folder = Path(folder)
    try:
        written = json.loads((folder / JSON).read_text("utf-8"))
        kind = TYPES[written["type"]]
        arrays = {}
        if written.get("arrays"):
            with open(folder / ARRAYS, "rb") as file, np.load(file, allow_pickle=False) as kept:
                arrays = {name: kept[name] for name in kept.files}
        if _fingerprint(arrays) != written["arrays_fingerprint"]:
            raise ValueError(f"{ARRAYS} does not belong to {JSON}")
        result = restored(kind, {**written, "arrays": arrays} if "arrays" in written else written)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{folder} holds no readable result ({type(error).__name__}: {error})",
            "give a folder with finding.json and its arrays.npz, written by this version",
        ) from error
    assert isinstance(result, Record)
    return result


def _fingerprint(arrays: Mapping[str, Array]) -> str:
    """Of names, types, shapes and bytes; as bytes, since arrays may hold text."""
    parts: list[Tensor | str] = []
    for name in sorted(arrays):
        kept = arrays[name]
        content = torch.frombuffer(bytearray(kept.tobytes() or b"\0"), dtype=torch.uint8)
        parts += [name, str(kept.dtype), str(kept.shape), content]
    return fingerprint(*parts)


def restored(kind: type[Any], written: Mapping[str, Any]) -> Any:
    """A dataclass from its dictionary, each field by its declared type."""
    hints = typing.get_type_hints(kind)
    return kind(**{field.name: _value(hints[field.name], written[field.name]) for field in dataclasses.fields(kind)})


def _value(hint: Any, written: Any) -> Any:
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    written = number(written)
    if isinstance(written, list):
        return tuple(written)
    if not isinstance(written, Mapping):
        return written
    nested = next((option for option in options if dataclasses.is_dataclass(option)), None)
    if nested is not None:
        return restored(typing.cast("type[Any]", nested), written)
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is not None and inner and dataclasses.is_dataclass(inner[-1]):
        return {key: _value(inner[-1], value) for key, value in written.items()}
    return {key: number(value) for key, value in written.items()}
