"""`theory` as its users meet it."""

from __future__ import annotations

import json

import pytest

from ganatomy.cli import completion
from ganatomy.verbs.theory import THEORY


def test_tables_are_printed(ganatomy, tmp_path):
    code, out, err = ganatomy("theory", "gradients")
    assert code == 0
    assert "0.137194818" in out
    assert "Found: the two add up to t" in out
    assert "gradients: 9 of 9" in err
    assert list(tmp_path.iterdir()) == []


def test_files_are_written_and_named(ganatomy, tmp_path):
    code, out, err = ganatomy("theory", "gradients", "--out", "found")
    assert (code, out.splitlines()) == (0, ["found/gradients.json", "found/gradients.svg"])
    assert "gradients: the two add up to t" in err
    assert sorted(path.name for path in (tmp_path / "found").iterdir()) == ["gradients.json", "gradients.svg"]


def test_machines_get_one_object(ganatomy):
    code, out, _ = ganatomy("theory", "divergences", "gradients", "--json")
    first, second = json.loads(out)["theory"]
    assert (code, first["name"], second["name"]) == (0, "divergences", "gradients")
    assert second["columns"][:2] == ["t", "saturating"]
    assert first["files"] == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [(["gradient"], 2, "there is no theory called 'gradient'"), (["gradients", "--out", "taken"], 1, "taken")],
)
def test_errors_are_two_lines_and_an_exit_code(ganatomy, tmp_path, words, code, said):
    (tmp_path / "taken").touch()
    found, out, err = ganatomy("theory", *words)
    assert (found, out) == (code, "")
    first, second = err.strip().splitlines()[-2:]
    assert said in first
    assert second


def test_it_is_listed_completed_and_explains_itself(ganatomy):
    code, out, _ = ganatomy("list", "theory")
    assert code == 0
    assert all(name in out for name in THEORY)
    assert completion.theories("") == list(THEORY)
    assert completion.theories("di") == ["divergences", "dirac"]
    assert "Example" in ganatomy("theory", "--help")[1]
