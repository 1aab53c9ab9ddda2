"""Scenes in miniature for tests of experiments."""

from __future__ import annotations

from ganatomy.experiments.arms import Scene
from ganatomy.training.recipes.read import read_recipe, to_yaml

TINY = ("players.options.hidden=[8]", "players.options.critic_hidden=[8]", "pace.batch=16")


def scene(*changes: str, at: int = 2, rounds: tuple[int, ...] = (1, 3), recipe: str = "ring8") -> Scene:
    return Scene(to_yaml(read_recipe(recipe, [*TINY, *changes])), at, rounds)
