"""When a run's checkpoints are written, and which of them was the best.

keeper = Keeper(run, recipe.cadence)
keeper.remember(snapshot, extra)              # the best so far
if keeper.due(step): path, is_best = keeper.save(snapshot, extra)
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from ganatomy.training.recipes.schema import Cadence
from ganatomy.training.runs.checkpoint import load_checkpoint, save_checkpoint
from ganatomy.training.runs.folder import Run
from ganatomy.training.runs.keeping import milestone
from ganatomy.training.snapshot import Snapshot


class Keeper:
    """Remembers the best snapshot since the last save, and when and at which step that was."""

    def __init__(self, run: Run, cadence: Cadence, *, always: Collection[int] = ()) -> None:
        self.run, self.cadence, self.always, self.step = run, cadence, frozenset(always), 0
        self.saved = time.monotonic()
        self.best: tuple[Snapshot, Mapping[str, Any]] | None = None

    def due(self, step: int) -> bool:
        """By the clock, or at a round that is to stay and is not saved yet."""
        late = time.monotonic() - self.saved >= self.cadence.save_seconds
        stays = step in self.always or (self.cadence.milestones and milestone(step))
        return late or (stays and step != self.step)

    def older(self, step: int) -> Mapping[str, Tensor]:
        """The weights of an earlier checkpoint of the run."""
        return load_checkpoint(self.run, step, moments=False).snapshot.weights

    def remember(self, snapshot: Snapshot, extra: Mapping[str, Any]) -> None:
        """It is the best so far."""
        self.best = snapshot, extra

    def save(self, snapshot: Snapshot, extra: Mapping[str, Any]) -> tuple[Path, bool]:
        """A checkpoint of now, and before it the best one since the last save; whether now is the best."""
        step = snapshot.counters["count"]
        self.saved, self.step = time.monotonic(), step
        save = partial(
            save_checkpoint,
            self.run,
            keep=self.cadence.keep,
            milestones=self.cadence.milestones,
            always=self.always,
        )
        best, self.best = self.best, None
        if best is not None and best[0].counters["count"] < step:
            save(*best, best=True)
        is_best = best is not None and best[0].counters["count"] == step
        return save(snapshot, extra, best=is_best), is_best
