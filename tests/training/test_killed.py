"""A run that is killed with SIGKILL, at any moment, and resumed ends in the same bits as one that was left alone."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ganatomy.training.runs.checkpoint import load_checkpoint, newest_whole, steps_of
from ganatomy.training.runs.folder import open_run
from ganatomy.training.runs.metrics import read_metrics
from ganatomy.training.runs.status import read_status

STEPS = 120
# A save after every round: most of the time a kill falls into one.
SAVING = ["cadence.save_seconds=0.000001", "cadence.log=10", "cadence.probe=20", "cadence.samples=40"]
CHANGES = ["game.terms.r1.every=3", "pace.generator.optimistic=true", "pace.batch=32", "players.options.dropout=0.1"]


def command(out: Path, *more: str) -> list[str]:
    settings = [word for change in (*SAVING, *CHANGES) for word in ("-o", change)]
    return [
        sys.executable, "-m", "ganatomy", "train", "digits-mlp", "--steps", str(STEPS), "--out", str(out),
        *settings, *more,
    ]  # fmt: skip


def start(out: Path, *more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command(out, *more), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finished(process: subprocess.Popen[bytes]) -> None:
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err.decode()


def content(folder: Path) -> dict[str, object]:
    run = open_run(folder)
    last = load_checkpoint(run)
    extra = json.loads(json.dumps(dict(last.extra)))
    extra["standing"].pop("seconds")
    lines = [{name: value for name, value in line.items() if name != "seconds"} for line in read_metrics(run)]
    tensors = {**last.snapshot.weights, **last.snapshot.moments}
    return {"step": last.step, "extra": extra, "lines": lines, "best": load_checkpoint(run, "best").step} | {
        name: tensor.numpy().tobytes() for name, tensor in tensors.items()
    }


def checkpoints(out: Path) -> int:
    """The step of the newest checkpoint on disk, by its file name; -1 where there is none yet."""
    names = out.glob("*/checkpoints/step-*.json")
    return max((int(path.stem.split("-")[1]) for path in names), default=-1)


@pytest.mark.slow
def test_killed_anywhere_and_resumed_it_ends_in_the_same_bits(tmp_path: Path) -> None:
    finished(start(tmp_path / "whole"))
    expected = content(next((tmp_path / "whole").iterdir()))
    chance, out, kills = random.Random(7), tmp_path / "killed", 0
    for aim in (5, 30, 31, 70, 100):
        process = start(out, "--resume", "auto")
        deadline = time.monotonic() + 240
        while checkpoints(out) < aim and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.002)
        time.sleep(chance.random() * 0.05)
        process.send_signal(signal.SIGKILL)
        _, err = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), err.decode()
        kills += process.returncode == -signal.SIGKILL
        (folder,) = (path for path in out.iterdir() if path.is_dir() and not path.name.startswith("."))
        found = newest_whole(open_run(folder))
        assert found is not None
        assert found.notes == ()
        assert all(load_checkpoint(open_run(folder), step).step == step for step in steps_of(open_run(folder)))
        assert read_status(folder).state == "running"
    assert kills == 5
    finished(start(out, "--resume", "auto"))
    assert content(folder) == expected
    assert read_status(folder).state == "finished"


def test_ctrl_c_saves_and_ends_with_130_and_the_run_goes_on(tmp_path: Path) -> None:
    process = start(tmp_path)
    while checkpoints(tmp_path) < 3:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err.decode()
    assert b"stopped on request" in err
    assert b"Traceback" not in err
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    status = read_status(folder)
    assert (status.state, status.step) == ("interrupted", load_checkpoint(open_run(folder)).step)
