"""Samples of a GAN, by number: sample i of a seed is the same in the notebook, in the report and here.

    found = sample("runs/0001-digits-mlp-s0", range(64), out=Path("grid.png"))
    sample(gan, range(1000), labels=[3], npz=Path("threes.npz"))       # arrays: samples, latents, labels, indices
    found.samples, found.labels, found.picture

`labels` are repeated over the samples: [3] asks for threes only, range(10) for one of each class in turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganatomy.atomic import replacing
from ganatomy.data.plane import drawn
from ganatomy.data.worlds import WORLDS
from ganatomy.errors import UsageError, nearest
from ganatomy.models.gan import GAN
from ganatomy.pictures import Pixels, grid, pixels, write_png
from ganatomy.verbs.subject import subject

SIDE = 640  # pixels: a grid is enlarged by whole factors up to this
MOST = 10_000  # pictures in one grid


@dataclass(frozen=True)
class Layout:
    """Of a grid: pictures a row (a square, unless given), and the enlargement (up to a readable size)."""

    columns: int | None = None
    scale: int | None = None


@dataclass(frozen=True, eq=False)
class Sampled:
    """The samples on the CPU, the labels they were made with, and the files that were written."""

    gan: GAN
    seed: int
    indices: Sequence[int]
    samples: Tensor
    labels: Tensor | None
    picture: Path | None
    arrays: Path | None

    @property
    def notes(self) -> list[str]:
        """What the GAN's maker had to say of how it was read."""
        return notes_of(self.gan)

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "samples": len(self.samples),
            "seed": self.seed,
            "format": str(self.gan.format),
            "data": self.gan.data,
            "labels": None if self.labels is None else self.labels.tolist(),
            "picture": None if self.picture is None else str(self.picture),
            "arrays": None if self.arrays is None else str(self.arrays),
            "notes": self.notes,
        }


def sample(
    gan: GAN | str | Path,
    indices: Sequence[int] = range(64),
    *,
    seed: int = 0,
    labels: Sequence[int | str] | None = None,
    out: Path | None = None,
    npz: Path | None = None,
    layout: Layout | None = None,
) -> Sampled:
    """Make them, and write a picture and the arrays where wanted."""
    if not len(indices):
        raise UsageError("no samples were asked for", "give their numbers, as in range(64)")
    if out is not None and len(indices) > MOST:
        raise UsageError(
            f"a picture of {len(indices)} samples was asked for", f"draw up to {MOST}; --npz FILE keeps any number"
        )
    gan = gan if isinstance(gan, GAN) else subject(gan)
    asked = None if labels is None else _labels(labels, gan, n=len(indices))
    made = gan.sample(seed, indices, labels=asked).cpu()
    used = gan.latent.labels(seed, indices) if asked is None else asked
    if out is not None:
        write_png(out, picture(made, gan, layout))
    if npz is not None:
        _write_arrays(npz, gan, seed=seed, indices=indices, samples=made, labels=used)
    return Sampled(gan, seed, indices, made, used, out, npz)


def picture(samples: Tensor, gan: GAN, layout: Layout | None = None) -> Pixels:
    """Pictures side by side, or points in the plane beside the density they should have, where that is known."""
    layout = layout or Layout()
    for name, given in (("columns", layout.columns), ("scale", layout.scale)):
        if given is not None and given < 1:
            raise UsageError(f"{name} {given} was asked for", f"{name} is at least 1")
    if gan.format.kind == "point":
        world = WORLDS[gan.data]() if gan.data in WORLDS else None
        same = world is not None and gan.format.shape == (world.dimensions,)
        return drawn(samples, world if same else None)
    tiles = pixels(samples, gan.format)
    across = layout.columns or max(1, round(len(tiles) ** 0.5))
    return grid(tiles, columns=layout.columns, scale=layout.scale or max(1, SIDE // (min(across, 8) * tiles.shape[1])))


def notes_of(gan: GAN) -> list[str]:
    """What its maker had to say of how it was read."""
    notes = gan.provenance.get("notes", [])
    return [str(note) for note in notes] if isinstance(notes, list | tuple) else [str(notes)]


def _labels(labels: Sequence[int | str], gan: GAN, *, n: int) -> Tensor:
    """A label for each of n samples, in turn; classes may be given by name."""
    if not gan.latent.classes:
        raise UsageError("labels were given, and this GAN is unconditional", "leave --labels out")
    if not len(labels):
        raise UsageError("no labels were given", f"give numbers from 0 to {gan.latent.classes - 1}")
    numbers = [_number(label, gan) for label in labels]
    wrong = [number for number in numbers if not 0 <= number < gan.latent.classes]
    if wrong:
        raise UsageError(
            f"label {wrong[0]} was given",
            f"the {gan.latent.classes} classes are numbered from 0 to {gan.latent.classes - 1}",
        )
    return torch.tensor([numbers[place % len(numbers)] for place in range(n)])


def _number(label: int | str, gan: GAN) -> int:
    if isinstance(label, int):
        return label
    if label not in gan.classes:
        raise UsageError(f"there is no class called {label!r}", nearest(label, gan.classes))
    return gan.classes.index(label)


def _write_arrays(
    path: Path, gan: GAN, *, seed: int, indices: Sequence[int], samples: Tensor, labels: Tensor | None
) -> None:
    arrays = {
        "samples": samples.float().numpy(),
        "latents": gan.latent.sample(seed, indices).numpy(),
        "indices": np.asarray(list(indices), np.int64),
        "seed": np.asarray(seed),
    }
    if labels is not None:
        arrays["labels"] = labels.cpu().numpy()
    with replacing(path) as fresh, fresh.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
