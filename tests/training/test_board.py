"""Events are read back through TensorBoard's own reader: what a run told is what it shows."""

import json
import subprocess
import sys
import threading
import time

import pytest
import torch
from PIL import Image
from shared_runs import small_run
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ganatomy.models.evaluating import passed
from ganatomy.training.board import MISSING, SHOWN, Board
from ganatomy.training.described import NETWORKS
from ganatomy.training.events import Event
from ganatomy.training.step import Step

PICTURES = ("data.name=digits", "latent.dim=3")


def told(small, tmp_path):
    """One event of each kind."""
    step: Step = next(small.game)
    sheet = tmp_path / "sheet.png"
    Image.new("RGB", (6, 4), (255, 0, 0)).save(sheet)
    values = {"seen": 16, "critic.adversarial": 1.5, "norm.critic": float("nan"), "kind": "x"}
    return [
        Event("samples", 0, {"path": str(sheet)}, "samples"),
        Event("log", 1, values, round=step),
        Event("tick", 1, round=step),
        Event("probe", 2, values | {"gap": 0.25}, round=step),
        Event("alarm", 2, {"rule": "asleep"}, "asleep at step 2: it sleeps", round=step),
        Event("checkpoint", 2, {"path": "x"}, "saved x"),
        Event("end", 3, {"state": "finished"}, "reached 3 steps"),
    ]


def shown(small, tmp_path):
    with Board(small.folder) as board:
        for event in told(small, tmp_path):
            board.show(event)
    assert board.note is None
    return read(small.folder)


def read(folder):
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0, "histograms": 0, "tensors": 0})
    return events.Reload()


@pytest.mark.parametrize("changes", [(), PICTURES])
def test_everything_a_run_tells_can_be_read_back(tmp_path, changes):
    small = small_run(tmp_path, changes, saved=(1,))
    before = set(threading.enumerate())
    events = shown(small, tmp_path)
    assert set(threading.enumerate()) == before
    tags = events.Tags()
    assert set(tags["scalars"]) == {"seen", "critic/adversarial", "gap"}
    assert [(s.step, s.value) for s in events.Scalars("critic/adversarial")] == [(1, 1.5), (2, 1.5)]
    assert [(s.step, s.value) for s in events.Scalars("gap")] == [(2, 0.25)]
    (image,) = events.Images("samples")
    assert (image.step, image.width, image.height) == (0, 6, 4)
    weights = {f"generator/{name}": weight for name, weight in small.game.players.generator.named_parameters()}
    weights |= {f"critic/{name}": weight for name, weight in small.game.players.critic.named_parameters()}
    assert set(tags["histograms"]) == {*weights, "scores/real", "scores/fake"}
    for name, weight in weights.items():
        (drawn,) = events.Histograms(name)
        assert drawn.histogram_value.num == weight.numel()
        assert drawn.histogram_value.sum == pytest.approx(float(weight.detach().double().sum()), abs=1e-5)
    texts = {tag: [t.tensor_proto.string_val[0].decode() for t in events.Tensors(tag)] for tag in tags["tensors"]}
    assert texts == {
        "health/text_summary": ["asleep at step 2: it sleeps"],
        "run/text_summary": ["saved x", "reached 3 steps"],
    }


@pytest.mark.parametrize("changes", [(), (*PICTURES, "latent.conditional=true"), ("data.name=stacked-digits",)])
def test_the_map_shows_fixed_latents_by_their_samples(tmp_path, changes, capsys):
    small = small_run(tmp_path, changes, saved=(1,))
    shown(small, tmp_path)
    shown(small, tmp_path)  # as a resumed run would: one map all the same, and no warning
    assert capsys.readouterr().out == ""
    config = (small.folder / "projector_config.pbtxt").read_text()
    assert config.count("embeddings {") == 1
    folder = small.folder / "00000" / "latents"
    rows = [line.split("\t") for line in (folder / "tensors.tsv").read_text().splitlines()]
    assert len(rows) == SHOWN
    names = (folder / "metadata.tsv").read_text().split()
    latent = small.setup.latent
    labels = latent.labels(0, range(SHOWN))
    assert names == ([str(i) for i in range(SHOWN)] if labels is None else [str(int(each)) for each in labels])
    assert (folder / "sprite.png").exists() == bool(changes)
    if not changes:
        samples = passed(small.game.average, latent.sample(0, range(SHOWN)))
        found = torch.tensor([[float(value) for value in row] for row in rows])
        assert torch.allclose(found, samples, atol=1e-5)
    else:
        with Image.open(folder / "sprite.png") as sprite:
            assert sprite.size == (16 * 8, 16 * 8)


