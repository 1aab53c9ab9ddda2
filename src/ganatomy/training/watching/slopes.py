"""The slope of the critic's score, sample by sample, in the range of the data.

steep = steepness(game, players, samples, labels)      # (n,): the norm of each sample's gradient
float(steep.square().mean())                           # R1 at real samples, R2 at generated ones: without a strength
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganatomy.games.game import Game
from ganatomy.games.players import Players
from ganatomy.games.scores import read_scores
from ganatomy.models.evaluating import evaluating, home


def steepness(game: Game, players: Players, samples: Tensor, labels: Tensor | None) -> Tensor:
    """In eval mode, of clean samples; as many as fill whole packs or groups."""
    critic = players.critic
    assert isinstance(critic, nn.Module)
    device, dtype = home(critic)
    told = labels.to(device) if labels is not None and players.labelled_critic else None
    with evaluating(critic), torch.enable_grad():
        x = samples.to(device, dtype, copy=True).requires_grad_()
        given = game.presentation.scored(game.presentation.packed(x))
        scores = read_scores(players.rate(given, told), declared=players.score, wanted=game.score)
        (slopes,) = torch.autograd.grad(scores.sum(), x)
    steep: Tensor = slopes.flatten(1).norm(dim=1)
    return steep
