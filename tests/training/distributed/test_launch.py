"""Who is in the team, read from the environment; what is announced; how a stop is answered. No other process here."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import pytest
import torch
from oracles_training import CASES, Case, case_players, with_terms

from ganatomy.errors import DeviceError, UsageError
from ganatomy.games.heads import feature_matching
from ganatomy.training import launch
from ganatomy.training.launch import announcements, team_from_environment
from ganatomy.training.pace import Pace
from ganatomy.training.team import ALONE, LostError, Team

PACE = Pace(batch=12)
WHERE = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}


@pytest.fixture(autouse=True)
def _no_torchrun(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", *WHERE):
        monkeypatch.delenv(name, raising=False)


def set_up(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_without_torchrun_or_with_one_process_one_trains_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with team_from_environment() as team:
        assert team == ALONE
    set_up(monkeypatch, RANK="0", WORLD_SIZE="1")
    with team_from_environment() as team:
        assert team == ALONE
        assert not torch.distributed.is_initialized()


def test_the_place_of_a_process() -> None:
    found = launch._place({"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4", **WHERE})
    assert found == (Team(5, 8, beside=4), 1, 4)
    assert launch._place({"RANK": "1", "WORLD_SIZE": "2", **WHERE}) == (Team(1, 2, beside=2), 1, 2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"RANK": "0"}, "WORLD_SIZE=None"),
        ({"RANK": "one", "WORLD_SIZE": "2"}, "RANK=one"),
        ({"RANK": "2", "WORLD_SIZE": "2", **WHERE}, "process 2 of 2"),
        ({"RANK": "0", "WORLD_SIZE": "2"}, "without MASTER_ADDR and MASTER_PORT"),
        ({"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "3", **WHERE}, "number 3 of 2"),
    ],
)
def test_an_environment_that_makes_no_sense_is_refused(
    given: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(monkeypatch, **given)
    with pytest.raises(UsageError, match=message), team_from_environment():
        pass


def test_more_processes_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(monkeypatch, RANK="0", WORLD_SIZE="2", LOCAL_WORLD_SIZE="2", **WHERE)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with (
        pytest.raises(DeviceError, match="2 processes were started on a machine with 1 GPUs"),
        team_from_environment("cuda"),
    ):
        pass


def test_one_process_announces_nothing_and_several_what_differs() -> None:
    plain = case_players(CASES["hinge"])
    mixed = case_players(CASES["class"], norm="batch", critic_norm="spectral", dropout=0.2)
    game = CASES["class"].game
    assert announcements([(game, PACE)], mixed, ALONE) == []
    assert announcements([(CASES["hinge"].game, PACE)], plain, Team(0, 2)) == [
        "2 processes, each with its part of every batch; gradients are summed"
    ]
    _, batched, drawing = announcements([(game, PACE)], mixed, Team(1, 3))
    assert "(generator.hidden1.norm)" in batched
    assert "(critic.hidden1.dropout, critic.hidden2.dropout)" in drawing


def test_terms_of_the_whole_batch_are_refused_before_anything_starts() -> None:
    case = Case(with_terms(feature_matching()))
    assert announcements([(case.game, PACE)], case_players(case), ALONE) == []
    fine = (CASES["hinge"].game, PACE)
    for team, micro_batches in ((Team(0, 2), 1), (ALONE, 2)):
        stages = [fine, (case.game, replace(PACE, micro_batches=micro_batches))]  # the second one, too
        with pytest.raises(UsageError, match="feature-matching need the whole batch"):
            announcements(stages, case_players(case), team)
    with pytest.raises(UsageError, match="a batch of 2 was to be cut into 3 parts"):
        announcements([fine, (CASES["hinge"].game, replace(PACE, batch=2))], case_players(CASES["hinge"]), Team(0, 3))


def test_batch_statistics_of_micro_batches_are_announced() -> None:
    mixed = case_players(CASES["class"], norm="batch")
    (said,) = announcements([(CASES["class"].game, replace(PACE, micro_batches=2))], mixed, ALONE)
    assert "of each of the 2 micro-batches" in said


def test_being_told_to_stop_is_an_error_with_a_message_and_afterwards_what_it_was() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with launch._told_to_stop(Team(0, 2)):
        with launch._deaf():  # a message that is being put together gets out
            os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(LostError, match="this process was told to stop"):
            os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before
