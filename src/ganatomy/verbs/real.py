"""Real pictures beside a GAN, in its own range and with the labels that it wants.

train, held_out = real_pictures(gan, Source("digits"))
train, held_out = real_pictures(gan, Source(), Path("runs/0001-digits-mlp-s0"))     # those that the run was trained on

Of a run these are its own: the same split, share, groups and size as its recipe says, so that no training sample passes
for a held-out one, nor one that was left out for a training sample.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

from ganatomy.data.catalogue import DATASETS, FOLDER_PREFIX, load_splits
from ganatomy.data.dataset import Dataset
from ganatomy.data.decode import FolderOptions
from ganatomy.errors import GanatomyError, InputError, UsageError
from ganatomy.explain.critic.lots import class_labels
from ganatomy.models.gan import GAN
from ganatomy.training.described import described
from ganatomy.training.recipes.read import recipe_text
from ganatomy.training.runs.folder import CONFIG, open_run
from ganatomy.training.setup import set_up

Failed = Callable[[str, GanatomyError], None]
AGAIN = "name what it was trained on: --data folder:PATH, with --groups, --size and the like as it was trained"


@dataclass(frozen=True)
class Source:
    """What was asked for: by its name, or what the GAN was trained on. folder: how folder:PATH is read."""

    name: str | None = None
    data_dir: Path | None = None
    folder: FolderOptions | None = None

    @property
    def explicit(self) -> bool:
        """Whether somebody named data; what cannot be read is then an error at once."""
        return self.name is not None or bool(_given(self.folder))


def real_pictures(gan: GAN, source: Source, run: Path | None = None) -> tuple[Dataset | None, Dataset | None]:
    """In the GAN's own range; None where nobody names any. `run`: the folder of the run that the GAN is of."""
    if source.name is not None:
        train, held_out = load_splits(source.name, data_dir=source.data_dir, folder=source.folder)
    elif given := _given(source.folder):
        raise UsageError(f"{given} was given without --data", "name the folder as well: --data folder:PATH")
    elif run is not None:
        train, held_out = _trained_on(run, source.data_dir)
    elif gan.data is None:
        return None, None
    elif gan.data not in DATASETS:
        raise UsageError(f"nothing tells how the data {gan.data!r}, which the GAN names, are read", _named(gan.data))
    else:
        train, held_out = load_splits(gan.data, data_dir=source.data_dir)
    return train.in_format(gan.format), held_out.in_format(gan.format)


def _trained_on(run: Path, data_dir: Path | None) -> tuple[Dataset, Dataset]:
    """As `train` reads them; an error where they have moved, or are others than they were."""
    before = described(run)
    try:
        setup = set_up(recipe_text(open_run(run).config, source=str(run / CONFIG)), data_dir=data_dir)
    except GanatomyError as error:
        moved = before.data.startswith(FOLDER_PREFIX)
        said = f"{before.data}, which {run} was trained on, cannot be read: {error.said}"
        raise type(error)(said, AGAIN if moved else error.remedy) from error
    if setup.train.fingerprint != before.data_digest:
        raise InputError(
            f"{before.data} has changed since {run} was trained on it "
            f"({before.data_digest[:12]} then, {setup.train.fingerprint[:12]} now)",
            f"put the data back as they were, or {_named(before.data)}",
        )
    return setup.train, setup.held_out


def _given(folder: FolderOptions | None) -> str:
    """The options that differ from what they are by default, as they are written."""
    changed = [] if folder is None else [each for each in fields(folder) if getattr(folder, each.name) != each.default]
    return ", ".join(f"--{each.name}" for each in changed)


def _named(data: str) -> str:
    return AGAIN if data.startswith(FOLDER_PREFIX) else "name data of the same kind: --data digits, --data folder:PATH"


def of_its_classes(
    gan: GAN, train: Dataset | None, held_out: Dataset | None, failed: Failed | None
) -> tuple[Dataset | None, Dataset | None]:
    """Real pictures without the labels that a conditional GAN wants cannot be shown to it: told once."""
    if train is None or held_out is None:
        return train, held_out
    try:
        class_labels(gan, held_out, range(1))
    except UsageError as error:
        if failed is None:
            raise
        failed("data", error)
        return None, None
    return train, held_out
