"""A run's twin on disk: the same past, the run itself without a change, and what is told of the two."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from ganatomy.errors import UsageError
from ganatomy.experiments import pool
from ganatomy.training.events import Event
from ganatomy.training.runs.checkpoint import load_checkpoint, steps_of
from ganatomy.training.runs.folder import open_run
from ganatomy.training.runs.metrics import read_metrics
from ganatomy.training.snapshot import Snapshot
from ganatomy.verbs.fork import beside, effect, fork
from ganatomy.verbs.fork_told import told_of_effect, told_of_pair
from ganatomy.verbs.subject import subject
from ganatomy.verbs.train import train

TINY = ["players.options.hidden=[8]", "players.options.critic_hidden=[8]", "pace.batch=16"]
TINY += ["cadence.log=2", "cadence.probe=4", "cadence.samples=0"]


def folder_of(events: Sequence[Event]) -> Path:
    return Path(next(event.values["folder"] for event in events if event.kind == "run"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(list(train("ring8", TINY, until="40", out=tmp_path_factory.mktemp("runs"))))


def last(folder: Path, step: int | None = None) -> Snapshot:
    return load_checkpoint(open_run(folder), step).snapshot


def same(one: Snapshot, other: Snapshot) -> bool:
    tensors = [each.weights | each.moments for each in (one, other)]
    return tensors[0].keys() == tensors[1].keys() and all(
        torch.equal(tensor, tensors[1][name]) for name, tensor in tensors[0].items()
    )


@pytest.mark.parametrize("at", [0, 16, 29])
def test_a_fork_without_a_change_is_the_run_bit_for_bit(run: Path, at: int, tmp_path: Path) -> None:
    """Also where the fork lies between two checkpoints, or before the first."""
    events = list(fork(run, at=at, rounds=40 - at, out=tmp_path))
    twin = folder_of(events)
    assert events[-1].values["state"] == "finished"
    assert same(last(twin), last(run))
    timeless = [
        [{k: v for k, v in row.items() if k != "seconds"} for row in read_metrics(open_run(f))] for f in (run, twin)
    ]
    assert timeless[0] == timeless[1]


def test_a_twin_differs_from_the_fork_on_and_not_before(run: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    twin = folder_of(list(fork(run, at=29, do=["freeze=critic until 35"], rounds=11, out=tmp_path)))
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
    assert twin.name == "0001-ring8-fork-29-s0"
    assert {16, 24} <= set(steps_of(open_run(twin)))
    assert all(same(last(twin, step), last(run, step)) for step in (16, 24))
    assert not same(last(twin), last(run))
    assert json.loads((twin / "fork.json").read_text())["do"] == ["freeze=critic until 35"]
    assert "freeze=critic from 29 until 35" in (twin / "config.yaml").read_text()


def test_a_twin_can_be_resumed_and_forked_again(run: Path, tmp_path: Path) -> None:
    do = ["pace.critic.rate=1e-5"]
    whole = folder_of(list(fork(run, at=24, do=do, rounds=16, out=tmp_path / "whole")))
    short = folder_of(list(fork(run, at=24, do=do, rounds=5, out=tmp_path / "short")))
    list(train(resume=str(short), until="40"))
    assert same(last(whole), last(short))
    again = folder_of(list(fork(whole, at=32, rounds=8, out=tmp_path / "again")))
    assert same(last(again), last(whole))


def test_the_two_are_laid_side_by_side(run: Path, tmp_path: Path) -> None:
    twin = folder_of(list(fork(run, at=24, do=["freeze=generator"], rounds=16, out=tmp_path)))
    pair = beside(run, twin)
    assert (pair.at, pair.shown, len(pair.pictures)) == (24, 40, 2)
    assert [row["step"] for row in pair.original] == [row["step"] for row in pair.twin]
    told = told_of_pair(pair, twin)
    gap = next(row for row in told["rows"] if row["reading"] == "gap")
    assert (gap["round"], gap["as it was"]) == (40, read_metrics(open_run(run))[-1]["gap"])
    assert gap["twin"] != gap["as it was"]
    assert "gap" in told["table"]
    assert (twin / "fork.svg").read_text().count("<svg") == 1


def test_the_effect_is_saved_as_findings(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "cores", lambda: 1)
    whole = effect(run, at=8, do=["freeze=generator"], rounds=3, bases=3, progress=lambda done, total: None)
    assert whole.fork.bases == (0, 1, 2)
    assert whole.fork.rounds == (1, 3)
    (told,) = told_of_effect(whole, tmp_path, ["gap"])
    assert told["verdict"] in ("present", "absent", "undetermined")
    assert json.loads((Path(told["folder"]) / "finding.json").read_text())["replication"] == "base run"
    assert (Path(told["folder"]) / "figure.svg").exists()


def test_a_gan_whose_unit_was_held_says_so(run: Path, tmp_path: Path) -> None:
    twin = folder_of(list(fork(run, at=24, do=["remove=generator.hidden1.linear:1 until 36"], rounds=16, out=tmp_path)))
    assert "remove=generator.hidden1.linear:1 from 24 until 36" in str(subject(f"{twin}@32").provenance["notes"])
    assert "remove" not in str(subject(twin).provenance["notes"])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"at": -1}, "rounds count from 0"),
        ({"at": 24, "rounds": 0}, "play 1 or more"),
        ({"at": 24, "do": ["freeze=critic from 10"]}, "begins before the fork"),
        ({"at": 24, "do": ["thaw=critic"]}, "no intervention called 'thaw'"),
        ({"at": 24, "do": ["critic=17"]}, "17"),
        ({"at": 24, "do": ["remove=generator.nowhere:3"]}, "no site called"),
    ],
)
def test_what_cannot_be_done_leaves_nothing_behind(run: Path, asked: dict, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        list(fork(run, out=tmp_path, **asked))
    assert not list(tmp_path.iterdir())
