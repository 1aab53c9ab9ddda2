"""Interventions in play: each does what it says, from and until when it says, and nothing else changes anything."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import pytest
import torch
from torch import nn

from ganatomy.errors import UsageError
from ganatomy.tracing.trace import watch
from ganatomy.training.interventions.course import Course
from ganatomy.training.interventions.written import Intervention, intervention
from ganatomy.training.recipes.read import read_recipe
from ganatomy.training.setup import Setup, set_up
from ganatomy.training.snapshot import Snapshot
from ganatomy.training.step import Step
from ganatomy.training.twin import Twin

SMALL = ["players.options.hidden=[8]", "players.options.critic_hidden=[8]", "pace.batch=8"]
DIGITS = ["data.name=digits", "players.options.dropout=0.2", "latent.dim=4"]


@lru_cache
def setup_of(*changes: str) -> Setup:
    return set_up(read_recipe("ring8", [*SMALL, *changes]))


def played(
    setup: Setup, do: Sequence[str] = (), *, start: Snapshot | None = None, rounds: int = 8
) -> tuple[list[Step], Snapshot]:
    with Twin(setup, [intervention(each) for each in do], start=start, older=lambda step: early(setup, step)) as twin:
        return list(twin.until(rounds)), twin.snapshot()


@lru_cache
def early(setup: Setup, rounds: int) -> dict[str, torch.Tensor]:
    return played(setup, rounds=rounds)[1].weights


def same(one: Snapshot, other: Snapshot) -> bool:
    def equal(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> bool:
        return ours.keys() == theirs.keys() and all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())

    return equal(one.weights, other.weights) and equal(one.moments, other.moments)


@pytest.mark.parametrize("at", [0, 1, 5])
def test_a_fork_without_a_change_is_the_run_bit_for_bit(at: int) -> None:
    setup = setup_of(*DIGITS)
    whole = played(setup)[1]
    assert same(played(setup, start=played(setup, rounds=at)[1] if at else None)[1], whole)


CHANGES = {
    "game.terms.r1={strength: 3.0, every: 1}": (),
    "game.name=hinge": (),
    "game.noise={start: 0.5, until: 100000}": (),
    "pace.critic.rate=1e-5": (),
    "pace.both.kind=sgd": (),
    "pace.critic_turns=3": (),
    "pace.both.noise=0.5": (),
    "freeze=critic": (),
    "freeze=generator": (),
    "drop-class=1,3,5,7,9": DIGITS,
    "data-noise=0.1": (),
    "remove=generator.net.0:1": (),
    "clamp=critic.net.0:1=0.3": (),
    "critic=2": (),
    "perturb=generator:0.01": (),
    "randomness=1": (),
}


@pytest.fixture(scope="module")
def site() -> str:
    """A hidden layer that both players have."""
    players = setup_of().fresh_players()
    assert isinstance(players.generator, nn.Module)
    return next(name for name, module in players.generator.named_modules() if isinstance(module, nn.Linear))


@pytest.mark.parametrize("change", CHANGES)
def test_each_intervention_changes_the_rounds_from_its_beginning_on_and_none_before(change: str, site: str) -> None:
    setup = setup_of(*CHANGES[change])
    change = change.replace("net.0", site)
    assert same(played(setup, [f"{change} from 6"], rounds=6)[1], played(setup, rounds=6)[1])
    assert not same(played(setup, [f"{change} from 6"])[1], played(setup)[1])


@pytest.mark.parametrize("change", [change for change in CHANGES if not change.startswith(("critic=", "perturb="))])
def test_a_fork_at_any_round_equals_the_run_that_has_the_change_in_its_recipe(change: str, site: str) -> None:
    """Before, within and after the change: what the optimisers remember and the addresses are those of the run."""
    setup = setup_of(*CHANGES[change])
    do = [f"{change.replace('net.0', site)} from 3 until 6"]
    whole = played(setup, do)[1]
    for at in (2, 3, 4, 6, 7):
        assert same(played(setup, do, start=played(setup, do, rounds=at)[1])[1], whole), at


def test_a_frozen_player_keeps_its_weights_and_the_other_learns() -> None:
    setup = setup_of()
    before, after = played(setup, rounds=4)[1], played(setup, ["freeze=critic from 4 until 7"], rounds=7)[1]
    assert all(torch.equal(w, after.weights[name]) for name, w in before.weights.items() if name.startswith("D."))
    assert any(not torch.equal(w, after.weights[name]) for name, w in before.weights.items() if name.startswith("G."))
    thawed = played(setup, ["freeze=critic from 4 until 7"], rounds=8)[1]
    assert any(not torch.equal(w, thawed.weights[n]) for n, w in after.weights.items() if n.startswith("D."))


def test_more_turns_are_counted_and_never_use_a_batch_twice() -> None:
    setup = setup_of()
    steps, end = played(setup, ["pace.critic_turns=3 from 2 until 5"])
    assert [step.seen for step in steps] == [8, 16, 40, 64, 88, 96, 104, 112]
    assert end.counters["turned/critic"] == 14
    assert end.counters["turned/generator"] == 8


def test_another_kind_of_optimiser_begins_afresh_and_the_same_kind_goes_on() -> None:
    setup = setup_of()
    assert played(setup, ["pace.both.kind=sgd from 4"])[1].counters["made/critic"] == 4
    assert played(setup, ["pace.both.rate=1e-4 from 4"])[1].counters["made/critic"] == 8


def test_a_removed_unit_is_still_while_it_is_removed(site: str) -> None:
    setup = setup_of()
    do = [intervention(f"clamp=generator.{site}:1=0.25 from 2 until 4")]
    with Twin(setup, do) as twin:
        for step in twin.until(5):
            held = step.count in (3, 4)
            for network in (step.players.generator, step.average):
                assert isinstance(network, nn.Module)
                with watch(network, [site]) as seen, torch.no_grad():
                    network(setup.latent.sample(0, range(4)))
                assert bool((seen[site][:, 1] == 0.25).all()) == held
    assert not any(module._forward_hooks for module in twin.game.modules["G."].modules())


def test_the_dropped_class_is_never_shown_and_every_other_picture_is_where_it_was() -> None:
    setup = setup_of(*DIGITS)
    with Twin(setup, [intervention("drop-class=7 from 0")]) as twin:
        list(twin.until(1))
        assert twin.game.data.labels(range(setup.train.size)) is not None
        now, before = twin.game.data.labels(range(300)), setup.train.labels(range(300))
        assert now is not None
        assert before is not None
        stays = before != 7
        assert not bool((now == 7).any())
        assert torch.equal(now[stays], before[stays])
        assert torch.equal(twin.game.data.read(range(300))[stays], setup.train.read(range(300))[stays])


def test_the_critic_of_an_earlier_checkpoint_takes_over() -> None:
    setup = setup_of()
    with Twin(setup, [intervention("critic=2 from 6")], older=lambda step: early(setup, step)) as twin:
        list(twin.until(6))
        twin.course.tune(twin.game, place=0, round_=6)
        now = twin.snapshot().weights
    assert all(torch.equal(now[name], w) for name, w in early(setup, 2).items() if name.startswith("D."))
    assert all(torch.equal(now[name], w) for name, w in early(setup, 6).items() if name.startswith("G."))


def test_a_perturbation_has_the_size_that_was_asked_for() -> None:
    setup = setup_of()
    with Twin(setup, [intervention("perturb=generator:0.1 from 6")]) as twin:
        list(twin.until(6))
        before = early(setup, 6)
        twin.course.tune(twin.game, place=0, round_=6)
        now = twin.snapshot().weights
    moved = {n: float((now[n] - w).norm() / w.norm()) for n, w in before.items() if n.startswith("G.") and w.ndim == 2}
    assert all(size == pytest.approx(0.1, rel=0.5) for size in moved.values())
    assert all(torch.equal(now[name], w) for name, w in before.items() if name.startswith("D."))


@pytest.mark.parametrize(
    ("change", "message"),
    {
        "game.packing=2": "asks for another critic",
        "game.terms.r1.strenght=1": "strenght",
        "drop-class=7": "it can be where data have labels|class",
        "remove=generator.nowhere:1": "there is no site called 'nowhere'",
        "remove=generator.SITE:99": "an activation of 8 channels",
        "game.name=mine": "mine",
    }.items(),
)
def test_what_cannot_be_done_is_told_before_the_first_round(change: str, message: str, site: str) -> None:
    with pytest.raises(UsageError, match=message):
        Course(setup_of(), [intervention(change.replace("SITE", site))])


def test_both_players_cannot_be_frozen_at_once() -> None:
    frozen = [Intervention("freeze", player) for player in ("critic", "generator")]
    with pytest.raises(UsageError, match="nobody would learn"), Twin(setup_of(), frozen) as twin:
        list(twin.until(1))
