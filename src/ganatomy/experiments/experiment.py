"""A claim put to the test: a treatment beside a control that must show and one that must not, over paired seeds.

    R1_PREVENTS_COLLAPSE = Experiment(
        claim="R1 keeps a generator from losing modes",
        statistic="modes of the ring that 2,500 samples find", read=last("modes.found"), expected="rises",
        recipe="ring8", base=Arm("without a penalty", changes=("game.name=non-saturating",)),
        treatment=Treatment("with R1", changes=...),
        positive=Positive("samples of real data", ...), negative=Negative("other batches", do=("randomness=1",)),
        rounds=(1000,), seeds=10, smallest=0.5,
    )
    finding = conclude(R1_PREVENTS_COLLAPSE, values)      # values: for each arm, a number for each seed

The arms are types of their own, so that an experiment without a control cannot be written.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ganatomy.errors import DivergedError, UsageError
from ganatomy.experiments.arms import Also, Arm, Played
from ganatomy.numerics.statistics.effects import Effect, judged_together, paired_effect
from ganatomy.results.finding import Finding
from ganatomy.results.measurement import Measurement
from ganatomy.results.provenance import Provenance

Expected = Literal["rises", "falls"]
SIGN: dict[Expected, int] = {"rises": 1, "falls": -1}


class Treatment(Arm):
    """What the claim is about."""


class Positive(Arm):
    """A change whose effect on the statistic is beyond doubt: if it is not seen, nothing could be."""


class Negative(Arm):
    """A change that is none: what is seen here is noise, or a fault of the measurement."""


@dataclass(frozen=True)
class Experiment:
    """`at`: the round of the fork. `rounds`: after it, at which readings are taken; the statistic reads the last.

    `expected` is what the claim says the statistic does in the treatment, against the base; an effect below `smallest`,
    in the statistic's units, is none. `why` says whose claim it is, and what one has to know to read the answer.
    `changes` are of the recipe, in all arms. `also` takes readings of one's own at each round.
    """

    claim: str
    why: str
    statistic: str
    read: Callable[[Played], float]
    expected: Expected
    recipe: str
    base: Arm
    treatment: Treatment
    positive: Positive
    negative: Negative
    rounds: tuple[int, ...]
    smallest: float
    at: int = 0
    seeds: int = 10
    changes: tuple[str, ...] = ()
    also: Also | None = None

    def __post_init__(self) -> None:
        for name, kind in (("base", Arm), ("treatment", Treatment), ("positive", Positive), ("negative", Negative)):
            if type(getattr(self, name)) is not kind:
                raise UsageError(
                    f"the {name} of {self.claim!r} is a {type(getattr(self, name)).__name__}",
                    f"give a {kind.__name__}(name, do=..., changes=...)",
                )
        if self.seeds < 3 or self.smallest <= 0 or self.expected not in SIGN:
            raise UsageError(
                f"{self.claim!r}: {self.seeds} seeds, a smallest effect of {self.smallest}, it {self.expected}",
                "give 3 seeds or more, a smallest effect above 0, and 'rises' or 'falls'",
            )
        if len({arm.name for arm in self.arms}) < len(self.arms):
            raise UsageError(f"two arms of {self.claim!r} bear one name", "name them apart")
        for arm in self.arms[1:]:
            if (arm.do, arm.changes) == (self.base.do, self.base.changes):
                raise UsageError(f"the arm {arm.name!r} of {self.claim!r} is the base", "let it do or change something")
        for arm in self.arms:
            arm.planned(self.at, self.rounds[-1])

    @property
    def arms(self) -> tuple[Arm, ...]:
        return self.base, self.treatment, self.positive, self.negative


def conclude(
    experiment: Experiment, values: Mapping[str, Sequence[float]], *, provenance: Provenance | None = None
) -> Finding:
    """The claim's verdict: present where the treatment moves the statistic as claimed, by more than the smallest effect
    of interest against the base and against the negative control as well.

    Arms are compared over the same seeds, and the p-values are Holm's. Where the positive control is not seen or the
    negative one is, nothing is decided, and the note says which.
    """
    kept = _comparable(experiment, values)
    base, treatment, positive, negative = (np.asarray(kept[arm.name], dtype=np.float64) for arm in experiment.arms)
    pairs = ((treatment, base), (treatment, negative), (positive, base), (negative, base))
    treated, beyond, seen, unseen = judged_together(
        [paired_effect(after, before, smallest=experiment.smallest) for after, before in pairs], adjust="holm"
    )
    verdict, note = _verdict(experiment, treated, beyond, (seen, unseen))
    lost = len(values[experiment.base.name]) - len(base)
    note += f" Left out: {lost} seeds in which an arm diverged." if lost else ""
    recipe = " ".join([experiment.recipe, *(f"-o {each}" for each in experiment.changes)])
    return Finding(
        claim=experiment.claim,
        estimand=f"mean change of: {experiment.statistic}",
        population=f"{recipe}, {len(base)} seeds, read {experiment.rounds[-1]} rounds after {experiment.at}",
        replication="seed",
        treatment=f"{_told(experiment.treatment)}, against {_told(experiment.base)}",
        positive_control=_control(experiment.positive, seen),
        negative_control=_control(experiment.negative, unseen),
        smallest_effect=experiment.smallest,
        family="treatment (against base and negative control) and both controls, Holm",
        effect=treated.value,
        interval=treated.interval,
        p=max(treated.p_present, beyond.p_present),
        verdict=verdict,
        arrays={arm.name: np.asarray(values[arm.name], dtype=np.float64) for arm in experiment.arms},
        note=note,
        provenance=provenance,
    )


def _comparable(experiment: Experiment, values: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """The seeds in which no arm diverged."""
    rows = list(zip(*(values[arm.name] for arm in experiment.arms), strict=True))
    whole = [row for row in rows if all(math.isfinite(value) for value in row)]
    if len(whole) < 3:
        bad = {arm.name: sum(not math.isfinite(v) for v in values[arm.name]) for arm in experiment.arms}
        said = ", ".join(f"{name!r} in {n}" for name, n in bad.items() if n)
        raise DivergedError(
            f"of {len(rows)} seeds of {experiment.claim!r} there is nothing to compare: diverged {said}",
            "lower the rate of that arm, or read fewer rounds",
        )
    return {arm.name: [row[place] for row in whole] for place, arm in enumerate(experiment.arms)}


def _told(arm: Arm) -> str:
    done = "; ".join([*(f"-o {each}" for each in arm.changes), *arm.do])
    return f"{arm.name} ({done})" if done else arm.name


def _verdict(
    experiment: Experiment, treated: Effect, beyond: Effect, controls: tuple[Effect, Effect]
) -> tuple[str, str]:
    """`beyond`: the treatment against the negative control, which a change of its own surpasses as well."""
    sign, (positive, negative) = SIGN[experiment.expected], controls
    if positive.verdict != "present":
        return "undetermined", f"The positive control ({experiment.positive.name}) was not seen: this cannot tell."
    if negative.verdict == "present":
        return "undetermined", f"The negative control ({experiment.negative.name}) has an effect: this cannot tell."
    if treated.verdict == "present":
        if beyond.verdict != "present" or beyond.value * treated.value < 0:
            return "undetermined", f"It is not surely more than the negative control ({experiment.negative.name}) does."
        if treated.value * sign < 0:
            return "absent", f"The opposite was found: it {'falls' if sign > 0 else 'rises'}."
        return "present", f"It {experiment.expected}, as claimed."
    if treated.verdict == "absent":
        return "absent", f"The effect is below the smallest of interest, {experiment.smallest:g}."
    return "undetermined", "The seeds do not agree enough: more of them, or a larger effect, would decide."


def _control(arm: Arm, effect: Effect) -> Measurement:
    return Measurement(
        f"change with: {arm.name}", effect.value, effect.n, "mean paired change", "neither", interval=effect.interval
    )


def with_seeds(experiment: Experiment, seeds: int) -> Experiment:
    return replace(experiment, seeds=seeds)
