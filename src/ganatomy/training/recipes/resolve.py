"""A recipe complete: the options of its architecture and the terms of its games written out, and checked.

    resolved(recipe).players.options        # every option of the architecture, also those left at their default

What is written out stays as it is when a default changes in a later version, so an old run can be resumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from ganatomy.errors import UsageError, choose
from ganatomy.training.recipes.build import FACTORIES, game_of, pace_of
from ganatomy.training.recipes.complaints import under
from ganatomy.training.recipes.schema import Data, Game, Players, Recipe, Stage
from ganatomy.training.recipes.terms import Terms

GIVEN_ELSEWHERE = ("format", "latent")


def resolved(recipe: Recipe) -> Recipe:
    """The same recipe, with nothing left to a default; what cannot be built is an error that names the key."""
    _check_data(recipe.data)
    pace_of(recipe.pace)
    stages = tuple(_stage(stage, f"stages.{place}") for place, stage in enumerate(recipe.stages))
    return recipe.model_copy(
        update={
            "players": _players(recipe),
            "game": _game(recipe.game, "game"),
            "stages": stages,
        }
    )


def _check_data(data: Data) -> None:
    from ganatomy.data.catalogue import DATASETS, FOLDER_KEY, FOLDER_PREFIX

    is_folder = data.name.startswith(FOLDER_PREFIX)
    with under("data.name"):
        choose(DATASETS, FOLDER_KEY if is_folder else data.name, "data set")
    if data.options and not is_folder:
        raise UsageError(
            f"data.options: {', '.join(data.options)} cannot be chosen for {data.name!r}",
            "they concern folders of pictures; `size` is for every set of pictures",
        )
    with under("data.options"):
        folder_options(data)


def folder_options(data: Data) -> Any:
    """How a folder is read."""
    from ganatomy.data.decode import FolderOptions
    from ganatomy.models.options import read

    size = {} if data.size is None or not data.name.startswith("folder:") else {"size": data.size}
    return read(FolderOptions, {**size, **data.options}, what="option of a folder")


def _players(recipe: Recipe) -> Players:
    """With every option of the architecture; wrong names and values are found on a picture of 32 x 32."""
    from ganatomy.models.architectures import ARCHITECTURES, configure
    from ganatomy.models.latent import Latent
    from ganatomy.results.formats import Format

    given = recipe.players
    with under("players.architecture"):
        kind = choose(ARCHITECTURES, given.architecture, "architecture")
    with under("players.options"):
        _refuse_given_elsewhere(given.options)
        latent = Latent(recipe.latent.kind, recipe.latent.dim)
        configure(given.architecture, given.options, format=Format.picture(3, 32), latent=latent)
    usual = {field.name: field.default for field in fields(kind) if field.default is not MISSING}
    options = {name: _plain(given.options.get(name, default)) for name, default in usual.items()}
    return given.model_copy(update={"options": options})


def _refuse_given_elsewhere(options: Mapping[str, Any]) -> None:
    for name in GIVEN_ELSEWHERE:
        if name in options:
            raise UsageError(f"the option {name!r} was given", "the data decide the format, `latent` the latent")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _stage(stage: Stage, path: str) -> Stage:
    pace_of(stage.pace, f"{path}.pace")
    return stage.model_copy(update={"game": _game(stage.game, f"{path}.game")})


def _game(given: Game, path: str) -> Game:
    """With every term that is played, and its strength."""
    game = game_of(given, path)
    played = {term.name: term for term in game.terms}
    options = given.terms.given()
    filled: dict[str, Any] = {}
    for name, factory in FACTORIES.items():
        if (term := played.get(factory.term)) is not None:
            own = options.get(name) or factory.options()
            strength = own.strength if own.strength is not None else term.strength
            filled[name] = own.model_copy(update={"strength": strength, "every": term.every})
        elif name in options:  # taken away
            filled[name] = options[name].model_copy(update={"every": options[name].every or 1})
    clip = 0.0 if game.clip is None else game.clip.bound
    return given.model_copy(update={"terms": Terms(**filled), "clip": clip})
