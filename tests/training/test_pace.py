"""A pace and its optimisers are data; what makes no sense is refused in a sentence."""

from __future__ import annotations

import math

import pytest

from ganatomy.errors import UsageError
from ganatomy.numerics.schedule import Schedule
from ganatomy.training.pace import Optimiser, Pace


@pytest.mark.parametrize("name", ["batch", "critic_turns", "generator_turns", "micro_batches", "average_every"])
def test_a_pace_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} = 0"):
        Pace(**{name: 0})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"half_life": -1}, "half_life = -1"),
        ({"half_life": math.nan}, "half_life = nan"),
        ({"precision": "bfloat"}, "did you mean 'bfloat16'"),
        ({"trains": ()}, "name the critic, the generator, or both"),
        ({"trains": ("critic", "head")}, "name the critic, the generator, or both"),
        ({"extragradient": True, "critic_turns": 2}, "one turn each"),
        ({"extragradient": True, "generator_turns": 2}, "one turn each"),
    ],
)
def test_a_pace_that_makes_no_sense_is_refused(change: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Pace(**change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "adma"}, "no optimiser called 'adma'\ndid you mean 'adam'"),
        ({"rate": 0.0}, "a rate is above 0"),
        ({"rate": -1e-3}, "a rate is above 0"),
        ({"rate": math.inf}, "a rate is above 0"),
        ({"rate": math.nan}, "a rate is above 0"),
        ({"rate": Schedule(1e-3, -1e-3, until=5)}, "a rate is above 0"),
        ({"betas": (1.0, 0.9)}, r"betas lies in \[0, 1\)"),
        ({"betas": (0.5, Schedule(0.9, 1.0, until=10))}, r"betas lies in \[0, 1\)"),
        ({"momentum": 1.0}, r"momentum lies in \[0, 1\)"),
        ({"smoothing": -0.1}, r"smoothing lies in \[0, 1\)"),
        ({"clip": 0.0}, "the bound is above 0"),
        ({"clip": math.nan}, "the bound is above 0"),
    ],
)
def test_an_optimiser_that_makes_no_sense_is_refused(change: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Optimiser(**change)


def test_each_player_has_its_own() -> None:
    one, two = Optimiser(rate=1e-3), Optimiser("sgd", rate=Schedule(1e-2, 0.0, until=10))
    pace = Pace(critic=one, generator=two, critic_turns=3, generator_turns=2)
    assert (pace.optimiser("critic"), pace.optimiser("generator")) == (one, two)
    assert (pace.turns("critic"), pace.turns("generator")) == (3, 2)
