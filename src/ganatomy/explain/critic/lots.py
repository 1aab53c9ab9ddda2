"""Real and generated pictures for the critic, block by block, each with the label that a conditional critic wants.

for lot in fakes(gan, 1000, seed=0): scorer(lot.pictures, lot.labels)
for lot in reals(gan, held_out, 1000): ...           # the first 1,000 of a data set, in the GAN's format
scores = scored(scorer, reals(gan, held_out, 1000))  # (1000,), float64, on the CPU, without gradients
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError, UsageError
from ganatomy.explain.passes import BLOCK, Progress, draws, made
from ganatomy.models.gan import GAN


@dataclass(frozen=True, eq=False)
class Lot:
    """Consecutive pictures, on the CPU in float32; labels where the GAN is conditional."""

    pictures: Tensor
    labels: Tensor | None

    def __len__(self) -> int:
        return len(self.pictures)


def fakes(gan: GAN, n: int, *, seed: int, start: int = 0, progress: Progress | None = None) -> Iterator[Lot]:
    """Samples start to start + n - 1 of a seed."""
    for draw in draws(gan, n, seed=seed, start=start, progress=progress):
        yield Lot(made(gan.generator, draw), draw.labels)


def reals(gan: GAN, data: Dataset, n: int, *, start: int = 0) -> Iterator[Lot]:
    """Samples start to start + n - 1 of a data set; fewer where it ends."""
    ready = data.in_format(gan.format)
    stop = min(start + n, ready.size)
    if not 0 <= start < stop:
        raise UsageError(
            f"{n} samples of {data.name!r} from {start} on were asked for", f"it has {data.size}: ask for fewer"
        )
    for first in range(start, stop, BLOCK):
        places = range(first, min(first + BLOCK, stop))
        yield Lot(ready.read(places), class_labels(gan, data, places))


def class_labels(gan: GAN, data: Dataset, places: range) -> Tensor | None:
    """The data's own labels where the GAN is conditional: they must number the same classes."""
    if not gan.latent.classes:
        return None
    labels = data.labels(places)
    if labels is None or len(data.classes) != gan.latent.classes or (gan.classes and gan.classes != data.classes):
        raise UsageError(
            f"the GAN is conditional on {gan.latent.classes} classes, and {data.name!r} does not have the same",
            "give data whose labels number the GAN's classes",
        )
    return labels


def together(lots: Iterable[Lot]) -> Lot:
    """All of them in memory at once."""
    kept = list(lots)
    labels = [lot.labels for lot in kept if lot.labels is not None]
    return Lot(torch.cat([lot.pictures for lot in kept]), torch.cat(labels) if labels else None)


def scored(scorer: nn.Module, lots: Iterable[Lot]) -> Tensor:
    """A number for each picture, (n,), float64, on the CPU; NaN is refused."""
    with torch.no_grad():
        scores = torch.cat([scorer(lot.pictures, lot.labels).double().cpu() for lot in lots])
    if not bool(torch.isfinite(scores).all()):
        raise InputError("the critic's scores hold NaN or infinite values", "check its weights, and the pictures")
    return scores
