"""The games that have a name.

    game = game_named("ns-r1")
    game.sentence, game.score, game.equilibrium
    smoothed_game = replace(game, loss=smoothed(game.loss, 0.1))     # a game is a value: change it with `replace`

gamma depends on the resolution: 1 suits the plane and small pictures; set it with `tuned`.
"""

from __future__ import annotations

from ganatomy.errors import UsageError, choose
from ganatomy.games.game import Game
from ganatomy.games.losses import LOSSES
from ganatomy.games.penalties import gradient_penalty, r1, r2
from ganatomy.games.weights import WeightClip

GAMES: dict[str, Game] = {
    "minimax": Game(
        "minimax",
        "One forger, one expert, one stake: what the expert wins the forger loses, and a sure expert teaches nothing.",
        LOSSES["minimax"],
    ),
    "non-saturating": Game(
        "non-saturating",
        "The forger learns most where the expert is sure; without a penalty the two may circle or part.",
        LOSSES["non-saturating"],
    ),
    "ns-r1": Game(
        "ns-r1",
        "The non-saturating game with a critic kept flat on real samples, so that the two settle instead of circling.",
        LOSSES["non-saturating"],
        terms=(r1(),),
    ),
    "ns-r1-r2": Game(
        "ns-r1-r2",
        "The non-saturating game with a critic kept flat on real and on generated samples.",
        LOSSES["non-saturating"],
        terms=(r1(), r2()),
    ),
    "least-squares": Game(
        "least-squares",
        "Critic and generator pull scores to labels, so that a fake far on the right side is pulled back, too.",
        LOSSES["least-squares"],
    ),
    "hinge": Game(
        "hinge",
        "The critic stops pushing once it is right by a margin; it wants a critic of bounded slope (spectral norm).",
        LOSSES["hinge"],
    ),
    "wasserstein-clip": Game(
        "wasserstein-clip",
        "The critic measures how far generated mass must move, held to a bounded slope by clipping its weights.",
        LOSSES["wasserstein"],
        clip=WeightClip(),
    ),
    "wasserstein-gp": Game(
        "wasserstein-gp",
        "The critic measures how far generated mass must move, held to a slope of 1 between real and generated.",
        LOSSES["wasserstein"],
        terms=(gradient_penalty(),),
    ),
    "relativistic": Game(
        "relativistic",
        "The critic compares a real with a generated sample, so that no part of the data can be left out for free.",
        LOSSES["relativistic"],
    ),
    "r3": Game(
        "r3",
        "Comparing in pairs with a critic kept flat on real and on generated samples: covers the data, and settles.",
        LOSSES["relativistic"],
        terms=(r1(), r2()),
    ),
}

SYNONYMS = {
    "wgan": "wasserstein-clip",
    "wgan-gp": "wasserstein-gp",
    "lsgan": "least-squares",
    "r3gan": "r3",
    "rpgan": "relativistic",
    "nsgan": "non-saturating",
    "vanilla": "non-saturating",
    "bce": "non-saturating",
}


def game_named(name: str) -> Game:
    """The game of that name, or an error with the nearest names, or with ours for a name from the literature."""
    if name not in GAMES and (ours := SYNONYMS.get(str(name).lower().replace("_", "-"))) is not None:
        raise UsageError(f"there is no game called {name!r}", f"here it is called {ours!r}")
    return choose(GAMES, name, "game")
