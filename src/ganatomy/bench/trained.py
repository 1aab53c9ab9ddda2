"""Recipes trained for benchmarks: without files, probes or logs, one process a seed.

results = each_seed(partial(_grid, "grid25"), seeds=range(5), progress=progress)
run = trained("grid25", seed=3)
run.samples(2500), run.gan(), run.seconds
"""

from __future__ import annotations

import itertools
import multiprocessing
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from torch import Tensor, nn

from ganatomy.bench.rows import Reading, Row
from ganatomy.models.evaluating import passed
from ganatomy.models.gan import GAN
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.training.machine import computing, cores
from ganatomy.training.play import play
from ganatomy.training.recipes.read import read_recipe
from ganatomy.training.setup import Setup, as_gan, set_up

Found = TypeVar("Found")
Seed = TypeVar("Seed")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Trained:
    """The averaged generator and the critic at the recipe's last round, and the CPU seconds of their training."""

    generator: nn.Module
    critic: nn.Module
    setup: Setup
    seconds: float

    def gan(self) -> GAN:
        return as_gan(self.setup, self.generator, self.critic)

    def samples(self, n: int) -> Tensor:
        """Samples 0 to n-1 of a seed that training does not draw from."""
        latent, seed = self.setup.latent, self.setup.recipe.seed
        return passed(self.generator, latent.sample(seed, range(n)), labels=latent.labels(seed, range(n)))


def trained(name: str, seed: int, changes: Sequence[str] = (), *, data_dir: Path | None = None) -> Trained:
    """The recipe, of a single stage, played to the rounds it names: the weights of a run, without its files."""
    setup = set_up(read_recipe(name, [*changes, f"seed={seed}"]), data_dir=data_dir)
    with computing(setup.threads or cores()):
        players = setup.fresh_players()
        began = time.process_time()
        (stage,) = setup.stages
        assert stage.end.steps is not None, "recipes that are measured end after a number of rounds"
        steps = play(stage.game, players, setup.train, setup.latent, pace=stage.pace)
        last = next(itertools.islice(steps, stage.end.steps - 1, None))
        assert isinstance(last.players.critic, nn.Module)
        return Trained(last.average, last.players.critic, setup, time.process_time() - began)


def each_seed(measure: Callable[[Seed], Found], seeds: Iterable[Seed], *, progress: Progress) -> list[Found]:
    """measure(seed) for each seed, as many at a time as there are cores; results in the order of the seeds."""
    seeds = list(seeds)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(cores(), len(seeds)), mp_context=context) as pool:
        running = {pool.submit(measure, seed): seed for seed in seeds}
        for done, _ in enumerate(as_completed(running), start=1):
            progress(done, len(seeds))
        return [future.result() for future in running]


def worst(
    name: str, values: Sequence[float], unit: str, *, at_least: float | None = None, at_most: float | None = None
) -> Row:
    """A row whose target every seed has to meet: its value is the worst, the name lists them all."""
    extreme = min(values) if at_most is None else max(values)
    listed = ", ".join(f"{value:.4g}" for value in values)
    reading = Reading(extreme, Interval(extreme, extreme, 1.0, f"the worst of {len(values)} seeds"))
    return Row(f"{name} ({listed})", reading, unit, at_most=at_most, at_least=at_least)
