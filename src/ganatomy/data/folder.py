"""Any folder of pictures as a data set; what cannot be read is skipped, counted and listed, never an abort half-way.

    train, held_out = folder(Path("cats"), ("train", "held-out"), options=FolderOptions(size=32))
    train.skipped                                      # (Skipped("cats/3.png", "cannot be read: ..."), ...)

Subfolders are walked; hidden files and files of other kinds are passed over. Where every picture lies in a subfolder,
the first level on which their paths part gives the classes; a single class is no class. Held out is a fifth of the
groups or, without groups, of the pictures, where copies of one picture stay together.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset, Skipped, stored
from ganatomy.data.decode import LARGEST_DEFAULT_SIDE, SUFFIXES, FolderOptions, Square, Unusable, fit, read_pictures
from ganatomy.data.groups import read_groups
from ganatomy.data.splits import Split, cut_groups
from ganatomy.errors import InputError
from ganatomy.numerics.fingerprint import fingerprint

Progress = Callable[[int, int], None]
KINDS = ", ".join(suffix.removeprefix(".") for suffix in SUFFIXES)


@dataclass(frozen=True, eq=False)
class _Found:
    """All pictures of a folder, (n, channels, side, side), uint8, the file each came from, and what was left out."""

    pictures: Tensor
    files: list[str]
    skipped: tuple[Skipped, ...]


def folder(
    path: Path, splits: Sequence[Split], *, options: FolderOptions, progress: Progress | None = None
) -> tuple[Dataset, ...]:
    """The wanted parts of a folder, or of one .npz file; every file is read once. `progress` hears (done, total)."""
    found = _read_all(path, options, progress)
    classes, labels = _classes(found.files)
    groups, names = read_groups(Path(options.groups), found.files) if options.groups else (None, ())
    kept_together = _copies(found.pictures) if groups is None else groups
    parts = cut_groups(kept_together, "folder")
    datasets = []
    for split in splits:
        chosen = parts[split]
        if not len(chosen):
            raise InputError(
                f"{path} leaves nothing for the {split} part",
                "two different pictures, or two groups, are the least that can be split",
            )
        dataset = stored(
            f"folder:{path}",
            split,
            pictures=found.pictures[chosen],
            labels=None if labels is None else labels[chosen],
            classes=classes,
        )
        chosen_groups = None if groups is None else groups[chosen]
        datasets.append(replace(dataset, groups=chosen_groups, group_names=names, skipped=found.skipped))
    return tuple(datasets)


def _read_all(path: Path, options: FolderOptions, progress: Progress | None) -> _Found:
    files, others, skipped = _walk(path)
    squares: list[Square] = []
    used: list[str] = []
    for done, file in enumerate(files, start=1):
        name = file.relative_to(path if path.is_dir() else path.parent).as_posix()
        try:
            new = read_pictures(file, options)
            squares += new
            used += [name] * len(new)
        except Unusable as problem:
            skipped.append(Skipped(name, str(problem)))
        if progress:
            progress(done, len(files))
    if not used:
        fault = f"none of {len(skipped)} can be used; {skipped[0].path}: {skipped[0].reason}" if skipped else ""
        raise InputError(
            f"{path} holds no pictures ({fault or f'{others} other files'})",
            f"give a folder with files of the kinds {KINDS}",
        )
    return _Found(_table(squares), used, tuple(skipped))


def _walk(path: Path) -> tuple[list[Path], int, list[Skipped]]:
    """Pictures by their names, sorted alike on every machine; how many other files; folders that cannot be opened."""
    if not path.exists():
        raise InputError(f"there is no folder {path}", "give the path of a folder with pictures")
    if path.is_file():
        return ([path], 0, []) if path.suffix.lower() in SUFFIXES else ([], 1, [])
    found: list[Path] = []
    skipped: list[Skipped] = []

    def closed(problem: OSError) -> None:
        skipped.append(Skipped(os.path.relpath(problem.filename, path), f"cannot be opened: {problem.strerror}"))

    for place, inner, names in os.walk(path, onerror=closed):
        inner[:] = [name for name in inner if not name.startswith(".")]
        found += [Path(place, name) for name in names if not name.startswith(".")]
    pictures = sorted((file for file in found if file.suffix.lower() in SUFFIXES), key=Path.as_posix)
    return pictures, len(found) - len(pictures), skipped


def _table(squares: list[Square]) -> Tensor:
    """One side and one number of channels for all: grey only if all are grey, the default side if sides differ."""
    side = squares[0].shape[0] if len({square.shape[0] for square in squares}) == 1 else LARGEST_DEFAULT_SIDE
    channels = max(square.shape[2] for square in squares)
    table = np.empty((len(squares), channels, side, side), dtype=np.uint8)
    for place, square in enumerate(squares):
        table[place] = (square if square.shape[0] == side else fit(square, side)).transpose(2, 0, 1)
    return torch.from_numpy(table)


def _classes(files: list[str]) -> tuple[tuple[str, ...], Tensor | None]:
    """Names of the classes and the class of each file; no classes where a file lies above the level they part on."""
    folders = [PurePosixPath(file).parent.parts for file in files]
    levels = enumerate(zip(*folders, strict=False))  # down to the shallowest file
    parting = next((depth for depth, names in levels if len(set(names)) > 1), None)
    if parting is None:
        return (), None
    classes = tuple(sorted({parts[parting] for parts in folders}))
    number = {name: place for place, name in enumerate(classes)}
    return classes, torch.tensor([number[parts[parting]] for parts in folders], dtype=torch.int64)


def _copies(pictures: Tensor) -> Tensor:
    """A number for each picture, the same for copies."""
    number: dict[str, int] = {}
    return torch.tensor([number.setdefault(fingerprint(picture), len(number)) for picture in pictures])
