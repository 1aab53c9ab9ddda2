"""Rules step as training does, and their operators are products of small matrices."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.games.named import GAMES, game_named
from ganatomy.games.players import Players
from ganatomy.games.weights import WeightClip
from ganatomy.models.latent import Normal
from ganatomy.results.formats import Format
from ganatomy.theory.cases import CASES
from ganatomy.theory.convergence import alternating
from ganatomy.theory.dirac import Point, Slope, dirac
from ganatomy.theory.steps import RULES, multipliers, trajectory, turned
from ganatomy.training.pace import Optimiser, Pace
from ganatomy.training.play import play

POINT = Format.point(1)
ZEROS = Dataset("zero", "train", 64, POINT, POINT, lambda indices: torch.zeros(len(indices), 1), "zero")
START = torch.tensor([0.6, -0.3], dtype=torch.float64)


@pytest.mark.parametrize("game", ["minimax", "ns-r1", "wasserstein-clip", "least-squares"])
@pytest.mark.parametrize("rule", ["alternating", "extragradient", "optimistic", "alternating 3:2"])
def test_rules_step_as_training_does(game: str, rule: str) -> None:
    """The engine itself on the same two numbers, in float64."""
    chosen = game_named(game)
    if chosen.clip is not None:
        chosen = replace(chosen, clip=WeightClip(0.5))
    how = Optimiser("sgd", rate=0.1, optimistic=rule == "optimistic")
    critic_turns, generator_turns = (3, 2) if ":" in rule else (1, 1)
    pace = Pace(
        batch=4,
        critic=how,
        generator=how,
        critic_turns=critic_turns,
        generator_turns=generator_turns,
        extragradient=rule == "extragradient",
        half_life=0.0,
    )
    critic, generator = Slope(float(START[0])), Point(float(START[1]))
    places = []
    for _ in itertools.islice(play(chosen, Players(generator, critic), ZEROS, Normal(1), pace=pace), 12):
        places.append([critic.slope.item(), generator.place.item()])
    stepping = turned(3, 2) if ":" in rule else RULES[rule]
    ours = trajectory(dirac(chosen), stepping, start=START, h=0.1, rounds=12)
    np.testing.assert_allclose(ours[1:].numpy(), places, rtol=1e-12, atol=1e-15)


def test_the_operators_are_products_of_small_matrices() -> None:
    """At a place that is not at rest, too, where the alternating one looks at two places."""
    field, h = dirac(GAMES["ns-r1"]), 0.3
    eye = np.eye(2)
    both = field.at(START).jacobian().numpy()
    np.testing.assert_allclose(
        np.sort_complex(multipliers(field, RULES["simultaneous"], h, weights=START)),
        np.sort_complex(np.linalg.eigvals(eye + h * both)),
        rtol=1e-10,
    )
    middle = START.clone()
    middle[0] += h * field(START)[0]
    later = field.at(middle).jacobian().numpy()
    critic, generator = np.diag([1.0, 0.0]), np.diag([0.0, 1.0])
    product = (eye + h * generator @ later) @ (eye + h * critic @ both)
    np.testing.assert_allclose(
        np.sort_complex(multipliers(field, RULES["alternating"], h, weights=START)),
        np.sort_complex(np.linalg.eigvals(product)),
        rtol=1e-10,
    )


@pytest.mark.parametrize(("turns", "radius"), [(4, 1.0), (16, 1.0), (20, 2.618034)])
def test_alternating_stays_on_the_circle_up_to_a_product_of_2(turns: int, radius: float) -> None:
    """sqrt(n_critic n_generator) h f'(0) <= 2: more turns of the critic never make it contract. theory.md 2.1."""
    field = dirac(CASES["minimax"].game)
    found = multipliers(field, turned(turns, 1), 1.0)
    assert abs(found[0]) == pytest.approx(radius, abs=2e-6)
    closed = alternating(CASES["minimax"].local, 1.0, turns=turns)
    assert abs(found[0]) == pytest.approx(abs(closed).max(), abs=1e-6)


def test_a_trajectory_is_step_after_step_and_leaves_the_field_alone() -> None:
    field, rule = dirac(GAMES["non-saturating"]), RULES["optimistic"]
    before = field.start.clone()
    whole = trajectory(field, rule, start=START, h=0.1, rounds=5)
    state = rule.state(START)
    for _ in range(5):
        state = rule.step(field, state, 0.1)
    assert torch.equal(whole[-1], state[:2])
    assert torch.equal(whole[0], START)
    assert torch.equal(field.start, before)
