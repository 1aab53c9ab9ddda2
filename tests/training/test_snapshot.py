"""A game goes on from a snapshot bit for bit, in players that began otherwise; what does not fit changes nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import torch
from oracles_training import CASES, Case, advance, assert_same, both, sgd, started, tensors, with_terms
from torch import nn

from ganatomy.errors import GanatomyError, InputError
from ganatomy.games.penalties import r1
from ganatomy.games.terms import Term
from ganatomy.numerics.schedule import Schedule
from ganatomy.training.pace import Optimiser, Pace
from ganatomy.training.play import Play
from ganatomy.training.snapshot import Snapshot

ADAM = Optimiser(rate=1e-2)
SCHEDULED = Optimiser(
    rate=Schedule(1e-2, 1e-4, until=100, shape="cosine"),
    betas=(Schedule(0.9, 0.1, until=90), Schedule(0.9, 0.99, until=120)),
)
TRAP = Term("trap", "NaN in rounds 5 and 6.", critic=lambda turn: _trap(turn))


def _trap(turn):
    return turn.real_scores.mean() * (math.nan if turn.batch.step in (5, 6) else 0.0)


@dataclass(frozen=True)
class Way:
    """A game to play, and how; 6 rounds lie on either side of the snapshot."""

    case: Case = CASES["r1 lazy"]
    pace: Pace = field(default_factory=lambda: both(ADAM))
    how: dict[str, Any] = field(default_factory=dict)

    def begin(self, seed: int = 0) -> Play:
        return started(self.case, self.pace, seed=seed, dtype=torch.float32, **self.how)


WAYS = {
    "mid-epoch, ramp of the average": Way(),
    "inside a lazy interval": Way(Case(with_terms(r1(every=4)))),
    "average past its ramp, now and then": Way(pace=both(ADAM, half_life=1.0, average_every=4)),
    "no average": Way(pace=both(ADAM, half_life=0)),
    "spectral norm": Way(how={"critic_norm": "spectral"}),
    "batch norm and dropout": Way(how={"norm": "batch", "dropout": 0.4}),
    "heads and labels": Way(CASES["class"]),
    "code": Way(CASES["code"]),
    "rmsprop with momentum": Way(pace=both(Optimiser("rmsprop", rate=1e-3, momentum=0.5))),
    "rmsprop": Way(pace=both(Optimiser("rmsprop", rate=1e-3))),
    "sgd with momentum": Way(pace=both(sgd(momentum=0.9))),
    "sgd": Way(pace=both(sgd())),
    "optimistic adam": Way(pace=both(replace(ADAM, optimistic=True))),
    "optimistic sgd": Way(pace=both(sgd(optimistic=True))),
    "schedules": Way(pace=both(SCHEDULED)),
    "extragradient": Way(pace=both(ADAM, extragradient=True)),
    "turns": Way(pace=both(ADAM, critic_turns=3, generator_turns=2)),
    "micro-batches": Way(pace=both(ADAM, micro_batches=5)),
    "one player": Way(pace=both(ADAM, trains=("generator",))),
    "augmentation": Way(CASES["augment"]),
    "fading noise": Way(CASES["noise"]),
    "weight clip": Way(CASES["wasserstein-clip"]),
    "among skipped steps": Way(Case(with_terms(TRAP))),
}


@pytest.mark.parametrize("name", WAYS)
def test_it_goes_on_bit_for_bit_in_other_players(name: str) -> None:
    way = WAYS[name]
    straight = advance(way.begin(), 12).snapshot()
    kept = advance(way.begin(), 6).snapshot()
    other = way.begin(seed=1)
    other.restore(kept)
    assert_same(other.snapshot(), kept)
    assert_same(advance(other, 6).snapshot(), straight)


@pytest.mark.parametrize("name", ["mid-epoch, ramp of the average", "optimistic adam", "batch norm and dropout"])
def test_a_game_may_go_back_to_where_it_was_and_to_its_very_beginning(name: str) -> None:
    way = WAYS[name]
    game = way.begin()
    first = game.snapshot()
    later = advance(game, 5).snapshot()
    game.restore(first)
    assert_same(game.snapshot(), first)
    assert_same(advance(game, 5).snapshot(), later)


def test_later_play_does_not_reach_a_snapshot() -> None:
    game = advance(WAYS["optimistic adam"].begin(), 3)
    kept = game.snapshot()
    copies = {name: value.clone() for name, value in tensors(kept).items()}
    advance(game, 3)
    assert all(torch.equal(copies[name], value) for name, value in tensors(kept).items())
    other = WAYS["optimistic adam"].begin(seed=1)
    other.restore(kept)
    advance(other, 2)
    assert all(torch.equal(copies[name], value) for name, value in tensors(kept).items())


def without(snapshot: Snapshot, kind: str, name: str) -> Snapshot:
    return replace(snapshot, **{kind: {k: v for k, v in getattr(snapshot, kind).items() if k != name}})


def refused(game: Play, snapshot: Snapshot) -> bool:
    try:
        game.restore(snapshot)
    except InputError:
        return True
    return False


@pytest.mark.parametrize("name", ["heads and labels", "rmsprop with momentum", "optimistic sgd", "spectral norm"])
def test_nothing_may_be_left_out_of_a_snapshot_or_slipped_into_it(name: str) -> None:
    way = WAYS[name]
    kept = advance(way.begin(), 2).snapshot()
    other = advance(way.begin(seed=1), 1)
    before = other.snapshot()
    broken = {
        f"{kind} without {item}": without(kept, kind, item)
        for kind in ("weights", "moments", "counters")
        for item in getattr(kept, kind)
    }
    first, moment = next(iter(kept.weights)), next(iter(kept.moments))
    broken |= {
        "no moments": replace(kept, moments={}),
        "a strange weight": replace(kept, weights={**kept.weights, "G.extra": torch.zeros(1)}),
        "a strange moment": replace(kept, moments={**kept.moments, moment.rpartition("/")[0] + "/odd": torch.zeros(1)}),
        "another type": replace(kept, weights={**kept.weights, first: kept.weights[first].double()}),
        "another shape": replace(kept, weights={**kept.weights, first: kept.weights[first].unsqueeze(0)}),
        "another moment": replace(kept, moments={**kept.moments, moment: torch.zeros(3, 1, 7)}),
    }
    for what, snapshot in broken.items():
        assert refused(other, snapshot), what
        assert_same(other.snapshot(), before)


def test_the_refusal_names_the_tensor_and_a_remedy() -> None:
    kept = advance(WAYS["sgd"].begin(), 1).snapshot()
    with pytest.raises(GanatomyError, match=r"nothing as G.hidden1.linear.bias.*\n.*recipe that the run began with"):
        WAYS["sgd"].begin().restore(without(kept, "weights", "G.hidden1.linear.bias"))
    with pytest.raises(GanatomyError, match=r"lacks the counter 'count'"):
        WAYS["sgd"].begin().restore(without(kept, "counters", "count"))
    with pytest.raises(GanatomyError, match=r"exp_avg, the snapshot holds nothing"):
        WAYS["schedules"].begin().restore(kept)


def test_another_network_does_not_take_it() -> None:
    kept = WAYS["sgd"].begin().snapshot()
    with pytest.raises(InputError, match=r"D\.head\.bias|tensors differ"):
        started(CASES["r1 lazy"], both(sgd()), dtype=torch.float32, critic_hidden=(9,)).restore(kept)


def test_all_tensors_that_the_networks_keep_are_in_it_on_the_cpu() -> None:
    way = Way(CASES["class"], how={"norm": "batch", "critic_norm": "spectral"})
    game = advance(way.begin(), 1)
    kept = game.snapshot()
    modules = {"G.": game.players.generator, "D.": game.players.critic, "ema.": game.average}
    modules |= {"H.class.": game.players.heads["class"]}
    wanted = {prefix + name for prefix, module in modules.items() for name in _state(module)}
    assert kept.weights.keys() == wanted
    assert any("running_mean" in name for name in wanted)
    assert any("_u" in name for name in wanted)
    assert all(value.device.type == "cpu" and not value.requires_grad for value in tensors(kept).values())


def _state(module: object) -> list[str]:
    assert isinstance(module, nn.Module)
    return list(module.state_dict())
