"""Trials that are kept: killed anywhere they end as if they had not been, and what does not fit is refused."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import torch

from ganatomy.bench import trials as bench
from ganatomy.bench.trials import Found, Trial, all_kept, run_kept, standing
from ganatomy.data.catalogue import load
from ganatomy.errors import GanatomyError, InputError, UsageError
from ganatomy.games.named import game_named
from ganatomy.games.players import Players
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.results.formats import Format
from ganatomy.training.pace import Pace
from ganatomy.training.play import Play, play


class Killed(BaseException):
    """As from outside."""


def begun(seed: int) -> Play:
    mlp = MLP(Format.point(2), Normal(2), hidden=(8,), critic_hidden=(8,), norm="batch", dropout=0.2)
    players = Players(mlp.generator(seed), mlp.critic(seed))
    return play(game_named("non-saturating"), players, load("ring8"), Normal(2), pace=Pace(batch=16, seed=seed))


def summed(game: Play, seconds: float) -> Found:
    weights = torch.cat([tensor.double().flatten() for tensor in game.snapshot().weights.values()])
    return {"sum": float(weights.abs().sum()), "seconds": seconds}


def failing(game: Play, seconds: float) -> Found:
    raise GanatomyError("this trial fails", "it always does")


def trial(seed: int = 0, steps: int = 30) -> Trial:
    return Trial(f"tiny-{seed}", steps, f"tiny, seed {seed}", partial(begun, seed), summed)


def killed_at(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """In the middle of a round, after what was saved before it."""
    whole = Play.__next__

    def cut(self: Play) -> object:
        if self.count == count:
            raise Killed
        return whole(self)

    monkeypatch.setattr(Play, "__next__", cut)


def run_until(count: int, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A trial that is killed there."""
    with monkeypatch.context() as patch:
        killed_at(patch, count)
        with pytest.raises(Killed):
            run_kept(trial(), folder, every=10)


@pytest.mark.parametrize("place", [4, 10, 17, 29])
def test_a_killed_trial_ends_as_if_it_had_not_been(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    straight = run_kept(trial(), tmp_path / "straight")
    run_until(place, monkeypatch, tmp_path / "cut")
    assert standing(trial(), tmp_path / "cut") == (
        {"rounds": 0, "found": None}
        if place < 10
        else {"protocol": "tiny, seed 0", "steps": 30, "rounds": place // 10 * 10, "found": None}
    )
    (tmp_path / "cut" / ".tiny-0.json-abc").mkdir(parents=True)  # what a process leaves that is killed as it writes
    played: list[int] = []
    whole = Play.__next__

    def counted(self: Play) -> object:
        played.append(self.count)
        return whole(self)

    monkeypatch.setattr(Play, "__next__", counted)
    found = run_kept(trial(), tmp_path / "cut", every=10)
    assert found["sum"] == straight["sum"]
    assert played == list(range(place // 10 * 10, 30))  # what was saved is not played again
    assert [path.name for path in (tmp_path / "cut").iterdir()] == ["tiny-0.json"]


def test_what_is_done_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run_kept(trial(), tmp_path)
    killed_at(monkeypatch, 0)
    assert run_kept(trial(), tmp_path) == first
    told: list[tuple[int, int]] = []
    assert all_kept([trial()], tmp_path, progress=lambda done, total: told.append((done, total))) == [first]


def test_seconds_add_up_over_the_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 7))
    monkeypatch.setattr(bench.time, "process_time", lambda: float(next(clock)))
    run_until(25, monkeypatch, tmp_path)  # begins at 0, saves at 7 and 14
    assert run_kept(trial(), tmp_path, every=100)["seconds"] == 14 + 7


def test_another_protocol_and_damaged_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_until(25, monkeypatch, tmp_path)
    with pytest.raises(UsageError, match="another protocol"):
        run_kept(trial(steps=40), tmp_path)
    path = tmp_path / "tiny-0.safetensors"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match="damaged"):
        run_kept(trial(), tmp_path)
    (tmp_path / "tiny-0.json").write_text('{"rounds": 3}')
    with pytest.raises(InputError, match="not what a trial writes"):
        standing(trial(), tmp_path)


def test_nobody_waits_for_an_orphan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Dead:
        def is_alive(self) -> bool:
            return False

    monkeypatch.setattr(bench.multiprocessing, "parent_process", Dead)
    with pytest.raises(SystemExit):
        run_kept(trial(), tmp_path, every=10)
    assert not list(tmp_path.iterdir())


def test_trials_in_processes_of_their_own(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Equal to those of this process, in the order asked; one that fails ends the bench, and the others are kept."""
    here = [run_kept(trial(seed), tmp_path / "here")["sum"] for seed in (1, 0)]
    run_kept(trial(0), tmp_path)
    told: list[tuple[int, int]] = []
    found = all_kept([trial(1), trial(0)], tmp_path, progress=lambda done, total: told.append((done, total)))
    assert [each["sum"] for each in found] == here
    assert told[-1] == (60, 60)
    wrong = Trial("wrong", 2, "wrong", partial(begun, 0), failing)
    with pytest.raises(GanatomyError, match="the trial wrong ended with code 1"):
        all_kept([trial(1), wrong], tmp_path, progress=lambda done, total: None)
    assert "this trial fails" in capfd.readouterr().err
    assert standing(trial(1), tmp_path)["found"] == found[0]
