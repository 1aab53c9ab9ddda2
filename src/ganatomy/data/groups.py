"""Whose picture is it: group numbers (patients, writers) from a CSV file.

    listed = read_groups(Path("groups.csv"))                                   # {"a/1.png": "adam", ...}
    numbers, names = number_groups(listed, ["a/1.png", "a/2.png"], "groups.csv")

The file has a header with the columns `file` (path within the folder) and `group`, parted by commas, semicolons or
tabs; further columns and rows for other files are ignored. A picture without a row is an error: guessing a group would
let one patient stand on both sides of a split unseen.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from unicodedata import normalize

import torch
from torch import Tensor

from ganatomy.errors import InputError

DELIMITERS = ",;\t"


def read_groups(path: Path) -> dict[str, str]:
    """The group of each file in the table."""
    listed: dict[str, str] = {}
    for row in _rows(path):
        key, group = _key(row["file"] or ""), (row["group"] or "").strip()
        if not group or listed.setdefault(key, group) != group:
            fault = "an empty group" if not group else f"two groups, {listed[key]} and {group}"
            raise InputError(f"{path} gives {row['file']} {fault}", "give each file one group")
    return listed


def number_groups(listed: Mapping[str, str], files: list[str], where: str) -> tuple[Tensor, tuple[str, ...]]:
    """The number of the group of each file, int64, and the names of the groups, sorted; `where` is for the error."""
    missing = [file for file in files if _key(file) not in listed]
    if missing:
        raise InputError(
            f"{where} names no group for {len(missing)} of {len(files)} pictures, the first is {missing[0]}",
            _remedy(listed, missing[0]),
        )
    names = tuple(sorted({listed[_key(file)] for file in files}))
    number = {name: place for place, name in enumerate(names)}
    return torch.tensor([number[listed[_key(file)]] for file in files], dtype=torch.int64), names


def _remedy(listed: Mapping[str, str], missing: str) -> str:
    """Names the row that means the file, if there is one: of two paths, one is the end of the other."""
    key = f"/{_key(missing)}"
    meant = next((other for other in listed if key.endswith(f"/{other}") or f"/{other}".endswith(key)), None)
    if meant is None:
        return f"add a row for each, with paths that start inside the folder, as in: {missing},patient-07"
    return f"paths start inside the folder: write {missing}, not {meant}"


def _rows(path: Path) -> list[dict[str, str | None]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:  # spreadsheets write a byte-order mark
            first = file.readline()
            file.seek(0)
            table = csv.DictReader(file, delimiter=max(DELIMITERS, key=first.count))
            header = [name.strip().lower() for name in table.fieldnames or []]
            table.fieldnames = header
            rows = list(table)
    except FileNotFoundError as problem:
        raise InputError(f"there is no file {path}", "give a CSV file with the columns file,group") from problem
    except UnicodeDecodeError as problem:
        raise InputError(f"{path} is not in UTF-8", "save it as UTF-8: spreadsheets call that 'CSV UTF-8'") from problem
    except (OSError, csv.Error) as problem:
        raise InputError(f"the groups in {path} cannot be read: {problem}", "give a CSV file") from problem
    if not {"file", "group"} <= set(header):
        raise InputError(
            f"{path} has the columns {', '.join(header) or '(none)'}", "its first line must be: file,group"
        )
    return rows


def _key(file: str) -> str:
    """One spelling of a path: forward slashes, composed letters (file systems differ in both)."""
    return normalize("NFC", file.strip().replace("\\", "/")).removeprefix("./")