def test_what_a_resumed_run_plays_again_replaces_what_was_there(tmp_path):
    small = small_run(tmp_path, saved=(1,))
    for first, value in ((1, 1.0), (3, 2.0)):
        time.sleep(1.1 * (first > 1))  # TensorBoard sorts its files by the second in their names
        with Board(small.folder) as board:
            for step in range(first, 6):
                board.show(Event("log", step, {"loss": value}))
    assert [(s.step, s.value) for s in read(small.folder).Scalars("loss")] == [
        (1, 1.0),
        (2, 1.0),
        (3, 2.0),
        (4, 2.0),
        (5, 2.0),
    ]


def test_what_costs_time_rests_until_it_takes_its_share(tmp_path, monkeypatch):
    small = small_run(tmp_path, saved=(1,))
    clock = iter([0.0, 2.0, 201.9, 202.1, 203.0])  # written from 0 to 2: not before 202 again
    monkeypatch.setattr("ganatomy.training.board.time.monotonic", lambda: next(clock))
    step = next(small.game)
    with Board(small.folder) as board:
        board._open(0)
        for count in (1, 2, 3):
            board._rarely("distributions", lambda count=count: board._distributions(step, count))
        monkeypatch.undo()
    name = next(f"generator/{name}" for name, _ in small.game.players.generator.named_parameters())
    assert [drawn.step for drawn in read(small.folder).Histograms(name)] == [1, 3]


def test_weights_that_are_not_finite_do_not_stop_it(tmp_path):
    small = small_run(tmp_path, saved=(1,))
    with torch.no_grad():
        small.game.average.get_submodule("output.linear").bias.fill_(torch.nan)
        next(small.game.players.critic.parameters()).fill_(torch.inf)
    events = shown(small, tmp_path)
    first = next(name for name, _ in small.game.players.critic.named_parameters())
    assert f"critic/{first}" not in events.Tags()["histograms"]
    assert not (small.folder / "00000").exists()


@pytest.mark.parametrize("fault", ["sheet", "description", "folder"])
def test_a_failure_ends_the_events_with_a_note_and_not_the_run(tmp_path, fault):
    small = small_run(tmp_path, saved=(1,))
    events = told(small, tmp_path)
    if fault == "sheet":
        (tmp_path / "sheet.png").write_bytes(b"torn")
    elif fault == "description":
        (small.folder / NETWORKS).write_text("{")
    folder = tmp_path / "sheet.png" if fault == "folder" else small.folder
    with Board(folder) as board:
        for event in events:
            board.show(event)
    assert board.note is not None
    assert "TensorBoard events ended at step 0" in board.note


def test_an_unused_board_writes_nothing(tmp_path):
    with Board(tmp_path) as board:
        board.show(Event("tick", 1))
    assert list(tmp_path.iterdir()) == []


def test_where_it_is_not_installed_nothing_is_written_and_the_note_says_how(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with Board(tmp_path) as board:
        board.show(Event("log", 1, {"loss": 1.0}))
    assert board.note == MISSING
    assert "pip install tensorboard" in MISSING
    assert list(tmp_path.iterdir()) == []


def test_nothing_of_it_is_imported_before_something_is_shown():
    code = (
        "import sys, json, pathlib; from ganatomy.training.board import Board\n"
        "Board(pathlib.Path('.')).__enter__()\n"
        "print(json.dumps('tensorboard' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)) == (0, False), done.stderr
