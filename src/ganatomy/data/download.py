"""Files that are not carried along: looked for on this machine first, else downloaded with a checksum through pooch.

    path = fetch(Remote(url, "t10k-labels-idx1-ubyte.gz", served_md5="..."), "mnist", data_dir)
    data = unpack(path)

Looked through, in this order: `data_dir`, the folder named by GANATOMY_DATA, the user's cache; in each first the folder
called like the set, then the place itself; compressed or not. A download goes to the first of the three that is given;
a place that somebody named has to be there, since a mistyped one would fill up unseen.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
    import pooch

    yield from _named(data_dir)
    yield Path(pooch.os_cache("ganatomy"))


def _named(data_dir: Path | None) -> tuple[Path, ...]:
    variable = os.environ.get(PLACE_VARIABLE)
    return (*([] if data_dir is None else [data_dir]), *([Path(variable)] if variable else []))


def locate(names: tuple[str, ...], data_set: str, data_dir: Path | None) -> Path | None:
    """The first of these files or folders that is on this machine."""
    for place in places(data_dir):
        try:
            if place in _named(data_dir) and not place.is_dir():
                raise InputError(
                    f"there is no folder {place}", f"create it, or let --data-dir or {PLACE_VARIABLE} name another"
                )
            candidates = (folder / name for folder in (place / data_set, place) for name in names)
            found = next((path for path in candidates if path.exists()), None)
        except OSError as problem:  # a place that may not be looked into
            raise InputError(
                f"{place} cannot be opened: {problem.strerror}", f"let --data-dir or {PLACE_VARIABLE} name another"
            ) from problem
        if found is not None:
            return found
    return None


def fetch(remote: Remote, data_set: str, data_dir: Path | None) -> Path:
    """The path of the file, downloaded if it is not on this machine; checked against `served_md5` as it arrives."""
    found = locate((remote.name, remote.name.removesuffix(".gz")), data_set, data_dir)
    if found is not None:
        return found
    import pooch

    folder = next(places(data_dir)) / data_set
    try:
        with _quiet(pooch.get_logger()), _tidy(folder):
            return Path(pooch.retrieve(remote.url, f"md5:{remote.served_md5}", fname=remote.name, path=folder))
    except (OSError, ValueError) as problem:  # no network, no space, no permission; a wrong checksum is a ValueError
        raise InputError(
            f"{data_set}: {remote.name} is not on this machine and its download failed: {_cause(problem)}",
            f"put the file from {remote.url} into {folder}, or where --data-dir or {PLACE_VARIABLE} points",
        ) from problem


def _cause(problem: OSError | ValueError) -> str:
    """A few words where the library needs hundreds."""
    from requests import exceptions

    if isinstance(problem, exceptions.ConnectionError | exceptions.Timeout):
        return "no connection, is there a network?"
    if isinstance(problem, exceptions.HTTPError) and problem.response is not None:
        with problem.response as answer:  # pooch leaves it open
            return f"the server answered {answer.status_code} {answer.reason}"
    if isinstance(problem, OSError):
        return problem.strerror or type(problem).__name__
    return "what arrived has a wrong checksum"


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


@contextmanager
def _tidy(folder: Path) -> Iterator[None]:
    """Whatever folders come into being on the way to this one go again if they stay empty."""
    absent = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        yield
    finally:
        for place in absent:
            with suppress(OSError):
                place.rmdir()


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
