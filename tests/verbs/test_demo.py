"""The demo from the command line to its report, on a short run and a few explainers; whole in the slow tests."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from shared_cli import Command

from ganatomy.training import judge
from ganatomy.verbs.demo import demo
from ganatomy.verbs.explainers.catalogue import EXPLAINERS
from ganatomy.verbs.measures.catalogue import MEASURES
from ganatomy.verbs.subject import named, subject


@pytest.fixture
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "STEPS", 40)
    table = {name: EXPLAINERS[name] for name in ("activations", "order", "account")}
    for place in ("explain", "reporting.collected"):
        monkeypatch.setattr(f"ganatomy.verbs.{place}.EXPLAINERS", table)
    monkeypatch.setattr("ganatomy.verbs.evaluate.MEASURES", {"copies": MEASURES["copies"]})


@pytest.mark.thorough
@pytest.mark.usefixtures("_few")
def test_the_demo_trains_explains_measures_and_reports(tmp_path: Path) -> None:
    said: list[str] = []
    told: dict[str, tuple[int, int]] = {}
    found = demo(
        tmp_path,
        seed=5,
        changes=["end.steps=60"],
        say=said.append,
        progress=lambda name: lambda done, total: told.update({name: (done, total)}),
    )
    assert said[0] == "digits: 1438 to train on, 359 held out"
    assert told["training a GAN"] == (60, 60)
    assert {"making samples"} < told.keys()
    gan = subject(found.run)
    assert (gan.data, gan.provenance["seed"]) == ("digits", 5)
    report = found.reported.report
    assert report.provenance["weights"] == gan.digest()
    assert report.section("copying").parts
    assert found.reported.page == found.run / "report.html"
    read_me = (tmp_path / "README.txt").read_text()
    for name in ("report.html", "report.json", "findings", "evaluation"):
        assert name in read_me
        assert (found.run / name).exists()


@pytest.mark.thorough
@pytest.mark.usefixtures("_few")
def test_the_next_commands_are_commands_and_name_what_is_there(tmp_path: Path, ganatomy: Command) -> None:
    found = demo(
        tmp_path / "a b",
        changes=["end.steps=60"],
        say=lambda _line: None,
        progress=lambda _name: lambda _done, _total: None,
    )
    lines = [shlex.split(line, comments=True) for line in found.next()]
    assert [words[:2] for words in lines] == [["ganatomy", "explain"], ["ganatomy", "compare"], ["ganatomy", "report"]]
    assert named(lines[0][2]).path == found.run
    assert [named(word).path for word in lines[1][2:]] == [found.run, found.run]
    for words in lines:
        assert ganatomy(words[1], "--help").code == 0


def test_a_folder_that_cannot_be_written_is_known_before_training(tmp_path: Path, ganatomy: Command) -> None:
    (tmp_path / "file").write_text("in the way")
    done = ganatomy("demo", "--out", "file")
    assert done.code == 1
    assert "training" not in done.err
    assert "could not be written" in done.err


@pytest.mark.slow
def test_the_whole_demo_from_the_command_line(ganatomy: Command) -> None:
    done = ganatomy("demo", "--seed", "5", "--json")
    told = json.loads(done.out)
    assert (done.code, told["verdict"]) == (0, json.loads(Path(told["json"]).read_text())["verdict"])
    assert "training a GAN: 3500 of 3500" in done.err
    assert Path(told["page"]).stat().st_size < 3_000_000
    assert len(told["next"]) == 3
