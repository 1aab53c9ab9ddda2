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
from ganatomy.results.formats import Format
from ganatomy.training import judge
from ganatomy.verbs.explainers.catalogue import EXPLAINERS
from ganatomy.verbs.measures.catalogue import MEASURES
from ganatomy.verbs.report import place_of_report, report
from ganatomy.verbs.reporting.collected import Asking

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
def test_worked_out_anew_it_is_the_same_but_for_the_provenance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured(monkeypatch, "modes")
    run = small_run(tmp_path / "runs").folder
    pages, facts = [], []
    for _ in range(2):
        done = report(run, asking=Asking(again=True))
        pages.append(PROVENANCE.sub("", done.page.read_text()))
        facts.append({key: value for key, value in json.loads(done.json.read_text()).items() if key != "provenance"})
    assert pages[0] == pages[1]
    assert facts[0] == facts[1]


def test_names_that_are_code_reach_the_page_as_text(ganatomy: Command) -> None:
    assert ganatomy("report", "mine.py:make").code == 0
    page = Path("report-make.html").read_text()
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
    facts = json.loads(Path("report-make.json").read_text())
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
    itself = ganatomy("compare", run, run)
    assert (itself.code, itself.error[0]) == (2, f"ganatomy: {run} was to be compared with itself")


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
    facts = json.loads(Path("report-digits.json").read_text())
    assert facts["verdict"] == "fail"
    assert facts["limits"] == "limits of the clinic, 2026-11-22"
    assert "the clinic" in Path("report-digits.html").read_text()


@pytest.mark.parametrize(
    ("name", "place"),
    [("mine.py:make", "report-make.html"), ("{run}", "{run}/report.html"), ("{run}@best", "{run}/report-at-best.html")],
)
def test_where_a_report_lies(tmp_path: Path, name: str, place: str) -> None:
    run = small_run(tmp_path / "runs").folder
    assert place_of_report(name.format(run=run)) == Path(place.format(run=run))
