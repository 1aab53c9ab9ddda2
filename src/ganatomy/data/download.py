"""Files that are not carried along: looked for on this machine first, else downloaded with a checksum through pooch.

    path = fetch(Remote(url, "t10k-labels-idx1-ubyte.gz", served_md5="..."), "mnist", data_dir)
    data = unpack(path)

Looked through, in this order: `data_dir`, the folder named by GANATOMY_DATA, the user's cache; in each first the folder
called like the set, then the place itself; compressed or not. A download goes to the first of the three that is given.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ganatomy.errors import InputError

PLACE_VARIABLE = "GANATOMY_DATA"
GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class Remote:
    """A file on the network: served_md5 is of its bytes as served, content_md5 of what they unpack to, if known."""

    url: str
    name: str
    served_md5: str
    content_md5: str | None = None


def places(data_dir: Path | None) -> Iterator[Path]:
    """Where data may lie on this machine, most wanted first."""
    if data_dir is not None:
        yield data_dir
    if os.environ.get(PLACE_VARIABLE):
        yield Path(os.environ[PLACE_VARIABLE])
    import pooch

    yield Path(pooch.os_cache("ganatomy"))


def locate(names: tuple[str, ...], data_set: str, data_dir: Path | None) -> Path | None:
    """The first of these files or folders that is on this machine."""
    for place in places(data_dir):
        for folder in (place / data_set, place):
            for name in names:
                if (folder / name).exists():
                    return folder / name
    return None


def fetch(remote: Remote, data_set: str, data_dir: Path | None) -> Path:
    """The path of the file, downloaded if it is not on this machine; checked against `served_md5` as it arrives."""
    found = locate((remote.name, remote.name.removesuffix(".gz")), data_set, data_dir)
    if found is not None:
        return found
    import pooch

    folder = next(places(data_dir)) / data_set
    try:
        return Path(pooch.retrieve(remote.url, f"md5:{remote.served_md5}", fname=remote.name, path=folder))
    except (OSError, ValueError) as problem:  # no network, no space, no permission; a wrong checksum is a ValueError
        cause = (str(problem) or type(problem).__name__).splitlines()[0]
        raise InputError(
            f"{data_set}: {remote.name} is not on this machine and its download failed: {cause}",
            f"put the file from {remote.url} into {folder}, or where --data-dir or {PLACE_VARIABLE} points",
        ) from problem


def unpack(path: Path) -> bytes:
    """The bytes of a file, out of gzip if it is compressed, whatever its name."""
    try:
        data = path.read_bytes()
        if not data:
            raise InputError(f"{path} is empty", "delete the file and fetch it again")
        return gzip.decompress(data) if data.startswith(GZIP_MAGIC) else data
    except (OSError, EOFError, zlib.error) as problem:  # a bad or truncated archive counts among these
        raise InputError(f"{path} cannot be read: {problem}", "delete the file and fetch it again") from problem


def md5(data: bytes) -> str:
    """A checksum against damage, not against malice."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def verify(data: bytes, remote: Remote, path: Path) -> None:
    """Refuse unpacked bytes that are not what the set consists of, where that is known."""
    if remote.content_md5 is not None and md5(data) != remote.content_md5:
        raise InputError(
            f"{path} has a wrong checksum: md5 {md5(data)} unpacked, wanted was {remote.content_md5}",
            f"delete the file and fetch it again from {remote.url}",
        )
