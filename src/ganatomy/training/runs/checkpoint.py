"""Checkpoints: a snapshot of the game on disk, whole or not there at all, never code.

    save_checkpoint(run, game.snapshot(), {"goal": goal_state}, keep=3, best=True)
    load_checkpoint(run)                       # the newest; step=500; step="best"
    newest_whole(run)                          # for a resume: damaged ones are passed over, and told in .notes
    checkpoint_at("runs/0001-digits-mlp-s0")   # also the path of a checkpoint file

The two tensor files are written first and the JSON file that names their digests last, each atomically. A file that
an entry names is never replaced by another content, so a save of the same step that is cut short loses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from ganatomy.errors import GanatomyError, InputError, UsageError
from ganatomy.training.runs.entry import (
    Entry,
    checked_extra,
    entry_or_none,
    entry_path,
    read_entry,
    steps_in,
    write_entry,
)
from ganatomy.training.runs.faults import told
from ganatomy.training.runs.folder import Run, open_run
from ganatomy.training.runs.keeping import prune, remove, sweep
from ganatomy.training.runs.stored import Stored, read_tensors, write_tensors
from ganatomy.training.snapshot import Snapshot

FILE = re.compile(r"step-(\d+)(?:-again)?(?:\.optim)?\.(?:safetensors|json)")
Which = int | Literal["best"] | None


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What was read: `config` is the recipe as it was when this was saved, `notes` say what was passed over."""

    step: int
    snapshot: Snapshot
    extra: Mapping[str, Any]
    config: str
    best: bool
    path: Path
    notes: tuple[str, ...] = ()


def save_checkpoint(
    run: Run,
    snapshot: Snapshot,
    extra: Mapping[str, Any] | None = None,
    *,
    keep: int = 3,
    best: bool = False,
    milestones: bool = False,
    always: Container[int] = (),
) -> Path:
    """Write the snapshot under its `count` of rounds; then the last `keep`, the best and what else is wanted stay.

    A checkpoint that was the best stays so when the same weights are saved again.
    """
    folder, step, extra = run.checkpoints, _step(snapshot, keep), dict(extra or {})
    checked_extra(extra)
    before = entry_or_none(folder, step)
    try:
        stem = entry_path(folder, step).stem
        weights = _write(folder, f"{stem}.safetensors", snapshot.weights, before.weights if before else None)
        moments = _write(folder, f"{stem}.optim.safetensors", snapshot.moments, before.moments if before else None)
        best = best or (before is not None and before.best and before.weights.digest == weights.digest)
        write_entry(folder, Entry(step, best, run.config, snapshot.counters, extra, weights, moments))
        prune(folder, newest=step, keep=keep, milestones=milestones, always=always)
    except GanatomyError as error:
        with suppress(GanatomyError):
            sweep(folder)
        raise type(error)(f"{error.said}; {_still(folder)}", error.remedy) from error
    return entry_path(folder, step)


def load_checkpoint(run: Run, step: Which = None, *, moments: bool = True) -> Checkpoint:
    """The checkpoint of a step, the best, or the newest. Without `moments` only the weights are read and needed."""
    folder = run.checkpoints
    return _load(folder, _chosen(folder, step), moments)


def newest_whole(run: Run) -> Checkpoint | None:
    """The newest checkpoint that loads; None for a run that has none yet."""
    notes: list[str] = []
    for step in reversed(steps_in(run.checkpoints)):
        try:
            found = _read(run.checkpoints, step)
        except InputError as error:
            notes.append(error.said)
        else:
            return replace(found, notes=tuple(f"{note}: passed over, step {step} is taken" for note in notes))
    if notes:
        raise InputError(f"no checkpoint of {run.folder} loads: {'; '.join(notes)}", "start a new run")
    return None


