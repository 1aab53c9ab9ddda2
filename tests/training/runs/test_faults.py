"""Saves that are killed, or that the disk refuses, at every call: what was whole stays whole, and no half is taken."""

from __future__ import annotations

import errno
import json
import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from ganatomy.errors import GanatomyError
from ganatomy.numerics.random import Stream
from ganatomy.training.runs.checkpoint import best_step, load_checkpoint, newest_whole, save_checkpoint, steps_of
from ganatomy.training.runs.folder import Run
from ganatomy.training.snapshot import Snapshot

State = Callable[..., Snapshot]
Order = Callable[..., str]
SCENES = {"a new step": (400, 0), "other content of a step": (300, 9), "the same content again": (300, 0)}


def whole(run: Run) -> list[int]:
    """Check that every listed checkpoint is one state, of one step and one take."""
    for step in steps_of(run):
        found = load_checkpoint(run, step)
        value = torch.tensor(step + found.extra["take"] / 1000)
        assert found.snapshot.counters["count"] == step
        for name, tensor in {**found.snapshot.weights, **found.snapshot.moments}.items():
            added = {"ema.weight": 1, "square": 2}.get(name, 0)
            assert torch.equal(tensor, (value + added).expand(tensor.shape)), (step, name)
    return steps_of(run)


def plain(step: int, take: int = 0) -> Snapshot:
    value = torch.full((5,), step + take / 1000)
    return Snapshot({"G.weight": value}, {"square": value + 2}, {"count": step})


def three(folder: Path) -> Run:
    """Steps 100 (the best), 200, 300."""
    run = Run(folder, "batch: 64\n")
    for step in (100, 200, 300):
        save_checkpoint(run, plain(step), {"take": 0}, keep=2, best=step == 100)
    return run


def copied(folder: Path, place: int) -> Run:
    """The template once more."""
    shutil.copytree(folder / "template", folder / str(place))
    return Run(folder / str(place), "batch: 64\n")


@pytest.fixture(scope="module", name="order")
def _order() -> Iterator[Order]:
    """Tell the killed saver what to do; it answers how the child ended."""
    program = [sys.executable, str(Path(__file__).with_name("killed_saver.py"))]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as saver:
        sent, answers = saver.stdin, saver.stdout
        assert sent is not None
        assert answers is not None
        assert answers.readline() == "ready\n"

        def order(folder: Path, **what: Any) -> str:
            sent.write(json.dumps({"folder": str(folder), **what}) + "\n")
            sent.flush()
            return answers.readline().strip()

        yield order
        sent.close()


