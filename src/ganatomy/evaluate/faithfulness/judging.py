"""From the numbers of each picture to measurements, claims and a caption, over all methods graded together.

found = judged({"gradient": readings}, edges=[edge_readings], plan=plan)      # Readings of all pictures
found["gradient"].measurements["insertion - deletion"].floor
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from ganatomy.evaluate.faithfulness.planned import GradePlan
from ganatomy.evaluate.faithfulness.readings import Readings
from ganatomy.evaluate.faithfulness.wording import Claim, said
from ganatomy.numerics.statistics.effects import Effect, judged_together, mean_effect
from ganatomy.results.measurement import Better, Measurement

RANDOM, EDGES = "random attributions", "edges"
SIGNED, ABSOLUTE = "similarity with random weights", "similarity with random weights, absolute"
CRITERIA: dict[str, tuple[str, float]] = {  # what is read, and 1 where larger is better, else -1
    "insertion and deletion": ("insertion - deletion", 1.0),
    "removed squares": ("infidelity to squares", -1.0),
    "noise": ("infidelity to noise", -1.0),
}
SQUARES, CURVE = "{squares} squares a picture, to the baseline", "trapezoid, {steps} steps, unit rms f(x) - f(b)"
ESTIMATORS: dict[str, tuple[Better, str]] = {
    "insertion": ("high", CURVE),
    "deletion": ("low", CURVE),
    "insertion - deletion": ("high", CURVE),
    "completeness": ("low", "|sum a - (f(x) - f(b))| / |f(x) - f(b)|"),
    "infidelity to squares": ("low", f"part of a zero map's, best scale, {SQUARES}"),
    "infidelity to squares, unscaled": ("low", f"part of a zero map's, {SQUARES}"),
    "infidelity to noise": ("low", "part of a zero map's, best scale, {noise} draws of sd {sd:g} of the range"),
    "infidelity to noise, unscaled": ("low", "part of a zero map's, {noise} draws of sd {sd:g} of the range"),
    "faithfulness correlation": ("high", f"Pearson, {SQUARES}"),
    "maximum sensitivity": ("low", "largest of {nudges} draws within {radius:g} of the range"),
    SIGNED: ("low", "Spearman, {redraws} redraws of all weights"),
    ABSOLUTE: ("low", "Spearman of absolute values, {redraws} redraws of all weights"),
}
STAGE: tuple[Better, str] = ("low", "Spearman, one redraw, cascading from the top")


@dataclass(frozen=True)
class Grades:
    """`measurements` by name, with what is claimed among them; `caption` is one sentence."""

    measurements: Mapping[str, Measurement]
    claims: tuple[Claim, ...]
    caption: str


def judged(read: Mapping[str, Readings], *, edges: Sequence[Readings], plan: GradePlan) -> dict[str, Grades]:
    """Claims of all methods are one family for being better than floors, one for being unchanged.

    `edges`: of several maps; at each criterion the one that does best on average is the floor.
    """
    raw = {name: _claims(own, edges, plan) for name, own in read.items()}
    family = iter(judged_together([claim.effect for claims in raw.values() for claim in claims]))
    claims = {
        name: tuple(Claim(claim.criterion, claim.floor, next(family)) for claim in each) for name, each in raw.items()
    }
    like = iter(
        judged_together(
            [_effect(own.own[key], plan.similar, plan) for own in read.values() for key in (SIGNED, ABSOLUTE)]
        )
    )
    return {
        name: Grades(_measurements(own, claims[name], plan), claims[name], said(claims[name], next(like), next(like)))
        for name, own in read.items()
    }


def _claims(read: Readings, edges: Sequence[Readings], plan: GradePlan) -> list[Claim]:
    return [
        Claim(criterion, floor, _effect(side * (read.own[name] - values), plan.smallest, plan))
        for criterion, (name, side) in CRITERIA.items()
        if name in read.own
        for floor, values in _floors(read, edges, name, side).items()
    ]


def _floors(read: Readings, edges: Sequence[Readings], name: str, side: float) -> dict[str, Tensor]:
    drawn = [each.own[name] for each in edges if name in each.own]
    best = max(drawn, key=lambda values: side * float(values.mean()), default=None)
    return {RANDOM: read.random[name]} | ({} if best is None else {EDGES: best})


def _effect(values: Tensor, smallest: float, plan: GradePlan) -> Effect:
    return mean_effect(values, smallest=smallest, level=plan.level)


def _measurements(read: Readings, claims: Sequence[Claim], plan: GradePlan) -> dict[str, Measurement]:
    found = {}
    for name, values in read.own.items():
        better, how = ESTIMATORS.get(name, STAGE)
        mean, floor = _effect(values, 0.0, plan), read.random.get(name)
        found[name] = Measurement(
            name,
            mean.value,
            mean.n,
            "mean over pictures: " + how.format(**asdict(plan)),
            better,
            interval=mean.interval,
            floor=None if floor is None else float(floor.mean()),
        )
    for claim in claims:
        name = f"{claim.criterion}, over {claim.floor}"
        interval = claim.effect.interval
        how = f"paired mean over pictures, p = {claim.effect.p_present:.3g} with its family"
        found[name] = Measurement(name, claim.effect.value, claim.effect.n, how, "high", interval=interval, floor=0.0)
    return found


def joined(parts: Sequence[Readings]) -> Readings:
    """Of all pictures, from those of consecutive ones."""
    return Readings(
        *(
            {name: torch.cat([getattr(part, side)[name] for part in parts]) for name in getattr(parts[0], side)}
            for side in ("own", "random")
        )
    )
