"""Batches: epochs, addresses, and the same samples whoever takes which part of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from oracles_training import CHOICE, DATA, PLAIN

from ganatomy.data.catalogue import load
from ganatomy.errors import UsageError
from ganatomy.games.players import Batch
from ganatomy.training.pace import Pace
from ganatomy.training.supply import AT_ONCE, Supply
from ganatomy.training.team import ALONE, Team

PACE = Pace(batch=12, seed=2)


def supply(role: str = "critic", *, team: Team = ALONE, pace: Pace = PACE, data=DATA, latent=CHOICE, block: int = 1):
    return Supply(role, data, latent, pace=pace, team=team, block=block)  # type: ignore[arg-type]


def joined(batches: list[Batch], name: str) -> torch.Tensor:
    return torch.cat([getattr(batch, name) for batch in batches])


def test_each_sample_comes_once_an_epoch_and_the_players_read_different_batches() -> None:
    """Ten batches of twelve are three epochs of forty."""
    found = {}
    for role in ("critic", "generator"):
        own = supply(role)
        rows = torch.cat([batch.real.flatten(1) for turn in range(10) for _, batch in own(turn, 0)])
        everything = DATA.read(range(40)).flatten(1)
        places = torch.tensor([int((everything == row).all(1).nonzero()[0]) for row in rows])
        for epoch in places.view(3, 40):
            assert sorted(epoch.tolist()) == list(range(40))
        found[role] = places
    assert not torch.equal(found["critic"], found["generator"])


@pytest.mark.parametrize("turn", [0, 1, AT_ONCE - 1, AT_ONCE, 3 * AT_ONCE + 5])
@pytest.mark.parametrize("size", [2, 3, 5])
def test_processes_and_micro_batches_cut_one_and_the_same_batch(turn: int, size: int) -> None:
    ((share, whole),) = list(supply()(turn, seen=77))
    assert share == 1.0
    cut = [
        pair
        for rank in range(size)
        for pair in supply(team=Team(rank, size), pace=replace(PACE, micro_batches=2))(turn, seen=77)
    ]
    assert sum(share for share, _ in cut) == pytest.approx(1.0)
    assert [share for share, _ in cut] == [pytest.approx(len(batch.latent) / 12) for _, batch in cut]
    batches = [batch for _, batch in cut]
    for name in ("real", "latent", "labels", "fake_labels"):
        assert torch.equal(joined(batches, name), getattr(whole, name))
    assert [index for batch in batches for index in batch.indices] == list(whole.indices)
    assert {(batch.seen, batch.step) for batch in batches} == {(77, turn)}


def test_draws_of_different_processes_differ_and_labels_belong_to_their_samples() -> None:
    one, two = (next(iter(supply(team=Team(rank, 2))(0, 0)))[1] for rank in (0, 1))
    assert not torch.equal(one.latent, two.latent)
    for batch in (one, two):
        rows = DATA.read(range(40)).flatten(1)
        for picture, label in zip(batch.real, batch.labels, strict=True):
            place = int((rows == picture.flatten()).all(1).nonzero()[0])
            assert int(label) == place % 3


def test_addresses_go_on_from_turn_to_turn() -> None:
    own = supply()
    found = [index for turn in range(40) for _, batch in own(turn, 0) for index in batch.indices]
    assert found == list(range(480))


def test_a_process_reads_its_own_slice_only() -> None:
    read: list[int] = []

    def watched(places):
        read.extend(places)
        return DATA.draw(places)

    data = replace(DATA, draw=watched)
    list(supply(team=Team(1, 3), data=data)(0, 0))
    turns = len(read) // 4
    assert len(read) == 4 * turns
    wanted = [batch.real for turn in range(turns) for _, batch in supply(team=Team(1, 3))(turn, 0)]
    assert torch.equal(DATA.read(read), torch.cat(wanted))


def test_what_is_drawn_at_once_changes_nothing_and_any_turn_can_be_had_first() -> None:
    forward, own = {}, supply()
    for turn in range(2 * AT_ONCE):
        ((_, forward[turn]),) = list(own(turn, 0))
    for turn in (2 * AT_ONCE - 1, 3, AT_ONCE):
        ((_, batch),) = list(supply()(turn, 0))
        assert torch.equal(batch.real, forward[turn].real)
        assert torch.equal(batch.latent, forward[turn].latent)


def test_an_endless_set_is_read_on() -> None:
    own = supply(data=load("ring8"), latent=PLAIN)
    ((_, one),), ((_, two),) = list(own(0, 0)), list(own(1, 0))
    assert not torch.equal(one.real, two.real)
    part = next(iter(supply(data=load("ring8"), latent=PLAIN, team=Team(1, 2))(1, 0)))[1]
    assert torch.equal(part.real, two.real[6:])


def test_samples_come_in_the_players_type_and_layout() -> None:
    own = supply(pace=replace(PACE, channels_last=True), data=load("shapes"), latent=PLAIN)
    own.bring_to(torch.device("cpu"), torch.float64)
    ((_, batch),) = list(own(0, 0))
    assert (batch.real.dtype, batch.latent.dtype) == (torch.float64, torch.float64)
    assert batch.real.is_contiguous(memory_format=torch.channels_last)
    assert (batch.labels, batch.fake_labels) == (None, None)


def test_a_batch_that_cannot_be_cut_is_refused() -> None:
    with pytest.raises(UsageError, match="multiple of 5 and at least 10"):
        supply(team=Team(0, 2), block=5)
    with pytest.raises(UsageError, match="a batch of 4 was to be cut into 5 parts"):
        supply(team=Team(0, 3), pace=replace(PACE, micro_batches=5))
