"""Checks of the machine: cores, numbers, memory, disk, devices, what options bring, a folder that can be written.

for check in threads(): print(check.line())
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from ganatomy.errors import GanatomyError
from ganatomy.verbs.checks import Check, Findings

LITTLE_MEMORY, LITTLE_DISK, NO_DISK = 2 * 2**30, 2 * 2**30, 200 * 2**20  # bytes


def threads() -> Findings:
    import torch

    from ganatomy.training.machine import cores

    here, threads, whole = cores(), torch.get_num_threads(), os.cpu_count() or 1
    said = f"{threads} thread{'s' * (threads > 1)}, {here} core{'s' * (here > 1)}" + (
        f" of {whole} on this machine" if whole != here else ""
    )
    if threads > here:
        yield Check("threads", "note", said, f"more threads than cores are slow: set OMP_NUM_THREADS={here}")
    else:
        yield Check("threads", "ok", said)


def denormals() -> Findings:
    import torch

    before = float(torch.tensor([1e-39]) * 0.5) == 0.0
    able = torch.set_flush_denormal(True)
    flushed = float(torch.tensor([1e-39]) * 0.5) == 0.0
    torch.set_flush_denormal(before)
    if able and flushed:
        yield Check("numbers", "ok", "denormal numbers are flushed to zero while training")
    else:
        yield Check("numbers", "note", "denormal numbers cannot be flushed to zero here", "training may slow down late")


def memory() -> Findings:
    free = free_memory()
    if free is None:
        yield Check("memory", "note", "how much memory is free cannot be asked on this system")
    elif free < LITTLE_MEMORY:
        yield Check("memory", "note", f"{_size(free)} free", "end other programs, or keep to the small recipes")
    else:
        yield Check("memory", "ok", f"{_size(free)} free")


def free_memory() -> int | None:
    """Bytes that can be had, also within the limit of a container; None where the system does not say."""
    found = []
    try:
        text = Path("/proc/meminfo").read_text()
        found += [int(line[1]) * 1024 for line in re.finditer(r"MemAvailable:\s+(\d+)", text)]
        group = Path("/sys/fs/cgroup")
        limit, used = ((group / name).read_text().strip() for name in ("memory.max", "memory.current"))
        found += [int(limit) - int(used)] if limit.isdecimal() else []
    except (OSError, ValueError):
        pass
    return min(found, default=None)


def disk(data_dir: Path | None) -> Findings:
    from ganatomy.data.download import places

    for what, place in (("current folder", Path.cwd()), ("data folder", next(places(data_dir)))):
        there = next(part for part in (place, *place.absolute().parents) if part.exists())
        free = shutil.disk_usage(there).free
        said = f"{_size(free)} free in the {what}, {place}"
        if free < NO_DISK:
            yield Check("disk", "problem", said, "free some space, or work on another disk")
        elif free < LITTLE_DISK:
            yield Check("disk", "note", said, "long runs keep several checkpoints: free some space")
        else:
            yield Check("disk", "ok", said)


def devices() -> Findings:
    import torch

    if torch.cuda.is_available():
        named = ", ".join(torch.cuda.get_device_name(place) for place in range(torch.cuda.device_count()))
        yield Check("device", "ok", f"CUDA: {named}")
    elif torch.version.cuda is not None:
        yield Check("device", "note", "torch was built for CUDA and finds no GPU", "look at the driver (nvidia-smi)")
    else:
        yield Check("device", "ok", "CPU; no GPU is needed")
    if torch.backends.mps.is_available():
        yield Check("device", "note", "MPS is there and not used: nothing here was tested on it")


def speed() -> Findings:
    from ganatomy.training.threads import threads as computing_with
    from ganatomy.verbs.selftest import ratios

    with computing_with(1):
        found = ratios()
    for option, ratio in found.items():
        verdict = "pays" if ratio > 1.1 else "does not pay" if ratio < 0.9 else "makes no difference"
        yield Check("speed", "ok", f"{option} is {ratio:.2f} times as fast as the default here: it {verdict}")


def writing() -> Findings:
    from ganatomy.atomic import write_text

    path = Path.cwd() / f".ganatomy-doctor-{os.getpid()}"
    try:
        write_text(path, "whole or not at all\n")
        path.unlink()
    except GanatomyError as error:
        yield Check("writing", "problem", error.said, error.remedy + "; runs can go elsewhere with --out")
    else:
        yield Check("writing", "ok", f"files can be written in {Path.cwd()}")


def _size(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"
