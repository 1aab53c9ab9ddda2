"""Arms share the past and differ by their change alone; readings are taken when they were asked for."""

from __future__ import annotations

import pytest
import torch
from shared_scenes import scene
from torch import nn

from ganatomy.errors import UsageError
from ganatomy.experiments.arms import Arm, Played, branches
from ganatomy.tracing.trace import watch
from ganatomy.training.gauge import Signals
from ganatomy.training.play import play
from ganatomy.training.recipes.read import read_recipe, recipe_text
from ganatomy.training.setup import Setup
from ganatomy.training.step import Step
from ganatomy.training.twin import Twin


def played(*arms: Arm, seed: int = 3, at: int = 2, rounds: tuple[int, ...] = (1, 3)) -> dict[str, Played]:
    return {arm.name: found for arm, found in branches(scene(at=at, rounds=rounds), arms, seed=seed)}


def same(one: nn.Module, other: nn.Module) -> bool:
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_the_base_is_the_run_itself() -> None:
    base = played(Arm("base"))["base"]
    with Twin(base.setup) as twin:
        for _ in twin.until(5):
            pass
        assert same(base.end.generator, twin.game.average)
        assert same(base.critic, twin.game.modules["D."])
    stage = base.setup.stages[0]
    plain = play(stage.game, base.setup.fresh_players(), base.setup.train, base.setup.latent, pace=stage.pace)
    for _ in range(5):
        step = next(plain)
    assert same(base.end.generator, step.average)


def test_an_arm_without_a_change_is_the_base_bit_for_bit() -> None:
    found = played(Arm("base"), Arm("frozen", do=("freeze=critic",)), Arm("the same"))
    assert same(found["base"].end.generator, found["the same"].end.generator)
    assert same(found["base"].critic, found["the same"].critic)
    assert found["base"].readings == found["the same"].readings
    assert not same(found["base"].critic, found["frozen"].critic)


def test_all_arms_begin_at_one_fork() -> None:
    found = played(Arm("base"), Arm("frozen", do=("freeze=critic",)))
    assert same(found["base"].start.generator, found["frozen"].start.generator)
    critic = found["frozen"].start.critic
    assert critic is not None
    assert same(critic, found["frozen"].critic)  # it stood still from there on
    assert not same(found["base"].start.generator, found["base"].end.generator)


def test_what_is_done_once_is_done_at_the_fork() -> None:
    found = played(Arm("base"), Arm("shaken", do=("perturb=generator:0.5",)), rounds=(1,))
    assert same(found["base"].start.generator, found["shaken"].start.generator)
    assert not same(found["base"].end.generator, found["shaken"].end.generator)


def test_an_arm_of_another_recipe_begins_anew() -> None:
    found = played(Arm("base"), Arm("wider", changes=("players.options.hidden=[9]",)), Arm("base again"))
    wider = found["wider"]
    assert wider.setup.recipe.players.options["hidden"] == [9]
    assert not same(found["base"].start.generator, wider.start.generator)
    assert found["base"].readings == found["base again"].readings
    alone = played(Arm("wider", changes=("players.options.hidden=[9]",)))["wider"]
    assert same(wider.end.generator, alone.end.generator)


def test_seeds_are_other_runs_and_one_seed_is_one_run() -> None:
    one, again, other = (played(Arm("base"), seed=seed)["base"] for seed in (3, 3, 4))
    assert one.readings == again.readings
    assert not same(one.start.generator, other.start.generator)


def test_readings_are_those_of_the_rounds_that_were_asked_for() -> None:
    for at in (0, 2):
        found = played(Arm("base"), at=at, rounds=(1, 3, 4))["base"]
        assert [reading["step"] for reading in found.readings] == [at + 1, at + 3, at + 4]
        assert "gap" in found.readings[-1]


def test_readings_of_ones_own_stand_beside_the_others() -> None:
    def also(setup: Setup, step: Step) -> Signals:
        return {"twice": 2.0 * step.count, "seed": float(setup.recipe.seed)}

    ((_, found),) = branches(scene(), [Arm("base")], seed=6, also=also)
    assert [(reading["twice"], reading["seed"]) for reading in found.readings] == [(6.0, 6.0), (10.0, 6.0)]


def test_a_unit_that_is_held_stays_so_in_what_comes_out() -> None:
    found = played(Arm("held", do=("remove=generator.hidden1.act:3",)))["held"]
    with watch(found.end.generator, ["hidden1.act"]) as seen:
        found.end.sample(0, range(8))
    assert bool((seen["hidden1.act"][:, 3] == 0).all())
    with watch(found.start.generator, ["hidden1.act"]) as seen:
        found.start.sample(0, range(8))
    assert not bool((seen["hidden1.act"][:, 3] == 0).all())


def test_interventions_of_the_recipe_itself_are_done_in_all_arms() -> None:
    there = scene("interventions=[freeze=critic from 0]", at=1, rounds=(2,))
    for _, found in branches(there, [Arm("base"), Arm("other", do=("randomness=1",))], seed=0):
        fresh = found.setup.fresh_players().critic
        assert isinstance(fresh, nn.Module)
        assert same(found.critic, fresh)


@pytest.mark.parametrize(("at", "rounds"), [(-1, (1,)), (0, ()), (0, (0,)), (0, (3, 1)), (0, (2, 2))])
def test_scenes_that_cannot_be_played_are_refused(at: int, rounds: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="a fork at round"):
        scene(at=at, rounds=rounds)


def test_the_text_of_a_scene_is_a_recipe() -> None:
    assert recipe_text(scene().recipe).pace.batch == read_recipe("ring8", ["pace.batch=16"]).pace.batch
