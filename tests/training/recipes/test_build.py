"""Games and paces from recipes: terms tuned, added and taken away, and each switch where it belongs."""

from __future__ import annotations

import pytest
import torch

from ganatomy.games.named import GAMES, game_named
from ganatomy.games.players import Batch, Players
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.numerics.random import Stream
from ganatomy.numerics.schedule import Schedule
from ganatomy.results.formats import Format
from ganatomy.training.pace import Optimiser, Pace
from ganatomy.training.recipes.build import FACTORIES, game_of, pace_of
from ganatomy.training.recipes.schema import Game
from ganatomy.training.recipes.schema import Pace as Written
from ganatomy.training.recipes.terms import Terms


def game(name: str = "r3", **more):
    return game_of(Game.model_validate({"name": name, **more}))


@pytest.mark.parametrize("name", GAMES)
def test_a_name_alone_is_the_named_game(name: str) -> None:
    found, named = game(name), game_named(name)
    assert (found.name, found.loss, found.clip) == (named.name, named.loss, named.clip)
    assert [(t.name, t.strength, t.every) for t in found.terms] == [(t.name, t.strength, t.every) for t in named.terms]


def test_there_is_a_factory_for_every_term_of_the_schema() -> None:
    assert list(FACTORIES) == list(Terms.model_fields)


@pytest.mark.parametrize("name", FACTORIES)
def test_every_term_can_be_added_with_its_strength(name: str) -> None:
    options = {"strength": 0.25, "every": 3} | ({"last": 2} if name == "continuous_code" else {})
    found = game("hinge", terms={name: options})
    assert [(term.name, term.strength, term.every) for term in found.terms] == [(FACTORIES[name].term, 0.25, 3)]


def test_a_term_keeps_what_is_not_said_and_the_order_of_the_game() -> None:
    found = game("r3", terms={"orthogonal": {}, "r2": {"every": 4}, "r1": {"strength": 0.05}})
    assert [(t.name, t.strength, t.every) for t in found.terms] == [
        ("r1", 0.05, 1),
        ("r2", 1.0, 4),
        ("orthogonal", 1e-4, 1),
    ]


def test_a_strength_of_zero_takes_a_term_away_and_a_schedule_that_begins_there_does_not() -> None:
    assert [term.name for term in game("r3", terms={"r2": {"strength": 0}}).terms] == ["r1"]
    rising = game("r3", terms={"r2": {"strength": {"start": 0, "end": 1, "until": 10}}})
    assert rising.terms[1].strength == Schedule(0.0, 1.0, 10)


def test_the_parameters_of_a_term_reach_its_formula() -> None:
    network = MLP(Format.point(2), Normal(2), hidden=(4,), critic_hidden=(4,), dropout=0.0)
    players = Players(network.generator(0), network.critic(0), score=game_named("hinge").score)
    batch = Batch(torch.ones(4, 2), torch.ones(4, 2), Stream(0, "t"), range(4))
    values = []
    for target in (0.0, 5.0):
        found = game("hinge", terms={"gradient_penalty": {"strength": 1, "target": target}})
        values.append(float(found.critic_terms(players, batch).parts["gradient-penalty"].detach()))
    assert values[1] > 10 * values[0]


def test_the_switches_of_a_game_are_set() -> None:
    found = game(
        "non-saturating",
        smoothing=0.1,
        noise={"start": 0.2, "until": 100},
        packing=2,
        deviation_group=4,
        clip=0.5,
        augment={"kinds": ["cutout"], "probability": {"start": 0, "end": 0.5, "until": 10}},
    )
    shown = found.presentation
    assert found.loss.equilibrium != game_named("non-saturating").equilibrium
    assert found.clip is not None
    assert found.clip.bound == 0.5
    assert shown.noise is not None
    assert (shown.noise.start, shown.noise.until) == (0.2, 100)
    assert (shown.packing, shown.deviation_group) == (2, 4)
    assert shown.augment is not None
    assert (shown.augment.kinds, shown.augment.probability) == (("cutout",), Schedule(0.0, 0.5, 10))


def test_consistency_changes_samples_as_it_says() -> None:
    found = game("hinge", terms={"consistency": {"kinds": ["cutout"], "strength": 1}})
    format = Format.picture(1, 8)
    network = MLP(format, Normal(2), hidden=(4,), critic_hidden=(4,), dropout=0.0)
    players = Players(network.generator(0), network.critic(0), score=found.score)
    flat = Batch(torch.zeros(4, 1, 8, 8), torch.ones(4, 2), Stream(0, "t"), range(4))
    white = Batch(torch.ones(4, 1, 8, 8), torch.ones(4, 2), Stream(0, "t"), range(4))
    assert float(found.critic_terms(players, flat).parts["consistency"].detach()) == 0.0  # a hole of 0 in zeros
    assert float(found.critic_terms(players, white).parts["consistency"].detach()) > 0.0


def test_a_pace_is_that_of_the_engine_field_by_field() -> None:
    critic = {
        "kind": "sgd",
        "rate": {"start": 1, "end": 0, "until": 9},
        "betas": [0.1, {"start": 0.5, "end": 0.9, "until": 9}],
        "momentum": 0.3,
        "smoothing": 0.8,
        "clip": 2,
        "normalise": True,
        "optimistic": True,
    }
    written = Written.model_validate(
        {
            "batch": 8,
            "critic": critic,
            "generator": {"kind": "rmsprop", "rate": 5e-5},
            "critic_turns": 5,
            "generator_turns": 2,
            "micro_batches": 4,
            "half_life": 0,
            "average_every": 3,
            "precision": "bfloat16",
            "channels_last": True,
        }
    )
    assert pace_of(written, trains=("generator",), seed=7) == Pace(
        batch=8,
        critic=Optimiser(
            "sgd",
            rate=Schedule(1.0, 0.0, 9),
            betas=(0.1, Schedule(0.5, 0.9, 9)),
            momentum=0.3,
            smoothing=0.8,
            clip=2.0,
            normalise=True,
            optimistic=True,
        ),
        generator=Optimiser("rmsprop", rate=5e-5),
        critic_turns=5,
        generator_turns=2,
        micro_batches=4,
        half_life=0.0,
        average_every=3,
        trains=("generator",),
        precision="bfloat16",
        channels_last=True,
        seed=7,
    )


def test_what_a_recipe_does_not_say_is_as_in_the_engine() -> None:
    assert pace_of(Written()) == Pace()
