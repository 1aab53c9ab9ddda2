"""The theory by name: tables that hold the closed forms, files that hold the tables."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from oracles_divergences import TABLE

from ganatomy.errors import GanatomyError, UsageError
from ganatomy.theory.cases import PUBLISHED
from ganatomy.theory.convergence import Portrait
from ganatomy.verbs import theory as module
from ganatomy.verbs.theories import apart, moving
from ganatomy.verbs.theories.shown import Shown
from ganatomy.verbs.theory import THEORY, Answer, theory, write
from ganatomy.views.canvas import canvas


def quiet(_name: str):
    return lambda done, total: None


PANELS = {"divergences": 3, "critics": 16, "regret": 4, "gradients": 1, "vanishing": 2, "dirac": 8, "spectra": 8,
          "angle": 2, "proxies": 2}  # fmt: skip


def asked(name: str) -> Answer:
    """The one answer, whose figure can be drawn."""
    (answer,) = theory([name], progress=quiet)
    assert (answer.name, answer.question) == (name, THEORY[name][0])
    assert answer.shown.said
    assert len(answer.shown.figure().axes) == PANELS[name]
    return answer


def told(name: str) -> dict:
    """Columns by name, with the first column's words as keys of each row."""
    answer = asked(name)
    return {row[0]: dict(zip(answer.to_dict()["columns"], row, strict=True)) for row in answer.shown.rows}


@pytest.fixture(autouse=True)
def _nothing_is_left_on_torch():
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    yield
    assert torch.equal(state, torch.get_rng_state())
    assert torch.get_num_threads() == threads


def test_divergences_are_the_table_of_the_reference_with_bounds():
    answer = asked("divergences")
    assert len(answer.shown.rows) == 5 * len(TABLE)
    for pair, name, value, error in answer.shown.rows:
        wanted = TABLE[name]["ABCDE".index(pair[0])]
        assert value == pytest.approx(wanted, rel=1e-8, abs=1e-7)
        assert math.isinf(wanted) or error <= 2e-10 * max(1, abs(wanted))
    rows = answer.to_dict()["rows"]
    infinite = [row[:2] for row in rows if row[2] == {"float": "inf"}]
    assert [name for _, name in infinite] == ["Neyman", "Neyman"]
    assert answer.shown.said.endswith("2 of 50 are infinite")
    json.dumps(answer.to_dict(), allow_nan=False)


def test_every_loss_has_its_best_critic():
    found = told("critics")
    assert found["minimax"]["loss there"] == pytest.approx(0.926720463, abs=1e-8)
    assert found["hinge"]["loss there"] == pytest.approx(0.87967923, abs=3e-8)
    assert found["wasserstein"]["loss there"] == pytest.approx(-0.85259891, abs=3e-8)
    assert found["least-squares"]["loss there"] == pytest.approx(1 - 0.384855259, abs=1e-8)
    assert 0.9267 < found["minimax, R1 and R2 of 1"]["loss there"] < math.log(4)
    assert len(found) == 8


def test_a_trained_critic_comes_near_and_is_told_when(monkeypatch):
    monkeypatch.setattr(apart, "MARKS", (3, 30))
    found = told("regret")
    assert list(found) == [0, 3, 30]
    assert found[0]["regret"] > found[30]["regret"] > 0
    assert found[30]["log ratio, weighted"] < found[30]["unweighted"]


def test_two_gradients_add_up_and_die_as_in_the_reference():
    found = told("gradients")
    assert found[4.0]["saturating"] == pytest.approx(0.137194818, abs=1e-9)
    assert found[4.0]["non-saturating"] == pytest.approx(3.862805182, abs=1e-8)
    assert max(abs(row["sum less t"]) for row in found.values()) < 1e-11
    apart_ = told("vanishing")
    assert apart_[10.0]["pull, wasserstein"] == pytest.approx(1, abs=1e-9)
    assert apart_[10.0]["pull, minimax"] == pytest.approx(4.4641e-6, abs=1e-9)


def test_the_dirac_table_agrees_with_hand_and_paper(monkeypatch):
    spot = np.zeros((1, 2))
    monkeypatch.setattr(moving, "portrait", lambda name, rounds: Portrait(name, spot, spot + 1, {"alternating": spot}))
    answer = asked("dirac")
    rows = {row[0]: row for row in answer.shown.rows}
    assert rows["ns-r1"][1:7] == (
        pytest.approx(0.95),
        pytest.approx(0.95),
        "converges",
        *[pytest.approx(0.96)] * 2,
        "converges",
    )
    assert rows["wasserstein"][3] == "leaves"
    assert rows["wasserstein"][6] == "circles"
    assert rows["hinge"][7] == "-"
    assert rows["minimax"][7] == "published: GAN need not converge, Mescheder et al. 2018"
    assert rows["r3"][7].startswith("remembered, not confirmed: ")
    assert rows["wasserstein-gp"][1:3] == ("-", "-")
    assert rows["wasserstein-gp"][3].startswith("cycles, |θ| 0.9")
    assert answer.shown.said.endswith(
        "6 of 6 published verdicts on methods agree, with 22 of 22 decided cells of theirs; 4 more are undecided"
    )


