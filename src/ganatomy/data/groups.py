"""Whose picture is it: group numbers (patients, writers) from a CSV file.

    numbers, names = read_groups(Path("groups.csv"), ["a/1.png", "a/2.png"])

The file has a header with the columns `file` (path within the folder, with forward slashes) and `group`; further
columns and rows for other files are ignored. A picture without a row is an error: guessing a group would let one
patient stand on both sides of a split unseen.
"""

from __future__ import annotations

import csv
from pathlib import Path
from unicodedata import normalize

import torch
from torch import Tensor

from ganatomy.errors import InputError


def read_groups(path: Path, files: list[str]) -> tuple[Tensor, tuple[str, ...]]:
    """The number of the group of each file, int64, and the names of the groups, sorted."""
    listed = _rows(path)
    missing = [file for file in files if _key(file) not in listed]
    if missing:
        raise InputError(
            f"{path} names no group for {len(missing)} of {len(files)} pictures, the first is {missing[0]}",
            "add a row for each, as in: file,group / scans/1.png,patient-07",
        )
    names = tuple(sorted({listed[_key(file)] for file in files}))
    number = {name: place for place, name in enumerate(names)}
    return torch.tensor([number[listed[_key(file)]] for file in files], dtype=torch.int64), names


def _rows(path: Path) -> dict[str, str]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:  # spreadsheets write a byte-order mark
            table = csv.DictReader(file)
            header, rows = table.fieldnames or [], list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise InputError(f"the groups in {path} cannot be read: {problem}", "give a CSV file in UTF-8") from problem
    if not {"file", "group"} <= set(header):
        raise InputError(
            f"{path} has the columns {', '.join(header) or '(none)'}", "its first line must be: file,group"
        )
    listed: dict[str, str] = {}
    for row in rows:
        key, group = _key(row["file"] or ""), (row["group"] or "").strip()
        if not group or listed.setdefault(key, group) != group:
            fault = "an empty group" if not group else f"two groups, {listed[key]} and {group}"
            raise InputError(f"{path} gives {row['file']} {fault}", "give each file one group")
    return listed


def _key(file: str) -> str:
    """One spelling of a path: forward slashes, composed letters (file systems differ in both)."""
    return normalize("NFC", file.strip().replace("\\", "/")).removeprefix("./")
