"""All data sets by name.

    train = load("digits")
    held_out = load("digits", split="held-out")
    train, held_out = load_splits("folder:scans", folder=FolderOptions(size=64))     # reads each file once

`DATASETS` lists them with a sentence each and how they are come by.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path

from ganatomy.data.cifar import cifar10
from ganatomy.data.dataset import Dataset
from ganatomy.data.decode import FolderOptions
from ganatomy.data.digits import digits, stack
from ganatomy.data.folder import Progress, folder
from ganatomy.data.mnist import mnist_like
from ganatomy.data.order import ENDLESS
from ganatomy.data.shapes import SHAPES, Shapes
from ganatomy.data.splits import Split, check_split
from ganatomy.data.worlds import WORLDS
from ganatomy.errors import UsageError, choose
from ganatomy.numerics.fingerprint import fingerprint
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

FOLDER_PREFIX, FOLDER_KEY = "folder:", "folder:PATH"


@dataclass(frozen=True)
class Request:
    """What was asked for: parts of a data set, in this order; each data set reads what concerns it."""

    name: str
    splits: tuple[Split, ...]
    data_dir: Path | None = None
    folder: FolderOptions = field(default_factory=FolderOptions)
    progress: Progress | None = None


@dataclass(frozen=True)
class Entry:
    """What a data set is, how it is come by, and the function that loads its parts."""

    summary: str
    source: str
    load: Callable[[Request], tuple[Dataset, ...]]


def load(
    name: str,
    *,
    split: Split = "train",
    data_dir: Path | str | None = None,
    folder: FolderOptions | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """One part of a data set; `folder` and `progress` concern `folder:PATH` alone."""
    check_split(split)
    return _parts(_request(name, (split,), data_dir, folder, progress))[0]


def load_splits(
    name: str,
    *,
    data_dir: Path | str | None = None,
    folder: FolderOptions | None = None,
    progress: Progress | None = None,
) -> tuple[Dataset, Dataset]:
    """The training and the held-out part."""
    train, held_out = _parts(_request(name, ("train", "held-out"), data_dir, folder, progress))
    return train, held_out


def _request(
    name: str,
    splits: tuple[Split, ...],
    data_dir: Path | str | None,
    folder: FolderOptions | None,
    progress: Progress | None,
) -> Request:
    if not isinstance(folder, FolderOptions | None):
        raise UsageError(
            f"folder={folder!r} was given", "give folder=FolderOptions(size=64), from ganatomy.data.decode"
        )
    return Request(name, splits, None if data_dir is None else Path(data_dir), folder or FolderOptions(), progress)


def _parts(request: Request) -> tuple[Dataset, ...]:
    name, key = request.name, FOLDER_KEY if request.name.startswith(FOLDER_PREFIX) else request.name
    if key not in DATASETS and os.path.isdir(name):
        raise UsageError(f"there is no data set called {name!r}", f"{name} is a folder: say {FOLDER_PREFIX}{name}")
    entry = choose(DATASETS, key, "data set")
    given = [each.name for each in fields(FolderOptions) if getattr(request.folder, each.name) != each.default]
    if given and key != FOLDER_KEY:
        raise UsageError(
            f"{', '.join(given)} cannot be chosen for {name!r}",
            f"{', '.join(each.name for each in fields(FolderOptions))} concern {FOLDER_KEY} alone",
        )
    return entry.load(request)


def _digits(request: Request) -> tuple[Dataset, ...]:
    return tuple(digits(split) for split in request.splits)


def _stacked_digits(request: Request) -> tuple[Dataset, ...]:
    return tuple(stack(digits(split)) for split in request.splits)


def _mnist_like(request: Request) -> tuple[Dataset, ...]:
    return tuple(mnist_like(request.name, split, data_dir=request.data_dir) for split in request.splits)


def _stacked_mnist(request: Request) -> tuple[Dataset, ...]:
    return tuple(stack(mnist_like("mnist", split, data_dir=request.data_dir)) for split in request.splits)


def _cifar10(request: Request) -> tuple[Dataset, ...]:
    return tuple(cifar10(split, data_dir=request.data_dir) for split in request.splits)


def _folder(request: Request) -> tuple[Dataset, ...]:
    given = request.name.removeprefix(FOLDER_PREFIX)
    if not given.strip():
        raise UsageError(f"{request.name!r} names no folder", "give the path of a folder with pictures: folder:scans")
    path = Path(os.path.expanduser(given))  # unlike Path's own, this leaves the home of nobody as it is
    return folder(path, request.splits, options=request.folder, progress=request.progress)


def _shapes(request: Request) -> tuple[Dataset, ...]:
    return tuple(_shapes_part(Shapes(Stream(0, f"data/shapes/{split}")), split) for split in request.splits)


def _shapes_part(source: Shapes, split: Split) -> Dataset:
    return Dataset(
        name="shapes",
        split=split,
        size=ENDLESS,
        format=Format.picture(3, source.size),
        native=source.format,
        draw=source.pictures,
        draw_labels=source.kinds,
        classes=tuple(SHAPES),
        truth=source,
        fingerprint=fingerprint(str(source), str(source.factors)),
    )


def _world(request: Request) -> tuple[Dataset, ...]:
    return tuple(_world_part(request.name, split) for split in request.splits)


def _world_part(name: str, split: Split) -> Dataset:
    world, stream = WORLDS[name](), Stream(0, f"data/{name}/{split}")
    return Dataset(
        name=name,
        split=split,
        size=ENDLESS,
        format=Format.point(world.dimensions),
        native=Format.point(world.dimensions),
        draw=partial(world.sample, stream),
        draw_labels=partial(world.labels, stream) if world.n_modes > 1 else None,
        classes=tuple(f"mode {mode}" for mode in range(world.n_modes)) if world.n_modes > 1 else (),
        truth=world,
        fingerprint=fingerprint(str(stream), world.centres, world.stds, world.weights),
    )


CARRIED = "carried along; nothing to download"
DRAWN = "drawn from a formula; nothing to download"
FETCHED = "downloaded once, or found where --data-dir or GANATOMY_DATA points"

DATASETS: dict[str, Entry] = {
    "digits": Entry("1,797 real handwritten digits, grey, 8 x 8, ten classes: the default", CARRIED, _digits),
    "stacked-digits": Entry("three digits as red, green and blue, 8 x 8: 1,000 modes", CARRIED, _stacked_digits),
    "shapes": Entry("shapes on a plain ground, RGB, 32 x 32, from seven known factors, with masks", DRAWN, _shapes),
    "two-gaussians": Entry("a line with two equal modes, exact density", DRAWN, _world),
    "three-gaussians": Entry("a line with three modes of unequal weight and width, exact density", DRAWN, _world),
    "ring8": Entry("a plane with eight narrow modes on a circle, exact density", DRAWN, _world),
    "grid25": Entry("a plane with twenty-five narrow modes on a grid, exact density", DRAWN, _world),
    "moons": Entry("a plane with two blurred half circles, exact density", DRAWN, _world),
    "spiral": Entry("a plane with a blurred spiral, exact density", DRAWN, _world),
    "mnist": Entry("70,000 handwritten digits, grey, 28 x 28, ten classes", FETCHED, _mnist_like),
    "stacked-mnist": Entry("three MNIST digits as red, green and blue, 28 x 28: 1,000 modes", FETCHED, _stacked_mnist),
    "fashion-mnist": Entry("70,000 pieces of clothing, grey, 28 x 28, ten classes", FETCHED, _mnist_like),
    "kmnist": Entry("70,000 cursive Japanese letters, grey, 28 x 28, ten classes", FETCHED, _mnist_like),
    "cifar10": Entry("60,000 photographs, RGB, 32 x 32, ten classes", FETCHED, _cifar10),
    FOLDER_KEY: Entry("your own pictures: a folder of PNG, JPEG, TIFF or .npz files", "on your disk", _folder),
}
