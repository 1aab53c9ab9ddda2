"""Checkpoints: bit for bit there and back, the last few and the best, and a clear word on whatever is damaged."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganatomy.errors import InputError, UsageError
from ganatomy.training.runs.checkpoint import (
    Checkpoint,
    best_step,
    checkpoint_at,
    load_checkpoint,
    newest_whole,
    save_checkpoint,
    steps_of,
)
from ganatomy.training.runs.entry import Entry, write_entry
from ganatomy.training.runs.folder import Run
from ganatomy.training.runs.keeping import kept
from ganatomy.training.runs.resume import rewind
from ganatomy.training.runs.stored import Stored
from ganatomy.training.snapshot import Snapshot

State = Callable[..., Snapshot]
Same = Callable[[Snapshot, Snapshot], bool]
PARTS = ("json", "optim.safetensors", "safetensors")


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda handle: None)


def names(run: Run) -> list[str]:
    return sorted(path.name for path in run.checkpoints.iterdir())


@pytest.fixture(name="three")
def _three(run: Run, state: State) -> Run:
    """Steps 100, 200 and 300; 100 was the best."""
    for step in (100, 200, 300):
        save_checkpoint(run, state(step), {"at": step}, best=step == 100)
    return run


def test_there_and_back_bit_for_bit(run: Run, state: State, same: Same) -> None:
    extra = {"goal": {"gaps": (1.5, math.inf), "since": None}, "probe": "plateau", "met": False}
    path = save_checkpoint(run, state(500, 7), extra, best=True)
    assert path == run.checkpoints / "step-000500.json"
    assert names(run) == ["step-000500.json", "step-000500.optim.safetensors", "step-000500.safetensors"]
    found = load_checkpoint(run)
    assert isinstance(found, Checkpoint)
    assert same(found.snapshot, state(500, 7))
    assert found.extra == {"goal": {"gaps": [1.5, math.inf], "since": None}, "probe": "plateau", "met": False}
    assert (found.step, found.config, found.best, found.path, found.notes) == (500, run.config, True, path, ())


def test_shared_strided_and_missing_tensors_are_kept_by_value(run: Run, same: Same) -> None:
    flat = torch.arange(12.0)
    weights = {
        "a": flat[:6].reshape(2, 3).T,
        "b": flat[3:],
        "c": flat[3:],
        "d": torch.zeros(0),
        "e": flat.reshape(3, 4),
    }
    snapshot = Snapshot(weights, {}, {"count": 1})
    save_checkpoint(run, snapshot)
    assert same(load_checkpoint(run).snapshot, snapshot)
    nhwc = Snapshot(
        {"w": torch.rand(2, 3, 4, 4, generator=torch.Generator()).to(memory_format=torch.channels_last)},
        {},
        {"count": 2},
    )
    save_checkpoint(run, nhwc)
    assert same(load_checkpoint(run).snapshot, nhwc)
    loaded = load_checkpoint(run).snapshot.weights["w"]
    loaded.add_(1)  # it is memory of its own


def test_steps_are_in_the_order_of_numbers(run: Run, state: State) -> None:
    for step in (999_999, 1_000_000, 10_000_000):
        save_checkpoint(run, state(step))
    assert steps_of(run) == [999_999, 1_000_000, 10_000_000]
    assert load_checkpoint(run).step == 10_000_000
    assert "step-10000000.safetensors" in names(run)


def test_a_step_the_best_or_the_newest(three: Run, state: State, same: Same) -> None:
    assert load_checkpoint(three).step == 300
    assert same(load_checkpoint(three, 200).snapshot, state(200))
    assert load_checkpoint(three, "best").step == best_step(three) == 100
    with pytest.raises(UsageError, match=r"holds no checkpoint of step 250\nthere are 100, 200, 300"):
        load_checkpoint(three, 250)
    save_checkpoint(three, state(400), keep=1)
    assert steps_of(three) == [100, 400]
    save_checkpoint(three, state(500), keep=1, best=True)
    assert steps_of(three) == [500]


def test_a_run_without_checkpoints_or_without_a_best_says_so(run: Run, state: State) -> None:
    assert newest_whole(run) is None
    assert steps_of(run) == []
    assert best_step(run) is None
    with pytest.raises(InputError, match=r"checkpoints holds no checkpoint\ntrain until"):
        load_checkpoint(run)
    save_checkpoint(run, state(5))
    with pytest.raises(UsageError, match=r"is marked as the best\nthere are 5"):
        load_checkpoint(run, "best")


def test_what_cannot_be_kept_is_refused_before_anything_is_written(run: Run, state: State) -> None:
    with pytest.raises(
        UsageError, match=r"extra state of a checkpoint cannot be kept as JSON \(.*Tensor\)\nkeep numbers"
    ):
        save_checkpoint(run, state(1), {"a": [torch.zeros(1)]})
    with pytest.raises(UsageError, match=r"the snapshot counts only \['seen'\]\ncount the rounds"):
        save_checkpoint(run, Snapshot({}, {}, {"seen": 3}))
    with pytest.raises(UsageError, match="0 checkpoints were to be kept"):
        save_checkpoint(run, state(1), keep=0)
    assert not run.checkpoints.exists()


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (Path.unlink, "No such file"),
    "empty": (lambda path: path.write_bytes(b""), "0 bytes instead of|does not describe a checkpoint"),
    "truncated": (lambda path: path.write_bytes(path.read_bytes()[:-9]), "bytes instead of|does not describe"),
    "longer": (lambda path: path.write_bytes(path.read_bytes() + b"x"), "bytes instead of|does not describe"),
    "garbled": (
        lambda path: path.write_bytes(path.read_bytes()[:-20] + b"\x01" + path.read_bytes()[-19:]),
        "its bytes are not|its content is not|does not describe",
    ),
    "a pickle": (lambda path: torch.save({"a": 1}, path), "bytes instead of|does not describe"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "Is a directory"),
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_named_and_the_newest_older_checkpoint_too(three: Run, damage: str, part: str) -> None:
    do, why = DAMAGE[damage]
    broken = three.checkpoints / f"step-000300.{part}"
    before = load_checkpoint(three)
    do(broken)
    if part == "json" and damage == "missing":  # then there is no such checkpoint
        assert load_checkpoint(three).step == 200
        return
    with pytest.raises(InputError, match=why) as caught:
        load_checkpoint(three, 300)
    assert str(broken) in caught.value.said
    assert caught.value.remedy == f"take step 200, which loads: {three.checkpoints / 'step-000200.json'}"
    found = newest_whole(three)
    assert found is not None
    assert (found.step, found.extra) == (200, {"at": 200})
    (note,) = found.notes
    assert str(broken) in note
    assert note.endswith("passed over, step 200 is taken")
    if part == "optim.safetensors":  # not needed for samples
        assert load_checkpoint(three, moments=False).snapshot.weights.keys() == before.snapshot.weights.keys()
        assert load_checkpoint(three, moments=False).snapshot.moments == {}


def test_no_flipped_bit_passes_for_whole(run: Run, state: State, same: Same) -> None:
    save_checkpoint(run, state(1), {"at": 1})
    for part in PARTS:
        path = run.checkpoints / f"step-000001.{part}"
        content = path.read_bytes()
        for place in range(0, len(content), 7):
            path.write_bytes(content[:place] + bytes([content[place] ^ 2]) + content[place + 1 :])
            with pytest.raises(InputError, match=part):
                load_checkpoint(run)
        path.write_bytes(content)
    assert same(load_checkpoint(run).snapshot, state(1))


def test_where_no_other_loads_the_remedy_is_another(three: Run) -> None:
    for step in (100, 200, 300):
        (three.checkpoints / f"step-{step:06d}.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match=r"000300.safetensors is damaged .*\nno other checkpoint of the run loads"):
        load_checkpoint(three)
    with pytest.raises(InputError, match=r"no checkpoint of .*-s0 loads: .*300.*; .*200.*; .*100.*\nstart a new run"):
        newest_whole(three)


def test_a_later_one_is_named_where_no_older_one_loads(three: Run) -> None:
    (three.checkpoints / "step-000100.safetensors").unlink()
    with pytest.raises(InputError, match=r"000100.safetensors is damaged .*\ntake step 300, which loads"):
        load_checkpoint(three, "best")
    (three.checkpoints / "step-000100.json").write_text("{}")
    with pytest.raises(InputError, match=r"000100.json is damaged"):  # it may have been the best
        load_checkpoint(three, "best")
    (three.checkpoints / "step-000200.safetensors").unlink()
    with pytest.raises(InputError, match=r"000200.safetensors is damaged .*\ntake step 300, which loads"):
        load_checkpoint(three, 200)


def test_files_of_another_step_do_not_pass(three: Run) -> None:
    folder = three.checkpoints
    shutil.copy(folder / "step-000200.json", folder / "step-000300.json")
    with pytest.raises(InputError, match=r"000300.json is damaged \(its content is not what was written\)"):
        load_checkpoint(three)
    shutil.copy(folder / "step-000100.safetensors", folder / "step-000200.safetensors")
    with pytest.raises(
        InputError, match=r"000200.safetensors is damaged \(its bytes are not those that were written\)"
    ):
        load_checkpoint(three, 200)


def test_a_newer_version_says_so(three: Run) -> None:
    path = three.checkpoints / "step-000300.json"
    written = json.loads(path.read_text())
    written["checkpoint"]["version"] = 2
    path.write_text(json.dumps(written))
    with pytest.raises(InputError, match=r"000300.json has version 2, this package reads 1\ntake step 200"):
        load_checkpoint(three)


def test_a_checkpoint_holds_no_code(three: Run) -> None:
    for path in three.checkpoints.iterdir():
        if path.suffix == ".json":
            json.loads(path.read_text())
        else:
            content = path.read_bytes()
            json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])


def test_a_checkpoint_by_its_path(three: Run, state: State, same: Same, tmp_path: Path) -> None:
    assert checkpoint_at(three.folder).step == 300
    assert checkpoint_at(str(three.folder), "best", moments=True).snapshot.moments.keys() == state(100).moments.keys()
    for part in PARTS:
        found = checkpoint_at(three.checkpoints / f"step-000200.{part}", moments=True)
        assert same(found.snapshot, state(200))
        assert found.config == "batch: 64\n"
    moved = tmp_path / "moved"
    shutil.copytree(three.checkpoints, moved)
    (moved / "step-000300.optim.safetensors").unlink()
    assert checkpoint_at(moved / "step-000300.safetensors").config == "batch: 64\n"  # it needs its run no more
    with pytest.raises(UsageError, match=r"step 200 was asked of .*000300.json"):
        checkpoint_at(moved / "step-000300.json", 200)
    with pytest.raises(
        InputError, match=r"000400.json is no checkpoint \(there is no such file\)\ngive a run's folder"
    ):
        checkpoint_at(moved / "step-000400.json")
    with pytest.raises(InputError, match=r"config.yaml is no checkpoint\ngive a run's folder"):
        checkpoint_at(three.folder / "config.yaml")
    with pytest.raises(InputError, match="is no run"):
        checkpoint_at(moved)


def test_the_recipe_is_the_one_it_was_trained_with(three: Run) -> None:
    (three.folder / "config.yaml").write_text("batch: 32\n")
    assert checkpoint_at(three.folder).config == "batch: 64\n"


def test_the_same_weights_saved_again_keep_their_names_and_stay_the_best(run: Run, state: State) -> None:
    save_checkpoint(run, state(1), {"a": 1}, best=True)
    before = names(run)
    save_checkpoint(run, state(1), {"a": 2})
    assert names(run) == before
    assert load_checkpoint(run, "best").extra == {"a": 2}
    save_checkpoint(run, state(1, take=5))
    assert best_step(run) is None


def test_another_content_of_the_same_step_gets_files_of_its_own(run: Run, state: State, same: Same) -> None:
    for take in range(4):
        save_checkpoint(run, state(1, take))
        again = "-again" if take % 2 else ""
        expected = [f"step-000001{again}.optim.safetensors", f"step-000001{again}.safetensors", "step-000001.json"]
        assert names(run) == sorted(expected)
        assert same(load_checkpoint(run).snapshot, state(1, take))
        assert same(checkpoint_at(run.checkpoints / expected[1], moments=True).snapshot, state(1, take))


def test_files_of_others_are_left_alone(three: Run, state: State) -> None:
    theirs = [
        three.checkpoints / name for name in ("notes.txt", "step-000100.png", "best.safetensors", "step-1_mine.json")
    ]
    ours = [three.checkpoints / name for name in ("step-000050.safetensors", "step-000300-again.optim.safetensors")]
    for path in (*theirs, *ours):
        path.touch()
    (three.checkpoints / ".step-000350.json-x1").mkdir()
    save_checkpoint(three, state(400))
    assert all(path.exists() for path in theirs)
    assert not any(path.exists() for path in ours)
    assert not (three.checkpoints / ".step-000350.json-x1").exists()


def test_damaged_ones_are_not_counted_and_go_when_outrun(three: Run, state: State) -> None:
    (three.checkpoints / "step-000300.safetensors").write_bytes(b"short")
    (three.checkpoints / "step-000200.json").write_text("torn")
    save_checkpoint(three, state(400), keep=1)
    assert steps_of(three) == [100, 400]
    (three.checkpoints / "step-000400.json").write_text("torn")
    save_checkpoint(three, state(500), keep=2)
    assert steps_of(three) == [100, 400, 500]
    assert "step-000400.safetensors" in names(three)  # its entry may be mended by hand
    save_checkpoint(three, state(600), keep=2)
    assert steps_of(three) == [100, 500, 600]


def test_a_damaged_one_takes_nobodys_place(three: Run, state: State) -> None:
    (three.checkpoints / "step-000300.optim.safetensors").write_bytes(b"short")
    save_checkpoint(three, state(400), keep=2)
    assert steps_of(three) == [100, 200, 300, 400]
    assert load_checkpoint(three, 200).step == 200


def test_later_ones_never_push_out_the_one_just_saved(three: Run, state: State) -> None:
    save_checkpoint(three, state(250), keep=1)
    assert steps_of(three) == [100, 250, 300]


@given(steps=st.lists(st.integers(0, 99), unique=True, min_size=1).map(sorted), keep=st.integers(1, 5), data=st.data())
def test_kept_are_the_last_few_and_the_best(steps: list[int], keep: int, data: Any) -> None:
    best = data.draw(st.none() | st.sampled_from(steps))
    stay = kept(steps, best=best, keep=keep)
    assert stay <= set(steps)
    assert best is None or best in stay
    assert steps[-1] in stay
    assert len(stay - {best}) <= keep <= max(keep, len(stay))
    assert all(step in stay for step in steps if sum(other > step for other in steps) < keep)


OPERATIONS = st.lists(st.tuples(st.sampled_from(["save", "best", "again", "rewind"]), st.integers(0, 3)), max_size=9)


@settings(max_examples=25)
@given(operations=OPERATIONS, keep=st.integers(1, 3))
def test_any_history_keeps_exactly_the_last_few_and_the_best(
    tmp_path_factory: pytest.TempPathFactory,
    state: State,
    same: Same,
    operations: list[tuple[str, int]],
    keep: int,
) -> None:
    run = Run(tmp_path_factory.mktemp("run"), "")
    model: dict[int, tuple[int, bool]] = {}  # step -> take, whether it was the best
    now = 0
    for take, (what, far) in enumerate(operations):
        if what == "rewind":
            now = sorted({0, *model})[-1 - far % (len({0, *model}))]
            rewind(run, now)
            model = {step: kept for step, kept in model.items() if step <= now}
        else:
            now += 0 if what == "again" else 1 + far
            save_checkpoint(run, state(now, take), {"take": take}, keep=keep, best=what == "best")
            model[now] = (take, what == "best")
            best = max((step for step in model if model[step][1]), default=None)
            model = {step: model[step] for step in {*sorted(model)[-keep:], best} - {None}}
        assert steps_of(run) == sorted(model)
        assert best_step(run) == max((step for step in model if model[step][1]), default=None)
    for step, (last, _) in model.items():
        assert same(load_checkpoint(run, step).snapshot, state(step, last))
        assert load_checkpoint(run, step).extra == {"take": last}
    files = {path.name for path in run.checkpoints.iterdir()} if model else set()
    assert len(files) == 3 * len(model)


def test_an_entry_is_plain_json(tmp_path: Path) -> None:
    stored = Stored("f", 1, "d")
    with pytest.raises(UsageError, match="cannot be kept as JSON"):
        write_entry(tmp_path, Entry(1, False, "", {}, {"a": object()}, stored, stored))
    assert list(tmp_path.iterdir()) == []
