"""One writer at a time: a lock of the operating system on the run's `.lock`, with the writer's pid and host inside.

    with writing(run): ...              # an error that names the pid when another process writes
    writer(run)                         # "process 4242 on this host", or None

The system lets go of the lock when a process ends, however it ends, so nothing stale is left behind.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ganatomy.errors import UsageError
from ganatomy.training.runs.faults import told
from ganatomy.training.runs.folder import Run

LOCK = ".lock"
BUSY = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
PATIENCE = 0.5  # seconds: a process that was just stopped may take a moment to end
PAUSE = 0.05


@contextmanager
def writing(run: Run) -> Iterator[None]:
    """Hold the run for writing, or refuse."""
    path = run.folder / LOCK
    with told(path, "locked"):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        with told(path, "locked"):
            taken = _taken(handle, until=time.monotonic() + PATIENCE)
        if not taken:
            raise UsageError(
                f"{run.folder} is being written by {_holder(path)}",
                "wait until it ends, stop it, or start a new run",
            )
        with told(path, "locked"):
            _sign(handle, json.dumps({"pid": os.getpid(), "host": platform.node()}).encode())
        try:
            yield
        finally:
            with suppress(OSError):
                _sign(handle, b"")
    finally:
        os.close(handle)


def writer(run: Run) -> str | None:
    """Who writes the run now, in words."""
    path = run.folder / LOCK
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        return None if _taken(handle, until=0.0, shared=True) else _holder(path)
    except OSError:
        return None
    finally:
        os.close(handle)


def _taken(handle: int, *, until: float, shared: bool = False) -> bool:
    while not _grab(handle, shared=shared):
        if time.monotonic() >= until:
            return False
        time.sleep(PAUSE)
    return True


def _grab(handle: int, *, shared: bool) -> bool:
    """Try once. A file system without locks (some network disks) is let through: one writer cannot be ensured there."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(handle, 1 << 20, os.SEEK_SET)  # beyond the text, which others read
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in BUSY:
            return False
        if error.errno in (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK):
            return True
        raise
    return True


def _sign(handle: int, content: bytes) -> None:
    os.ftruncate(handle, 0)
    os.lseek(handle, 0, os.SEEK_SET)
    os.write(handle, content)


def _holder(path: Path) -> str:
    try:
        signed = json.loads(path.read_text("utf-8"))
        pid, host = int(signed["pid"]), str(signed["host"])
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
    return f"process {pid}" + (" on this host" if host == platform.node() else f" on {host}")
