"""Trials of hours, kept in a folder: a killed bench goes on where it was, also inside a trial, bit for bit.

trial = Trial("ring8-gan-0", steps=400_000, protocol="...", begin=partial(...), measure=partial(...))
found = all_kept([trial], folder, progress=lambda rounds, total: None)

NAME.json says how far a trial is and, at its end, what was found; NAME.safetensors is the game under way, and goes away
at the end. Each is whole at every moment. As many trials run at a time as there are cores, each in a process that ends
with the one that asked for it.
"""

from __future__ import annotations

import json
import multiprocessing
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganatomy.atomic import write_text
from ganatomy.bench.trained import Progress
from ganatomy.errors import GanatomyError, InputError, UsageError
from ganatomy.training.machine import computing, cores
from ganatomy.training.play import Play
from ganatomy.training.runs.stored import write_tensors
from ganatomy.training.snapshot import Snapshot

EVERY = 500  # rounds between two savings: some seconds, and a saving takes a few hundredths of one
PAUSE = 1.0  # seconds between two looks at how far the trials are
Found = Mapping[str, Any]


@dataclass(frozen=True)
class Trial:
    """begin and measure are sent to another process: functions of modules, or `partial` of such.

    protocol: all that the result hangs on, in words; a result that was kept under another one is not taken.
    measure: what is found in the game at its end, given the CPU seconds of the training, as JSON can hold it.
    """

    name: str
    steps: int
    protocol: str
    begin: Callable[[], Play]
    measure: Callable[[Play, float], Found]


def all_kept(trials: Sequence[Trial], folder: Path, *, progress: Progress) -> list[Found]:
    """What each trial found, in order; those that are done are read, the others run. Progress counts rounds."""
    waiting = [trial for trial in trials if standing(trial, folder)["found"] is None]
    context = multiprocessing.get_context("spawn")
    running: dict[str, SpawnProcess] = {}
    total = sum(trial.steps for trial in trials)
    try:
        while waiting or running:
            while waiting and len(running) < cores():
                trial = waiting.pop(0)
                running[trial.name] = context.Process(target=_alone, args=(trial, folder), daemon=True)
                running[trial.name].start()
            wait([process.sentinel for process in running.values()], timeout=PAUSE)
            _take_ended(running, folder)
            progress(sum(standing(trial, folder)["rounds"] for trial in trials), total)
    finally:
        for process in running.values():
            process.terminate()
            process.join()
    return [standing(trial, folder)["found"] for trial in trials]


def run_kept(trial: Trial, folder: Path, *, every: int = EVERY) -> Found:
    """One trial, in this process: from its beginning, or from where it was."""
    known = standing(trial, folder)["found"]
    if known is not None:
        return dict(known)
    for litter in folder.glob(f".{trial.name}.*"):  # of a process that was killed as it wrote
        shutil.rmtree(litter, ignore_errors=True)
    with computing(1):
        game = trial.begin()
        before = _restored(game, _state(trial, folder))
        began = time.process_time()
        while game.count < trial.steps:
            next(game)
            if game.count % every == 0 and game.count < trial.steps:
                _save(trial, folder, game, before + time.process_time() - began)
        found = trial.measure(game, before + time.process_time() - began)
    _write(trial, folder, trial.steps, found)
    _state(trial, folder).unlink(missing_ok=True)
    return found


def standing(trial: Trial, folder: Path) -> dict[str, Any]:
    """How far a trial is: rounds, and what was found, None before its end."""
    path = folder / f"{trial.name}.json"
    try:
        kept = json.loads(path.read_text("utf-8"))
        known = {name: kept[name] for name in ("protocol", "steps", "rounds", "found")}
    except FileNotFoundError:
        return {"rounds": 0, "found": None}
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not what a trial writes", "remove it, or give another --out") from error
    if (known["protocol"], known["steps"]) != (trial.protocol, trial.steps):
        raise UsageError(f"{path} was kept under another protocol", "give another --out, or remove the folder")
    return known


def _take_ended(running: dict[str, SpawnProcess], folder: Path) -> None:
    for name in [name for name, process in running.items() if process.exitcode is not None]:
        code = running.pop(name).exitcode
        if code:
            raise GanatomyError(
                f"the trial {name} ended with code {code}; what it said stands above",
                f"run the same command again: what is in {folder} is kept",
            )


def _alone(trial: Trial, folder: Path) -> None:
    """In a process of its own. An interrupt from the keyboard reaches all: the first process ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run_kept(trial, folder)


def _save(trial: Trial, folder: Path, game: Play, seconds: float) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        raise SystemExit(1)  # nobody waits for it any more, and another process may have gone on with it
    snapshot = game.snapshot()
    tensors = {f"weights/{name}": tensor for name, tensor in snapshot.weights.items()}
    tensors |= {f"moments/{name}": tensor for name, tensor in snapshot.moments.items()}
    tensors |= {f"counters/{name}": torch.tensor(count) for name, count in snapshot.counters.items()}
    write_tensors(_state(trial, folder), {**tensors, "seconds": torch.tensor(seconds, dtype=torch.float64)})
    _write(trial, folder, game.count, None)


def _write(trial: Trial, folder: Path, rounds: int, found: Found | None) -> None:
    content = {"protocol": trial.protocol, "steps": trial.steps, "rounds": rounds, "found": found}
    write_text(folder / f"{trial.name}.json", json.dumps(content, indent=1) + "\n")


def _restored(game: Play, path: Path) -> float:
    """The CPU seconds spent so far."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    if not path.exists():
        return 0.0
    try:
        tensors = load(path.read_bytes())
    except SafetensorError as error:
        raise InputError(f"{path} is damaged", "remove it: the trial begins anew") from error
    counters = {name: int(value) for name, value in _under("counters/", tensors).items()}
    game.restore(Snapshot(_under("weights/", tensors), _under("moments/", tensors), counters))
    return float(tensors["seconds"])


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _state(trial: Trial, folder: Path) -> Path:
    return folder / f"{trial.name}.safetensors"
