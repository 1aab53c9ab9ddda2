"""Runs in miniature for tests that look at runs: a few rounds of a tiny recipe, saved as `train` saves them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ganatomy.results.provenance import Provenance
from ganatomy.training.described import describe_gan
from ganatomy.training.play import Play, play
from ganatomy.training.recipes.compare import digest
from ganatomy.training.recipes.read import read_recipe, to_yaml
from ganatomy.training.runs.checkpoint import save_checkpoint
from ganatomy.training.runs.folder import Run, new_run
from ganatomy.training.runs.metrics import Metrics
from ganatomy.training.runs.status import Status, write_status
from ganatomy.training.setup import Setup, set_up

TINY = """
summary: A few rounds in the plane, for tests.
data: {name: ring8}
latent: {kind: normal, dim: 2}
players: {architecture: mlp, options: {hidden: [8], critic_hidden: [8], dropout: 0.0}}
game: {name: ns-r1}
pace: {batch: 16}
end: {steps: 100}
"""


@dataclass(frozen=True, eq=False)
class Small:
    run: Run
    setup: Setup
    game: Play

    @property
    def folder(self) -> Path:
        return self.run.folder


def small_run(parent: Path, changes: Sequence[str] = (), *, saved: Sequence[int] = (2, 4), best: int = 2) -> Small:
    """A run with a checkpoint after each of these rounds, one of them the best."""
    parent.mkdir(parents=True, exist_ok=True)
    written = parent / "tiny.yaml"
    written.write_text(TINY)
    resolved = read_recipe(written, changes)
    setup = set_up(resolved)
    stage = setup.stages[0]
    game = play(stage.game, setup.fresh_players(), setup.train, setup.latent, pace=stage.pace)
    provenance = Provenance.here(seed=resolved.seed, digests={"recipe": digest(resolved)})
    run = new_run(parent, resolved.name, seed=resolved.seed, config=to_yaml(resolved), provenance=provenance)
    describe_gan(setup, run.folder)
    with Metrics(run) as metrics:
        for count in range(1, max(saved, default=0) + 1):
            step = next(game)
            losses = {"critic.adversarial": step.critic["adversarial"], "gap": 1 / count}
            metrics.write(count, {"kind": "probe", "seen": step.seen, "seconds": count / 4, **losses})
            if count in saved:
                save_checkpoint(run, game.snapshot(), best=count == best)
    write_status(run.folder, Status("finished", "reached the end", step=game.count, seconds=1.0))
    return Small(run, setup, game)
