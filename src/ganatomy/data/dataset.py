"""What every data set is to the rest: samples by index, in a declared format.

    digits = load("digits")                             # from ganatomy.data.catalogue
    digits.read(range(64))                              # (64, 1, 8, 8), float32, in digits.format: [-1, 1]
    digits.labels(range(64)), digits.classes            # int64 or None, names
    digits.in_format(gan.format)                        # the range follows the generator; another shape is an error

Sample i is the same whatever the batch, the order of reading or the number of processes. Pictures are kept as the
bytes they came as and become floating point as they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from ganatomy.data.order import ENDLESS
from ganatomy.data.shapes import Shapes
from ganatomy.data.splits import Split
from ganatomy.data.worlds import World
from ganatomy.errors import UsageError
from ganatomy.numerics.fingerprint import fingerprint
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

Indices = Sequence[int] | Tensor
Draw = Callable[[Sequence[int]], Tensor]


@dataclass(frozen=True)
class Skipped:
    """A file that was left out, and why."""

    path: str
    reason: str


@dataclass(frozen=True, eq=False)
class Dataset:
    """One part of a data set.

    draw: samples by index as they are kept, in the range of `native`; `read` turns them into `format`.
    draw_labels: class numbers by index, None for a set without classes.
    groups: for each sample the number of the group (patient, writer) it belongs to, if known.
    truth: what the samples were made from, for a set that is drawn.
    skipped: files that could not be used.
    notes: sentences about how the files were read that their owner should see.
    fingerprint: a hash that names the data: of the content where it is stored, of the parameters where it is drawn.
    """

    name: str
    split: Split
    size: int
    format: Format
    native: Format
    draw: Draw = field(repr=False)
    fingerprint: str
    draw_labels: Draw | None = field(default=None, repr=False)
    classes: tuple[str, ...] = field(default=(), repr=False)
    groups: Tensor | None = field(default=None, repr=False)
    group_names: tuple[str, ...] = field(default=(), repr=False)
    truth: World | Shapes | None = field(default=None, repr=False)
    skipped: tuple[Skipped, ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = field(default=(), repr=False)

    @property
    def endless(self) -> bool:
        """Drawn, not stored: `size` is then a nominal number."""
        return self.size >= ENDLESS

    def read(self, indices: Indices) -> Tensor:
        """Samples (n, *format.shape), float32, on the CPU."""
        return self.native.rescale(self.draw(self._places(indices)).float(), self.format)

    def labels(self, indices: Indices) -> Tensor | None:
        """Class numbers (n,), int64, or None."""
        return None if self.draw_labels is None else self.draw_labels(self._places(indices))

    def in_format(self, format: Format) -> Dataset:
        """The same data in the range of `format`; samples of another shape are refused."""
        if format.shape != self.format.shape:
            raise UsageError(
                f"the data {self.name!r} are {self.format}, wanted was {format}",
                "give the generator the shape of the data, or call .resized(size) for pictures of another size",
            )
        self.format.rescale(torch.empty(0), format)  # refuses a range for points, or none for pictures
        return replace(self, format=format)

    def resized(self, size: int) -> Dataset:
        """Pictures of size x size (bilinear, antialiased), made as they are read."""
        if self.format.kind != "picture" or size < 1:
            raise UsageError(f"{self.name!r} cannot be resized to {size}", "pictures can, to a size of 1 or more")
        shape = (self.format.shape[0], size, size)
        return replace(
            self,
            format=replace(self.format, shape=shape),
            native=replace(self.native, shape=shape),
            draw=_Resized(self.draw, size),
            fingerprint=fingerprint(self.fingerprint, f"resized {size}"),
        )

    def part(self, share: float, *, seed: int) -> Dataset:
        """That share of the samples, at least one, chosen by the seed; larger shares hold the smaller ones."""
        if not 0 < share <= 1 or self.endless:
            raise UsageError(
                f"{share:g} of {self.name!r} was asked for",
                "a share lies above 0 and at most 1, of data that are stored",
            )
        if share == 1:
            return self
        kept = Stream(seed, "part").permutation(0, self.size)[: max(1, round(share * self.size))].sort().values
        return replace(
            self,
            size=len(kept),
            draw=_Chosen(self.draw, kept),
            draw_labels=None if self.draw_labels is None else _Chosen(self.draw_labels, kept),
            groups=None if self.groups is None else self.groups[kept],
            fingerprint=fingerprint(self.fingerprint, f"part {share} {seed}"),
        )

    def _places(self, indices: Indices) -> Sequence[int]:
        listed = indices.tolist() if isinstance(indices, Tensor) else indices
        places = listed if isinstance(listed, range) else [int(index) for index in listed]
        ends = (places[0], places[-1]) if isinstance(places, range) and places else places  # a range can be endless
        low, high = min(ends, default=0), max(ends, default=0)
        if low < 0 or high >= self.size:
            raise UsageError(
                f"sample {low if low < 0 else high} of {self.name!r} was asked for",
                f"samples of the {self.split} part are numbered from 0 to {self.size - 1}",
            )
        return places


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a table by index: the `draw` of whatever is kept in memory."""

    table: Tensor

    def __call__(self, indices: Sequence[int]) -> Tensor:
        if isinstance(indices, range) and indices.step == 1:
            return self.table[indices.start : indices.stop].clone()
        return self.table[torch.tensor(indices, dtype=torch.int64)]


@dataclass(frozen=True, eq=False)
class _Chosen:
    draw: Draw
    kept: Tensor

    def __call__(self, indices: Sequence[int]) -> Tensor:
        return self.draw(self.kept[torch.tensor(list(indices), dtype=torch.int64)].tolist())


@dataclass(frozen=True, eq=False)
class _Resized:
    draw: Draw
    size: int

    def __call__(self, indices: Sequence[int]) -> Tensor:
        pictures = self.draw(indices).float()
        if not len(pictures):
            return pictures.new_empty(0, pictures.shape[1], self.size, self.size)
        return torch.nn.functional.interpolate(pictures, size=(self.size, self.size), mode="bilinear", antialias=True)


def stored(
    name: str,
    split: Split,
    *,
    pictures: Tensor,
    labels: Tensor | None = None,
    classes: tuple[str, ...] = (),
    white: int = 255,
) -> Dataset:
    """A data set of pictures in memory, uint8 (n, channels, height, width) from 0 to `white`, read in [-1, 1]."""
    channels, height, width = pictures.shape[1:]
    return Dataset(
        name=name,
        split=split,
        size=len(pictures),
        format=Format.picture(channels, (height, width)),
        native=Format.picture(channels, (height, width), low=0.0, high=float(white)),
        draw=Rows(pictures),
        draw_labels=None if labels is None else Rows(labels),
        classes=classes,
        fingerprint=fingerprint(pictures, *([] if labels is None else [labels])),
    )
