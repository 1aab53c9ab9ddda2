"""A game from any of its moments on, with changes, in memory: what a run would have been.

    with Twin(setup) as trunk:
        for step in trunk.until(500): ...
        fork = trunk.snapshot()
    with Twin(setup, [intervention("freeze=critic", begin=500)], start=fork) as other:
        for step in other.until(800): ...

Two twins of one snapshot see the same batches, latents and noise at the same rounds: without a change they are equal
bit for bit, and with one they differ by it alone. A recipe in stages is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType

import torch

from ganatomy.errors import UsageError
from ganatomy.training.interventions.course import Course, Weights, nothing_older
from ganatomy.training.interventions.written import Intervention
from ganatomy.training.play import play
from ganatomy.training.setup import Setup
from ganatomy.training.snapshot import Snapshot
from ganatomy.training.step import Step


class Twin:
    """Rounds count as those of the run do; `start` is a snapshot of it, None for the beginning."""

    def __init__(
        self,
        setup: Setup,
        do: Iterable[Intervention] = (),
        *,
        start: Snapshot | None = None,
        older: Weights = nothing_older,
        device: torch.device | str = "cpu",
    ) -> None:
        if len(setup.stages) > 1:
            raise UsageError(f"{setup.recipe.name} plays in stages", "this is measured on recipes of a single stage")
        (stage,) = setup.stages
        self.setup, self.course = setup, Course(setup, do, older=older)
        players = setup.fresh_players(device=device)
        self.game = play(stage.game, players, setup.train, setup.latent, pace=stage.pace)
        if start is not None:
            if start.counters["count"] > 0:
                self.course.tune(self.game, place=0, round_=start.counters["count"] - 1, resumed=True)
            self.game.restore(start)

    def until(self, round_: int) -> Iterator[Step]:
        """The rounds up to that one, which is the last."""
        while self.game.count < round_:
            self.course.tune(self.game, place=0, round_=self.game.count)
            yield next(self.game)

    def snapshot(self) -> Snapshot:
        return self.game.snapshot()

    def __enter__(self) -> Twin:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.course.release()
