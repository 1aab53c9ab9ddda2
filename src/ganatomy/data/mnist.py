"""The MNIST family: mnist, fashion-mnist, kmnist; 60,000 + 10,000 grey pictures of 28 x 28 in ten classes.

    mnist_like("fashion-mnist", "train", data_dir=None).size      # 60,000

Held out is the official test set.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset, stored
from ganatomy.data.download import Remote, fetch, md5, unpack, verify
from ganatomy.data.idx import parse_idx
from ganatomy.data.splits import Split
from ganatomy.errors import InputError

STEMS: dict[Split, str] = {"train": "train", "held-out": "t10k"}
COUNTS: dict[Split, int] = {"train": 60_000, "held-out": 10_000}


@dataclass(frozen=True)
class Family:
    """md5 sums of the four files, as (served, unpacked): pictures and labels of train, then of t10k."""

    url: str
    classes: tuple[str, ...]
    sums: dict[Split, tuple[tuple[str, str | None], tuple[str, str | None]]]

    def remotes(self, split: Split) -> tuple[Remote, Remote]:
        """The files of pictures and of labels."""
        names = (f"{STEMS[split]}-images-idx3-ubyte.gz", f"{STEMS[split]}-labels-idx1-ubyte.gz")
        pictures, labels = (
            Remote(self.url + name, name, *sums) for name, sums in zip(names, self.sums[split], strict=True)
        )
        return pictures, labels


FAMILIES: dict[str, Family] = {
    # The served sums of mnist are those of the mirror as published; only the unpacked ones were checked on the data.
    "mnist": Family(
        url="https://ossci-datasets.s3.amazonaws.com/mnist/",
        classes=tuple("0123456789"),
        sums={
            "train": (
                ("f68b3c2dcbeaaa9fbdd348bbdeb94873", "6bbc9ace898e44ae57da46a324031adb"),
                ("d53e105ee54ea40749a09fcbcd1e9432", "a25bea736e30d166cdddb491f175f624"),
            ),
            "held-out": (
                ("9fb629c4189551a2d022fa330f9573f3", "2646ac647ad5339dbf082846283269ea"),
                ("ec29112dd5afa0611ce80d1b7f02629c", "27ae3e4e09519cfbb04c329615203637"),
            ),
        },
    ),
    "fashion-mnist": Family(
        url="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        classes=(
            *("T-shirt/top", "trouser", "pullover", "dress", "coat"),
            *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
        ),
        sums={
            "train": (
                ("8d4fb7e6c68d591d4c3dfef9ec88bf0d", "f4a8712d7a061bf5bd6d2ca38dc4d50a"),
                ("25c81989df183df01b3e8a0aad5dffbe", "9018921c3c673c538a1fc5bad174d6f9"),
            ),
            "held-out": (
                ("bef4ecab320f06d8554ea6380940ec79", "8181f5470baa50b63fa0f6fddb340f0a"),
                ("bb300cfdad3c16e7a12a480ee83cd310", "15d484375f8d13e6eb1aabb0c3f46965"),
            ),
        },
    ),
    # As published; not checked on the data. A copy that lies on the machine is checked by its shape alone.
    "kmnist": Family(
        url="http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        sums={
            "train": (("bdb82020997e1d708af4cf47b453dcf7", None), ("e144d726b3acfaa3e44228e80efcd344", None)),
            "held-out": (("5c965bf0a639b31b8f53240b1b52f4d7", None), ("7320c461ea6c1c855c0b718fb2a4b134", None)),
        },
    ),
}

# The files of all families bear the same names, so a folder can hold those of another.
OWNERS = {
    unpacked: name
    for name, family in FAMILIES.items()
    for files in family.sums.values()
    for _, unpacked in files
    if unpacked is not None
}


def mnist_like(name: str, split: Split, *, data_dir: Path | None) -> Dataset:
    """One part of one of FAMILIES."""
    family, n = FAMILIES[name], COUNTS[split]
    pictures, labels = family.remotes(split)
    images = _read(pictures, name, data_dir, (n, 28, 28))
    numbers = _read(labels, name, data_dir, (n,)).to(torch.int64)
    if int(numbers.max()) >= len(family.classes):
        raise InputError(f"{name}: {labels.name} holds a label {int(numbers.max())}", "labels run from 0 to 9")
    return stored(name, split, pictures=images[:, None], labels=numbers, classes=family.classes)


def _read(remote: Remote, name: str, data_dir: Path | None, shape: tuple[int, ...]) -> Tensor:
    path = fetch(remote, name, data_dir)
    data = unpack(path)
    owner = OWNERS.get(md5(data), name)
    if owner != name:
        raise InputError(f"{path} belongs to {owner}, not to {name}", f"keep the files of {name} in a folder {name}")
    verify(data, remote, path)
    array = parse_idx(data, str(path))
    if array.shape != shape or array.dtype != np.uint8:
        raise InputError(
            f"{path} holds {array.dtype} of shape {array.shape}, {name} has uint8 of shape {shape}",
            f"fetch it again from {remote.url}",
        )
    return torch.from_numpy(array)
