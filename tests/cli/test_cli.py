"""The command line as its users meet it: what goes to stdout, what to stderr, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from shared_cli import Command


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
    assert ganatomy("--version").out.startswith("ganatomy 0.")
    for what, name in (("data", "ring8"), ("models", "dcgan"), ("games", "hinge")):
        listed = json.loads(ganatomy("list", what, "--json").out)
        assert name in listed["names"]
        assert all(sentence.strip() for sentence in listed["names"].values())


def test_a_data_set_is_described_as_one_json_object_and_its_sheet_is_written(ganatomy: Command, tmp_path: Path) -> None:
    done = ganatomy("data", "digits", "--json", "--out", str(tmp_path / "sheet.png"))
    facts = json.loads(done.out)
    assert (facts["name"], facts["skipped"], facts["notes"]) == ("digits", [], [])
    assert (facts["train"], facts["held_out"], facts["groups"]) == (1438, 359, None)
    assert facts["classes"] == list("0123456789")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (8 * (8 * 10 + 5) + 5,) * 2


def test_a_folder_is_described_with_what_was_left_out(ganatomy: Command, scans: Path) -> None:
    done = ganatomy("data", f"folder:{scans}")
    assert done.code == 0, done.err
    assert "left out" in done.out
    assert "3.png" in done.out
    assert "notes.txt" not in done.out
    assert "note: passed over 1 other file: 1 .txt" in done.out
    assert "files: 12 of 12" in done.err


def test_the_groups_of_both_parts_are_counted(ganatomy: Command, scans: Path, tmp_path: Path) -> None:
    table = tmp_path / "groups.csv"
    table.write_text("file,group\n" + "".join(f"{number}.png,{number // 2}\n" for number in range(12)))
    told = ganatomy("data", f"folder:{scans}", "--groups", str(table))
    assert "groups       6: 5 to train on, 1 held out" in told.out.splitlines()
    facts = json.loads(ganatomy("data", f"folder:{scans}", "--groups", str(table), "--json").out)
    assert facts["groups"] == {"train": 5, "held_out": 1}
    assert facts["train"] + facts["held_out"] == 11
    assert facts["notes"] == ["passed over 1 other file: 1 .txt"]
    assert [file["path"] for file in facts["skipped"]] == ["3.png"]


def test_a_set_without_end_has_no_count(ganatomy: Command) -> None:
    facts = json.loads(ganatomy("data", "ring8", "--json").out)
    assert (facts["train"], facts["held_out"]) == (None, None)
    assert "samples      endless" in ganatomy("data", "ring8").out.splitlines()


def test_the_options_of_a_folder_reach_it(ganatomy: Command, tmp_path: Path) -> None:
    for number in range(4):
        Image.fromarray(np.full((20, 20), 4000 - 500 * number, np.uint16)).save(tmp_path / f"{number}.png")
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    told = ganatomy("data", f"folder:{tmp_path}").out
    assert "note: the brightest of 4 deep pictures is 4000 of 65535: if these are 12 bits, say white=4095" in told
    prints = set()
    for options in ([], ["--white", "4095"], ["--ground", "7"], ["--channels", "3"], ["--size", "5"]):
        facts = json.loads(ganatomy("data", f"folder:{tmp_path}", *options, "--json").out)
        prints.add(facts["fingerprint"])
        assert bool(facts["notes"]) == (options != ["--white", "4095"])
        side, channels = (5 if "--size" in options else 20), (3 if "--channels" in options else 1)
        assert facts["format"].startswith(f"picture {channels} x {side} x {side},")
    assert len(prints) == 5


@pytest.mark.parametrize(
    ("words", "code", "said", "remedy"),
    [
        (["list", "gmaes"], 2, "no list called 'gmaes'", "did you mean 'games'"),
        (["data", "digist"], 2, "no data set called 'digist'", "did you mean 'digits'"),
        (["data", "folder:nowhere"], 3, "nowhere", ""),
        (["data", "digits", "--size", "4"], 2, "size cannot be chosen for 'digits'", "concern folder:PATH alone"),
        (["data", "folder:nowhere", "--channels", "2"], 2, "no number of channels called '2'", "legal are: auto, 1, 3"),
        (["data", "folder:nowhere", "--ground", "256"], 2, "ground 256", "between 0 and 255"),
        (["data", "ring8", "--out", "/proc/nowhere/x.png"], 1, "could not be written", "choose a folder"),
    ],
)
def test_an_error_is_two_lines_on_stderr_and_an_exit_code(
    ganatomy: Command, words: list[str], code: int, said: str, remedy: str
) -> None:
    done = ganatomy(*words)
    assert (done.code, done.out) == (code, "")
    lines = done.err.strip().splitlines()
    assert len(lines) == 2, done.err
    assert said in lines[0]
    assert remedy in lines[1]


@pytest.mark.parametrize("words", [["-v", "list", "gmaes"], ["list", "gmaes", "--verbose"]])
def test_verbose_shows_the_trace_wherever_it_stands(ganatomy: Command, words: list[str]) -> None:
    done = ganatomy(*words)
    assert done.code == 2
    assert "Traceback" in done.err
    assert done.err.splitlines()[-2].startswith("ganatomy: there is no list called")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_answer_that_cannot_be_printed_is_a_plain_error(unbuffered: str) -> None:
    """Buffered, a short answer fails only as it is flushed."""
    command = [sys.executable, "-m", "ganatomy", "list", "games"]
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=environment)
    assert done.returncode == 1
    assert done.stderr == "ganatomy: the answer could not be printed (No space left on device)\n"


def test_the_command_started_for_real_ends_with_the_code_of_its_error() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ganatomy", "data", "digist"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "ganatomy: there is no data set called 'digist'\ndid you mean 'digits'?\n"


def test_unknown_commands_and_options_end_with_2_and_a_hint(ganatomy: Command) -> None:
    done = ganatomy("dta")
    assert done.code == 2
    assert "data" in done.err
    assert ganatomy("list", "--jsn").code == 2


def test_every_command_explains_itself_with_an_example(ganatomy: Command) -> None:
    for command in ("list", "data", "demo"):
        done = ganatomy(command, "--help")
        assert done.code == 0
        assert "Example" in done.out


def test_a_file_that_no_verb_expected_to_fail_is_named(ganatomy: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(words: list[str]) -> int:
        raise PermissionError(13, "Permission denied", "secret.yaml")

    monkeypatch.setattr("ganatomy.cli._run", fail)
    done = ganatomy("list", "recipes")
    assert (done.code, done.out) == (1, "")
    assert done.err == "ganatomy: secret.yaml cannot be used (Permission denied)\nsee whether it is there, and yours\n"
