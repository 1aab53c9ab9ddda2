"""A data set looked at before anything is trained on it: what it is, what was left out, what its samples look like.

look = survey("folder:scans", out=Path("scans.png"))
look.train, look.classes, look.notes, look.skipped
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from ganatomy.data.catalogue import load_splits
from ganatomy.data.dataset import Dataset, Skipped
from ganatomy.data.decode import FolderOptions
from ganatomy.data.plane import density
from ganatomy.data.worlds import World
from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream
from ganatomy.pictures import Pixels, grid, pixels, write_png

SHEET = 64  # pictures on a sheet
SHEET_SIDE = 640  # pixels: a sheet is enlarged by whole factors up to this


@dataclass(frozen=True)
class Survey:
    """What there is to know of a data set; `train` and `held_out` count samples, None for a set without end.

    groups: how many lie in either part, or None; notes: sentences on how the files were read.
    """

    name: str
    train: int | None
    held_out: int | None
    format: str
    classes: tuple[str, ...]
    groups: dict[str, int] | None
    fingerprint: str
    notes: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    sheet: str | None

    def to_dict(self) -> dict[str, object]:
        """For JSON: numbers and lists."""
        return asdict(self)

    def facts(self) -> dict[str, str]:
        """For people: a few words by name."""
        facts = {"name": self.name, "samples": "endless", "format": self.format}
        if self.train is not None:
            facts["samples"] = f"{self.train} to train on, {self.held_out} held out"
        if self.classes:
            shown = ", ".join(self.classes[:10]) + (", ..." if len(self.classes) > 10 else "")
            facts["classes"] = f"{len(self.classes)}: {shown}"
        if self.groups is not None:
            train, held_out = self.groups["train"], self.groups["held_out"]
            facts["groups"] = f"{train + held_out}: {train} to train on, {held_out} held out"
        return facts | {"skipped": str(len(self.skipped)), "fingerprint": self.fingerprint}


def survey(
    name: str,
    *,
    data_dir: Path | None = None,
    folder: FolderOptions | None = None,
    out: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Survey:
    """Load both parts of a data set and describe them; `out` is where a sheet of the training part goes."""
    train, held_out = load_splits(name, data_dir=data_dir, folder=folder, progress=progress)
    if out is not None:
        write_png(out, sheet(train))
    return Survey(
        name=train.name,
        train=None if train.endless else train.size,
        held_out=None if held_out.endless else held_out.size,
        format=str(train.format),
        classes=train.classes,
        groups=None if train.groups is None else {"train": _groups(train), "held_out": _groups(held_out)},
        fingerprint=train.fingerprint,
        notes=train.notes,
        skipped=train.skipped,
        sheet=None if out is None else str(out),
    )


def _groups(data: Dataset) -> int:
    return 0 if data.groups is None else len(data.groups.unique())


def sheet(data: Dataset, n: int = SHEET) -> Pixels:
    """Pictures of a set side by side, drawn at random but always the same ones, or the density of a world."""
    if isinstance(data.truth, World):
        return density(data.truth)
    if data.format.kind != "picture":
        raise UsageError(f"a sheet of {data.format} was asked for", "pictures and known densities can be drawn")
    chosen = range(n) if data.endless else Stream(0, "survey").permutation(0, data.size)[:n]
    pictures = pixels(data.read(chosen), data.format)
    return grid(pictures, scale=max(1, SHEET_SIDE // (8 * pictures.shape[1])))
