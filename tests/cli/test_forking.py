"""`ganatomy fork` and `ganatomy sweep` as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shared_cli import Command

from ganatomy.experiments import pool

SMALL = ["-o", "players.options.hidden=[8]", "-o", "players.options.critic_hidden=[8]", "-o", "pace.batch=8"]


@pytest.fixture(autouse=True)
def _without_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which have tests of their own."""
    monkeypatch.setattr(pool, "cores", lambda: 1)


@pytest.fixture
def run(ganatomy: Command) -> Path:
    done = ganatomy("train", "ring8", *SMALL, "-o", "cadence.probe=8", "--steps", 40)
    assert done.code == 0, done.err
    return Path(done.out.strip()).absolute()


def test_a_fork_tells_of_the_twin_and_of_the_effect(run: Path, ganatomy: Command) -> None:
    done = ganatomy("fork", run, "--at", 24, "--do", "freeze=generator", "--rounds", 16, "--bases", 3)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0].split() == ["reading", "round", "as", "it", "was", "twin"]
    assert any(line.startswith("gap: ") and "3 base runs" in line for line in lines)
    assert (run.parent / "0002-ring8-fork-24-s0" / "fork.svg").exists()
    assert all(Path(line).exists() for line in lines if line.endswith(("svg", "fork-gap")))
    assert "base runs: 3 of 3" in done.err


def test_as_json_it_is_one_object_on_stdout(run: Path, ganatomy: Command) -> None:
    done = ganatomy("fork", run, "--at", 24, "--rounds", 16, "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told["do"] == []
    assert told["rows"]
    assert all(row["as it was"] == row["twin"] for row in told["rows"])
    assert "effects" not in told  # without a change there is none
    assert Path(told["twin"]).absolute().parent == run.parent


def test_what_cannot_be_forked_is_one_clear_error(run: Path, ganatomy: Command, tmp_path: Path) -> None:
    done = ganatomy("fork", run, "--at", 24, "--do", "thaw=critic")
    assert (done.code, done.out) == (2, "")
    assert "no intervention called 'thaw'" in done.err
    assert "Traceback" not in done.err
    done = ganatomy("fork", tmp_path, "--at", 24)
    assert done.code == 3
    assert "is no run" in done.err


def test_what_cannot_be_measured_is_told_before_anything_is_trained(run: Path, ganatomy: Command) -> None:
    words = ("fork", run, "--at", 24, "--do", "freeze=critic")
    for more, said in (
        (("--bases", 2), "2 base runs"),
        (("--rounds", 9, "--do", "freeze=generator from 400"), "begins after the last round"),
        (("--do", "freeze=generator"), "nobody would learn"),
    ):
        done = ganatomy(*words, *more)
        assert done.code == 2
        assert said in done.err
        assert len(list(run.parent.iterdir())) == 1
    done = ganatomy(*words, "--reading", "gapp", "--rounds", 16)
    assert done.code == 2
    assert "'gap'" in done.err


def test_a_run_without_readings_after_the_fork_says_so(ganatomy: Command) -> None:
    ganatomy("train", "ring8", *SMALL, "-o", "cadence.probe=0", "-o", "cadence.log=0", "--steps", 6)
    done = ganatomy("fork", "runs/0001-ring8-s0", "--at", 4, "--rounds", 2, "--bases", 0)
    assert done.code == 0, done.err
    assert "no readings after round 4" in done.out


def test_a_sweep_prints_its_table(ganatomy: Command, tmp_path: Path) -> None:
    words = ("sweep", "ring8", "pace.both.rate=[1e-3, 1e-30]", *SMALL, "--rounds", 3, "--seeds", 3, "--out", "swept")
    done = ganatomy(*words)
    assert done.code == 0, done.err
    assert "pace.both.rate" in done.out
    assert (tmp_path / "swept" / "sweep.svg").exists()
    assert ganatomy("sweep", "ring8", "pace.both.rate").code == 2
