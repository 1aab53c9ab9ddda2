"""Where a report comes from: the only part of it that differs between two equal runs."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ganatomy.models.gan import GAN
from ganatomy.results.provenance import Provenance
from ganatomy.results.record import plain
from ganatomy.training.runs.folder import PROVENANCE, open_run

ABSOLUTE = re.compile(r"(?<![\w/])~?/(?:[^\s/'\"<>,;:]+/)+")  # up to the last name
HIDDEN = "left out (--redact)"
FOLDERS = re.compile(r"(?:~|\.{1,2})?/?(?:[\w.@+-]+/)+(?=[\w.@+-])|(?<![\w:/])/(?=[\w.@+-])")


def provenance(
    gan: GAN | None, run: Path | None, *, name: str, here: Provenance, earlier: Iterable[Provenance], started: str
) -> dict[str, Any]:
    """`earlier`: of the results that the report shows. started: when the work began."""
    told: dict[str, Any] = {
        "report": {**here.to_dict(), "started": started},
        "subject": name,
        "results": _made(earlier),
    }
    if gan is not None:
        told |= {"weights": gan.digest(), "device": str(gan.device), "the GAN says": plain(dict(gan.provenance))}
    elif run is not None:
        told["training"] = _training(run)
    if run is not None:
        told["recipe as it was played"] = open_run(run).config
    return told


def _made(results: Iterable[Provenance]) -> dict[str, str]:
    """Each command, and from when to when it made what is shown."""
    times: dict[str, list[str]] = {}
    for each in results:
        times.setdefault(each.command, []).append(each.made)
    return {command: " to ".join(dict.fromkeys((min(made), max(made)))) for command, made in sorted(times.items())}


def _training(run: Path) -> dict[str, Any]:
    """As the run's folder says; nothing where that cannot be read."""
    try:
        found = json.loads((run / PROVENANCE).read_text("utf-8"))
    except (OSError, ValueError):
        found = None
    return dict(found) if isinstance(found, dict) else {"provenance.json": "cannot be read"}


def without_folders(told: Any, folders: Mapping[str, str]) -> Any:
    """A report, or any part of it, in which no path from the root stands, and these texts are replaced."""
    if isinstance(told, str):
        for folder in sorted(folders, key=len, reverse=True):
            told = told.replace(folder, folders[folder])
        return ABSOLUTE.sub("", told)
    if isinstance(told, Mapping):
        return {key: without_folders(value, folders) for key, value in told.items()}
    if isinstance(told, list | tuple):
        return type(told)(without_folders(each, folders) for each in told)
    if dataclasses.is_dataclass(told) and not isinstance(told, type):
        values = {each.name: getattr(told, each.name) for each in dataclasses.fields(told)}
        return dataclasses.replace(told, **{name: without_folders(value, folders) for name, value in values.items()})
    return told


def redacted(told: Any) -> Any:
    """Without folders, machines and users: of a path its last name stays."""
    if isinstance(told, Mapping):
        hidden = ("machine", "device")
        return {redacted(key): HIDDEN if key in hidden else redacted(value) for key, value in told.items()}
    if isinstance(told, list | tuple):
        return [redacted(each) for each in told]
    return FOLDERS.sub("", told) if isinstance(told, str) else told
