"""`train` as a function: what its events say, and one run by two processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from ganatomy.errors import UsageError
from ganatomy.training.events import Event
from ganatomy.training.runs.checkpoint import load_checkpoint, steps_of
from ganatomy.training.runs.folder import Run, open_run
from ganatomy.training.runs.status import read_status
from ganatomy.verbs.train import train

NETWORKS = ["players.options.hidden=[8]", "players.options.critic_hidden=[8]"]
TINY = [*NETWORKS, "pace.batch=16", "cadence.samples=0", "cadence.log=0", "cadence.probe=0"]
TWO_STAGES = """stages=
- {name: sketch, game: {name: ns-r1}, pace: {batch: 16}, end: {steps: 4}}
- {name: finish, game: {name: r3}, pace: {batch: 8}, end: {steps: 3}}
"""


def ended(events: list[Event]) -> tuple[str, int]:
    return events[-1].values["state"], events[-1].step


def test_the_first_event_says_where_and_how(tmp_path: Path) -> None:
    events = list(train("ring8", [*TINY, "seed=2"], until="6 steps or 1h", out=tmp_path))
    first = events[0].values
    assert {name: first[name] for name in ("recipe", "seed", "threads", "processes", "precision", "resumed")} == {
        "recipe": "ring8", "seed": 2, "threads": 1, "processes": 1, "precision": "float32", "resumed": None,
    }  # fmt: skip
    assert (first["folder"], first["until"]) == (str(tmp_path / "0001-ring8-s2"), ["6 steps or 3600 seconds"])
    assert ended(events) == ("finished", 6)


def test_a_goal_stands_for_the_end_of_the_last_stage(tmp_path: Path) -> None:
    changes = [*NETWORKS, *TINY[3:], TWO_STAGES, "end=null"]
    assert next(train("ring8", changes, out=tmp_path)).values["until"] == ["4 steps", "3 steps"]
    events = list(train("ring8", changes, until="5", out=tmp_path))
    assert events[0].values["until"] == ["4 steps", "5 steps"]
    assert ended(events) == ("finished", 9)


def test_the_number_of_threads_is_kept_where_the_recipe_leaves_it_open(tmp_path: Path) -> None:
    """The last bits of a sum hang on it."""
    three = list(train("ring8", [*TINY, "threads=3"], until="2", out=tmp_path))
    assert three[0].values["threads"] == 3
    assert torch.get_num_threads() == 1
    events = list(train("ring8", [*TINY, "threads=auto"], until="4", out=tmp_path, resume="auto"))
    assert (events[0].values["threads"], events[0].values["resumed"]) == (3, 2)
    assert [event.text for event in events if event.kind == "note"][:1] == ["not as before: threads: 3 -> auto"]


def test_options_that_change_a_recipe_need_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"pace\.batch=8 was given and no recipe to change"):
        list(train(None, ["pace.batch=8"], resume=str(tmp_path)))
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_let_go_half_way_can_be_gone_on_with_at_once(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    events = train("ring8", [*TINY, "cadence.save_seconds=0.000001"], out=tmp_path)
    assert next(event for event in events if event.kind == "checkpoint" and event.step == 3).step == 3
    events.close()
    assert signal.getsignal(signal.SIGINT) is before
    assert ended(list(train("ring8", TINY, until="5", out=tmp_path, resume="auto"))) == ("finished", 5)


def torchrun(out: Path, steps: int, more: Sequence[str] = ()) -> subprocess.Popen[str]:
    """Two processes; those that it starts are told by their parent."""
    settings = [word for change in (*TINY, "threads=1") for word in ("-o", change)]
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"),
        *("-m", "ganatomy", "train", "ring8", "--steps", str(steps), "--out", str(out), *settings, *more),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def finished(process: subprocess.Popen[str]) -> tuple[str, str]:
    try:
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 0, err[-3000:]
    return out, err


def only_run(out: Path) -> Run:
    (folder,) = (path for path in out.iterdir() if not path.name.startswith("."))
    return open_run(folder)


@pytest.mark.thorough
def test_two_processes_write_one_run_as_one_process_would(tmp_path: Path) -> None:
    out, err = finished(torchrun(tmp_path / "two", 12))
    run = only_run(tmp_path / "two")
    assert out == f"{run.folder}\n"
    said = [line for line in err.splitlines() if line.startswith(("run ", "reached ", "2 processes"))]
    assert [line.split(",")[0].split(" ")[0] for line in said] == ["run", "2", "reached"], err
    list(train("ring8", TINY, until="12", out=tmp_path / "one"))
    ours, alone = (load_checkpoint(each).snapshot for each in (run, only_run(tmp_path / "one")))
    assert ours.counters == alone.counters
    for name, tensor in alone.weights.items():
        torch.testing.assert_close(ours.weights[name], tensor, rtol=0, atol=1e-4)


def workers(process: subprocess.Popen[str]) -> list[int]:
    try:
        return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="who was started is asked of Linux")
def test_two_processes_that_are_killed_and_go_on_end_in_the_same_bits(tmp_path: Path) -> None:
    saving = ["-o", "cadence.save_seconds=0.000001", "-o", "cadence.probe=40", "-o", "game.terms.r1.every=3"]
    finished(torchrun(tmp_path / "whole", 120, saving))
    process, deadline = torchrun(tmp_path / "killed", 120, saving), time.monotonic() + 120
    while not list((tmp_path / "killed").glob("*/checkpoints/step-00003?.json")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    for pid in [*workers(process), process.pid]:
        os.kill(pid, signal.SIGKILL)
    process.communicate()
    run = only_run(tmp_path / "killed")
    assert read_status(run.folder).state == "running"
    assert steps_of(run)[-1] < 120
    out, err = finished(torchrun(tmp_path / "killed", 120, [*saving, "--resume", "auto"]))
    assert out == f"{run.folder}\n"
    assert "resumed at round" in err
    went_on, whole = (load_checkpoint(each).snapshot for each in (run, only_run(tmp_path / "whole")))
    for kept, expected in ((went_on.weights, whole.weights), (went_on.moments, whole.moments)):
        assert kept.keys() == expected.keys()
        assert [name for name, tensor in kept.items() if not torch.equal(tensor, expected[name])] == []
    assert went_on.counters == whole.counters
