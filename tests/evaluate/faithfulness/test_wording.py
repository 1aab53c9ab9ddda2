"""Captions: what is beaten, what is not, and what random weights leave."""

from __future__ import annotations

import pytest
import torch

from ganatomy.evaluate.faithfulness.judging import _likeness
from ganatomy.evaluate.faithfulness.planned import GradePlan
from ganatomy.evaluate.faithfulness.wording import Claim, said
from ganatomy.numerics.statistics.effects import Effect, mean_effect

NEAR = [0.001, -0.001, 0.002, -0.002, 0.0, 0.001]


def effect(centre: float, *, spread: float = 1.0) -> Effect:
    return _likeness(torch.tensor([centre + spread * each for each in NEAR], dtype=torch.float64), GradePlan())


def claim(criterion: str, floor: str, centre: float) -> Claim:
    return Claim(criterion, floor, mean_effect([centre + each for each in NEAR], smallest=0.02))


@pytest.mark.parametrize(
    ("signed", "absolute", "wanted"),
    [
        (effect(0.8), effect(0.9), "stays similar (rho = 0.80) when"),
        (effect(-0.7), effect(0.9), "its absolute values stay similar (rho = 0.90, signed -0.70) when"),
        (effect(-0.35), effect(0.1), "; changes (rho = -0.35) when"),
        (effect(-0.7), effect(-0.4), "; changes (rho = -0.70) when"),
        (effect(0.0), effect(0.9), "its absolute values stay similar (rho = 0.90, signed 0.00) when"),
        (effect(0.05), effect(0.1), "; changes (rho = 0.05) when"),
        (effect(0.28, spread=90), effect(0.1), "it is open whether it changes (rho = 0.29, absolute 0.10) when"),
    ],
)
def test_what_random_weights_leave(signed: Effect, absolute: Effect, wanted: str) -> None:
    caption = said([claim("noise", "edges", 0.5)], signed, absolute)
    assert caption.startswith("Beats edges at noise; ")
    assert wanted in caption
    assert caption.endswith("when the critic's weights are random.")


def test_floors_that_are_beaten_at_the_same_criteria_stand_together() -> None:
    claims = [
        claim("insertion and deletion", "random attributions", 0.5),
        claim("insertion and deletion", "edges", 0.4),
        claim("removed squares", "random attributions", 0.3),
        claim("removed squares", "edges", -0.3),
        claim("noise", "random attributions", 0.01),
    ]
    assert said(claims, effect(0.0), effect(0.0)) == (
        "Beats random attributions and edges at insertion and deletion; and random attributions at removed squares; "
        "does not beat edges at removed squares; nor random attributions at noise; "
        "changes (rho = 0.00) when the critic's weights are random."
    )
    assert said(claims[3:], effect(0.0), effect(0.0)).startswith("Does not beat edges at removed squares; nor random")


def test_an_advantage_on_the_wrong_side_or_too_small_does_not_hold() -> None:
    assert [claim("noise", "edges", centre).holds for centre in (0.5, 0.03, 0.01, -0.5)] == [True, True, False, False]
    alone = Claim("noise", "edges", mean_effect([0.5], smallest=0.0))
    assert said([alone], effect(0.0), effect(0.0)) == "Graded on one picture, which decides nothing."
