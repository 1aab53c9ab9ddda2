"""What each game is for, step by step: a step of the critic widens the gap, a step of the generator raises its fakes.

Much published code has a sign wrong here. One small plain step of one player alone, on points in the plane.
"""

from __future__ import annotations

import copy

import pytest
import torch
from oracles_games import Critic, batch, built, generator
from torch import nn

from ganatomy.games.game import Game
from ganatomy.games.losses import LOSSES, smoothed
from ganatomy.games.named import GAMES
from ganatomy.games.players import Batch, Players
from ganatomy.games.presentation import FadingNoise, Presentation
from ganatomy.results.formats import Score

LOGISTIC = Game("smoothed", "Smoothed.", smoothed(LOSSES["non-saturating"], 0.1))
PACKED = Game("packed", "Packed.", LOSSES["hinge"], presentation=Presentation(FadingNoise(0.1, 100), 2, 2))
PLAYED = [*GAMES.values(), LOGISTIC, PACKED]
EVERY_GAME = pytest.mark.parametrize("game", PLAYED, ids=lambda game: game.name)
SEEDS = pytest.mark.parametrize("seed", range(5))
SIDES = pytest.mark.parametrize("high", ["real", "fake"])


def newcomers(game: Game, seed: int, *, flat: bool = False) -> tuple[nn.Module, nn.Module]:
    """First weights; `flat` for a critic that gives everything the same score."""
    inputs = 2 * game.presentation.packing + (game.presentation.deviation_group > 0)
    makers, critic = built(generator, seed=seed), built(Critic, inputs, seed=seed + 100)
    if flat:
        nn.init.zeros_(critic.score.weight)
    return makers, critic


def pair(makers: nn.Module, critic: nn.Module, high: str) -> Players:
    """The same critic either way round: one whose score rises with the fake is turned and declared."""
    if high == "real":
        return Players(makers, critic)
    return Players(makers, lambda samples: -critic(samples), score=Score("unbounded", high="fake"))


def gap(game: Game, players: Players, given: Batch) -> float:
    scores = game.critic_terms(players, given).scores
    return (scores["real"].mean() - scores["fake"].mean()).item()


def step(module: nn.Module, loss: torch.Tensor, size: float = 1e-3) -> nn.Module:
    """A copy after one step of plain descent."""
    slopes = torch.autograd.grad(loss, list(module.parameters()))
    moved = copy.deepcopy(module)
    with torch.no_grad():
        for parameter, slope in zip(moved.parameters(), slopes, strict=True):
            parameter -= size * slope
    return moved


@EVERY_GAME
@SEEDS
@SIDES
def test_a_step_of_the_critic_widens_the_gap(game: Game, seed: int, high: str) -> None:
    given = batch(n=64, seed=seed)
    makers, critic = newcomers(game, seed)
    before = pair(makers, critic, high)
    after = pair(makers, step(critic, game.critic_terms(before, given).parts["adversarial"]), high)
    assert gap(game, after, given) > gap(game, before, given)


@EVERY_GAME
@SEEDS
def test_with_its_penalties_a_critic_that_knew_nothing_learns_which_is_which(game: Game, seed: int) -> None:
    """Later on a penalty may narrow the gap: that is what it is for."""
    given = batch(n=64, seed=seed)
    makers, critic = newcomers(game, seed, flat=True)
    widths = []
    for _ in range(4):
        widths.append(gap(game, Players(makers, critic), given))
        critic = step(critic, game.critic_terms(Players(makers, critic), given).total, 0.01)
    assert widths[0] == pytest.approx(0.0, abs=1e-12)
    assert widths == sorted(set(widths))


@EVERY_GAME
@SEEDS
@SIDES
def test_a_step_of_the_generator_raises_its_fakes(game: Game, seed: int, high: str) -> None:
    given = batch(n=64, seed=seed)
    makers, critic = newcomers(game, seed)
    before = pair(makers, critic, high)
    after = pair(step(makers, game.generator_terms(before, given).total), critic, high)
    lift = [game.generator_terms(players, given).scores["fake"].mean().item() for players in (before, after)]
    assert lift[1] > lift[0]


@EVERY_GAME
def test_playing_in_turn_brings_the_fakes_nearer_to_the_reals(game: Game) -> None:
    given = batch(n=64, seed=1)
    makers, critic = newcomers(game, 1, flat=True)

    def distance() -> float:
        assert given.real is not None
        return (makers(given.latent).mean(dim=0) - given.real.mean(dim=0)).norm().item()

    start = distance()
    for _ in range(50):
        critic = step(critic, game.critic_terms(Players(makers, critic), given).total, 0.01)
        game.after_critic_step(Players(makers, critic))
        makers = step(makers, game.generator_terms(Players(makers, critic), given).total, 0.01)
    assert distance() < start
