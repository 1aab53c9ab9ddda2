"""`experiment` writes a finding with its figure, and tells it as a table."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ganatomy.verbs.experiment as verb
from ganatomy.experiments.catalogue import EXPERIMENTS
from ganatomy.experiments.experiment import conclude, with_seeds
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.finding import Finding
from ganatomy.results.folder import load


def simulated(name: str, *, seeds: int | None, data_dir: Path | None, progress) -> Finding:
    """As if it had been carried out."""
    experiment = EXPERIMENTS["two-time-scales"] if seeds is None else with_seeds(EXPERIMENTS["two-time-scales"], seeds)
    noise = np.random.Generator(np.random.Philox(1)).normal(size=(4, experiment.seeds)) / 1000
    shifts = dict(zip((arm.name for arm in experiment.arms), (0.5, 0.4, 3.0, 0.5), strict=True))
    for done in range(experiment.seeds):
        progress(done + 1, experiment.seeds)
    return conclude(
        experiment, {arm: list(shift + row) for (arm, shift), row in zip(shifts.items(), noise, strict=True)}
    )


@pytest.fixture
def done(tmp_path, monkeypatch) -> verb.Conducted:
    monkeypatch.setattr(verb, "conduct", simulated)
    monkeypatch.chdir(tmp_path)
    return verb.experiment("two-time-scales", seeds=4, progress=lambda done, total: None)


def test_the_finding_and_its_figure_are_in_a_folder(done: verb.Conducted) -> None:
    assert done.folder == Path("experiments/two-time-scales")
    kept = load(done.folder)
    assert isinstance(kept, Finding)
    assert (kept.verdict, len(kept.arrays)) == ("present", 4)
    assert "<svg" in (done.folder / "figure.svg").read_text()


def test_the_text_has_claim_why_every_arm_and_the_verdict(done: verb.Conducted) -> None:
    text = done.text()
    for arm in done.experiment.arms:
        assert arm.name in text
    assert text.startswith("Claim: two time scales help")
    assert "Heusel" in text
    assert text.endswith("present: It falls, as claimed.")
    treated = next(line for line in text.splitlines() if " treatment " in line)
    assert [float(number) for number in treated.split()[-4:-2]] == pytest.approx([0.4, -0.1], abs=2e-3)


def test_the_object_has_the_same_numbers(done: verb.Conducted) -> None:
    told = json.loads(json.dumps(done.to_dict(), allow_nan=False))
    assert (told["verdict"], told["seeds"], told["smallest"]) == ("present", 4, 0.02)
    base, treated, positive, negative = told["arms"]
    assert (base["change"], base["mean"]) == (None, pytest.approx(0.5, abs=1e-3))
    assert treated["change"] == pytest.approx(done.finding.effect)
    assert treated["low"] < treated["change"] < treated["high"]
    assert [arm["part"] for arm in (positive, negative)] == ["positive control", "negative control"]


def test_an_interval_that_cannot_be_had_is_nothing_to_a_machine(done: verb.Conducted) -> None:
    endless = replace(done.finding, interval=Interval(-math.inf, math.inf, 0.95, "none"))
    treated = replace(done, finding=endless).to_dict()["arms"][1]  # type: ignore[index]
    assert (treated["low"], treated["high"]) == (None, None)
    assert "-inf" in replace(done, finding=endless).text()


def test_one_of_somebodys_own_is_kept_under_file_and_name(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(verb, "conduct", simulated)
    monkeypatch.setattr(verb, "experiment_named", lambda name: EXPERIMENTS["two-time-scales"])
    monkeypatch.chdir(tmp_path)
    assert verb.experiment("some/mine.py:CLAIM", progress=lambda done, total: None).folder == Path(
        "experiments/mine-CLAIM"
    )
