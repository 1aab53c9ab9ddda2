"""`report`, `compare` and `export card` from a GAN's name to files, with a few explainers and measures."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from shared_cli import Command
from shared_runs import small_run
from torch import nn

from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.report.facts import Missing
from ganatomy.results.formats import Format
from ganatomy.training import judge
from ganatomy.verbs.explainers.catalogue import EXPLAINERS
from ganatomy.verbs.measures.catalogue import MEASURES
from ganatomy.verbs.places import place_of
from ganatomy.verbs.report import place_of_report, report
from ganatomy.verbs.reporting.collected import Asking
from ganatomy.verbs.reporting.provenance import without_folders

FEW = ("activations", "order", "account", "field")
MINE = """
import ganatomy
from ganatomy.models.mlp import MLP
def make(classes=("<script>alert(1)</script>", "b"), data=None, critic=True):
    latent = ganatomy.Normal(3, len(classes))
    form = MLP(ganatomy.Format.picture(channels=1, size=8), latent, hidden=(8,), critic_hidden=(8,))
    return ganatomy.GAN.fresh(form, 0, classes=classes, data=data)
def digits():
    return make((), "digits")
"""
PROVENANCE = re.compile(r"<!-- provenance -->.*<!-- end of provenance -->", re.DOTALL)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(judge, "STEPS", 40)
    table = {name: EXPLAINERS[name] for name in FEW}
    for place in ("explain", "reporting.collected"):
        monkeypatch.setattr(f"ganatomy.verbs.{place}.EXPLAINERS", table)
    measured(monkeypatch, "distances", "classes", "modes", "copies")
    (tmp_path / "mine.py").write_text(MINE)


def measured(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    measures = {name: MEASURES[name] for name in names}
    for place in ("evaluate", "reporting.collected", "report"):
        monkeypatch.setattr(f"ganatomy.verbs.{place}.MEASURES", measures)


@pytest.mark.thorough
def test_a_run_from_the_command_line(ganatomy: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured(monkeypatch, "modes", "copies")
    run = small_run(tmp_path / "runs").folder
    done = ganatomy("report", run)
    assert done.code == 0
    assert done.out.splitlines() == [str(run / "report.html"), str(run / "report.json")]
    page, facts = (run / "report.html").read_text(), json.loads((run / "report.json").read_text())
    assert facts["headline"] in done.err
    assert facts["subject"] == run.name
    assert [each["key"] for each in facts["sections"]][:3] == ["samples", "training", "units"]
    theory = next(each for each in facts["sections"] if each["key"] == "theory")
    assert any(part["name"] == "field" for part in theory["parts"])  # ring8's density is known
    assert "report.html" not in PROVENANCE.sub("", page)
    assert len(page) < 3_000_000
    again = ganatomy("report", run, "--json")
    told = json.loads(again.out)
    assert told == {
        "verdict": facts["verdict"],
        "headline": facts["headline"],
        "page": str(run / "report.html"),
        "json": str(run / "report.json"),
    }
    card = ganatomy("export", "card", run)
    assert card.out.splitlines() == [str(run / "model-card.md")]
    assert facts["headline"].split(":")[0] in (run / "model-card.md").read_text()


@pytest.mark.thorough
def test_worked_out_anew_or_read_from_disk_it_is_the_same_but_for_the_provenance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured(monkeypatch, "modes")
    run = small_run(tmp_path / "runs").folder
    pages, facts = [], []
    for again in (True, True, False):
        done = report(run, asking=Asking(again=again))
        pages.append(PROVENANCE.sub("", done.page.read_text()))
        facts.append({key: value for key, value in json.loads(done.json.read_text()).items() if key != "provenance"})
    assert pages[0] == pages[1] == pages[2]
    assert facts[0] == facts[1] == facts[2]


def test_names_that_are_code_reach_the_page_as_text(ganatomy: Command) -> None:
    assert ganatomy("report", "mine.py:make").code == 0
    page = Path("report-mine-make.html").read_text()
    assert "<script>alert(1)</script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    card = ganatomy("export", "card", "mine.py:make", "--out", "README.md")
    assert card.code == 0
    assert "<script>" not in Path("README.md").read_text()


def test_a_gan_without_data_says_what_it_lacks(ganatomy: Command) -> None:
    done = ganatomy("report", "mine.py:make", "--json")
    told = json.loads(done.out)
    assert told["verdict"] is None
    assert told["headline"].startswith("It cannot be said whether to trust it: no real samples were given.")
    facts = json.loads(Path("report-mine-make.json").read_text())
    sections = {each["key"]: each for each in facts["sections"]}
    for key in ("quality", "copying", "training", "theory"):
        assert sections[key]["missing"], key


def test_a_gan_without_a_critic_is_told_of_without_one() -> None:
    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1))

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return torch.tanh(self.weight * z[:, None, None, :8].expand(-1, 1, 8, 8))

    told = report(GAN(Plain(), Normal(8), Format.picture(1, 8))).report
    critic = next(answer for answer in told.answers if answer.key == "critic")
    assert (critic.verdict, critic.said) == (None, "Not judged: it has no critic.")
    assert told.section("critic").missing
    assert Path("report.html").is_file()


def broken(run: Path) -> None:
    """Its newest weights are no numbers, as after divergence, and its status says so."""
    for file in (run / "checkpoints").glob("*"):
        file.unlink()
    status = json.loads((run / "status.json").read_text())
    (run / "status.json").write_text(
        json.dumps({**status, "state": "diverged", "reason": "its losses were not finite"})
    )


def test_a_run_that_gives_no_samples_still_has_its_record(tmp_path: Path) -> None:
    run = small_run(tmp_path / "runs").folder
    broken(run)
    done = report(run)
    assert done.report.verdict == "fail"
    assert "did not end well" in done.report.headline
    assert done.report.samples is None
    first = done.report.answers[0]
    assert first.said.startswith("Not judged: it gives no samples (")
    assert done.report.section("training").parts
    assert done.report.section("samples").missing


@pytest.mark.thorough
def test_two_steps_of_a_run_side_by_side(ganatomy: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured(monkeypatch, "modes")
    run = small_run(tmp_path / "runs").folder
    done = ganatomy("compare", f"{run}@2", run, "--out", "two.html")
    assert done.code == 0
    assert done.out.splitlines() == ["two.html", "two.json"]
    facts = json.loads(Path("two.json").read_text())
    assert (facts["a"]["subject"], facts["b"]["subject"]) == (f"{run.name}@2", run.name)
    assert facts["differences"]
    assert {each.name for each in run.glob("findings*")} == {"findings", "findings-at-2"}
    for same in (run, f"{run}/", f"{run.parent}/../{run.parent.name}/{run.name}"):
        itself = ganatomy("compare", run, same)
        assert (itself.code, itself.error[0]) == (2, f"ganatomy: {run} was to be compared with itself")
    ended = [next(each for each in facts[side]["answers"] if each["key"] == "training") for side in "ab"]
    assert ended[0]["verdict"] != "pass"
    assert "before its end" in ended[0]["said"]
    early = facts["a"]["about"]["trained"]
    assert early == "2 steps, 32 images, of a run of 4 steps"


def test_redacted_no_folder_and_no_machine_is_left(ganatomy: Command, tmp_path: Path) -> None:
    import platform

    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "mine.py").write_text(MINE)
    name = tmp_path / "secret" / "mine.py:make"
    assert ganatomy("report", name, "--redact", "--out", "r.html").code == 0
    for file in ("r.html", "r.json"):
        text = Path(file).read_text()
        assert "secret" not in text
        assert str(tmp_path) not in text
        assert platform.platform() not in text


def test_redacted_no_folder_is_left_of_data_or_of_reasons(ganatomy: Command, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    run = small_run(tmp_path / "private" / "runs").folder
    broken(run)
    assert ganatomy("report", run, "--redact", "--out", "r.html").code == 0
    assert ganatomy("export", "card", run, "--redact", "--out", "r.md").code == 0
    for file in ("r.html", "r.json", "r.md"):
        text = Path(file).read_text()
        assert "private" not in text, file
        assert run.name in text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/home/ada/runs/0001-x@9 holds nothing", "0001-x@9 holds nothing"),
        ("in 'folder:secret/scans', or /data/other.png.", "in 'folder:scans', or other.png."),
        ("either/or, 1/2, https://arxiv.org/abs/1706.08500, findings/map-one", None),
    ],
)
def test_paths_go_and_what_only_looks_like_one_stays(text: str, left: str | None) -> None:
    told = Missing("a", text, text)
    wanted = text if left is None else left
    assert without_folders((told,), {"secret/": ""}) == (Missing("a", wanted, wanted),)


def test_nothing_but_an_earlier_report_is_written_over(ganatomy: Command, tmp_path: Path) -> None:
    run = small_run(tmp_path / "runs").folder
    before = (run / "status.json").read_bytes()
    done = ganatomy("report", run, "--out", run / "status.html")
    assert (done.code, "holds something else" in done.error[0]) == (2, True)
    assert (run / "status.json").read_bytes() == before
    for out in (run / "metrics.jsonl", tmp_path):
        assert ganatomy("export", "card", run, "--out", out).code == 2
    for name in ("mine.html", "README.md"):
        (tmp_path / name).write_text("mine")
    assert ganatomy("report", run, "--out", tmp_path / "mine.html").code == 2
    assert ganatomy("export", "card", run, "--out", tmp_path / "README.md").code == 2
    assert (tmp_path / "mine.html").read_text() == (tmp_path / "README.md").read_text() == "mine"
    (tmp_path / "folder.html").mkdir()
    assert ganatomy("report", run, "--out", tmp_path / "folder.html").code == 2


def test_what_lies_on_disk_is_reported_from_a_folder_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ganatomy: Command
) -> None:
    measured(monkeypatch, "modes")
    run = small_run(tmp_path / "runs").folder
    assert ganatomy("report", run, "--out", "before.html").code == 0
    monkeypatch.setattr("ganatomy.verbs.places.os.access", lambda path, _how: Path(path).resolve() == tmp_path)
    assert ganatomy("report", run, "--out", "after.html").code == 0
    first, second = (json.loads(Path(f"{name}.json").read_text())["sections"] for name in ("before", "after"))
    assert first == second
    done = ganatomy("report", run, "--seed", "3", "--out", "other.html")
    assert (done.code, "cannot be written" in done.error[0]) == (1, True)
    assert not Path("other.html").exists()


def test_it_is_called_by_its_folder_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ganatomy: Command
) -> None:
    measured(monkeypatch, "modes")
    run = small_run(tmp_path / "runs").folder
    monkeypatch.chdir(run)
    assert ganatomy("report", ".").code == 0
    assert json.loads((run / "report.json").read_text())["subject"] == run.name


def test_files_of_one_name_keep_apart(tmp_path: Path) -> None:
    for folder in ("a", "b c"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text(MINE)
    names = ("mine.py:make", "mine.py:digits", "a/mine.py:make", "b c/mine.py:make")
    places = [place_of(name, "findings") for name in names]
    assert len(set(places)) == 4
    assert places[2:] == [Path("findings/a-mine-make"), Path("findings/b-c-mine-make")]
    assert place_of(tmp_path / "a" / "mine.py:make", "findings") == places[2]


def test_a_step_that_is_not_there_is_an_error(ganatomy: Command, tmp_path: Path) -> None:
    run = small_run(tmp_path / "runs").folder
    done = ganatomy("report", f"{run}@9999")
    assert done.code in (2, 3)
    assert not list(run.glob("*.html"))


@pytest.mark.parametrize("file", ["metrics.jsonl", "status.json"])
def test_a_record_that_cannot_be_read_does_not_end_the_report(
    tmp_path: Path, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured(monkeypatch, "modes")
    run = small_run(tmp_path / "runs").folder
    (run / file).write_text('{"step": 1}\nbroken\n{"step": 2}\n' if file == "metrics.jsonl" else "{")
    told = report(run).report
    ended = next(answer for answer in told.answers if answer.key == "training")
    assert ended.verdict is None
    assert told.samples is not None
    assert "record" in [each.name for each in told.section("training").missing]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("report", "nothing"), 3, "there is no GAN at nothing"),
        (("report", "mine.py:make", "--out", "report.pdf"), 2, "was to be written to report.pdf"),
        (("report", "mine.py:make", "--data", "none-such"), 2, "none-such"),
        (("report", "mine.py:make", "--limits", "absent.yaml"), 3, "absent.yaml cannot be read"),
        (("compare", "mine.py:make", "nothing"), 3, "there is no GAN at nothing"),
        (("export", "card", "nothing"), 3, "there is no GAN at nothing"),
    ],
)
def test_wrong_words_are_one_clear_error_and_write_nothing(
    ganatomy: Command, words: tuple[str, ...], code: int, said: str
) -> None:
    done = ganatomy(*words)
    assert (done.code, done.out) == (code, "")
    assert said in done.error[0]
    assert len(done.error) == 2
    assert not [*Path().glob("*.html"), *Path().glob("*.json"), *Path().glob("*.md")]


def test_limits_of_ones_own_judge_and_are_named(ganatomy: Command, tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(
        "by: the clinic\ndate: 2026-11-22\n"
        'limits:\n- {measure: two-sample accuracy, pass: "<= 0.001", fail: "> 0.001"}\n'
    )
    assert ganatomy("report", "mine.py:digits", "--limits", "ours.yaml").code == 0
    facts = json.loads(Path("report-mine-digits.json").read_text())
    assert facts["verdict"] == "fail"
    assert facts["limits"] == "limits of the clinic, 2026-11-22"
    assert "the clinic" in Path("report-mine-digits.html").read_text()


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("mine.py:make", "report-mine-make.html"),
        ("{run}", "{run}/report.html"),
        ("{run}@best", "{run}/report-at-best.html"),
    ],
)
def test_where_a_report_lies(tmp_path: Path, name: str, place: str) -> None:
    run = small_run(tmp_path / "runs").folder
    assert place_of_report(name.format(run=run)) == Path(place.format(run=run))
