"""A data set looked at before anything is trained on it: what it is, what was left out, what its pictures look like.

look = survey("folder:scans", out=Path("scans.png"))
look.facts["skipped"], look.skipped
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ganatomy.data.catalogue import load_splits
from ganatomy.data.dataset import Dataset, Skipped
from ganatomy.data.decode import FolderOptions
from ganatomy.errors import UsageError
from ganatomy.pictures import Pixels, grid, pixels, plane, write_png

SHEET = 64  # pictures on a sheet
CLOUD = 20_000  # points in a picture of a world
SHEET_SIDE = 640  # pixels: a sheet is enlarged by whole factors up to this


@dataclass(frozen=True)
class Survey:
    """Plain facts by name, the files that were left out, and the sheet, if one was asked for and can be drawn."""

    facts: Mapping[str, str | int]
    skipped: tuple[Skipped, ...]
    sheet: Path | None


def survey(
    name: str,
    *,
    data_dir: Path | None = None,
    folder: FolderOptions | None = None,
    out: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Survey:
    """Load both parts of a data set and describe them."""
    train, held_out = load_splits(name, data_dir=data_dir, folder=folder, progress=progress)
    if out is not None:
        write_png(out, sheet(train))
    return Survey(_facts(train, held_out), train.skipped, out)


def sheet(data: Dataset, n: int = SHEET) -> Pixels:
    """The first pictures of a set side by side, or the cloud of its points."""
    if data.format.kind == "picture":
        pictures = pixels(data.read(range(min(n, data.size))), data.format)
        return grid(pictures, scale=max(1, SHEET_SIDE // (8 * pictures.shape[1])))
    if data.format.shape != (2,):
        raise UsageError(f"a sheet of {data.format} was asked for", "pictures and points in the plane can be drawn")
    return plane(data.read(range(min(CLOUD, data.size))), size=512)


def _facts(train: Dataset, held_out: Dataset) -> dict[str, str | int]:
    sizes = "endless" if train.endless else f"{train.size} to train on, {held_out.size} held out"
    facts: dict[str, str | int] = {"name": train.name, "samples": sizes, "format": str(train.format)}
    if train.classes:
        shown = ", ".join(train.classes[:10]) + (", ..." if len(train.classes) > 10 else "")
        facts["classes"] = f"{len(train.classes)}: {shown}"
    if train.groups is not None:
        facts["groups"] = len(train.group_names)
    facts["skipped"] = len(train.skipped)
    facts["fingerprint"] = train.fingerprint
    return facts
