"""Any folder of pictures as a data set; what cannot be read is skipped, counted and listed, never an abort half-way.

    train, held_out = folder(Path("cats"), ("train", "held-out"), options=FolderOptions(size=32))
    train.skipped                                      # (Skipped("cats/3.png", "cannot be read: ..."), ...)

Subfolders are walked; hidden files and files of other kinds are passed over. Where every picture lies in a subfolder,
the first level on which their paths part gives the classes; a single class is no class. Held out is a fifth of the
groups or, without groups, of the pictures. Copies of one picture stay together, and so do groups that share one.
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
from ganatomy.data.decode import (
    LARGEST_DEFAULT_SIDE,
    SUFFIXES,
    FolderOptions,
    Reading,
    Square,
    Unusable,
    fit,
    read_pictures,
)
from ganatomy.data.groups import number_groups, read_groups
from ganatomy.data.notes import few_in_colour, further_pages, in_several_groups, passed_over, too_dark
from ganatomy.data.splits import Split, cut_groups, joined
from ganatomy.errors import InputError
from ganatomy.numerics.fingerprint import fingerprint

Progress = Callable[[int, int], None]
KINDS = ", ".join(suffix.removeprefix(".") for suffix in SUFFIXES)


@dataclass(frozen=True, eq=False)
class _Found:
    """All pictures of a folder, (n, channels, side, side), uint8, the file each came from, what was left out, notes."""

    pictures: Tensor
    files: list[str]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]


def folder(
    path: Path, splits: Sequence[Split], *, options: FolderOptions, progress: Progress | None = None
) -> tuple[Dataset, ...]:
    """The wanted parts of a folder, or of one .npz file; every file is read once. `progress` hears (done, total)."""
    listed = read_groups(Path(options.groups)) if options.groups else None  # before the pictures: it may fail at once
    found = _read_all(path, options, progress)
    classes, labels = _classes(found.files)
    kept_together, notes = _copies(found.pictures), found.notes
    groups, names = (None, ()) if listed is None else number_groups(listed, found.files, str(options.groups))
    if groups is not None:
        notes = (*notes, *in_several_groups(found.files, groups, kept_together))
        kept_together = joined(groups, kept_together)
    parts = cut_groups(kept_together, "folder")
    datasets = []
    for split in splits:
        chosen = parts[split]
        if not len(chosen):
            raise InputError(
                f"{path} leaves nothing for the {split} part",
                "two different pictures, or two groups that share no picture, are the least that can be split",
            )
        dataset = stored(
            f"folder:{path}",
            split,
            pictures=found.pictures[chosen],
            labels=None if labels is None else labels[chosen],
            classes=classes,
        )
        chosen_groups = None if groups is None else groups[chosen]
        datasets.append(
            replace(dataset, groups=chosen_groups, group_names=names, skipped=found.skipped, notes=notes),
        )
    return tuple(datasets)


def _read_all(path: Path, options: FolderOptions, progress: Progress | None) -> _Found:
    files, others, skipped = _walk(path)
    readings: dict[str, Reading] = {}
    for done, file in enumerate(files, start=1):
        name = file.relative_to(path if path.is_dir() else path.parent).as_posix()
        try:
            readings[name] = read_pictures(file, options)
        except Unusable as problem:
            skipped.append(Skipped(name, str(problem)))
        if progress:
            progress(done, len(files))
    if not readings:
        fault = f"none of {len(skipped)} can be used; {skipped[0].path}: {skipped[0].reason}" if skipped else "empty"
        raise InputError(
            f"{path} holds no pictures ({passed_over(others) if others and not skipped else fault})",
            f"give a folder with files of the kinds {KINDS}",
        )
    table = _table([square for reading in readings.values() for square in reading.squares])
    used = [name for name, reading in readings.items() for _ in reading.squares]
    return _Found(table, used, tuple(skipped), _notes(readings, others, options))


def _notes(readings: dict[str, Reading], others: list[Path], options: FolderOptions) -> tuple[str, ...]:
    groups = Path(options.groups).resolve() if options.groups else None
    others = [file for file in others if file.resolve() != groups]
    brightest = [value for reading in readings.values() for value in reading.brightest]
    channels = [(file, square.shape[2]) for file, reading in readings.items() for square in reading.squares]
    coloured = [file for file, number in channels if number == 3] if options.channels == "auto" else []
    return (
        *([passed_over(others)] if others else []),
        *further_pages({file: reading.further_pages for file, reading in readings.items()}),
        *too_dark(brightest, white=options.white),
        *few_in_colour(coloured, len(channels)),
    )


def _walk(path: Path) -> tuple[list[Path], list[Path], list[Skipped]]:
    """Pictures by their names, sorted alike on every machine; other files; folders that cannot be opened."""
    try:
        if not path.exists():
            raise InputError(f"there is no folder {path}", "give the path of a folder with pictures")
        if path.is_file():
            return ([path], [], []) if path.suffix.lower() in SUFFIXES else ([], [path], [])
    except OSError as problem:
        raise InputError(
            f"{path} cannot be opened: {problem.strerror}", "give the path of a folder that you may read"
        ) from problem
    found: list[Path] = []
    skipped: list[Skipped] = []

    def closed(problem: OSError) -> None:
        skipped.append(Skipped(os.path.relpath(problem.filename, path), f"cannot be opened: {problem.strerror}"))

    for place, inner, names in os.walk(path, onerror=closed):
        inner[:] = [name for name in inner if not name.startswith(".")]
        files = (Path(place, name) for name in names if not name.startswith("."))
        # Reading a pipe would wait for ever; a broken link is kept, to be listed as what cannot be read.
        found += [file for file in files if file.is_file() or not os.path.exists(file)]
    pictures = sorted((file for file in found if file.suffix.lower() in SUFFIXES), key=Path.as_posix)
    return pictures, [file for file in found if file.suffix.lower() not in SUFFIXES], skipped


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
