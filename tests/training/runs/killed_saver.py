"""A program that forks children which save checkpoints and are killed with SIGKILL; test_faults.py talks to it.

A line of JSON comes in for each child: the run's folder, the step and take to save, and either `call` (die at that
call into the file system; the answer is "done" when there were fewer) or `delay` (save one step after another, each
twice, until killed after so many seconds).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from ganatomy.training.runs.checkpoint import save_checkpoint
from ganatomy.training.runs.folder import Run
from ganatomy.training.snapshot import Snapshot

CALLS = ("mkdir", "open", "fsync", "replace", "rename", "unlink", "rmdir")


def state(step: int, take: int, *, size: int) -> Snapshot:
    """Every value is the step plus a thousandth of the take."""
    value = torch.full((size,), step + take / 1000)
    return Snapshot({"G.weight": value, "ema.weight": value + 1}, {"square": value + 2}, {"count": step})


def deadly(name: str, count: list[int], at: int) -> Callable[..., Any]:
    real = getattr(os, name)

    def call(*given: Any, **named: Any) -> Any:
        if count[0] == at:
            os.kill(os.getpid(), signal.SIGKILL)
        count[0] += 1
        return real(*given, **named)

    return call


def child(order: dict[str, Any]) -> None:
    run = Run(Path(order["folder"]), "batch: 64\n")
    if "call" in order:
        os.fsync = lambda handle: None  # a killed process needs no flushed disk
        count = [0]
        for name in CALLS:
            setattr(os, name, deadly(name, count, order["call"]))
        save_checkpoint(run, state(order["step"], order["take"], size=5), {"take": order["take"]}, keep=2)
        os._exit(0)
    for step in range(order["step"], sys.maxsize):
        for take in range(2):
            save_checkpoint(run, state(step, take, size=100_000), {"take": take}, keep=2, best=step % 3 == 0)


def main() -> None:
    torch.set_num_threads(1)
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            try:
                child(order)
            finally:
                os._exit(1)
        if "delay" in order:
            time.sleep(order["delay"])
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        ended = "killed" if os.WIFSIGNALED(status) else "done" if os.WEXITSTATUS(status) == 0 else "failed"
        print(ended, flush=True)


if __name__ == "__main__":
    main()
