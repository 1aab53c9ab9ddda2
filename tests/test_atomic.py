"""Whole files or none: killed, full and forbidden writes leave the old content."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ganatomy.atomic import replacing, write_bytes, write_text
from ganatomy.errors import GanatomyError


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    write_text(tmp_path / "new" / "a.txt", "first")
    write_text(tmp_path / "new" / "a.txt", "zweite, mit ü")
    assert (tmp_path / "new" / "a.txt").read_text("utf-8") == "zweite, mit ü"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.txt"]


def fail_half_way(target: Path) -> None:
    with replacing(target) as fresh:
        fresh.write_text("half")
        raise RuntimeError("half-way")


def test_an_error_inside_leaves_the_old_content(tmp_path: Path) -> None:
    write_text(tmp_path / "x", "old")
    with pytest.raises(RuntimeError, match="half-way"):
        fail_half_way(tmp_path / "x")
    assert (tmp_path / "x").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_full_disk_is_a_clear_error(tmp_path: Path) -> None:
    message = r"could not be written \(No space left on device\)\nfree some space"
    with pytest.raises(GanatomyError, match=message), replacing(tmp_path / "x"):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(GanatomyError, match=r"could not be written .*\na part of the path is a file"):
        write_bytes(tmp_path / "file" / "x", b"1")
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_file_that_is_a_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(GanatomyError, match=r"could not be written \(Is a directory\)\nthis is a folder: name a file"):
        write_bytes(tmp_path, b"1")


def test_a_process_killed_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "x.bin"
    write_bytes(target, b"a" * 10_000_000)
    code = (
        "import sys; from ganatomy.atomic import write_bytes\n"
        "print('ready', flush=True)\n"
        "for letter in 'bcdefghij' * 100: write_bytes(sys.argv[1], letter.encode() * 10_000_000)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(target)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    time.sleep(0.15)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    content = target.read_bytes()
    assert len(content) == 10_000_000
    assert len(set(content)) == 1
