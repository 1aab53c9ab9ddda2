"""Real and generated pictures for the critic, block by block, each with the label that a conditional critic wants.

for lot in fakes(gan, 1000, seed=0): scorer(lot.pictures, lot.labels)
for lot in reals(gan, held_out, 1000): ...           # 1,000 of a data set, in the GAN's format
scores = scored(scorer, reals(gan, held_out, 1000))  # (1000,), float64, on the CPU, without gradients
held_out.labels(places(held_out, 1000))              # and whatever else the data know of the same 1,000
auc(scores, others, groups=(groups_of(held_out, 1000), None))

Data are read in one random order, the same for all who ask, since files are often sorted by class: so the first n are a
sample of all, and pictures from n on are others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn

from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError, UsageError
from ganatomy.explain.passes import BLOCK, Progress, draws, made
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format


@dataclass(frozen=True, eq=False)
class Lot:
    """Some pictures, on the CPU in float32; labels where the GAN is conditional.

    groups: who belongs together, where the data know it; generated pictures stand each for itself.
    """

    pictures: Tensor
    labels: Tensor | None
    groups: Tensor | None = None

    def __len__(self) -> int:
        return len(self.pictures)


def fakes(gan: GAN, n: int, *, seed: int, start: int = 0, progress: Progress | None = None) -> Iterator[Lot]:
    """Samples start to start + n - 1 of a seed."""
    for draw in draws(gan, n, seed=seed, start=start, progress=progress):
        yield Lot(made(gan.generator, draw), draw.labels)


def reals(gan: GAN, data: Dataset, n: int, *, start: int = 0) -> Iterator[Lot]:
    """Samples at `places(data, n, start=start)`; fewer where they end."""
    ready, chosen = data.in_format(gan.format), places(data, n, start=start)
    for first in range(0, len(chosen), BLOCK):
        some = chosen[first : first + BLOCK]
        yield Lot(ready.read(some), class_labels(gan, data, some), _ids(data, some))


def places(data: Dataset, n: int, *, start: int = 0) -> Sequence[int]:
    """Numbers start to start + n - 1 of one random order, fewer where data end; endless data are read as they are."""
    stop = min(start + n, data.size)
    if not 0 <= start < stop:
        raise UsageError(
            f"{n} samples of {data.name!r} from {start} on were asked for", f"it has {data.size}: ask for fewer"
        )
    return range(start, stop) if data.endless else _shuffled(data.size)[start:stop].tolist()


def groups_of(data: Dataset, n: int, *, start: int = 0) -> Tensor | None:
    """Of the same samples, (n,), where the data know groups."""
    return _ids(data, places(data, n, start=start))


@lru_cache(maxsize=2)
def _shuffled(size: int) -> Tensor:
    return Stream(0, "critic/reals").permutation(0, size)


def _ids(data: Dataset, chosen: Sequence[int]) -> Tensor | None:
    return None if data.groups is None else data.groups[torch.as_tensor(chosen)]


def class_labels(gan: GAN, data: Dataset, chosen: Sequence[int]) -> Tensor | None:
    """The data's own labels where the GAN is conditional: they must number the same classes."""
    if not gan.latent.classes:
        return None
    labels = data.labels(chosen)
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
    groups = [lot.groups for lot in kept if lot.groups is not None]
    return Lot(
        torch.cat([lot.pictures for lot in kept]),
        torch.cat(labels) if labels else None,
        torch.cat(groups) if len(groups) == len(kept) else None,
    )


def rows_of(lot: Lot, rows: Tensor) -> Lot:
    labels, groups = (None if each is None else each[rows] for each in (lot.labels, lot.groups))
    return Lot(lot.pictures[rows], labels, groups)


def scored(scorer: nn.Module, lots: Iterable[Lot]) -> Tensor:
    """A number for each picture, (n,), float64, on the CPU; NaN is refused."""
    with torch.no_grad():
        scores = torch.cat([scorer(lot.pictures, lot.labels).double().cpu() for lot in lots])
    if not bool(torch.isfinite(scores).all()):
        raise InputError("the critic's scores hold NaN or infinite values", "check its weights, and the pictures")
    return scores


def worded(said: str, format: Format) -> str:
    """Sentences about pictures, for a GAN that makes points."""
    return said if format.kind == "picture" else said.replace("picture", "point").replace("Picture", "Point")


def unheeded(data: Dataset | None) -> str:
    """A sentence for what takes the pictures of a group as independent ones."""
    if data is None or data.groups is None:
        return ""
    return "These intervals take pictures of one group as independent, and are too narrow where they are alike."