@pytest.mark.parametrize("scene", SCENES)
def test_a_save_killed_at_any_call_loses_nothing(
    order: Order, scene: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    step, take = SCENES[scene]
    three(tmp_path / "template")
    for call in range(999):
        run = copied(tmp_path, call)
        ended = order(run.folder, step=step, take=take, call=call)
        assert ended in ("killed", "done")
        assert set(whole(run)) >= ({100, 300} if step == 300 else {100} | {max(whole(run))})
        assert max(whole(run)) in (300, step)
        if step == 400 and 400 not in whole(run):
            assert whole(run) == [100, 200, 300]
        assert best_step(run) == 100
        if ended == "done":
            break
        save_checkpoint(run, plain(500), {"take": 0}, keep=1)  # nothing of the killed save is in the way, or stays
        assert whole(run) == [100, 500]
        assert len(list(run.checkpoints.iterdir())) == 6
    assert call > 15
    assert load_checkpoint(run).extra == {"take": take}


def test_savers_killed_at_random_moments_leave_whole_checkpoints(order: Order, tmp_path: Path) -> None:
    run = Run(tmp_path, "batch: 64\n")
    save_checkpoint(run, plain(1), {"take": 0})
    for delay in Stream(0, "tests/kills").uniform(range(100)).tolist():
        before = steps_of(run)[-1]
        assert order(tmp_path, step=before + 1, delay=0.01 + 0.09 * delay) == "killed"
        assert whole(run)[-1] >= before
        if before > 5:
            break
    save_checkpoint(run, plain(99), {"take": 0}, keep=1, best=True)
    assert whole(run) == [99]
    assert len(list(run.checkpoints.iterdir())) == 3


def scarce(monkeypatch: pytest.MonkeyPatch, name: str, at: int) -> list[int]:
    """From call `at` on the disk is full; the calls are counted."""
    real, count = getattr(os, name), [0]

    def call(*given: Any, **named: Any) -> Any:
        count[0] += 1
        if count[0] > at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*given, **named)

    monkeypatch.setattr(os, name, call)
    return count


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("name", ["mkdir", "open", "fsync", "replace", "unlink"])
def test_a_disk_that_is_full_at_any_call_is_one_clear_error(
    name: str, scene: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, take = SCENES[scene]
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    failures: list[tuple[GanatomyError, int]] = []
    three(tmp_path / "template")
    for at in range(999):
        run = copied(tmp_path, at)
        with monkeypatch.context() as patch:
            count = scarce(patch, name, at)
            try:
                save_checkpoint(run, plain(step, take), {"take": take}, keep=2)
            except GanatomyError as error:
                failures.append((error, steps_of(run)[-1]))
        assert set(whole(run)) >= {100, 300}
        assert newest_whole(run) is not None
        if count[0] <= at:
            break
        save_checkpoint(run, plain(500), {"take": 0}, keep=1)
        assert whole(run) == [100, 500]
        assert len(list(run.checkpoints.iterdir())) == 6
    assert failures or (name == "unlink" and scene == "the same content again")
    for failure, newest in failures:
        said = r"could not be (written|removed) \(No space left on device\); the newest checkpoint is that of step "
        assert re.search(said + rf"{newest}, which loads: .*-?000{newest}.json$", failure.said)
        assert failure.remedy.startswith("free some space")


def test_a_real_write_that_fails_is_the_same_error(tmp_path: Path) -> None:
    """No file may grow beyond 100 kB: the tensors, which a library writes, are refused by the system."""
    run = three(tmp_path)
    before = sorted(run.checkpoints.iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(
            GanatomyError, match=r"000400.safetensors could not be written \(File too large\); the newest"
        ):
            save_checkpoint(run, Snapshot({"G.weight": torch.zeros(50_000)}, {}, {"count": 400}))
        with pytest.raises(
            GanatomyError, match=r"000400.optim.safetensors could not be written \(File too large\); the"
        ):
            save_checkpoint(run, Snapshot({}, {"square": torch.zeros(50_000)}, {"count": 400}))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sorted(run.checkpoints.iterdir()) == before
    assert whole(run) == [100, 200, 300]


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = three(tmp_path)

    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "mkdir", forbidden)
    message = (
        r"000400.safetensors could not be written \(Permission denied\); the newest checkpoint is that of step 300"
    )
    with pytest.raises(GanatomyError, match=message + r".*\nchoose a folder you may write"):
        save_checkpoint(run, plain(400))
    assert whole(run) == [100, 200, 300]


def test_a_file_in_the_place_of_the_folder_is_named(run: Run) -> None:
    run.checkpoints.write_text("in the way")
    message = r"could not be written \(File exists\); no checkpoint was written before\na part of the path is a file"
    with pytest.raises(GanatomyError, match=message):
        save_checkpoint(run, plain(1))
    with pytest.raises(GanatomyError, match=r"checkpoints is no folder that can be read \(Not a directory\)"):
        newest_whole(run)
    assert run.checkpoints.read_text() == "in the way"


def test_an_interrupted_save_leaves_the_one_before(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    save_checkpoint(run, plain(1), {"take": 0})

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            save_checkpoint(run, plain(2), {"take": 0})
    assert whole(run) == [1]
