"""`evaluate` as its users meet it."""

from __future__ import annotations

import json

import pytest
from PIL import Image
from shared_runs import small_run

from ganatomy.evaluate.scorecard.limits import limits_from, shipped

LIMITS = "by: Jane\ndate: 2026-01-02\nlimits:\n- {{measure: Vendi ratio, pass: '{}', fail: '{}'}}\n"


@pytest.fixture
def run(tmp_path):
    return small_run(tmp_path / "runs").folder


def test_the_table_is_on_stdout_and_files_are_told_on_stderr(ganatomy, run):
    done = ganatomy("evaluate", run, "diversity", "--n", 60)
    assert done.code == 0
    assert done.out.startswith(f"{run} against ring8, 60 held-out samples")
    assert "Vendi ratio" in done.out
    assert str(run / "evaluation" / "scorecard-diversity.json") in done.err
    long = ganatomy("evaluate", run, "diversity", "--n", 60, "--long").out
    written = (run / "evaluation" / "scorecard-diversity.txt").read_text()
    assert [line for line in written.splitlines() if "judged" not in line] == [
        line for line in long.splitlines() if "judged" not in line
    ]
    assert "cosine kernel" in long
    assert "cosine kernel" not in done.out


def test_machines_get_one_object(ganatomy, run):
    done = ganatomy("evaluate", run, "diversity", "--n", 60, "--json", "--out", "here")
    found = json.loads(done.out)
    assert (done.code, found["subject"]) == (0, str(run))
    assert found["files"] == ["here/scorecard-diversity.json", "here/scorecard-diversity.txt"]
    assert found["sections"][0]["rows"][0]["space"].startswith("pixels-")


def test_a_miss_of_ones_own_limits_ends_with_5_and_nothing_is_lost(ganatomy, run, tmp_path):
    (tmp_path / "strict.yaml").write_text(LIMITS.format(">= 99", "< 90"))
    (tmp_path / "kind.yaml").write_text(LIMITS.format(">= 0", "< 0"))
    words = ("evaluate", run, "diversity", "--n", 60, "--limits")
    strict = ganatomy(*words, "strict.yaml")
    assert strict.code == 5
    assert "limits of Jane, 2026-01-02" in strict.out
    assert "fail: Vendi ratio" in strict.out
    assert ganatomy(*words, "kind.yaml").code == 0


def test_a_gate_that_judges_nothing_is_not_passed(ganatomy, run, tmp_path):
    (tmp_path / "typo.yaml").write_text(LIMITS.format(">= 0", "< 0").replace("Vendi ratio", "Vendi ration"))
    done = ganatomy("evaluate", run, "diversity", "--n", 60, "--limits", "typo.yaml")
    assert done.code == 5
    assert "Limits that judged nothing: Vendi ration." in done.out


def test_the_printed_limits_read_back(ganatomy, tmp_path):
    done = ganatomy("evaluate", "--print-limits")
    (tmp_path / "ours.yaml").write_text(done.out)
    assert limits_from(tmp_path / "ours.yaml") == shipped()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["diversty"], 2, "there is no measure called 'diversty'"),
        (["diversity", "--space", "random-convolution"], 2, "is not for a point"),
        (["diversity", "--data", "digitz"], 2, "digitz"),
        (["samples", "--samples", "9-3"], 2, "--samples 9-3 was given"),
        (["diversity", "--limits", "nowhere.yaml"], 3, "nowhere.yaml"),
        (["diversity", "--data", "digits"], 2, "the data 'digits' are picture"),
    ],
)
def test_errors_are_two_lines_and_an_exit_code(ganatomy, run, words, code, said):
    done = ganatomy("evaluate", run, *words)
    assert done.code == code, done.err
    assert said in done.error[0]
    assert len(done.error) == 2
    assert done.out == ""


def test_a_folder_is_read_as_its_options_say(ganatomy, run, tmp_path):
    """Grey pictures are asked for in colour: the run makes points, and the error tells what was read."""
    (tmp_path / "scans").mkdir()
    for grey in (10, 200, 90):
        Image.new("L", (8, 8), grey).save(tmp_path / "scans" / f"{grey}.png")
    words = ("evaluate", run, "distances", "--data", "folder:scans", "--size", 4, "--channels", 3)
    done = ganatomy(*words)
    assert done.code == 2
    assert "3 x 4 x 4" in done.error[0]
    assert "--size was given without --data" in ganatomy("evaluate", run, "--size", 4).error[0]
