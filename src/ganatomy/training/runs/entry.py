"""The JSON file of a checkpoint: it is written last, names the two tensor files by digest, and carries its own.

    write_entry(folder, entry)
    read_entry(folder, 500)
    steps_in(folder)               # [400, 450, 500]

NaN and infinities are kept as {"float": "nan"} and read back as they were; tuples come back as lists.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ganatomy.atomic import write_text
from ganatomy.errors import InputError, UsageError
from ganatomy.numerics.fingerprint import fingerprint
from ganatomy.results.record import number, plain
from ganatomy.training.runs.faults import names_in
from ganatomy.training.runs.stored import Stored, damaged

VERSION = 1
ENTRY = re.compile(r"step-(\d+)\.json")


@dataclass(frozen=True)
class Entry:
    """One checkpoint: `config` is the resolved recipe it was trained with, `extra` whatever the caller wants back."""

    step: int
    best: bool
    config: str
    counters: Mapping[str, int]
    extra: Mapping[str, Any]
    weights: Stored
    moments: Stored

    def lies_in(self, folder: Path) -> bool:
        """Whether both files are there in their sizes."""
        return self.weights.lies_in(folder) and self.moments.lies_in(folder)


def entry_path(folder: Path, step: int) -> Path:
    return folder / f"step-{step:06d}.json"


def steps_in(folder: Path) -> list[int]:
    """The steps that have an entry, in order."""
    return sorted(int(found[1]) for name in names_in(folder) if (found := ENTRY.fullmatch(name)))


def checked_extra(extra: Mapping[str, Any]) -> Any:
    """The extra state as JSON will hold it, or an error."""
    try:
        return plain(extra)
    except UsageError as error:
        raise UsageError(
            f"the extra state of a checkpoint cannot be kept as JSON ({error.said})",
            "keep numbers, text, lists and dictionaries in it",
        ) from error


def write_entry(folder: Path, entry: Entry) -> None:
    written = {**asdict(entry), "version": VERSION, "extra": checked_extra(entry.extra)}
    text = json.dumps({"digest": _digest(written), "checkpoint": written}, indent=2, allow_nan=False)
    write_text(entry_path(folder, entry.step), text + "\n")


def read_entry(folder: Path, step: int) -> Entry:
    """The entry of a step, or an error that names its file."""
    path = entry_path(folder, step)
    try:
        outer = json.loads(path.read_text("utf-8"))
        written = dict(outer["checkpoint"])
        version, intact = written["version"], _digest(written) == outer["digest"]
    except OSError as error:
        raise damaged(path, f"it cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(path, f"it does not describe a checkpoint: {type(error).__name__}") from error
    if version != VERSION:
        raise InputError(
            f"{path} has version {version!r}, this package reads {VERSION}",
            "read it with the version of ganatomy that wrote it",
        )
    if not intact or written["step"] != step:
        raise damaged(path, "its content is not what was written")
    return Entry(
        step=step,
        best=written["best"],
        config=written["config"],
        counters=written["counters"],
        extra=_restored(written["extra"]),
        weights=Stored(**written["weights"]),
        moments=Stored(**written["moments"]),
    )


def entry_or_none(folder: Path, step: int) -> Entry | None:
    """The entry, or None where it cannot be read."""
    try:
        return read_entry(folder, step)
    except InputError:
        return None


def _digest(written: Mapping[str, Any]) -> str:
    return fingerprint(json.dumps(written, sort_keys=True, allow_nan=False))


def _restored(value: Any) -> Any:
    value = number(value)
    if isinstance(value, Mapping):
        return {name: _restored(inner) for name, inner in value.items()}
    return [_restored(inner) for inner in value] if isinstance(value, list) else value
