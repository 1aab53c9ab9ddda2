"""Which checkpoints stay: the last few, the best, and the milestones. What a killed save left behind goes.

kept([100, 200, 300, 400], best=100, keep=2)         # {100, 300, 400}
milestone(96)                                        # True: 16, 24, 32, 48, 64, 96, 128 ... tell a run's story
prune(folder, newest=400, keep=2)
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Container, Sequence
from pathlib import Path

from ganatomy.training.runs.entry import entry_or_none, entry_path, steps_in
from ganatomy.training.runs.faults import names_in, told

OURS = re.compile(r"step-\d+(-again)?(\.optim)?\.safetensors|\.step-\d+(-again)?\..*")  # hidden: half-written


FIRST = 16  # round of the first milestone


def milestone(step: int) -> bool:
    """Powers of two and what lies half-way between: each is at most half as far again as the one before."""
    high = step & (step - 1)  # without its lowest bit
    return step >= FIRST and (high == 0 or (high & (high - 1) == 0 and step == high + high // 2))


def kept(
    steps: Sequence[int], *, best: int | None, keep: int, milestones: bool = False, always: Container[int] = ()
) -> set[int]:
    """Of whole checkpoints in order: the last `keep`, the best, milestones where they are wanted, and those named."""
    stay = set(steps[-keep:]) | ({best} if best is not None else set())
    return stay | {step for step in steps if step in always or (milestones and milestone(step))}


def prune(folder: Path, *, newest: int, keep: int, milestones: bool = False, always: Container[int] = ()) -> None:
    """After a save of step `newest`. Later ones are left alone, and damaged ones until the kept ones outrun them."""
    steps = [step for step in steps_in(folder) if step <= newest]
    entries = {step: entry_or_none(folder, step) for step in steps}
    whole = [step for step, entry in entries.items() if entry is not None and entry.lies_in(folder)]
    best = max((step for step in whole if (entry := entries[step]) is not None and entry.best), default=None)
    stay = kept(whole, best=best, keep=keep, milestones=milestones, always=always)
    oldest = min(whole[-keep:], default=newest)
    remove(folder, lambda step: step <= newest and step not in stay and (step in whole or step < oldest))


def remove(folder: Path, unwanted: Callable[[int], bool]) -> None:
    """The entries first, so that what is listed is whole at any moment; then the files that no entry names."""
    for step in steps_in(folder):
        if unwanted(step):
            _delete(entry_path(folder, step))
    sweep(folder)


def sweep(folder: Path) -> None:
    """Delete what no entry names: rests of removed checkpoints and of saves that were cut short."""
    named = set()
    for step in steps_in(folder):
        named.add(entry_path(folder, step).name)
        entry = entry_or_none(folder, step)
        if entry is None:  # it may be mended by hand: leave its files
            named |= {name for name in names_in(folder) if name.startswith(f"step-{step:06d}")}
        else:
            named |= {entry.weights.file, entry.moments.file}
    for name in names_in(folder):
        if OURS.fullmatch(name) and name not in named:
            _delete(folder / name)


def _delete(path: Path) -> None:
    with told(path, "removed"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
