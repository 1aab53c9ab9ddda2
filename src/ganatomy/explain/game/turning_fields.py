"""The game of a run as a field at its checkpoints: what pushes the raw players there, on one batch that stays.

    fields = fields_of("runs/0001-digits-mlp-s0", samples=64, seed=0)
    field, weights = fields.at(512)          # ganatomy.theory.field.Field, and the weights of that round, flat

Networks are in the mode of training, so that v is what a step would descend: batch statistics are those of the batch,
dropout drops the same each time, and a spectral norm makes one power iteration from the checkpoint's own vectors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.games.game import Game
from ganatomy.games.players import Batch
from ganatomy.theory.field import Field
from ganatomy.training.described import require_same_data
from ganatomy.training.fitting import modules_of
from ganatomy.training.interventions.written import RECIPE, intervention
from ganatomy.training.recipes.read import recipe_text
from ganatomy.training.runs.checkpoint import load_checkpoint
from ganatomy.training.runs.folder import Run, open_run
from ganatomy.training.setup import Setup, changed_stage, set_up
from ganatomy.training.snapshot import fill
from ganatomy.training.supply import Supply
from ganatomy.training.team import ALONE

MOST = 300_000  # weights of both players; with the 160 vectors that a search keeps that is 400 MB
HARMLESS = (RECIPE, "randomness")  # interventions that are in the field, or change no field


@dataclass(frozen=True, eq=False)
class Fields:
    run: Run
    setup: Setup
    samples: int
    seed: int

    @cached_property
    def batch(self) -> Batch:
        """Of the training data, as a critic's turn draws it."""
        stage = self.setup.stages[0]
        pace = replace(stage.pace, batch=self.samples, micro_batches=1, seed=self.seed)
        supply = Supply("critic", self.setup.train, self.setup.latent, pace=pace, team=ALONE, block=stage.game.block)
        return next(supply(0, 0))[1]

    def game(self, step: int) -> Game:
        """As it is played in the round after that one: a fork may have changed it."""
        held = [each for each in map(intervention, self.setup.recipe.interventions) if each.holds(step)]
        odd = [each for each in held if each.kind not in HARMLESS and not each.once]
        if odd:
            raise UsageError(
                f"the field at round {step} was asked for, where {odd[0]} holds, which is no part of the losses",
                "ask it of the run without that, or of an earlier checkpoint: RUN@ROUND",
            )
        changes = [str(each.read) for each in held if each.kind == RECIPE]
        return (changed_stage(self.setup, 0, changes) if changes else self.setup.stages[0]).game

    def at(self, step: int) -> tuple[Field, Tensor]:
        snapshot = load_checkpoint(self.run, step, moments=False).snapshot
        players = self.setup.fresh_players()
        modules = modules_of(players)
        own = {name: tensor for name, tensor in snapshot.weights.items() if name.startswith(tuple(modules))}
        for module in modules.values():
            module.train()
        fill(modules, own)
        pace = self.setup.stages[0].pace
        seen = snapshot.counters.get("turned/critic", step * pace.critic_turns) * pace.batch  # schedules go by it
        field = Field(self.game(step), players, replace(self.batch, seen=seen))
        return field, field.start

    @property
    def told(self) -> str:
        """How the field is meant, and what of training it leaves out."""
        pace, players = self.setup.stages[0].pace, self.setup.fresh_players()
        networks = [module for network in modules_of(players).values() for module in network.modules()]
        critic, generator = pace.critic, pace.generator
        kinds = " and ".join(dict.fromkeys((critic.kind, generator.kind)))
        parts = [f"v pulls the trained weights, no average, on one batch of {self.samples}"]
        parts += [said for kinds_of, said in MODES.items() if any(isinstance(each, kinds_of) for each in networks)]
        if any(nn.utils.parametrize.is_parametrized(each) for each in networks):
            parts.append("each spectral norm makes one power iteration")
        if self.setup.stages[0].game.clip is not None:
            parts.append("the clipping of weights is left out")
        return f"{'; '.join(parts)}. Rates are those of plain descent, one rate for both; the run used {kinds}."


MODES: dict[type[nn.Module] | tuple[type[nn.Module], ...], str] = {
    (nn.BatchNorm1d, nn.BatchNorm2d): "batch statistics are that batch's",
    (nn.Dropout, nn.Dropout2d): "dropout drops the same each time",
}


def fields_of(folder: str | Path, *, data_dir: Path | None = None, samples: int = 64, seed: int = 0) -> Fields:
    """Refused are networks that are too large for some hundred products, and runs of several games."""
    run = open_run(folder)
    recipe = recipe_text(run.config, source=str(run.folder / "config.yaml"))
    if recipe.stages:
        raise UsageError(
            f"the field of {run.folder.name} was asked for, whose {len(recipe.stages)} stages play games of their own",
            "ask it of a run of one stage",
        )
    setup = set_up(recipe, data_dir=data_dir)
    require_same_data(setup, run.folder)
    weights = sum(
        weight.numel() for network in modules_of(setup.fresh_players()).values() for weight in network.parameters()
    )
    if weights > MOST:
        raise UsageError(
            f"the spectrum of {run.folder.name} was asked for, whose players have {weights:,} weights (limit {MOST:,})",
            "train narrower networks: the recipe digits-mlp has 103,361 weights",
        )
    block = setup.stages[0].game.block
    return Fields(run, setup, samples - samples % block or block, seed)
