"""What `explain` tells of a GAN whose samples are points of the plane: its pictures, and theory against practice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganatomy.data.worlds import WORLDS, World
from ganatomy.errors import GanatomyError, UsageError
from ganatomy.explain.game.plane import field, pulled, trajectories
from ganatomy.explain.game.plane_mesh import mesh, require_plane
from ganatomy.explain.game.plane_near import Against, estimated, near, near_map
from ganatomy.games.game import Game
from ganatomy.games.losses import LOSSES, Loss
from ganatomy.models.gan import GAN
from ganatomy.theory.densities import of_world
from ganatomy.theory.optimal import optimum
from ganatomy.training.interventions.written import RECIPE, intervention
from ganatomy.training.recipes.build import game_of
from ganatomy.training.recipes.layers import layer_of, merged, spread
from ganatomy.training.recipes.read import recipe_of, recipe_text, to_plain
from ganatomy.training.recipes.schema import Recipe
from ganatomy.training.runs.checkpoint import load_checkpoint
from ganatomy.training.runs.folder import open_run
from ganatomy.verbs.asked import Asked, Told
from ganatomy.views import plane as views

REAL = 1000  # points of the data beside generated ones


def tell_plane(asked: Asked) -> Iterator[Told]:
    """The mesh needs the generator alone; field and pulls want a critic, and its best one the data's density."""
    require_plane(asked.gan)
    real = _real(asked)
    found = mesh(asked.gan, n=asked.many(2000, 20_000), side=asked.many(31, 81), seed=asked.how.seed)
    yield Told("mesh", found, found.note, partial(views.latent_mesh, found, real=real))
    if asked.gan.critic is None:
        return
    gan, turned = asked.turned() if asked.turned is not None else (asked.gan, "")
    loss, whence = loss_of(gan, asked.run)
    shown = field(gan, real, loss=loss, side=asked.many(241, 481), seed=asked.how.seed)
    shown = replace(shown, note=f"{shown.note} {turned}".strip())
    yield Told("field", shown, shown.note, partial(views.critic_field, shown))
    if loss is None or real is None:
        return
    pull = pulled(gan, loss, real, against=_against(asked, gan, loss), seed=asked.how.seed)
    pull = replace(pull, note=f"{pull.note} {whence}".strip())
    yield Told("pulls", pull, pull.note, partial(views.both_pulls, pull))


def tell_trajectories(asked: Asked) -> Iterator[Told]:
    require_plane(asked.gan)
    own = asked.gan.provenance.get("step")
    gans = {**asked.earlier(), "now" if own is None else f"round {own}": asked.gan}
    world, n = world_of(asked), asked.many(200, 1000)
    found = trajectories(dict(sorted(gans.items(), key=_round)), n=n, seed=asked.how.seed, world=world)
    yield Told("paths", found, found.note, partial(views.paths, found, real=_real(asked)))


def tell_optimum(asked: Asked) -> Iterator[Told]:
    require_plane(asked.gan)
    world = world_of(asked)
    if world is None:
        raise UsageError(
            "the best critic was asked for, and the density of the data is not known",
            "it is of worlds: --data ring8, grid25, moons or spiral",
        )
    gan, turned = asked.turned() if asked.turned is not None else (asked.gan, "")
    loss, whence = loss_of(gan, asked.run)
    if loss is None:
        raise UsageError("the best critic was asked for, and the loss of this GAN is not known", whence)
    against = estimated(gan, of_world(world), n=asked.many(2000, 5000), seed=asked.how.seed)
    found = near(gan, loss, against, n=asked.many(4000, 20_000), seed=asked.how.seed)
    found = replace(found, note=" ".join(each for each in (found.note, whence, _average(gan), turned) if each))
    yield Told("readings", found, found.note, partial(views.readings, found))
    shown = near_map(gan, loss, against, side=asked.many(121, 241), seed=asked.how.seed)
    yield Told("map", shown, "the same over the plane", partial(views.best_beside, shown), aside=True)


def world_of(asked: Asked) -> World | None:
    """Of the data that were named, else of those the GAN names, where they are a world of the plane."""
    truth = None if asked.train is None else asked.train.truth
    if truth is None and asked.gan.data in WORLDS:
        truth = WORLDS[asked.gan.data]()
    return truth if isinstance(truth, World) and truth.dimensions == 2 else None


def loss_of(gan: GAN, run: Path | None = None) -> tuple[Loss | None, str]:
    """The loss it was trained by, and whence that is known: from its run's recipe; without one, what would tell it.

    Of a run, the loss of its last round: a stage before the last may be under way, and interventions change a game.
    """
    if run is not None:
        game, whence = _last_played(run, gan.provenance.get("step"))
        terms = " and ".join(term.name for term in game.terms)
        bent = f" Beside it the critic minimises {terms}, which bend it away from the best." if terms else ""
        return game.loss, f"The loss is that of the run{whence}, {game.loss.name}.{bent}"
    if gan.score.kind != "unbounded":
        return LOSSES["non-saturating"], f"Assumed is the logistic loss, since the score is a {gan.score.kind}."
    return None, "an unbounded score goes with several losses: name a run, whose recipe says which"


def _last_played(run: Path, step: int | None) -> tuple[Game, str]:
    """The game of the round that made this checkpoint (the newest, where none is named), and what made it that game."""
    opened = open_run(run)
    recipe = recipe_text(opened.config, source=str(run))
    checkpoint = load_checkpoint(opened, step, moments=False)
    place = _stage_at(recipe, checkpoint.extra.get("standing"), checkpoint.step)
    planned = [each for each in map(intervention, recipe.interventions) if each.kind == RECIPE]
    changes = [each for each in planned if each.holds(max(checkpoint.step - 1, 0))]
    if changes:
        key = f"stages.{place}." if recipe.stages else ""
        layer = spread(layer_of([f"{key}{each.read}" for each in changes]))
        recipe = recipe_of(merged(to_plain(recipe), layer), source=str(run))
    stage = recipe.all_stages()[place]
    where = f" in its stage {stage.name}" if len(recipe.all_stages()) > 1 else ""
    changed = f" with {' and '.join(map(str, changes))}" if changes else ""
    return game_of(stage.game), where + changed


def _stage_at(recipe: Recipe, standing: Mapping[str, Any] | None, step: int) -> int:
    """As the checkpoint says it; a stage of which nothing has been played yet made nothing."""
    if standing is None:
        return len(recipe.all_stages()) - 1
    place, before = int(standing["stage"]), int(standing["steps"])
    return place - 1 if place and before == step else place


def _against(asked: Asked, gan: GAN, loss: Loss) -> Against | None:
    """None where the data's density, or the best critic of the loss, is not known."""
    world = world_of(asked)
    try:
        optimum(loss)
    except GanatomyError:
        return None
    return None if world is None else estimated(gan, of_world(world), seed=asked.how.seed)


def _average(gan: GAN) -> str:
    if not gan.provenance.get("averaged"):
        return ""
    return "The critic played against the generator as it was trained; q is of its average."


def _real(asked: Asked) -> Tensor | None:
    data = asked.held_out or asked.train
    if data is None:
        return None
    return torch.as_tensor(data.read(range(min(REAL, data.size)))).double()


def _round(item: tuple[str, GAN]) -> float:
    found = re.search(r"\d+", item[0])
    return float("inf") if found is None else float(found.group())
