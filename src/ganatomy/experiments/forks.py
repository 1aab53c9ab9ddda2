"""The effect of a change on any reading, over time, from many base runs forked at one round.

    told = forked(Fork(to_yaml(recipe), at=500, do=("game.terms.r1.strength=1.0",)), progress=progress)
    told.course("gap").same                    # effect and interval at each round, with the same randomness
    told.course("gap").horizon                 # rounds after the fork up to which pairing still helps
    told.findings(["gap", "diversity.samples"])

Each base run goes on in five arms: as it was, with the change, with other randomness, with the change and other
randomness, and with its generator shaken before the last reading, which nobody can miss. The first two differ by the
change alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganatomy.errors import UsageError, nearest
from ganatomy.experiments.arms import Arm, Scene, branches
from ganatomy.experiments.pool import Progress, each
from ganatomy.numerics.statistics.effects import Effect, judged_together, mean_effect
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.finding import Finding
from ganatomy.results.measurement import Measurement
from ganatomy.results.provenance import Provenance

ROUNDS = (1, 3, 10, 30, 100, 300)
BASES = 10
CORRELATED = 0.5  # below, a pair of the same randomness is hardly more alike than two strangers
NOISE = 0.5  # the smallest effect of interest, in standard deviations between two runs that differ by chance alone
SHAKEN = "perturb=generator:0.5"
CONTROL, SAME, NULL, FRESH, PLANTED = "as it was", "changed", "other randomness", "changed, other randomness", "shaken"
Table = NDArray[np.float64]


@dataclass(frozen=True)
class Fork:
    """`do`: what is changed from round `at` on; `bases`: seeds of runs of the recipe, the first that of the run."""

    recipe: str
    at: int
    do: tuple[str, ...]
    rounds: tuple[int, ...] = ROUNDS
    bases: tuple[int, ...] = tuple(range(BASES))
    data_dir: Path | None = None

    @property
    def arms(self) -> tuple[Arm, ...]:
        return (
            Arm(CONTROL),
            Arm(SAME, self.do),
            Arm(NULL, ("randomness=1",)),
            Arm(FRESH, (*self.do, "randomness=2")),
            Arm(PLANTED, (f"{SHAKEN} from {self.at + self.rounds[-1] - 1}",)),
        )


@dataclass(frozen=True, eq=False)
class Course:
    """Of one reading, at each of the rounds: effects with the same and with other randomness, and what chance does.

    null: the difference that other randomness alone makes, and `noise` its standard deviation between base runs.
    planted: that of the shaken generator. alike: correlation of the base runs with their changed twins. gain: variance
    of the effect with other randomness over that with the same, 1 where pairing no longer helps.
    """

    name: str
    rounds: tuple[int, ...]
    same: tuple[Effect, ...]
    fresh: tuple[Effect, ...]
    null: tuple[Effect, ...]
    planted: tuple[Effect, ...]
    noise: tuple[float, ...]
    alike: tuple[float, ...]
    gain: tuple[float, ...]

    @property
    def horizon(self) -> int:
        """Rounds after the fork up to which twins of one randomness stay alike; 0 if they never do."""
        found = 0
        for round_, alike in zip(self.rounds, self.alike, strict=True):
            if not alike >= CORRELATED:
                break
            found = round_
        return found


@dataclass(frozen=True, eq=False)
class Forked:
    """`readings`: name -> arm -> (bases, rounds)."""

    fork: Fork
    readings: Mapping[str, Mapping[str, Table]]

    def course(self, name: str) -> Course:
        table = self._table(name)
        control, rounds = table[CONTROL], range(len(self.fork.rounds))
        apart = {arm: table[arm] - control for arm in (SAME, FRESH, NULL, PLANTED)}
        noise = [float(apart[NULL][:, at].std(ddof=1)) for at in rounds]

        def effects(arm: str) -> tuple[Effect, ...]:
            return tuple(mean_effect(apart[arm][:, at], smallest=NOISE * noise[at]) for at in rounds)

        return Course(
            name,
            self.fork.rounds,
            same=effects(SAME),
            fresh=effects(FRESH),
            null=effects(NULL),
            planted=effects(PLANTED),
            noise=tuple(noise),
            alike=tuple(_alike(control[:, at], table[SAME][:, at]) for at in rounds),
            gain=tuple(_ratio(apart[FRESH][:, at].var(ddof=1), apart[SAME][:, at].var(ddof=1)) for at in rounds),
        )

    def findings(self, names: Sequence[str], *, seed: int = 0) -> list[Finding]:
        """The effect at the last round on each reading, Holm over all of them; both arms must agree in sign."""
        courses = [self.course(name) for name in names]
        together = judged_together([course.same[-1] for course in courses], adjust="holm")
        return [self._finding(c, effect, len(names), seed) for c, effect in zip(courses, together, strict=True)]

    def _finding(self, course: Course, effect: Effect, family: int, seed: int) -> Finding:
        verdict, note = _attributed(course, effect)
        done, last = "; ".join(self.fork.do) or "nothing", course.rounds[-1]
        return Finding(
            claim=f"{done} changes {course.name} within {last} rounds of round {self.fork.at}",
            estimand=f"mean change of {course.name}, {last} rounds after the fork, against the same run unchanged",
            population=f"runs of the recipe with the seeds {', '.join(map(str, self.fork.bases))}",
            replication="base run",
            treatment=done,
            positive_control=_measured("change by a shaken generator", course.planted[-1]),
            negative_control=_measured("change by other randomness", course.null[-1]),
            smallest_effect=effect.smallest,
            family=f"{family} readings, Holm",
            effect=effect.value,
            interval=effect.interval,
            p=effect.p_present,
            verdict=verdict,
            arrays=_arrays(course) | {f"values, {arm}": table for arm, table in self._table(course.name).items()},
            note=note,
            provenance=Provenance.here(seed=seed),
        )

    def _table(self, name: str) -> Mapping[str, Table]:
        if name not in self.readings:
            raise UsageError(f"there is no reading {name!r} of every arm", nearest(name, sorted(self.readings)))
        return self.readings[name]


def forked(fork: Fork, *, progress: Progress) -> Forked:
    """Play all arms of all bases."""
    if len(fork.bases) < 3:
        raise UsageError(f"{len(fork.bases)} base runs were asked for", "an effect needs 3 or more; 10 are usual")
    runs = each(partial(one_base, fork), fork.bases, progress=progress)
    names = set.intersection(*(set(signals) for run in runs for rows in run.values() for signals in rows))
    names -= {"step", "seen", "seconds"}
    tables = {
        name: {
            arm.name: np.array([[signals[name] for signals in run[arm.name]] for run in runs], dtype=np.float64)
            for arm in fork.arms
        }
        for name in sorted(names)
    }
    return Forked(fork, tables)


def one_base(fork: Fork, seed: int) -> dict[str, list[dict[str, float]]]:
    """The readings of every arm of a base run."""
    scene = Scene(fork.recipe, fork.at, fork.rounds, fork.data_dir)
    return {arm.name: [dict(s) for s in played.readings] for arm, played in branches(scene, fork.arms, seed=seed)}


def _attributed(course: Course, effect: Effect) -> tuple[str, str]:
    """An effect is the change's own where it has one sign whatever the randomness, and is more than chance."""
    if course.planted[-1].verdict != "present":
        return "undetermined", "Not even a shaken generator shows in this reading: it cannot tell."
    fresh = course.fresh[-1]
    if effect.verdict == "present" and effect.value * fresh.value <= 0:
        return (
            "undetermined",
            f"With other randomness the sign is another ({fresh.value:.3g}): it is not the change's own.",
        )
    helped = (
        f"Pairing helps for {course.horizon} rounds." if course.horizon else "Pairing does not help in this reading."
    )
    times = f"{abs(effect.value) / course.noise[-1]:.2g} times" if course.noise[-1] > 0 else "compared with nothing,"
    return effect.verdict, f"The effect is {times} what chance alone does between two runs. {helped}"


def _alike(first: Table, second: Table) -> float:
    if first.std() == 0 or second.std() == 0:
        return math.nan
    return float(np.corrcoef(first, second)[0, 1])


def _ratio(above: float, below: float) -> float:
    return float(above / below) if below > 0 else math.inf


def _measured(name: str, effect: Effect) -> Measurement:
    return Measurement(name, effect.value, effect.n, "mean paired change", "neither", interval=effect.interval)


def _arrays(course: Course) -> dict[str, Table]:
    def sides(effects: Sequence[Effect]) -> Table:
        intervals: list[Interval] = [effect.interval for effect in effects]
        return np.array([[e.value, i.low, i.high] for e, i in zip(effects, intervals, strict=True)])

    return {
        "rounds": np.array(course.rounds, dtype=np.float64),
        "same": sides(course.same),
        "fresh": sides(course.fresh),
        "null": sides(course.null),
        "noise": np.array(course.noise),
        "alike": np.array(course.alike),
        "gain": np.array(course.gain),
    }
