"""A run from its recipe to its end: what is written, what is told, and that stopping and going on changes nothing."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest
import torch
from PIL import Image

from ganatomy.errors import DivergedError, UsageError
from ganatomy.results.provenance import Provenance
from ganatomy.training.events import Event
from ganatomy.training.goals import parse_goal
from ganatomy.training.play import Play
from ganatomy.training.recipes.read import read_recipe, to_yaml
from ganatomy.training.runs.checkpoint import Checkpoint, best_step, load_checkpoint, newest_whole, steps_of
from ganatomy.training.runs.folder import Run, new_run
from ganatomy.training.runs.metrics import read_metrics
from ganatomy.training.runs.resume import rewind
from ganatomy.training.runs.status import read_status
from ganatomy.training.session import train
from ganatomy.training.setup import Setup, set_up
from ganatomy.training.standing import Standing, pursuit_of

SMALL = ["players.options.hidden=[16]", "players.options.critic_hidden=[16]", "pace.batch=16"]
CADENCE = ["cadence.log=5", "cadence.probe=10", "cadence.samples=0", "cadence.save_seconds=1000000"]
TWO_STAGES = """stages=
- {name: sketch, game: {name: ns-r1}, pace: {batch: 16}, end: {steps: 14}}
- {name: finish, game: {name: r3}, pace: {batch: 8, critic_turns: 2}, end: {steps: 13}}
"""


@lru_cache
def setup_of(*changes: str) -> Setup:
    """One for each wish: the floor of real samples is worked out once."""
    return set_up(read_recipe("ring8", [*SMALL, *CADENCE, "end.steps=30", *changes]))


@lru_cache
def staged(*changes: str) -> Setup:
    return set_up(read_recipe("ring8", [*SMALL[:2], *CADENCE, TWO_STAGES, "end=null", *changes]))


def run_of(setup: Setup, folder: Path) -> Run:
    return new_run(folder, setup.recipe.name, seed=0, config=to_yaml(setup.recipe), provenance=Provenance.here(seed=0))


def stopped_at(step: int, events_seen: list[Event] | None = None) -> Callable[[], bool]:
    """Asks for an end before round `step` is played, counted in questions: one a round."""
    questions = itertools.count()
    return lambda: next(questions) >= step


def played(
    setup: Setup, run: Run, start: Checkpoint | None = None, stop: Callable[[], bool] | None = None
) -> list[Event]:
    return list(train(setup, run, start=start, interrupted=stop or (lambda: False)))


def everything(checkpoint: Checkpoint) -> dict[str, object]:
    snapshot, extra = checkpoint.snapshot, json.loads(json.dumps(dict(checkpoint.extra)))
    extra["standing"].pop("seconds")
    tensors = {**snapshot.weights, **snapshot.moments}
    return {"extra": extra, "counters": snapshot.counters} | {name: t.numpy().tobytes() for name, t in tensors.items()}


def lines(run: Run) -> list[dict[str, object]]:
    return [{name: value for name, value in line.items() if name != "seconds"} for line in read_metrics(run)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    setup = setup_of()
    run = run_of(setup, tmp_path_factory.mktemp("whole"))
    played(setup, run)
    return run


@pytest.mark.parametrize("stop", [1, 9, 10, 17, 29])
def test_a_run_that_is_stopped_and_resumed_equals_the_uninterrupted_one(tmp_path: Path, whole: Run, stop: int) -> None:
    setup = setup_of()
    run = run_of(setup, tmp_path)
    first = played(setup, run, stop=stopped_at(stop))
    assert (first[-1].values["state"], first[-1].step) == ("interrupted", stop)
    assert read_status(run.folder).state == "interrupted"
    start = newest_whole(run)
    assert start is not None
    assert start.step == stop
    rewind(run, start.step)
    last = played(setup_of(), run, start)[-1]
    assert (last.values["state"], last.step) == ("finished", 30)
    assert everything(load_checkpoint(run)) == everything(load_checkpoint(whole))
    assert lines(run) == lines(whole)
    assert best_step(run) == best_step(whole)


@pytest.mark.parametrize("stop", [5, 14, 15, 20])
def test_a_run_in_stages_resumes_in_the_stage_it_was_in(tmp_path: Path, stop: int) -> None:
    ends = []
    for folder, stop_at in ((tmp_path / "whole", None), (tmp_path / "cut", stop)):
        setup = staged()
        run = run_of(setup, folder)
        if stop_at is not None:
            # a stage that ends asks once more without playing a round
            played(setup, run, stop=stopped_at(stop_at + (stop_at >= 14)))
            start = newest_whole(run)
            assert start is not None
            rewind(run, start.step)
            played(staged(), run, start)
        else:
            events = played(setup, run)
            assert [event.values["stage"] for event in events if event.kind == "stage"] == ["sketch", "finish"]
            assert (events[-1].step, events[-1].values["seen"]) == (27, 14 * 16 + 13 * 16)
        ends.append((everything(load_checkpoint(run)), lines(run)))
    assert ends[0] == ends[1]


def test_both_players_move_in_both_stages(tmp_path: Path) -> None:
    setup = staged("cadence.save_seconds=0.0001")
    run = run_of(setup, tmp_path)
    seen: dict[int, dict[str, torch.Tensor]] = {}
    for event in train(setup, run):
        if event.kind == "checkpoint":
            seen[event.step] = load_checkpoint(run).snapshot.weights
    for before, after in ((1, 13), (15, 26)):
        for prefix in ("G.", "D."):
            assert any(
                not torch.equal(tensor, seen[after][name])
                for name, tensor in seen[before].items()
                if name.startswith(prefix)
            )


def test_looking_changes_nothing(tmp_path: Path, whole: Run) -> None:
    """Probes, logs, samples and saves on or off: the same weights."""
    setup = setup_of("cadence.log=0", "cadence.probe=0")
    run = run_of(setup, tmp_path)
    played(setup, run)
    blind, seeing = load_checkpoint(run).snapshot, load_checkpoint(whole).snapshot
    assert all(torch.equal(tensor, seeing.weights[name]) for name, tensor in blind.weights.items())
    assert lines(run) == []


def test_what_is_written_and_told(tmp_path: Path) -> None:
    setup = setup_of("cadence.samples=15", "cadence.save_seconds=0.0001", "cadence.keep=2")
    run = run_of(setup, tmp_path)
    events = played(setup, run)
    kinds = [event.kind for event in events]
    assert kinds.count("probe") == 3
    assert kinds.count("log") == 3  # a probe's line stands for the log line of its round
    assert [event.step for event in events if event.kind == "samples"] == [0, 15, 30]
    assert all(Path(event.values["path"]).read_bytes()[:4] == b"\x89PNG" for event in events if event.kind == "samples")
    assert [(line["step"], line["kind"]) for line in lines(run) if line["kind"] != "alarm"] == [
        (5, "log"), (10, "probe"), (15, "log"), (20, "probe"), (25, "log"), (30, "probe"),
    ]  # fmt: skip
    kept = steps_of(run)
    assert kept[-2:] == [29, 30]
    assert {16, 24} <= set(kept)  # the milestones
    assert set(kept) - {16, 24, 29, 30} <= {best_step(run)}
    gaps = {line["step"]: line["gap"] for line in lines(run) if line["kind"] == "probe"}
    assert best_step(run) == min(gaps, key=lambda step: gaps[step])


def test_a_goal_stands_above_the_recipe_and_the_run_says_when_it_converged(tmp_path: Path) -> None:
    setup = setup_of()
    run = run_of(setup, tmp_path)
    *_, last = train(setup, run, goal=parse_goal("gap<0.9 or 200 steps"))
    assert last.step == 30  # three probes below it
    assert last.values["reason"] == "reached gap<0.9"
    assert last.values["converged"] == 160
    assert read_status(run.folder).converged == 160
    assert "Converged to a gap of 0.9 after 160 images" in last.text


def test_a_finished_run_goes_on_to_a_later_goal(tmp_path: Path, whole: Run) -> None:
    short, long = setup_of("end.steps=12"), setup_of()
    run = run_of(short, tmp_path)
    played(short, run)
    played(long, run, newest_whole(run))
    went_on, at_once = everything(load_checkpoint(run)), everything(load_checkpoint(whole))
    assert {**went_on, "extra": None} == {**at_once, "extra": None}
    assert lines(run)[-2:] == lines(whole)[-2:]


def test_a_budget_of_seconds_counts_those_of_all_sittings(tmp_path: Path) -> None:
    setup = setup_of()
    run = run_of(setup, tmp_path)
    played(setup, run, stop=stopped_at(3))
    start = newest_whole(run)
    assert start is not None
    standing = Standing.from_dict(start.extra["standing"])
    assert standing.seconds > 0
    *_, last = train(setup, run, start=start, goal=parse_goal(f"{standing.seconds / 2:.9f}s"))
    assert last.step == 3
    assert last.values["reason"].startswith("reached")


def test_a_diverged_run_says_so_and_keeps_its_checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ganatomy.training import play as module

    monkeypatch.setattr(module, "PATIENCE", 3)
    setup = setup_of("cadence.save_seconds=0.0001")
    run = run_of(setup, tmp_path)
    before = Play.__next__

    def broken(self: Play):
        if self.count == 8:
            with torch.no_grad():
                self.descents["critic"].weights[0].fill_(float("nan"))
        return before(self)

    monkeypatch.setattr(Play, "__next__", broken)
    told = []
    with pytest.raises(DivergedError, match="critic in a row were not finite"):
        told.extend(train(setup, run))
    status = read_status(run.folder)
    assert status.state == "diverged"
    assert "not finite" in status.reason
    assert load_checkpoint(run).step >= 8


def test_skipped_steps_are_counted_by_parameter_and_raise_an_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup, pull = setup_of(), Play._pull

    def sometimes(self: Play, role, turn):
        found = pull(self, role, turn)
        if role == "critic" and turn in (6, 7):
            spoilt = [g * float("inf") if place == 0 else g for place, g in enumerate(found.gradients)]
            return type(found)(found.terms, spoilt)
        return found

    monkeypatch.setattr(Play, "_pull", sometimes)
    run = run_of(setup, tmp_path)
    events = played(setup, run)
    skipped = {name: value for line in lines(run) for name, value in line.items() if name.startswith("skipped.")}
    assert skipped == {"skipped.critic.D.hidden1.linear.weight": 2.0}
    assert any(event.kind == "alarm" and event.values["rule"] == "not-finite" for event in events)
    assert events[-1].values["skipped"] == {"critic": 2}


def test_penalties_that_are_due_in_no_logged_round_are_read_all_the_same(tmp_path: Path) -> None:
    """Logs come at round 5, 10, 15; every fourth turn, from the first on, has the penalties."""
    setup = setup_of("game.terms.r1.every=4", "game.terms.r2.every=4")
    run = run_of(setup, tmp_path)
    list(train(setup, run))
    lines = [line for line in read_metrics(run) if line["kind"] in ("log", "probe")]
    assert len(lines) == 6
    assert all(0 < line["penalty.share"] < 1 for line in lines)


def test_a_broken_game_is_heard_and_kept(tmp_path: Path) -> None:
    setup = setup_of("pace.critic.rate=1e30", "cadence.log=0", "cadence.probe=0")
    run = run_of(setup, tmp_path)
    events: list[Event] = []
    with pytest.raises(DivergedError):
        events.extend(train(setup, run, goal=parse_goal(500)))
    (alarm,) = [event for event in events if event.kind == "alarm"]
    assert alarm.values["rule"] == "not-finite"
    assert read_metrics(run)[-1]["kind"] == "alarm"
    kept = load_checkpoint(run)
    assert all(bool(torch.isfinite(weight).all()) for weight in kept.snapshot.weights.values())
    assert read_status(run.folder).state == "diverged"


def test_the_last_round_is_probed_and_going_on_is_as_if_it_had_not_been(tmp_path: Path) -> None:
    """With a last round of 27, where no probe is due; nothing of the probe is left in a run that goes on to 30."""
    setup = setup_of("end.steps=27")
    short = run_of(setup, tmp_path / "short")
    events = played(setup, short)
    assert [event.step for event in events if event.kind == "probe"] == [10, 20, 27]
    assert "Not measured" not in events[-1].text
    assert events[-1].values["best_gap"] == min(line["gap"] for line in read_metrics(short) if "gap" in line)
    went_on = load_checkpoint(short)
    list(train(setup_of(), short, start=went_on))
    whole = run_of(setup_of(), tmp_path / "whole")
    played(setup_of(), whole)
    ours, theirs = load_checkpoint(short), load_checkpoint(whole)
    assert all(torch.equal(ours.snapshot.moments[name], value) for name, value in theirs.snapshot.moments.items())
    standing = [Standing.from_dict(each.extra["standing"]) for each in (ours, theirs)]
    assert replace(standing[0].pursuit, met=None) == replace(standing[1].pursuit, met=None)
    assert standing[0].watch == standing[1].watch


def test_a_goal_goes_through_a_checkpoint_to_its_last_digit(tmp_path: Path) -> None:
    setup = setup_of("end={steps: 30, gap: 0.0000123456789, plateau: 7}")
    run = run_of(setup, tmp_path)
    played(setup, run, stop=stopped_at(15))
    goal = Standing.from_dict(load_checkpoint(run).extra["standing"]).pursuit.goal
    assert str(goal) == "30 steps or gap<1.23456789e-05 or plateau(7)"
    assert goal == pursuit_of(setup.stages[0].end).goal


def test_each_stage_is_saved_at_its_end(tmp_path: Path) -> None:
    run = run_of(staged(), tmp_path)
    assert [event.step for event in played(staged(), run) if event.kind == "checkpoint"] == [14, 16, 24, 27]


def test_a_run_that_fails_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Play) -> None:
        raise UsageError("the critic went home", "call it back")

    monkeypatch.setattr(Play, "__next__", fail)
    run = run_of(setup_of(), tmp_path)
    with pytest.raises(UsageError):
        played(setup_of(), run)
    assert (read_status(run.folder).state, read_status(run.folder).reason) == ("failed", "the critic went home")


def test_data_too_few_to_be_measured_are_trained_on_without_probes(tmp_path: Path) -> None:
    pictures = tmp_path / "scans"
    pictures.mkdir()
    for number in range(10):
        Image.new("L", (8, 8), 20 * number).save(pictures / f"{number}.png")
    few = [f"data.name=folder:{pictures}", "data.size=8", "end.steps=20", "pace.batch=4", *SMALL[:2]]
    setup = set_up(read_recipe("digits-mlp", [*few, *CADENCE]))
    events = played(setup, run_of(setup, tmp_path))
    assert [event.text.split(":")[0] for event in events if event.kind == "note"] == ["no probes are taken"]
    assert events[-1].values["state"] == "finished"
    with pytest.raises(UsageError, match="a gap was asked for with 8 training and 2 held-out samples"):
        list(train(setup, run_of(setup, tmp_path), goal=parse_goal("gap<floor")))


def test_a_run_with_interventions_resumes_bit_for_bit_within_and_across_stages(tmp_path: Path) -> None:
    held, slow = "clamp=generator.hidden1.linear:2=0.5 from 5 until 20", "pace.critic.kind=sgd from 10 until 18"
    do = f"interventions=['{held}', '{slow}']"
    ends = []
    for folder, stop in (("whole", None), ("early", 7), ("late", 17)):
        setup = staged(do)
        run = run_of(setup, tmp_path / folder)
        if stop is not None:
            played(setup, run, stop=stopped_at(stop + (stop >= 14)))
            start = newest_whole(run)
            assert start is not None
            rewind(run, start.step)
            played(setup, run, start)
        else:
            played(setup, run)
        ends.append((everything(load_checkpoint(run)), lines(run)))
    assert ends[0] == ends[1] == ends[2]
