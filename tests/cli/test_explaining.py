"""`explain` as its users meet it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shared_runs import small_run


def test_folders_are_printed_and_sentences_told(ganatomy, tmp_path):
    run = small_run(tmp_path / "runs").folder
    code, out, err = ganatomy("explain", run, "map", "--seed", 3)
    assert (code, out.splitlines()) == (
        0,
        [str(run / "findings" / "map-latents"), str(run / "findings" / "map-pictures")],
    )
    assert "map: pca of 500 latents" in err
    assert all(Path(line, "finding.json").exists() for line in out.splitlines())


def test_machines_get_one_object(ganatomy, tmp_path):
    run = small_run(tmp_path / "runs").folder
    code, out, _ = ganatomy("explain", run, "map", "--json", "--out", "here")
    found = json.loads(out)
    assert (code, found["gan"]) == (0, str(run))
    assert [answer["name"] for answer in found["answers"]] == ["latents", "pictures"]
    assert [answer["folder"] for answer in found["answers"]] == ["here/map-latents", "here/map-pictures"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["mapp"], 2, "there is no explainer called 'mapp'"),
        (["map", "--data", "digitz"], 2, "digitz"),
        (["gradients", "--sites", "nowhere"], 2, "there is no site called 'nowhere'"),
        (["coordinates", "--concept", "none.py:f"], 3, "none.py"),
    ],
)
def test_errors_are_two_lines_and_an_exit_code(ganatomy, tmp_path, words, code, said):
    run = small_run(tmp_path / "runs").folder
    found, out, err = ganatomy("explain", run, *words)
    assert (found, out) == (code, "")
    first, second = err.strip().splitlines()[-2:]
    assert first.startswith("ganatomy: ")
    assert said in first
    assert second


def test_the_list_names_every_explainer(ganatomy):
    code, out, _ = ganatomy("list", "explainers")
    assert code == 0
    assert "dissection" in out
    assert "does it cause it" in out
