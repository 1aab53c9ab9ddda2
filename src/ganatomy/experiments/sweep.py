"""A key of a recipe over several values, with the same seeds for each: what comes out, and by how much they differ.

    swept = sweep(Sweep("digits-mlp", "pace.both.rate", ("1e-3", "2e-3", "4e-3"), rounds=800), progress=progress)
    for row in swept.rows("gap"): print(row.value, row.mean, row.change, row.change and row.change.verdict)

The first value is what the others are held against, seed by seed; their p-values are Holm's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganatomy.errors import UsageError, nearest
from ganatomy.experiments.arms import Arm, Scene, branches
from ganatomy.experiments.pool import Progress, each
from ganatomy.numerics.statistics.effects import Effect, judged_together, paired_effect
from ganatomy.numerics.statistics.interval import Mean, mean_of, t_interval
from ganatomy.training.recipes.read import read_recipe, to_yaml

COLLAPSED = 0.5  # a diversity of samples below this, against that of real ones, is a collapse


@dataclass(frozen=True)
class Sweep:
    """`key` as -o takes it, `values` as they are written there; `rounds` are played from the beginning."""

    recipe: str
    key: str
    values: tuple[str, ...]
    rounds: int
    seeds: int = 5
    changes: tuple[str, ...] = ()
    data_dir: Path | None = None

    def __post_init__(self) -> None:
        if len(set(self.values)) < max(len(self.values), 2):
            raise UsageError(f"{self.key} was to be swept over {', '.join(self.values)}", "give two different values")
        if self.seeds < 3:
            raise UsageError(
                f"a sweep over {self.seeds} seeds was asked for", "an interval needs 3 or more; 5 are usual"
            )


@dataclass(frozen=True)
class Row:
    """Of one value: the mean of the reading over the seeds, and its paired change from the first value (None there)."""

    value: str
    mean: Mean
    change: Effect | None
    collapsed: float | None  # share of the seeds; None where no diversity was read

    @property
    def interval(self) -> tuple[float, float]:
        found = t_interval(self.mean)
        return found.low, found.high


@dataclass(frozen=True, eq=False)
class Swept:
    """`readings`: name -> (values, seeds)."""

    sweep: Sweep
    readings: Mapping[str, NDArray[np.float64]]

    def rows(self, name: str, *, smallest: float = 0.0) -> list[Row]:
        if name not in self.readings:
            raise UsageError(f"there is no reading {name!r} of every run", nearest(name, sorted(self.readings)))
        table = self.readings[name]
        effects = judged_together(
            [paired_effect(values, table[0], smallest=smallest) for values in table[1:]], adjust="holm"
        )
        spread = self.readings.get("diversity.samples")
        lost = [None if spread is None else float((spread[at] < COLLAPSED).mean()) for at in range(len(table))]
        return [
            Row(value, mean_of(values), change, collapsed)
            for value, values, change, collapsed in zip(self.sweep.values, table, (None, *effects), lost, strict=True)
        ]


def sweep(asked: Sweep, *, progress: Progress) -> Swept:
    """Every value for every seed; what a value makes impossible is told before anything is trained."""
    for value in asked.values:
        read_recipe(asked.recipe, [*asked.changes, f"{asked.key}={value}"])
    runs = each(partial(one_seed, asked), range(asked.seeds), progress=progress)
    names = set.intersection(*(set(signals) for run in runs for signals in run)) - {"step", "seen", "seconds"}
    tables = {
        name: np.array([[run[place][name] for run in runs] for place in range(len(asked.values))], dtype=np.float64)
        for name in sorted(names)
    }
    return Swept(asked, tables)


def one_seed(asked: Sweep, seed: int) -> list[dict[str, float]]:
    """The readings of the last round, for each value."""
    scene = Scene(to_yaml(read_recipe(asked.recipe, asked.changes)), 0, (asked.rounds,), asked.data_dir)
    arms = [Arm(value, changes=(f"{asked.key}={value}",)) for value in asked.values]
    return [dict(played.readings[-1]) for _, played in branches(scene, arms, seed=seed)]