def checkpoint_at(path: str | Path, step: Which = None, *, moments: bool = False) -> Checkpoint:
    """The checkpoint in a run's folder, or that of a checkpoint file: what a GAN is built from again."""
    path = Path(path)
    if path.is_dir():
        return load_checkpoint(open_run(path), step, moments=moments)
    found = FILE.fullmatch(path.name)
    if found is None or not path.exists():
        raise InputError(
            f"{path} is no checkpoint" + (" (there is no such file)" if not path.exists() else ""),
            "give a run's folder, or a file like checkpoints/step-000500.safetensors in one",
        )
    if step not in (None, int(found[1])):
        raise UsageError(f"step {step} was asked of {path}", "give the run's folder and a step, or the file alone")
    return _load(path.parent, int(found[1]), moments)


def steps_of(run: Run) -> list[int]:
    """The steps of the run's checkpoints, in order."""
    return steps_in(run.checkpoints)


def best_step(run: Run) -> int | None:
    """The step marked as the best, where one is."""
    folder = run.checkpoints
    return next((step for step in reversed(steps_in(folder)) if (e := entry_or_none(folder, step)) and e.best), None)


def forget_after(run: Run, step: int) -> None:
    """Remove the checkpoints past a step that is gone on from."""
    remove(run.checkpoints, lambda other: other > step)


def _step(snapshot: Snapshot, keep: int) -> int:
    if keep < 1:
        raise UsageError(f"{keep} checkpoints were to be kept", "keep at least 1")
    if "count" not in snapshot.counters:
        raise UsageError(f"the snapshot counts only {sorted(snapshot.counters)}", "count the rounds under 'count'")
    return snapshot.counters["count"]


def _write(folder: Path, name: str, tensors: Mapping[str, Tensor], before: Stored | None) -> Stored:
    """Under another name where the entry of the same step still needs the file, unless the content is the same."""
    if before is None or before.file != name:
        return write_tensors(folder / name, tensors)
    again = write_tensors(folder / name.replace(".", "-again.", 1), tensors)
    if again.digest != before.digest:
        return again
    with told(folder / name, "written"):
        (folder / again.file).replace(folder / name)
    return before


def _read(folder: Path, step: int, moments: bool = True) -> Checkpoint:
    entry = read_entry(folder, step)
    snapshot = Snapshot(
        read_tensors(folder, entry.weights),
        read_tensors(folder, entry.moments) if moments else {},
        dict(entry.counters),
    )
    return Checkpoint(step, snapshot, entry.extra, entry.config, entry.best, entry_path(folder, step))


def _load(folder: Path, step: int, moments: bool) -> Checkpoint:
    try:
        return _read(folder, step, moments)
    except InputError as error:
        older = _loads(folder, without=step, moments=moments)
        remedy = "no other checkpoint of the run loads: start a new run" if older is None else f"take {older}"
        raise InputError(error.said, remedy) from error


def _loads(folder: Path, *, without: int | None, moments: bool = True) -> str | None:
    """The newest checkpoint that loads: an older one than `without` if possible."""
    others = [step for step in reversed(steps_in(folder)) if step != without]
    for step in sorted(others, key=lambda step: without is not None and step > without):  # stable: older ones first
        with suppress(InputError):
            return f"step {step}, which loads: {_read(folder, step, moments).path}"
    return None


def _still(folder: Path) -> str:
    try:
        found = _loads(folder, without=None)
    except GanatomyError:
        found = None
    return "no checkpoint was written before" if found is None else f"the newest checkpoint is that of {found}"


def _chosen(folder: Path, step: Which) -> int:
    steps = steps_in(folder)
    if not steps:
        raise InputError(f"{folder} holds no checkpoint", "train until the first one is saved")
    if step is None:
        return steps[-1]
    if step == "best":
        return _best(folder, steps)
    if step not in steps:
        raise UsageError(f"{folder} holds no checkpoint of step {step}", f"there are {', '.join(map(str, steps))}")
    return step


def _best(folder: Path, steps: list[int]) -> int:
    """A damaged entry may have been the best, so it is named rather than passed over."""
    unread = None
    for step in reversed(steps):
        entry = entry_or_none(folder, step)
        if entry is not None and entry.best:
            return step
        unread = step if entry is None and unread is None else unread
    if unread is not None:
        return unread
    raise UsageError(f"no checkpoint in {folder} is marked as the best", f"there are {', '.join(map(str, steps))}")
