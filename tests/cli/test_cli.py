"""The command line as its users meet it: what goes to stdout, what to stderr, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganatomy.cli import main
from ganatomy.errors import UsageError


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


Command = Callable[..., Done]


@pytest.fixture
def ganatomy(capsys: pytest.CaptureFixture[str]) -> Command:
    """The command in this process; one test below starts it for real."""

    def run(*words: str) -> Done:
        code = main(words)
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return run


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Twelve pictures, one of them broken, and a text file that is none."""
    folder = tmp_path / "scans"
    folder.mkdir()
    for number in range(12):
        Image.fromarray(np.full((20, 20, 3), 20 * number, np.uint8)).save(folder / f"{number}.png")
    (folder / "3.png").write_bytes(b"not a picture")
    (folder / "notes.txt").write_text("hello")
    return folder


def test_version_and_lists(ganatomy: Command) -> None:
    assert ganatomy("--version").stdout.startswith("ganatomy 0.")
    for what, name in (("data", "ring8"), ("models", "dcgan"), ("games", "hinge")):
        listed = json.loads(ganatomy("list", what, "--json").stdout)
        assert name in listed["names"]
        assert all(sentence.strip() for sentence in listed["names"].values())


def test_a_data_set_is_described_as_one_json_object_and_its_sheet_is_written(ganatomy: Command, tmp_path: Path) -> None:
    done = ganatomy("data", "digits", "--json", "--out", str(tmp_path / "sheet.png"))
    facts = json.loads(done.stdout)
    assert (facts["name"], facts["skipped"]) == ("digits", [])
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (8 * (8 * 10 + 1) + 1,) * 2


def test_a_folder_is_described_with_what_was_left_out(ganatomy: Command, scans: Path) -> None:
    done = ganatomy("data", f"folder:{scans}")
    assert done.returncode == 0, done.stderr
    assert "left out" in done.stdout
    assert "3.png" in done.stdout
    assert "notes.txt" not in done.stdout
    assert "files: 12 of 12" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "said", "remedy"),
    [
        (["list", "gmaes"], 2, "no list called 'gmaes'", "did you mean 'games'"),
        (["data", "digist"], 2, "no data set called 'digist'", "did you mean 'digits'"),
        (["data", "folder:nowhere"], 3, "nowhere", ""),
        (["data", "ring8", "--out", "/proc/nowhere/x.png"], 1, "could not be written", "choose a folder"),
    ],
)
def test_an_error_is_two_lines_on_stderr_and_an_exit_code(
    ganatomy: Command, words: list[str], code: int, said: str, remedy: str
) -> None:
    done = ganatomy(*words)
    assert (done.returncode, done.stdout) == (code, "")
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 2, done.stderr
    assert said in lines[0]
    assert remedy in lines[1]


@pytest.mark.parametrize("words", [["-v", "list", "gmaes"], ["list", "gmaes", "--verbose"]])
def test_verbose_shows_the_trace_wherever_it_stands(words: list[str]) -> None:
    with pytest.raises(UsageError, match="no list called"):
        main(words)


def test_the_command_started_for_real_ends_with_the_code_of_its_error() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ganatomy", "data", "digist"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "ganatomy: there is no data set called 'digist'\ndid you mean 'digits'?\n"


def test_unknown_commands_and_options_end_with_2_and_a_hint(ganatomy: Command) -> None:
    done = ganatomy("dta")
    assert done.returncode == 2
    assert "data" in done.stderr
    assert ganatomy("list", "--jsn").returncode == 2


def test_every_command_explains_itself_with_an_example(ganatomy: Command) -> None:
    for command in ("list", "data", "demo"):
        done = ganatomy(command, "--help")
        assert done.returncode == 0
        assert "Example" in done.stdout
