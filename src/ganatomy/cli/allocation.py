"""Large buffers that are freed stay with the process: glibc gives them back to the system at once, and every pass of a
network then asks for them anew, page by page."""

from __future__ import annotations

import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # names of malloc.h
KEPT = 512 << 20  # bytes that may lie idle at the end of the heap
OWN_MAPPING = 32 << 20  # bytes: the most that glibc allows; larger buffers come from the system as before


def keep_freed_memory() -> None:
    """Where the C library is glibc; elsewhere nothing happens."""
    if not sys.platform.startswith("linux"):
        return
    adjust = getattr(ctypes.CDLL(None), "mallopt", None)
    if adjust is not None:
        adjust(MMAP_THRESHOLD, OWN_MAPPING)
        adjust(TRIM_THRESHOLD, KEPT)
