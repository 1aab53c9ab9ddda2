"""`experiment` as its users meet it."""

from __future__ import annotations

import json

import pytest

from ganatomy.cli import completion
from ganatomy.experiments.catalogue import EXPERIMENTS

MINE = """
from ganatomy.experiments.arms import Arm
from ganatomy.experiments.experiment import Experiment, Negative, Positive, Treatment
from ganatomy.experiments.statistics import last

CLAIM = Experiment(
    claim="half the rate is worse", why="a guess", statistic="gap", read=last("gap"), expected="rises",
    recipe="ring8", base=Arm("base"), treatment=Treatment("slow", do=("pace.generator.rate=1e-3",)),
    changes=("players.options.hidden=[8]", "players.options.critic_hidden=[8]", "pace.batch=16"),
    positive=Positive("still", do=("freeze=generator",)), negative=Negative("other", do=("randomness=1",)),
    rounds=(4,), smallest=0.05, seeds=4,
)
"""


@pytest.fixture(autouse=True)
def _one_file_and_no_processes(monkeypatch, tmp_path):
    monkeypatch.setattr("ganatomy.experiments.pool.cores", lambda: 1)  # they take seconds to begin
    (tmp_path / "mine.py").write_text(MINE)


def test_a_claim_is_told_and_kept(ganatomy, tmp_path):
    code, out, err = ganatomy("experiment", "mine.py:CLAIM", "--seeds", 3, "--out", "found")
    assert code == 0, err
    assert out.startswith("Claim: half the rate is worse.")
    assert out.splitlines()[-1] == "found"
    assert "seeds: 3 of 3" in err
    assert sorted(path.name for path in (tmp_path / "found").iterdir()) == ["arrays.npz", "figure.svg", "finding.json"]


def test_machines_get_one_object(ganatomy):
    code, out, _ = ganatomy("experiment", "mine.py:CLAIM", "--seeds", 3, "--json")
    told = json.loads(out)
    assert (code, told["experiment"], told["seeds"], len(told["arms"])) == (0, "mine.py:CLAIM", 3, 4)
    assert told["folder"] == "experiments/mine-CLAIM"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["two-time-scale"], 2, "two-time-scales"),
        (["mine.py:NOT"], 2, "NOT is not there"),
        (["gone.py:CLAIM"], 3, "there is no file gone.py"),
    ],
)
def test_errors_are_two_lines_and_an_exit_code(ganatomy, words, code, said):
    found, out, err = ganatomy("experiment", *words)
    assert (found, out) == (code, ""), err
    assert len(err.strip().splitlines()) == 2
    assert said in err


def test_all_are_listed_and_offered_with_files(ganatomy):
    listed = json.loads(ganatomy("list", "experiments", "--json")[1])["names"]
    assert list(listed) == list(EXPERIMENTS)
    assert completion.experiments("") == [*EXPERIMENTS, "mine.py"]
    assert completion.experiments("r1") == ["r1-prevents-collapse"]
