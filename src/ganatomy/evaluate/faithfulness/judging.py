"""From the numbers of each picture to measurements, claims and a caption, over all methods graded together.

found = judged({"gradient": readings}, edges=[edge_readings], plan=plan)      # Readings of all pictures
found["gradient"].measurements["insertion - deletion"].floor
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import torch
from torch import Tensor

from ganatomy.evaluate.faithfulness.planned import GradePlan
from ganatomy.evaluate.faithfulness.readings import Readings
from ganatomy.evaluate.faithfulness.wording import Claim, said
from ganatomy.numerics.statistics.effects import Effect, judged_together, mean_effect
from ganatomy.numerics.statistics.effects import judged as tested_mean
from ganatomy.numerics.statistics.interval import mean_of, t_interval
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
NOTHING = "The map is zero: nothing to grade."
STAGE: tuple[Better, str] = ("low", "Spearman, one redraw, cascading from the top")


@dataclass(frozen=True)
class Grades:
    """`measurements` by name, with what is claimed among them; `caption` is one sentence."""

    measurements: Mapping[str, Measurement]
    claims: tuple[Claim, ...]
    caption: str


def judged(read: Mapping[str, Readings], *, edges: Sequence[Readings], plan: GradePlan) -> dict[str, Grades]:
    """Claims of all methods are one family for being better than floors, one for being unchanged.

    `edges`: of several maps; at each criterion the one that does best on average is the floor. A similarity of NaN is
    that of a map of zeros; nothing is claimed where all of a method's are.
    """
    zero = {name: int(own.own[SIGNED].isnan().sum()) for name, own in read.items()}
    seen = {name: own for name, own in read.items() if zero[name] < len(own.own[SIGNED])}
    raw = {name: _claims(own, edges, plan) for name, own in seen.items()}
    claims = dict(zip(raw, _together(raw.values()), strict=True))
    likes = [_likeness(own.own[key], plan) for own in seen.values() for key in (SIGNED, ABSOLUTE)]
    like = iter(judged_together(likes) if likes else ())
    captions = {name: said(claims[name], next(like), next(like)) + _blank(zero[name]) for name in seen}
    return {
        name: Grades(_measurements(own, claims.get(name, ()), plan), claims.get(name, ()), captions.get(name, NOTHING))
        for name, own in read.items()
    }


def _together(raw: Iterable[Sequence[Claim]]) -> list[tuple[Claim, ...]]:
    """As one family."""
    lists = list(raw)
    effects = [claim.effect for claims in lists for claim in claims]
    family = iter(judged_together(effects) if effects else ())
    return [tuple(replace(claim, effect=next(family)) for claim in claims) for claims in lists]


def _likeness(values: Tensor, plan: GradePlan) -> Effect:
    """The mean correlation; present means above `similar`, absent below it."""
    mean = mean_of(values[~values.isnan()])
    # Maps that are turned round have changed: below zero there is no likeness, as the value 0 says with room to spare.
    tested = tested_mean(replace(mean, value=max(mean.value, 0.0)), smallest=plan.similar, level=plan.level)
    return replace(tested, value=mean.value, interval=t_interval(mean, level=plan.level))


def _blank(zero: int) -> str:
    return f" The maps of {zero} pictures are zero: they were left out of this." if zero else ""


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
    for name, every in read.own.items():
        values = every[~every.isnan()]
        if not len(values):
            continue
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