def test_the_published_verdict_is_that_of_each_stepping(monkeypatch):
    """Of alternating steps alone: those on both players at once are not held against it."""
    known = {("minimax", "alternating"): PUBLISHED["ns-r1", "alternating"]}
    monkeypatch.setattr(moving, "PUBLISHED", known)
    monkeypatch.setattr(moving, "CASES", {"minimax": moving.CASES["minimax"]})
    assert moving.dirac(lambda _done, _total: None).said.endswith(
        "with 0 of 0 decided cells of theirs; 1 more are undecided"
    )
    monkeypatch.setattr(moving, "PUBLISHED", {("minimax", "simultaneous"): PUBLISHED["ns-r1", "alternating"]})
    assert "0 of 1 published verdicts on methods agree, with 0 of 1" in moving.dirac(lambda _done, _total: None).said


def test_spectra_of_the_quadratic_game_and_of_networks(monkeypatch):
    monkeypatch.setattr(moving, "TRAINED", 5)
    monkeypatch.setattr(moving, "SAMPLES", 16)
    monkeypatch.setattr(moving, "UNITS", (6, 6))
    found = told("spectra")
    assert found["wasserstein, at rest"]["rotation"] == pytest.approx(math.sqrt(2) + 1)
    assert found["wasserstein, at rest"]["largest real part"] == 0
    assert found["ns-r1, at rest"]["contraction"] == pytest.approx(7.5978, abs=1e-4)
    assert found["minimax, at rest"]["rates below"] == pytest.approx(0.641, abs=6e-4)
    assert found["networks, at the start"]["weights"] == 122
    assert found["networks, 5 rounds later"]["|v|"] != found["networks, at the start"]["|v|"] > 0


def test_angles_are_those_by_hand(monkeypatch):
    monkeypatch.setattr(moving, "DIRECTIONS", 4)
    found = told("angle")
    for row in found.values():
        assert row["cosine at the start"] == pytest.approx(row["by hand"], abs=1e-6)
    assert found["minimax, consensus of 1"]["damping, |Re| / |eigenvalue|"] == pytest.approx(0.447, abs=5e-4)
    assert found["minimax, R1 of 0.7"]["damping, |Re| / |eigenvalue|"] == pytest.approx(0.7)


def test_proxies_are_sorted_by_how_well_they_track(monkeypatch):
    monkeypatch.setattr(moving, "STUDIED", ("minimax", "ns-r1-r2", "wasserstein", "wasserstein, R1"))
    real = moving.studied
    monkeypatch.setattr(moving, "studied", lambda cases, rounds: real(cases, rounds=rounds // 3))
    answer = asked("proxies")
    sizes = [abs(rho) for _, rho in answer.shown.rows]
    assert sizes == sorted(sizes, reverse=True)
    assert dict(answer.shown.rows)["gap of the scores"] > 0.6


def test_names_are_checked_before_any_work_and_come_once(monkeypatch):
    made = Shown("said", ("a",), ((1.0,),), lambda: canvas(1, 1)[0])
    monkeypatch.setattr(
        module, "THEORY", {"one": ("What?", lambda progress: made), "two": ("So?", lambda progress: made)}
    )
    assert [each.name for each in theory(progress=quiet)] == ["one", "two"]
    assert [each.name for each in theory(["two", "one", "two"], progress=quiet)] == ["two", "one"]
    with pytest.raises(UsageError, match=r"no theory called 'onne'\ndid you mean 'one'"):
        next(theory(["two", "onne"], progress=quiet))


def test_files_hold_rows_and_figure(tmp_path):
    made = Shown("said", ("name", "n"), (("x", 1.5), ("longer", math.inf)), lambda: canvas(1, 1)[0])
    answer = Answer("one", "What?", made)
    rows, figure = write(answer, tmp_path / "out")
    assert json.loads(rows.read_text())["rows"] == [["x", 1.5], ["longer", {"float": "inf"}]]
    assert figure.read_text().lstrip().startswith("<?xml")
    assert (rows.name, figure.name) == ("one.json", "one.svg")
    assert made.table().splitlines() == ["name      n", "------  ---", "x       1.5", "longer  inf"]
    assert answer.text().startswith("one: What?\n")
    (tmp_path / "file").touch()
    with pytest.raises(GanatomyError, match="could not be written"):
        write(answer, tmp_path / "file")


def test_every_name_is_asked_here():
    assert list(PANELS) == list(THEORY)
