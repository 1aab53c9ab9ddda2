"""The embedded default: 1,797 real handwritten digits of 8 x 8 (scikit-learn carries them), and stacks of digits.

    digits("train").size                    # 1,438; 359 are held out by a fixed draw
    stacked = stack(digits("train"))        # three digits as red, green, blue: 1,000 equally likely modes, endless
    stacked.labels(range(3))                # 0 .. 999: hundreds are red, tens green, ones blue

The writers are not recorded, so both parts of `digits` share writers. Parts of a stack share no digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset, stored
from ganatomy.data.order import ENDLESS
from ganatomy.data.splits import Split, cut
from ganatomy.errors import UsageError
from ganatomy.numerics.fingerprint import fingerprint
from ganatomy.numerics.random import Stream

DIGITS = tuple("0123456789")


def digits(split: Split) -> Dataset:
    """UCI optical digits, test part: values from 0 to 16, white on black."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    chosen = cut(len(bunch.images), "digits")[split]
    pictures = torch.from_numpy(bunch.images).to(torch.uint8)[chosen, None]
    labels = torch.from_numpy(bunch.target).to(torch.int64)[chosen]
    return stored("digits", split, pictures=pictures, labels=labels, classes=DIGITS, white=16)


def stack(singles: Dataset) -> Dataset:
    """Three grey digits as one RGB picture: a number 0 .. 999 is drawn first, evenly, then a picture of each digit."""
    labels = None if singles.endless else singles.labels(range(singles.size))
    counts = torch.zeros(10) if labels is None else torch.bincount(labels, minlength=10)
    if labels is None or singles.classes != DIGITS or singles.format.shape[0] != 1 or int(counts.min()) == 0:
        raise UsageError(
            f"{singles.name!r} cannot be stacked", "stacks are made of grey pictures of all the digits, labelled 0 to 9"
        )
    source = _Stack(singles, labels.argsort(stable=True), counts)
    shape = (3, *singles.format.shape[1:])
    return Dataset(
        name=f"stacked-{singles.name}",
        split=singles.split,
        size=ENDLESS,
        format=replace(singles.format, shape=shape),
        native=replace(singles.format, shape=shape),
        draw=source.pictures,
        draw_labels=source.numbers,
        classes=tuple(f"{number:03d}" for number in range(1000)),
        fingerprint=fingerprint("stacked", singles.fingerprint),
    )


@dataclass(frozen=True, eq=False)
class _Stack:
    """by_class: places of all singles, those of class 0 first; counts: how many there are of each class."""

    singles: Dataset
    by_class: Tensor
    counts: Tensor

    @property
    def stream(self) -> Stream:
        return Stream(0, f"data/stacked-{self.singles.name}/{self.singles.split}")

    def numbers(self, indices: Sequence[int]) -> Tensor:
        return self.stream.child("number").integers(indices, 1000)

    def pictures(self, indices: Sequence[int]) -> Tensor:
        numbers = self.numbers(indices)
        classes = torch.stack([numbers // 100, numbers // 10 % 10, numbers % 10], dim=1)
        chance = self.stream.child("member").uniform(indices, 3, dtype=torch.float64)
        member = (chance * self.counts[classes]).floor().to(torch.int64)
        first = self.counts.cumsum(0) - self.counts
        planes = self.singles.read(self.by_class[first[classes] + member].flatten())
        return planes.reshape(len(numbers), 3, *planes.shape[2:])
