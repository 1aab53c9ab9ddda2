"""One writer at a time, across processes and within one; a dead writer's lock is nobody's."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ganatomy.errors import GanatomyError, UsageError
from ganatomy.training.runs import lock
from ganatomy.training.runs.folder import Run
from ganatomy.training.runs.lock import writer, writing

HOLD = """
import sys
from ganatomy.training.runs.folder import open_run
from ganatomy.training.runs.lock import writing
with writing(open_run(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "PATIENCE", 0.0)


def hold(run: Run) -> None:
    with writing(run):
        pass


def test_another_process_is_named_and_its_death_frees_the_run(run: Run) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline() == "held\n"
    message = rf"0001-digits-mlp-s0 is being written by process {child.pid} on this host\nwait until it ends, stop it"
    with pytest.raises(UsageError, match=message):
        hold(run)
    assert writer(run) == f"process {child.pid} on this host"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    child.stdin.close()
    assert json.loads((run.folder / ".lock").read_text())["pid"] == child.pid  # left behind, and stale
    assert writer(run) is None
    hold(run)


def test_a_second_writer_in_one_process_is_refused_too(run: Run) -> None:
    with writing(run):
        with pytest.raises(UsageError, match=f"being written by process {os.getpid()} on this host"):
            hold(run)
        assert writer(run) == f"process {os.getpid()} on this host"
        signed = {"pid": 7, "host": "far-away"}
        (run.folder / ".lock").write_text(json.dumps(signed))
        assert writer(run) == "process 7 on far-away"
        (run.folder / ".lock").write_text("torn")
        assert writer(run) == "another process"
    hold(run)


def test_the_lock_is_let_go_after_an_error(run: Run) -> None:
    with pytest.raises(ZeroDivisionError), writing(run):
        raise ZeroDivisionError
    assert writer(run) is None
    assert (run.folder / ".lock").read_bytes() == b""
    hold(run)


def test_a_writer_that_is_just_ending_is_waited_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([False, False, True])
    monkeypatch.setattr(lock, "_grab", lambda handle, shared: next(answers))
    monkeypatch.setattr(lock, "PATIENCE", 60.0)
    monkeypatch.setattr(lock, "PAUSE", 0.0)
    hold(run)
    assert list(answers) == []


def test_a_folder_that_cannot_hold_a_lock_is_named(tmp_path: Path) -> None:
    with pytest.raises(GanatomyError, match=r"\.lock could not be locked \(No such file"):
        hold(Run(tmp_path / "nowhere", ""))
    assert writer(Run(tmp_path / "nowhere", "")) is None


def test_a_disk_that_knows_no_locks_is_let_through_and_other_faults_are_not(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(number: int) -> None:
        def flock(handle: int, how: int) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(fcntl, "flock", flock)

    refusing(errno.ENOLCK)
    hold(run)
    refusing(errno.EIO)
    with pytest.raises(GanatomyError, match=r"could not be locked \(Input/output error\)"):
        hold(run)
