"""Where and how a run computes: the device, the number of threads, numbers too small to matter.

device = device_named("auto")
with computing(threads=1):           # denormals count as zero here: they are a hundred times slower, and say nothing
    ...
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ganatomy.errors import DeviceError, UsageError
from ganatomy.training.threads import threads as with_threads


def device_named(name: str) -> torch.device:
    """`auto` is the GPU where there is one; a device that is not there is an error."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        known = name.split(":")[0] in ("cpu", "cuda", "mps", "xpu")
        kind = DeviceError if known else UsageError
        raise kind(
            f"the device {name!r} cannot be used ({str(error).splitlines()[0]})",
            "give auto, cpu, or cuda on a machine with a GPU",
        ) from error
    return device


def cores(processes: int = 1) -> int:
    """Those this process may use, shared fairly between so many on the machine."""
    return (
        max(1, len(os.sched_getaffinity(0)) // processes) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )


@contextmanager
def computing(threads: int) -> Iterator[None]:
    """The settings of before come back at the end, but for denormals, whose old setting cannot be asked for."""
    with with_threads(threads):
        torch.set_flush_denormal(True)
        try:
            yield
        finally:
            torch.set_flush_denormal(False)
