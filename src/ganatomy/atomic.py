"""Files that are either whole or as they were: written under another name, flushed to disk, then renamed.

    with replacing(path) as fresh: fresh.write_bytes(content)
    write_text(path, text)

A process killed half-way, or a full disk, leaves the old file; the error names the file and what to do.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ganatomy.errors import GanatomyError

REMEDIES = {
    errno.EISDIR: "this is a folder: name a file in it",
    errno.ENOTDIR: "a part of the path is a file: choose another folder",
    errno.EEXIST: "a part of the path is a file: choose another folder",
    errno.ENOSPC: "free some space, or choose a folder on another disk",
}


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A fresh path beside `path`, for a file that takes its place at the end."""
    path = Path(path)
    fresh: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        inside = fresh / path.name
        inside.touch()  # with the rights that a new file gets here
        mode = inside.stat().st_mode
        yield inside
        inside.chmod(mode)  # some writers give their files to the owner alone
        _flush(inside)
        inside.replace(path)
        _flush(path.parent)
    except OSError as error:
        raise GanatomyError(
            f"{path} could not be written ({error.strerror or error})",
            REMEDIES.get(error.errno or 0, "choose a folder you may write"),
        ) from error
    finally:
        if fresh is not None:
            shutil.rmtree(fresh, ignore_errors=True)


def write_bytes(path: str | Path, content: bytes) -> None:
    with replacing(path) as fresh:
        fresh.write_bytes(content)


def write_text(path: str | Path, content: str) -> None:
    write_bytes(path, content.encode())


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
