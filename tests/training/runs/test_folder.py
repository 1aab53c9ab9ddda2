"""Run folders: their names and numbers, also among processes that start together, and how they are found again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ganatomy.errors import GanatomyError, InputError, UsageError
from ganatomy.results.provenance import Provenance
from ganatomy.training.runs import folder as folders
from ganatomy.training.runs.folder import Run, latest_run, new_run, open_run
from ganatomy.training.runs.status import Status, read_status, write_status

START = """
import sys
from ganatomy.results.provenance import Provenance
from ganatomy.training.runs.folder import new_run
print("ready", flush=True)
sys.stdin.readline()
for place in range(6):
    made = new_run(sys.argv[1], f"r{place}", seed=int(sys.argv[2]), config="", provenance=Provenance("", "", {}, {}))
    print(made.folder.name)
"""


def test_the_folder_has_the_parts_of_the_design(run: Run) -> None:
    assert run.folder.name == "0001-digits-mlp-s0"
    assert sorted(path.name for path in run.folder.iterdir()) == ["config.yaml", "provenance.json", "status.json"]
    assert (run.folder / "config.yaml").read_text() == run.config == "batch: 64\n"
    assert json.loads((run.folder / "provenance.json").read_text())["command"] == "ganatomy train"
    assert run.samples(500) == run.folder / "samples" / "step-000500.png"
    assert (run.checkpoints.name, run.findings.name, run.metrics.name) == ("checkpoints", "findings", "metrics.jsonl")
    assert open_run(str(run.folder)) == run


def test_the_number_is_one_above_the_highest(run: Run, provenance: Provenance) -> None:
    parent = run.folder.parent
    for name in ("0041-old", "12345-x-s0", "notes", "7-short"):
        (parent / name).mkdir()
    (parent / ".12346").mkdir()  # left behind by a process that was killed while it took a number
    made = new_run(parent, "my réçipe/ odd", seed=-3, config="", provenance=provenance)
    assert made.folder.name == "12347-my-réçipe-odd-s-3"
    assert latest_run(parent, "my réçipe/ odd", seed=-3) == made
    assert not (parent / ".12347").exists()


def test_processes_that_start_together_get_numbers_of_their_own(tmp_path: Path) -> None:
    children = [
        subprocess.Popen(
            [sys.executable, "-c", START, str(tmp_path), str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in range(4)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    names = [name for child in children for name in child.communicate()[0].split()]
    assert sorted(int(name[:4]) for name in names) == list(range(1, 25))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_a_number_taken_between_the_look_and_the_claim_is_not_taken_twice(
    run: Run, provenance: Provenance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process made 0002 after this one had looked, and had let go of it before this one held it."""
    looked, look = [], folders._numbers

    def late(parent: Path) -> set[int]:
        found = look(parent)
        if not looked:
            (parent / "0002-other-s0").mkdir()
        looked.append(found)
        return found

    monkeypatch.setattr(folders, "_numbers", late)
    assert new_run(run.folder.parent, "mine", seed=0, config="", provenance=provenance).folder.name == "0003-mine-s0"


def test_the_latest_run_is_of_that_recipe_and_seed_and_whole(run: Run, provenance: Provenance) -> None:
    parent = run.folder.parent
    assert latest_run(parent / "nowhere", "digits-mlp", seed=0) is None
    assert latest_run(parent, "digits", seed=0) is None
    assert latest_run(parent, "digits-mlp", seed=1) is None
    second = new_run(parent, "digits-mlp", seed=0, config="batch: 32\n", provenance=provenance)
    new_run(parent, "digits-mlp", seed=10, config="", provenance=provenance)
    new_run(parent, "digits-mlp-s0", seed=1, config="", provenance=provenance)
    (parent / "0009-digits-mlp-s0").mkdir()  # killed before its config was there
    assert latest_run(str(parent), "digits-mlp", seed=0) == second
    (parent / "0003-digits-mlp-s10").rename(parent / "10000-digits-mlp-s0")
    found = latest_run(parent, "digits-mlp", seed=0)
    assert found is not None
    assert found.folder.name == "10000-digits-mlp-s0"


def test_what_is_no_run_is_refused_with_a_way_out(run: Run, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"nowhere is no run: .*config.yaml cannot be read \(No such file .*\ngive the"
    ):
        open_run(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"is no run: .*\ngive one of the 1 runs in it, such as .*0001-digits-mlp-s0$"):
        open_run(run.folder.parent)
    with pytest.raises(InputError, match=r"Not a directory"):
        open_run(run.folder / "config.yaml")
    (run.folder / "config.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"not UTF-8"):
        open_run(run.folder)


def test_a_parent_that_cannot_hold_runs_is_named(tmp_path: Path, provenance: Provenance) -> None:
    (tmp_path / "file").touch()
    message = r"file could not be used for a new run \(File exists\)\na part of the path is a file"
    with pytest.raises(GanatomyError, match=message):
        new_run(tmp_path / "file", "ring8", seed=0, config="", provenance=provenance)
    with pytest.raises(InputError, match=r"file is no folder that can be read \(Not a directory\)\nmove the file away"):
        latest_run(tmp_path / "file", "ring8", seed=0)
    with pytest.raises(UsageError, match=r"a run called '///' was asked for\ngive a name with letters"):
        new_run(tmp_path, "///", seed=0, config="", provenance=provenance)


def test_a_folder_without_leave_to_write_is_named(
    tmp_path: Path, provenance: Provenance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", forbidden)
    message = r"could not be used for a new run \(Permission denied\)\nchoose a folder you may write"
    with pytest.raises(GanatomyError, match=message):
        new_run(tmp_path, "ring8", seed=0, config="", provenance=provenance)


def test_a_full_disk_leaves_no_half_run(
    tmp_path: Path, provenance: Provenance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str) -> None:
        raise GanatomyError(f"{path} could not be written", "free some space")

    monkeypatch.setattr(folders, "write_text", full)
    with pytest.raises(GanatomyError, match="could not be written"):
        new_run(tmp_path, "ring8", seed=0, config="", provenance=provenance)
    assert list(tmp_path.iterdir()) == []


def test_the_status_is_kept_and_faults_in_it_are_named(run: Run) -> None:
    assert read_status(run.folder) == Status("running")
    done = Status("finished", "the goal was met", step=2000, seconds=14.25, converged=96_000)
    write_status(run.folder, done)
    assert read_status(run.folder) == done
    path = run.folder / "status.json"
    for broken in ("", "[]", '{"state": "paused"}', '{"states": "running"}'):
        path.write_text(broken)
        with pytest.raises(InputError, match=r"status.json does not say where the run stands .*\ndelete it"):
            read_status(run.folder)
    path.unlink()
    assert read_status(run.folder) == Status("interrupted", "status.json is missing")
