"""What is played together fits together, or is an error before the first round.

check(game, players, data, latent)
modules_of(players)                        # {"G.": generator, "D.": critic, "H.rotation.": head}
"""

from __future__ import annotations

from itertools import chain

import torch
from torch import nn

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError
from ganatomy.games.game import Game
from ganatomy.games.players import Players
from ganatomy.models.latent import Latent
from ganatomy.models.probe import check_critic, check_generator


def check(game: Game, players: Players, data: Dataset, latent: Latent) -> None:
    """The generator makes what the data are, and the critic takes what the game shows it."""
    for what, given, kind in (("game", game, Game), ("players", players, Players), ("latent", latent, Latent)):
        if not isinstance(given, kind):
            raise UsageError(f"the {what} is a {type(given).__name__}", f"give a {kind.__name__}")
    if latent.classes and latent.classes != len(data.classes):
        raise UsageError(
            f"a latent of {latent.classes} classes was given with data of {len(data.classes)}",
            "give the latent as many classes as the data, or none",
        )
    modules = modules_of(players)
    check_generator(modules["G."], latent, format=data.format)
    shown = torch.zeros(2, *game.critic_format(data.format).shape)
    labels = torch.zeros(2, dtype=torch.int64) if players.labelled_critic else None
    check_critic(modules["D."], shown, labels=labels, score=players.score)


def modules_of(players: Players) -> dict[str, nn.Module]:
    """The networks by the prefix their weights bear in files."""
    named = {"G.": players.generator, "D.": players.critic}
    found: dict[str, nn.Module] = {}
    for prefix, player in chain(named.items(), ((f"H.{name}.", head) for name, head in players.heads.items())):
        if not isinstance(player, nn.Module):
            raise UsageError(
                f"{type(player).__name__} cannot be trained", "give modules as generator, critic and heads"
            )
        found[prefix] = player
    return found
