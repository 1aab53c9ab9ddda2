"""From a recipe to everything that a run plays with: data, networks, and a game and a pace for each stage.

    setup = set_up(read_recipe("digits-mlp"))
    players = setup.fresh_players()                       # first weights of the recipe's seed
    for stage in setup.stages: play(stage.game, players, setup.train, setup.latent, pace=stage.pace)
    gan = as_gan(setup, step.average, players.critic)
    print(plan(setup))                                    # from ganatomy.training.recipes.plan: what would be done

What does not fit together is an error that names the key of the recipe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ganatomy.data.catalogue import load_splits
from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError
from ganatomy.games.game import Game
from ganatomy.games.players import Players
from ganatomy.models.architectures import Architecture, configure
from ganatomy.models.gan import GAN
from ganatomy.models.initialise import built
from ganatomy.models.latent import Latent
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format
from ganatomy.training.fitting import check
from ganatomy.training.pace import Pace, Precision
from ganatomy.training.recipes.build import game_of, pace_of
from ganatomy.training.recipes.complaints import under
from ganatomy.training.recipes.layers import layer_of, merged, spread
from ganatomy.training.recipes.read import recipe_of, to_plain
from ganatomy.training.recipes.resolve import folder_options
from ganatomy.training.recipes.schema import End, Recipe
from ganatomy.training.recipes.schema import Stage as Written
from ganatomy.training.team import check_divisible, parts

SMALL = 16  # pictures up to this side, and points, gain nothing from a second thread
CONVOLUTIONAL = ("dcgan", "sn-resnet", "r3", "style")
HALF: Precision = "bfloat16"
QUARTERS = 4  # outputs of the head that tells how a picture was turned
CODE = "categorical-code"  # what its labels come to mean is the networks' own
BLIND = (CODE, "class")  # terms that read the label off a sample: their critic is not told it


@dataclass(frozen=True)
class Stage:
    """Part of a run: what is played, how fast, and until when. `images` seen count from the beginning of the stage."""

    name: str
    game: Game
    pace: Pace
    end: End


@dataclass(frozen=True, eq=False)
class Setup:
    """`critic_architecture` is that of the generator but for what the game shows the critic; `heads` are numbers of
    outputs; `threads` is what suits the size of the networks, None to leave torch's own number.
    """

    recipe: Recipe
    train: Dataset
    held_out: Dataset
    latent: Latent
    architecture: Architecture
    critic_architecture: Architecture
    stages: tuple[Stage, ...]
    heads: Mapping[str, int]
    threads: int | None

    @property
    def labelled_critic(self) -> bool:
        return self.critic_architecture.latent.classes > 0

    @property
    def plain_critic(self) -> bool:
        """Whether the critic takes a single sample, with the label that the generator was given, if any."""
        return self.critic_architecture == self.architecture

    def fresh_players(self, seed: int | None = None, *, device: torch.device | str = "cpu") -> Players:
        """Both networks and all heads with their first weights, which hang on the seed (the recipe's) alone."""
        seed = self.recipe.seed if seed is None else seed
        critic = self.critic_architecture.critic(seed)
        width = int(getattr(critic, "feature_width"))  # noqa: B009  a promise of every architecture here
        heads = {name: _head(name, width, outputs, seed=seed).to(device) for name, outputs in self.heads.items()}
        return Players(
            self.architecture.generator(seed).to(device),
            critic.to(device),
            heads,
            score=self.stages[0].game.score,
            labelled_critic=self.labelled_critic,
        )


def set_up(recipe: Recipe, *, data_dir: Path | str | None = None, device: str | torch.device = "cpu") -> Setup:
    """Loads the data (downloads what is not there) and builds all but the weights; `auto` is decided for the device."""
    train, held_out = _data(recipe, data_dir)
    stages = tuple(
        _stage(stage, place, recipe, device=torch.device(device)) for place, stage in enumerate(recipe.all_stages())
    )
    latent = _latent(recipe, train)
    with under("players"):
        architecture = configure(
            recipe.players.architecture, recipe.players.options, format=train.format, latent=latent
        )
    shown, classes = _shown(stages, train.format, latent)
    judged = _for_critic(architecture, recipe, format=shown, classes=classes)
    heads = _heads(recipe, stages, latent)
    setup = Setup(recipe, train, held_out, latent, architecture, judged, stages, heads, _threads(recipe, train.format))
    _check(setup)
    return setup


def changed_stage(setup: Setup, place: int, changes: Sequence[str], *, device: torch.device | str = "cpu") -> Stage:
    """The stage of that number with keys of the recipe changed, as the networks of this setup can play it."""
    key = f"stages.{place}." if setup.recipe.stages else ""
    layer = spread(layer_of([key + change for change in changes]))
    recipe = recipe_of(merged(to_plain(setup.recipe), layer), source=", ".join(changes))
    stage = _stage(recipe.all_stages()[place], place, recipe, device=torch.device(device))
    shown, before = (each.game.critic_format(setup.train.format) for each in (stage, setup.stages[place]))
    heads = _heads(recipe, (*setup.stages[:place], stage, *setup.stages[place + 1 :]), setup.latent)
    if shown != before or not heads.items() <= setup.heads.items():
        raise UsageError(
            f"{', '.join(changes)} asks for another critic, or for a head that it has not",
            "what the critic is shown stays the same in a run: train anew with -o",
        )
    return stage


def as_gan(
    setup: Setup, average: nn.Module, critic: nn.Module | None = None, *, provenance: Mapping[str, Any] | None = None
) -> GAN:
    """The trained networks as a GAN.

    A critic that judges packs, sees a channel of deviations, or is not told labels the generator is given, takes other
    inputs than a GAN's critic; it is left out, and the provenance says so.
    """
    notes = dict(provenance or {})
    if critic is not None and not setup.plain_critic:
        critic, notes["critic"] = None, "left out: it does not take single samples with their labels"
    return GAN(
        average,
        setup.latent,
        setup.train.format,
        critic,
        setup.stages[-1].game.score,
        classes=setup.train.classes if setup.latent.classes and CODE not in setup.heads else (),
        data=setup.train.name,
        architecture=setup.architecture,
        provenance=notes,
    )


def _check(setup: Setup) -> None:
    """Every stage, before the first round of the first: a later one would fail when hours have gone."""
    players = setup.fresh_players()
    for place, stage in enumerate(setup.stages):
        with under(f"stages.{place}" if setup.recipe.stages else "game"):
            check(stage.game, players, setup.train, setup.latent)
            check_divisible(stage.game, processes=1, micro_batches=stage.pace.micro_batches)
            parts(stage.pace.batch, stage.pace.micro_batches, block=stage.game.block)


def _data(recipe: Recipe, data_dir: Path | str | None) -> tuple[Dataset, Dataset]:
    """Both parts, in the wanted size."""
    wanted, is_folder = recipe.data, recipe.data.name.startswith("folder:")
    with under("data"):
        options = folder_options(wanted) if is_folder else None
        train, held_out = load_splits(wanted.name, data_dir=data_dir, folder=options)
        train = train if wanted.share == 1 else train.part(wanted.share, seed=recipe.seed)
        if wanted.size is None or is_folder or train.format.shape[1:] == (wanted.size, wanted.size):
            return train, held_out
        return train.resized(wanted.size), held_out.resized(wanted.size)


def _latent(recipe: Recipe, train: Dataset) -> Latent:
    wanted = recipe.latent
    if wanted.conditional and not train.classes:
        raise UsageError(
            f"latent.conditional: the data {train.name!r} have no classes", "set latent.conditional to false"
        )
    return Latent(wanted.kind, wanted.dim, len(train.classes) if wanted.conditional else 0)


def _stage(written: Written, place: int, recipe: Recipe, *, device: torch.device) -> Stage:
    """A later stage draws from a seed of its own, or it would be shown the batches of the first again."""
    key = f"stages.{place}." if recipe.stages else ""
    seed = recipe.seed
    if place:
        seed = int(Stream(seed, f"stage/{place}").integers(range(1), 2**32)[0])
    pace = pace_of(written.pace, f"{key}pace", trains=written.players, seed=seed)
    convolutional, cuda = recipe.players.architecture in CONVOLUTIONAL, device.type == "cuda"
    if written.pace.precision == "auto" and convolutional and cuda and torch.cuda.is_bf16_supported():
        pace = replace(pace, precision=HALF)
    if written.pace.channels_last == "auto":
        pace = replace(pace, channels_last=convolutional and cuda)
    return Stage(written.name, game_of(written.game, f"{key}game"), pace, written.end)


def _shown(stages: tuple[Stage, ...], sample: Format, latent: Latent) -> tuple[Format, int]:
    """What the critic takes and how many classes it is told; the same in every stage, for it is one network."""
    blind = any(term.name in BLIND for stage in stages for term in stage.game.terms)
    wanted = {stage.name: stage.game.critic_format(sample) for stage in stages}
    if latent.classes and not blind and any(stage.game.presentation.packing > 1 for stage in stages):
        raise UsageError(
            "game.packing: a critic that takes labels was to judge packs", "set packing to 1 or conditional to false"
        )
    formats = list(dict.fromkeys(wanted.values()))
    if len(formats) > 1:
        shapes = ", ".join(f"{name}: {format}" for name, format in wanted.items())
        raise UsageError(
            f"stages: their critics take different inputs ({shapes})", "give all stages one packing and deviation_group"
        )
    return formats[0], 0 if blind else latent.classes


def _for_critic(architecture: Architecture, recipe: Recipe, *, format: Format, classes: int) -> Architecture:
    latent = replace(architecture.latent, classes=classes)
    with under("players"):
        return configure(recipe.players.architecture, recipe.players.options, format=format, latent=latent)


def _heads(recipe: Recipe, stages: tuple[Stage, ...], latent: Latent) -> dict[str, int]:
    """The outputs of each head that some stage reads: terms look them up by their own names."""
    found: dict[str, int] = {}
    for stage, written in zip(stages, recipe.all_stages(), strict=True):
        for name in (term.name for term in stage.game.terms):
            if name in BLIND:
                if not latent.classes:
                    raise UsageError(
                        f"the term {name!r} reads classes and the latent has none", "set latent.conditional to true"
                    )
                found[name] = latent.classes
            elif name == "rotation":
                found[name] = QUARTERS
            elif name == "continuous-code":
                outputs = 2 * _columns(written, latent)
                if found.setdefault(name, outputs) != outputs:
                    raise UsageError("the stages read codes of different lengths", "give all stages the same columns")
    return found


def _columns(written: Written, latent: Latent) -> int:
    code = written.game.terms.continuous_code
    assert code is not None, "no named game has such a term"
    if not code.first < code.last <= latent.dim:
        raise UsageError(
            f"game.terms.continuous_code: columns {code.first} to {code.last} of a latent of {latent.dim} were given",
            "the columns lie inside the latent: first < last <= latent.dim",
        )
    return code.last - code.first


def _head(name: str, width: int, outputs: int, *, seed: int) -> nn.Module:
    return built(lambda: nn.Linear(width, outputs), Stream(seed, f"init/head/{name}"), scheme="fan-uniform")


def _threads(recipe: Recipe, sample: Format) -> int | None:
    if recipe.threads != "auto":
        return recipe.threads
    small = sample.kind == "point" or max(sample.shape[1:]) <= SMALL or recipe.players.architecture == "mlp"
    return 1 if small else None
