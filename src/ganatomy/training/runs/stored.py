"""Tensors in a safetensors file, with the size and the digest of its bytes.

stored = write_tensors(folder / "step-000500.safetensors", snapshot.weights)
read_tensors(folder, stored)                   # or an error that names the file and says what is wrong with it
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from ganatomy.atomic import replacing
from ganatomy.errors import InputError

HASH = "sha256"  # as fast as writing where the processor has instructions for it, and `sha256sum` checks it


@dataclass(frozen=True)
class Stored:
    """A file by name, its size and its digest."""

    file: str
    bytes: int
    digest: str

    def lies_in(self, folder: Path) -> bool:
        """Whether a file of that name and size is there: the cheap look."""
        try:
            return (folder / self.file).stat().st_size == self.bytes
        except OSError:
            return False


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> Stored:
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    with replacing(path) as fresh:
        try:
            save_file(_apart(tensors), fresh)
        except SafetensorError as error:
            found = re.search(r"os error (\d+)", str(error))
            if found is None:
                raise
            raise OSError(int(found[1]), os.strerror(int(found[1]))) from error
        with open(fresh, "rb") as file:
            digest = hashlib.file_digest(file, HASH).hexdigest()
        return Stored(path.name, fresh.stat().st_size, digest)


def read_tensors(folder: Path, stored: Stored) -> dict[str, Tensor]:
    """The tensors, after the bytes were found to be those that were written."""
    from safetensors.torch import load

    path = folder / stored.file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise damaged(path, f"it cannot be read: {error.strerror}") from error
    if len(content) != stored.bytes:
        raise damaged(path, f"it has {len(content)} bytes instead of {stored.bytes}")
    if hashlib.new(HASH, content).hexdigest() != stored.digest:
        raise damaged(path, "its bytes are not those that were written")
    return load(content)


def damaged(path: Path, why: str) -> InputError:
    """The remedy is a stopgap; whoever knows the other checkpoints puts a better one in its place."""
    return InputError(f"the checkpoint file {path} is damaged ({why})", "take another checkpoint of the run")


def _apart(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Each tensor with memory of its own, as the format wants it."""
    seen: set[int] = set()
    apart = {}
    for name, tensor in tensors.items():
        tensor = tensor.detach().cpu().contiguous()
        place = tensor.untyped_storage().data_ptr()
        apart[name] = tensor.clone() if place in seen else tensor
        seen.add(place)
    return apart
