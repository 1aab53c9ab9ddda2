"""Where a report comes from, and what is left of it where folders and machines are to be left out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shared_runs import small_run
from shared_tiny import tiny

from ganatomy.results.provenance import Provenance
from ganatomy.verbs.reporting.provenance import HIDDEN, provenance, redacted


def made(command: str, at: str) -> Provenance:
    return Provenance(command=command, made=at, versions={}, machine={"platform": "Linux-secret", "threads": 2})


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (
            "ganatomy explain /home/ada/runs/0001-x --data folder:/data/scans",
            "ganatomy explain 0001-x --data folder:scans",
        ),
        ("--data-dir ../shared/data", "--data-dir data"),
        ("~/gans/mine.py:make", "mine.py:make"),
        ("runs/0001-x@best", "0001-x@best"),
        ("C:/Users/ada/mine.py", "C:mine.py"),
        ("1e-3, 0.5 and nothing else", "1e-3, 0.5 and nothing else"),
    ],
)
def test_of_a_path_its_last_name_stays(text: str, left: str) -> None:
    assert redacted(text) == left
    assert redacted({"a": [text]}) == {"a": [left]}


def test_machines_and_devices_are_hidden_wherever_they_stand() -> None:
    told = {"report": {"machine": {"platform": "Linux-secret"}, "device": "cuda:0", "seed": 3}}
    assert redacted(told) == {"report": {"machine": HIDDEN, "device": HIDDEN, "seed": 3}}


def test_each_command_stands_once_with_its_times(tmp_path: Path) -> None:
    earlier = [
        made("ganatomy explain x", "2026-01-02"),
        made("ganatomy explain x", "2026-01-01"),
        made("y", "2026-01-03"),
    ]
    told = provenance(tiny(), None, name="x", here=made("z", "2026-02-01"), earlier=earlier, started="2026-01-31")
    assert told["results"] == {"ganatomy explain x": "2026-01-01 to 2026-01-02", "y": "2026-01-03"}
    assert told["weights"] == tiny().digest()
    json.dumps(told)


def test_a_run_without_networks_still_says_how_it_was_trained(tmp_path: Path) -> None:
    run = small_run(tmp_path).folder
    told = provenance(None, run, name="x", here=made("z", "2026-02-01"), earlier=(), started="")
    assert told["training"]["seed"] == 0
    assert "ring8" in told["recipe as it was played"]
    (run / "provenance.json").write_text("{")
    broken = provenance(None, run, name="x", here=made("z", "2026-02-01"), earlier=(), started="")
    assert broken["training"] == {"provenance.json": "cannot be read"}
