"""Failures of the disk, told in the words of the house.

with told(path, "removed"): path.unlink()
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ganatomy.atomic import REMEDIES
from ganatomy.errors import GanatomyError, InputError

MAY_NOT = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def told(path: Path, done: str) -> Iterator[None]:
    """An OSError inside becomes "PATH could not be DONE (why)" with a remedy."""
    try:
        yield
    except OSError as error:
        raise GanatomyError(
            f"{path} could not be {done} ({error.strerror or error})",
            REMEDIES.get(error.errno or 0, "choose a folder you may write"),
        ) from error


def names_in(folder: Path) -> list[str]:
    """The names of all entries, sorted; none where there is no such folder."""
    try:
        return sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        remedy = (
            "ask for leave to read it" if error.errno in MAY_NOT else "move the file away, or choose another folder"
        )
        raise InputError(f"{folder} is no folder that can be read ({error.strerror})", remedy) from error
