"""A key of a recipe over several values, with the same seeds for each: what comes out, and by how much they differ.

    swept = sweep(Sweep("digits-mlp", "pace.both.rate", ("1e-3", "2e-3", "4e-3"), rounds=800), progress=progress)
    for row in swept.rows("gap"): print(row.value, row.mean, row.change, row.change and row.change.verdict)

The first value is what the others are held against, seed by seed; their p-values are Holm's.
"""

from __future__ import annotations

import math
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

UNIFORM = 0.5  # samples that differ less than this, against real ones, are nearly alike
FEWEST = 3  # seeds for a mean


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
        if self.seeds < FEWEST:
            raise UsageError(
                f"a sweep over {self.seeds} seeds was asked for", "an interval needs 3 or more; 5 are usual"
            )


@dataclass(frozen=True)
class Row:
    """Of one value: the mean of the reading over the seeds (None of fewer than three), its paired change from the first
    value (None there), the seeds without the reading, and the share whose samples are nearly alike (None: not read).
    """

    value: str
    mean: Mean | None
    change: Effect | None
    lost: int
    uniform: float | None

    @property
    def interval(self) -> tuple[float, float]:
        if self.mean is None:
            return -math.inf, math.inf
        found = t_interval(self.mean)
        return found.low, found.high


@dataclass(frozen=True, eq=False)
class Swept:
    """`readings`: name -> (values, seeds)."""

    sweep: Sweep
    readings: Mapping[str, NDArray[np.float64]]

    def rows(self, name: str, *, smallest: float = 0.0) -> list[Row]:
        """Seeds that have no such reading with a value, since they diverged, are counted and left out there."""
        if name not in self.readings:
            raise UsageError(f"there is no reading {name!r}", nearest(name, sorted(self.readings)))
        table = self.readings[name]
        there = np.isfinite(table)
        whole = [there[0] & there[at] for at in range(len(table))]
        effects = {
            at: paired_effect(table[at][whole[at]], table[0][whole[at]], smallest=smallest)
            for at in range(1, len(table))
            if whole[at].sum() >= FEWEST
        }
        changes = (
            dict(zip(effects, judged_together(list(effects.values()), adjust="holm"), strict=True)) if effects else {}
        )
        return [
            Row(
                value,
                mean_of(table[at][there[at]]) if there[at].sum() >= FEWEST else None,
                changes.get(at),
                int((~there[at]).sum()),
                self._uniform(at),
            )
            for at, value in enumerate(self.sweep.values)
        ]

    def _uniform(self, at: int) -> float | None:
        """The share of seeds whose samples differ less than half as much as real ones."""
        spread = self.readings.get("diversity.samples")
        return None if spread is None else float((spread[at][np.isfinite(spread[at])] < UNIFORM).mean())


def sweep(asked: Sweep, *, progress: Progress) -> Swept:
    """Every value for every seed; what a value makes impossible is told before anything is trained."""
    for value in asked.values:
        read_recipe(asked.recipe, [*asked.changes, f"{asked.key}={value}"])
    runs = each(partial(one_seed, asked), range(asked.seeds), progress=progress)
    names = {name for run in runs for signals in run for name in signals} - {"step", "seen", "seconds"}
    places = range(len(asked.values))
    tables = {
        name: np.array([[run[place].get(name, np.nan) for run in runs] for place in places], dtype=np.float64)
        for name in sorted(names)
    }
    return Swept(asked, tables)


def one_seed(asked: Sweep, seed: int) -> list[dict[str, float]]:
    """The readings of the last round, for each value; none where it diverged."""
    scene = Scene(to_yaml(read_recipe(asked.recipe, asked.changes)), 0, (asked.rounds,), asked.data_dir)
    arms = [Arm(value, changes=(f"{asked.key}={value}",)) for value in asked.values]
    return [{} if played is None else dict(played.readings[-1]) for _, played in branches(scene, arms, seed=seed)]
