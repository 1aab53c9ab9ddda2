"""CIFAR-10 in its binary version: 50,000 + 10,000 RGB pictures of 32 x 32 in ten classes.

    cifar10("train", data_dir=None).size        # 50,000

A record is one byte of label and 3,072 bytes of pixels: red, green, blue, row by row. The archive is read where it
lies, or the folder somebody unpacked it to. The Python version is not read: it holds pickles, and those run code.
"""

from __future__ import annotations

import tarfile
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset, stored
from ganatomy.data.download import Remote, fetch, locate, unpack
from ganatomy.data.splits import Split
from ganatomy.errors import InputError

FOLDER = "cifar-10-batches-bin"
FILES: dict[Split, tuple[str, ...]] = {
    "train": tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
    "held-out": ("test_batch.bin",),
}
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
RECORD, RECORDS_PER_FILE = 1 + 3 * 32 * 32, 10_000
# The sum is as published; it was not checked on the data.
ARCHIVE = Remote(
    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    "cifar-10-binary.tar.gz",
    served_md5="c32a1d4ab5d03f1284b67883e8d87530",
)


def cifar10(split: Split, *, data_dir: Path | None) -> Dataset:
    """One part; held out is the official test set."""
    paths = {name: locate((f"{FOLDER}/{name}", name), "cifar10", data_dir) for name in FILES[split]}
    unpacked = {name: unpack(path) for name, path in paths.items() if path is not None}
    if len(unpacked) < len(paths):
        unpacked = _members(fetch(ARCHIVE, "cifar10", data_dir), FILES[split])
    parsed = [parse_records(data, name, records=RECORDS_PER_FILE) for name, data in unpacked.items()]
    pictures, labels = torch.cat([pair[0] for pair in parsed]), torch.cat([pair[1] for pair in parsed])
    return stored("cifar10", split, pictures=pictures, labels=labels, classes=CLASSES)


def parse_records(data: bytes, where: str, *, records: int) -> tuple[Tensor, Tensor]:
    """Pictures (records, 3, 32, 32), uint8, and labels, int64, of one file."""
    if len(data) != records * RECORD:
        raise InputError(
            f"{where} has {len(data)} bytes, {records} records of CIFAR-10 take {records * RECORD}",
            f"fetch the binary version again from {ARCHIVE.url}",
        )
    table = np.frombuffer(data, dtype=np.uint8).reshape(records, RECORD)
    if table[:, 0].max() >= len(CLASSES):
        raise InputError(f"{where} holds a label {table[:, 0].max()}", "labels of CIFAR-10 run from 0 to 9")
    pictures = torch.from_numpy(table[:, 1:].reshape(records, 3, 32, 32).copy())
    return pictures, torch.from_numpy(table[:, 0].astype(np.int64))


def _members(archive: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    """The named files of the archive, read in memory: nothing is unpacked to disk."""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                content = tar.extractfile(member) if Path(member.name).name in names else None
                if content is not None:
                    found[Path(member.name).name] = content.read()
    except (OSError, EOFError, zlib.error, tarfile.TarError) as problem:
        raise InputError(f"{archive} cannot be read: {problem}", "delete the file and fetch it again") from problem
    missing = [name for name in names if name not in found]
    if missing:
        raise InputError(f"{archive} lacks {missing[0]}", f"fetch the binary version again from {ARCHIVE.url}")
    return {name: found[name] for name in names}
