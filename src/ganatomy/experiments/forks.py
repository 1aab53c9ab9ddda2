"""The effect of a change on any reading, over time, from many base runs forked at one round.

    told = forked(Fork(to_yaml(recipe), at=500, do=("game.terms.r1.strength=1.0",)), progress=progress)
    told.course("gap").same                    # effect and interval at each round, with the same randomness
    told.course("gap").horizon                 # rounds after the fork up to which pairing halves the variance
    told.findings(["gap", "diversity.samples"])

Each base run goes on in five arms: as it was, with the change, with other randomness, with the change and other
randomness, and with its generator shaken before the last reading: a reading in which even that does not show tells
nothing by its silence. The first two arms differ by the change alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganatomy.errors import DivergedError, UsageError, nearest
from ganatomy.experiments.arms import Arm, Scene, branches
from ganatomy.experiments.pool import Progress, each
from ganatomy.numerics.statistics.effects import Effect, judged_together, mean_effect, paired_effect
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.finding import Finding
from ganatomy.results.measurement import Measurement
from ganatomy.results.provenance import Provenance
from ganatomy.training.recipes.compare import digest
from ganatomy.training.recipes.read import recipe_text

ROUNDS = (1, 3, 10, 30, 100, 300)
BASES, FEWEST = 10, 3
HELPS = 2.0  # pairing helps while other randomness makes the variance of the effect so many times as large
NOISE = 0.5  # the smallest effect of interest, in standard deviations between two runs that differ by chance alone
SHAKEN = "perturb=generator:1.0"
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
    planted: by how much more the shaken generator moves the reading, either way, than other randomness does. gain:
    variance of the effect with other randomness over that with the same; both share the base run, so that it is the
    worth of the same batches and latents alone, 1 where they no longer help.
    """

    name: str
    rounds: tuple[int, ...]
    same: tuple[Effect, ...]
    fresh: tuple[Effect, ...]
    null: tuple[Effect, ...]
    planted: Effect
    noise: tuple[float, ...]
    gain: tuple[float, ...]

    @property
    def horizon(self) -> int:
        """Rounds after the fork up to which the same randomness halves the variance at least; 0 if it never does."""
        found = 0
        for round_, gain in zip(self.rounds, self.gain, strict=True):
            if gain < HELPS:
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
            planted=paired_effect(np.abs(apart[PLANTED][:, -1]), np.abs(apart[NULL][:, -1]), smallest=0.0),
            noise=tuple(noise),
            gain=tuple(_ratio(apart[FRESH][:, at].var(ddof=1), apart[SAME][:, at].var(ddof=1)) for at in rounds),
        )

    def findings(self, names: Sequence[str], *, seed: int = 0) -> list[Finding]:
        """The effect at the last round on each reading, Holm over all of them; both arms must agree in sign."""
        courses = [self.course(name) for name in names]
        together = judged_together([course.same[-1] for course in courses], adjust="holm")
        return [self._finding(c, effect, len(names), seed) for c, effect in zip(courses, together, strict=True)]

    def _finding(self, course: Course, effect: Effect, family: int, seed: int) -> Finding:
        verdict, note = _attributed(course, effect)
        done, last = "; ".join(self.fork.do), course.rounds[-1]
        recipe = recipe_text(self.fork.recipe)
        return Finding(
            claim=f"{done} changes {course.name} within {last} rounds of round {self.fork.at}",
            estimand=f"mean change of {course.name}, {last} rounds after the fork, against the same run unchanged",
            population=f"runs of the recipe {digest(recipe)}, seeds {', '.join(map(str, self.fork.bases))}",
            replication="base run",
            treatment=done,
            positive_control=_measured("size of the change by a shaken generator, beyond chance", course.planted),
            negative_control=_measured("change by other randomness", course.null[-1]),
            smallest_effect=effect.smallest,
            family=f"{family} readings, Holm",
            effect=effect.value,
            interval=effect.interval,
            p=effect.p_present,
            verdict=verdict,
            arrays=_arrays(course) | {f"values, {arm}": table for arm, table in self._table(course.name).items()},
            note=note,
            provenance=Provenance.here(seed=seed, digests={"recipe": digest(recipe)}),
        )

    def _table(self, name: str) -> Mapping[str, Table]:
        if name not in self.readings:
            raise UsageError(f"there is no reading {name!r} of every arm", nearest(name, sorted(self.readings)))
        return self.readings[name]


def forked(fork: Fork, *, progress: Progress) -> Forked:
    """Play all arms of all bases."""
    if len(fork.bases) < FEWEST:
        raise UsageError(f"{len(fork.bases)} base runs were asked for", "an effect needs 3 or more; 10 are usual")
    if not fork.do:
        raise UsageError("the effect of no change was asked for", "without one the twin is the run; say what to change")
    runs = each(partial(one_base, fork), fork.bases, progress=progress)
    lost = {arm.name: sum(run[arm.name] is None for run in runs) for arm in fork.arms}
    if any(lost.values()):
        said = ", ".join(f"{n} of {len(runs)} {name!r}" for name, n in lost.items() if n)
        raise DivergedError(
            f"of the arms diverged: {said}", "that is what the change does; read fewer rounds to see how"
        )
    whole = [{name: rows for name, rows in run.items() if rows is not None} for run in runs]
    names = set.intersection(*(set(signals) for run in whole for rows in run.values() for signals in rows))
    names -= {"step", "seen", "seconds"}
    tables = {
        name: {
            arm.name: np.array([[signals[name] for signals in run[arm.name]] for run in whole], dtype=np.float64)
            for arm in fork.arms
        }
        for name in sorted(names)
    }
    return Forked(fork, tables)


def one_base(fork: Fork, seed: int) -> dict[str, list[dict[str, float]] | None]:
    """The readings of every arm of a base run, None where it diverged."""
    scene = Scene(fork.recipe, fork.at, fork.rounds, fork.data_dir)
    found = branches(scene, fork.arms, seed=seed)
    return {arm.name: None if played is None else [dict(s) for s in played.readings] for arm, played in found}


def _attributed(course: Course, effect: Effect) -> tuple[str, str]:
    """An effect is the change's own where it has one sign whatever the randomness, and is more than chance."""
    seen = course.planted.verdict == "present" and course.planted.value > 0
    if effect.verdict != "present" and not seen:
        return "undetermined", "Not even a shaken generator shows in this reading: its silence tells nothing."
    fresh = course.fresh[-1]
    if effect.verdict == "present" and effect.value * fresh.value <= 0:
        return "undetermined", f"With other randomness the sign is another ({fresh.value:.3g}): not the change's own."
    times = f"{abs(effect.value) / course.noise[-1]:.2g} times" if course.noise[-1] > 0 else "compared with nothing,"
    held = f"up to {course.horizon} rounds after the fork" if course.horizon else "at none of the rounds read"
    return effect.verdict, (
        f"The effect is {times} the standard deviation between two runs that differ by chance alone (known from "
        f"{effect.n} base runs; half of it is the smallest effect of interest). The same randomness halves the "
        f"variance {held}."
    )


def _ratio(above: float, below: float) -> float:
    """Two variances of 0, of twins that have not parted yet, are told as no limit, too."""
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
        "gain": np.array(course.gain),
    }
