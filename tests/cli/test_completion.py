"""What the tab key offers: every name there is, at once, and nothing heavy is loaded for it."""

import json
import os
import subprocess
import sys

import pytest

from ganatomy.cli import completion
from ganatomy.data.catalogue import DATASETS, FOLDER_KEY
from ganatomy.games.named import GAMES
from ganatomy.training.recipes.shipped import RECIPES
from ganatomy.verbs.bench import BENCHES


def test_the_names_read_from_the_sources_are_those_of_the_tables():
    assert {*completion.data_sets(""), FOLDER_KEY} == {*DATASETS, FOLDER_KEY, "folder:"}
    assert completion.games("") == list(GAMES)
    assert set(completion.benches("")) == set(BENCHES)
    assert completion.literal_keys("data/catalogue.py", "NOT_THERE") == []


def test_only_what_begins_like_the_word_is_offered(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert completion.recipes("") == list(RECIPES)
    assert completion.recipes("digits") == [name for name in RECIPES if name.startswith("digits")]
    assert completion.games("r") == ["relativistic", "r3"]
    assert completion.kinds("e") == ["explainers", "experiments"]
    assert completion.data_sets("zzz") == []


def test_runs_and_paths_are_offered(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("runs/0001-a-s0", "runs/0002-b-s0", "scans", ".hidden"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "runs" / "0002-b-s0" / "config.yaml").touch()
    for file in ("mine.py", "my.yaml", "notes.txt"):
        (tmp_path / file).touch()
    assert completion.gans("") == ["runs/0002-b-s0", "runs/", "scans/", "mine.py"]
    assert completion.gans("runs/0001") == ["runs/0001-a-s0/"]
    assert completion.recipes("m") == [*(name for name in RECIPES if name.startswith("m")), "my.yaml"]
    assert completion.data_sets("folder:s") == ["folder:scans/"]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("ganatomy list rec", "recipes"),
        ("ganatomy data ring", "ring8"),
        ("ganatomy train grid", "grid25"),
        ("ganatomy sa", "sample"),
        ("ganatomy sample runs/0", "runs/0003-c-s0"),
        ("ganatomy doctor --data", "--data-dir"),
    ],
)
def test_the_shell_is_answered(tmp_path, line, offered):
    (tmp_path / "runs" / "0003-c-s0").mkdir(parents=True)
    (tmp_path / "runs" / "0003-c-s0" / "config.yaml").touch()
    place = str(len(line.split()) - 1)
    asked = {"_GANATOMY_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": place}
    code = "import sys, json\nfrom ganatomy.cli import main\nmain([])\nprint(json.dumps('torch' in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **asked},
        cwd=tmp_path,
    )
    *found, torch_loaded = done.stdout.split()
    assert offered in found, done
    assert json.loads(torch_loaded) is False
