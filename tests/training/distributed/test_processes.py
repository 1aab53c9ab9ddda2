"""Two and three processes that speak over gloo follow the one-process run; one that is gone ends the others.

A group of processes takes seconds to start, so each goes through all its cases: see worker.py.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

WORKER = Path(__file__).with_name("worker.py")
TESTS = WORKER.parents[2]
PATHS = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
LIMITS = {"float64": 1e-9, "paces": 1e-9, "spectral": 1e-9, "odd weights": 1e-9, "gradients": 1e-6, "five steps": 1e-5}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def environment(rank: int, size: int, port: int) -> dict[str, str]:
    own = {"RANK": rank, "WORLD_SIZE": size, "LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": size, "MASTER_PORT": port}
    fixed = {"MASTER_ADDR": "127.0.0.1", "OMP_NUM_THREADS": "1", "PYTHONPATH": PATHS}
    return {**os.environ, **fixed, **{name: str(value) for name, value in own.items()}}


def run(task: str, size: int, folder: Path, *, silence: float = 60.0, limit: float = 240.0) -> list[tuple[int, str]]:
    """How each process ended and what it said; none outlives the test."""
    port = free_port()
    command = [sys.executable, "-W", "error", str(WORKER), task, str(folder / "found"), str(silence)]
    started = [
        subprocess.Popen(command, env=environment(rank, size, port), stderr=subprocess.PIPE, text=True)
        for rank in range(size)
    ]
    try:
        said = [one.communicate(timeout=limit)[1] for one in started]
    finally:
        for one in started:
            if one.poll() is None:
                one.kill()
            one.communicate()
    return [(one.returncode, words) for one, words in zip(started, said, strict=True)]


def found_by(task: str, size: int, folder: Path, *, limit: float = 240.0) -> list[dict[str, Any]]:
    ends = run(task, size, folder, limit=limit)
    assert [code for code, _ in ends] == [0] * size, "\n".join(words[-3000:] for _, words in ends)
    return [json.loads((folder / f"found.{rank}").read_text()) for rank in range(size)]


def assert_close(found: dict[str, Any]) -> None:
    far = [
        (kind, name, apart)
        for kind, limit in LIMITS.items()
        for name, apart in found.get(kind, {}).items()
        if not apart <= limit
    ]
    assert far == []


def assert_mannerly(found: list[dict[str, Any]]) -> None:
    """What all processes must agree in, and the words they say."""
    size = len(found)
    first = found[0]
    for name in ("batch norm", "followed", "skipped", "summed", "shared", "message of unequal", "announced"):
        assert all(other[name] == first[name] for other in found), name
    assert first["message of unequal"].startswith("the weights differ between processes: 1 from process 0\n")
    assert "last checkpoint is sound" in first["message of unequal"]
    assert first["followed"] == 10
    assert first["skipped"] == ["D.head.bias"]
    total = size * (size + 1) / 2
    assert first["summed"] == [[total] * 2, [total] * 2, [2.0 * size] * 3, [total] * 2, [size, 0.0]]
    assert first["shared"] == [[0.0] * 6, [0.5] * 12, [7], [0.0] * 2]
    assert "feature-matching need the whole batch at once" in first["refused"]
    assert f"cut into {size} parts" in first["too small"]
    assert [line.split(" (")[0].split(",")[0] for line in first["announced"]] == [
        f"{size} processes",
        "batch statistics",
        "dropout",
    ]
    assert len({other["dropout"] for other in found}) == size
    assert all(other["threads"] >= 1 for other in found)
    assert [other["threads left"] for other in found] == [[]] * size  # they would abort the process, now and then


def test_two_processes_follow_the_run_of_one(tmp_path: Path) -> None:
    found = found_by("short", 2, tmp_path)
    assert len(found[0]["gradients"]) == len(found[0]["five steps"]) > 25
    assert_close(found[0])
    assert_mannerly(found)


def test_three_processes_with_uneven_parts_follow_the_run_of_one(tmp_path: Path) -> None:
    found = found_by("short", 3, tmp_path)
    assert len(found[0]["float64"]) > 25
    assert_close(found[0])
    assert_mannerly(found)


@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 3])
def test_every_case_for_two_hundred_steps(size: int, tmp_path: Path) -> None:
    assert_close(found_by("long", size, tmp_path, limit=1200)[0])


def test_a_process_that_dies_ends_the_other_with_a_message(tmp_path: Path) -> None:
    (code, words), (dead, _) = run("die", 2, tmp_path, silence=30)
    assert dead == 7
    assert code == 1
    assert "process 1 of 2 is gone or does not answer, and process 0 cannot go on without" in words
    assert "the last checkpoint is sound" in words
    assert "Traceback" not in words


@pytest.mark.slow
def test_of_three_the_one_that_died_is_named_by_both_others(tmp_path: Path) -> None:
    ends = run("die", 3, tmp_path, silence=30)
    assert [code for code, _ in ends] == [1, 7, 1]
    assert all("process 1 of 3 is gone" in ends[rank][1] for rank in (0, 2))


@pytest.mark.slow
def test_a_process_that_falls_silent_ends_the_other_after_the_time_it_was_given(tmp_path: Path) -> None:
    (code, words), _ = run("hang", 2, tmp_path, silence=3)
    assert code == 1
    assert "process 1 of 2 is gone or does not answer" in words


@pytest.mark.slow
def test_a_process_that_ends_with_an_error_of_its_own_says_that_one(tmp_path: Path) -> None:
    ends = run("fail", 2, tmp_path, silence=30)
    assert [code for code, _ in ends] == [1, 1]
    assert ends[1][1].startswith("this process had enough\n")
    assert "process 1 of 2 is gone" in ends[0][1]


@pytest.mark.slow
def test_under_torchrun_the_message_still_gets_out(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        "2",
        "--master-port",
        str(free_port()),
    ]
    ended = subprocess.run(
        [*command, str(WORKER), "die", str(tmp_path / "found"), "30"],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": PATHS},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode != 0
    assert "process 1 of 2 is gone" in ended.stderr
    assert "the last checkpoint is sound" in ended.stderr
