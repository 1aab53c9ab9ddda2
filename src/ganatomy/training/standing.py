"""Where a run stands beside its networks: the stage, the clock, the watch, the goal. All of it is in a checkpoint.

standing = Standing(stage=1, steps=3000)
Standing.from_dict(json.loads(json.dumps(standing.to_dict())))
whole = joined(game.snapshot(), standing, probe.memory())      # what is saved: counted over all stages
own = of_stage(whole, standing)                                # what `game.restore` takes
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from ganatomy.training.goals import Goal, Pursuit, Stop
from ganatomy.training.health.watch import Watch
from ganatomy.training.recipes.schema import End
from ganatomy.training.snapshot import Snapshot

PROBE = "probe/"  # the probe's memory lies among the moments of a snapshot under this name


@dataclass(frozen=True)
class Standing:
    """`steps` and `images` are those of the stages before this one, `seconds` those of all sittings so far.

    best: the lowest gap of any probe. skipped: updates left out since the last log line, by parameter.
    """

    pursuit: Pursuit
    stage: int = 0
    steps: int = 0
    images: int = 0
    seconds: float = 0.0
    best: float | None = None
    watch: Watch = field(default_factory=Watch)
    skipped: Mapping[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        plain = {name: value for name, value in vars(self).items() if name not in ("pursuit", "watch")}
        return {**plain, "pursuit": self.pursuit.to_dict(), "watch": self.watch.to_dict()}

    def told(self) -> dict[str, Any]:
        """What a run says of itself at its end."""
        convergence = self.pursuit.convergence
        return {
            "best_gap": self.best,
            "converged": convergence.seen,
            "convergence": convergence.to_dict(),
            "alarms_on": list(self.watch.speaking),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Standing:
        watch, pursuit = Watch.from_dict(plain["watch"]), Pursuit.from_dict(plain["pursuit"])
        return cls(**{**plain, "watch": watch, "pursuit": pursuit})

    def next_stage(self, goal: Pursuit, *, steps: int, images: int) -> Standing:
        """At the beginning of the next stage, which has a goal, and a health, of its own."""
        return replace(
            self,
            pursuit=goal,
            stage=self.stage + 1,
            steps=self.steps + steps,
            images=self.images + images,
            watch=Watch(),
        )


def pursuit_of(end: End) -> Pursuit:
    """What a stage is to reach, as a recipe says it."""
    stops = tuple(
        Stop(name, float(amount))
        for name in ("steps", "images", "seconds", "gap", "plateau")
        if (amount := getattr(end, name)) is not None
    )
    return Pursuit(Goal(stops))


def joined(snapshot: Snapshot, standing: Standing, memory: Mapping[str, Tensor]) -> Snapshot:
    """A stage's snapshot as the run's: rounds counted from the beginning of the run, the probe's memory with it."""
    counters = {**snapshot.counters, "count": snapshot.counters["count"] + standing.steps}
    moments = snapshot.moments | {PROBE + name: value for name, value in memory.items()}
    return Snapshot(snapshot.weights, moments, counters)


def of_stage(snapshot: Snapshot, standing: Standing) -> Snapshot:
    """The inverse; the probe's memory is passed over."""
    moments = {name: value for name, value in snapshot.moments.items() if not name.startswith(PROBE)}
    counters = {**snapshot.counters, "count": snapshot.counters["count"] - standing.steps}
    return Snapshot(snapshot.weights, moments, counters)


def memory_of(snapshot: Snapshot) -> dict[str, Tensor]:
    """What the probe remembered."""
    found = snapshot.moments.items()
    return {name.removeprefix(PROBE): value for name, value in found if name.startswith(PROBE)}
