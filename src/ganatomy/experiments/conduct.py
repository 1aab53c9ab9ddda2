"""An experiment carried out: every arm for every seed, in processes of their own, and the verdict.

    finding = conduct("r1-prevents-collapse", progress=progress)
    finding = conduct("mine.py:CLAIM", seeds=5, progress=progress)

A seed's arms share the rounds before the fork. What a process needs is the experiment's name alone.
"""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

from ganatomy.errors import InputError, UsageError, choose
from ganatomy.experiments.arms import Scene, branches
from ganatomy.experiments.catalogue import EXPERIMENTS
from ganatomy.experiments.experiment import Experiment, conclude, with_seeds
from ganatomy.experiments.pool import Progress, each
from ganatomy.intake.python_file import as_it_was, imported
from ganatomy.results.finding import Finding
from ganatomy.results.provenance import Provenance
from ganatomy.training.recipes.compare import digest
from ganatomy.training.recipes.read import read_recipe, to_yaml

EXAMPLE = "mine.py:CLAIM"


def experiment_named(name: str) -> Experiment:
    """One that ships, or that of somebody's own file: file.py:name."""
    file, colon, attribute = name.rpartition(":")
    if not (colon and file.endswith(".py")):
        return choose(EXPERIMENTS, name, "experiment")
    path = Path(file)
    if not path.is_file():
        raise InputError(f"there is no file {path}", f"name a file and the experiment in it: {EXAMPLE}")
    with as_it_was(path):
        found = getattr(imported(path, example=EXAMPLE), attribute, None)
    if not isinstance(found, Experiment):
        raise UsageError(
            f"{name} is {'not there' if found is None else f'a {type(found).__name__}'}",
            "let the file make it: from ganatomy.experiments.experiment import Experiment",
        )
    return found


def conduct(name: str, *, seeds: int | None = None, data_dir: Path | None = None, progress: Progress) -> Finding:
    """Carry it out with so many seeds (by default the experiment's own number)."""
    experiment = experiment_named(name)
    experiment = experiment if seeds is None else with_seeds(experiment, seeds)
    for arm in experiment.arms:
        read_recipe(experiment.recipe, [*experiment.changes, *arm.changes])
    rows = each(partial(one_seed, name, data_dir), range(experiment.seeds), progress=progress)
    values = {arm.name: [row[arm.name] for row in rows] for arm in experiment.arms}
    recipe = read_recipe(experiment.recipe, experiment.changes)
    return conclude(experiment, values, provenance=Provenance.here(seed=0, digests={"recipe": digest(recipe)}))


def one_seed(name: str, data_dir: Path | None, seed: int) -> dict[str, float]:
    """The statistic in each arm; NaN where it diverged."""
    experiment = experiment_named(name)
    recipe = to_yaml(read_recipe(experiment.recipe, experiment.changes))
    scene = Scene(recipe, experiment.at, experiment.rounds, data_dir)
    played = branches(scene, experiment.arms, seed=seed, also=experiment.also)
    return {arm.name: math.nan if each is None else experiment.read(each) for arm, each in played}
