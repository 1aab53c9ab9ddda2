"""The numbers of each picture, before they are judged: those of a method, and those of random maps in its place.

    part = prepared(case, scale=scale, span=2.0, plan=plan, noise=True)      # passes that all methods share
    read = readings(part, maps, "slope", plan=plan)
    read.own["insertion - deletion"], read.random["insertion - deletion"]     # (n,) each

A random map is random in its order for curves, and has the method's own values at random pixels elsewhere. Scores are
standardised: the baseline's is 0, and the unit is the root mean square of f(x) - f(b) over the pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.evaluate.faithfulness.cases import Case
from ganatomy.evaluate.faithfulness.completeness import completeness
from ganatomy.evaluate.faithfulness.correlation import faithfulness_correlation
from ganatomy.evaluate.faithfulness.curves import curves, places, random_places
from ganatomy.evaluate.faithfulness.infidelity import (
    infidelity,
    noise_drops,
    noise_told,
    share,
    shares_of,
    square_drops,
    square_told,
    squares_of,
)
from ganatomy.evaluate.faithfulness.planned import KINDS, GradePlan
from ganatomy.numerics.random import Stream

SMALL = 0.1  # of the unit: a smaller change counts as this much in completeness
Values = Mapping[str, Tensor]


@dataclass(frozen=True, eq=False)
class Readings:
    """(n,) under each name; `random` is the mean over random maps, where they have a reading."""

    own: Values
    random: Values


@dataclass(frozen=True, eq=False)
class Part:
    """A case with what is measured once for all methods; `scale` is the unit of scores, `sd` the noise's."""

    case: Case
    scale: float
    sd: float
    squares: Tensor
    square_seen: Tensor
    noise_seen: Tensor | None
    chance: Values


def stream_of(plan: GradePlan, name: str) -> Stream:
    return Stream(plan.seed, f"faithfulness/{name}")


def prepared(case: Case, *, scale: float, span: float, plan: GradePlan, noise: bool) -> Part:
    squares, sd = squares_of(case, draws=plan.squares, stream=stream_of(plan, "squares")), plan.sd * span
    seen = noise_drops(case, sd=sd, draws=plan.noise, stream=stream_of(plan, "noise")) if noise else None
    rows = []
    for place in range(plan.orders):
        order = random_places(case.pixels, stream=stream_of(plan, "orders"), addresses=case.draw(place))
        rows.append(_areas(case, order, scale, plan.steps))
    chance = {name: torch.stack([row[name] for row in rows]).mean(0) for name in rows[0]}
    return Part(case, scale, sd, squares, square_drops(case, squares), seen, chance)


def readings(part: Part, maps: Tensor, kind: str, *, plan: GradePlan) -> Readings:
    """Of all that needs no further attribution."""
    order = places(maps, stream=stream_of(plan, "ties"), addresses=part.case.addresses)
    own, random = dict(_areas(part.case, order, part.scale, plan.steps)), dict(part.chance)
    if "completeness" in KINDS[kind]:
        least = SMALL * part.scale
        own["completeness"] = completeness(maps, part.case.change, least=least)
        random["completeness"] = completeness(torch.zeros_like(maps), part.case.change, least=least)
    versions = torch.stack([maps, *(_shuffled(part.case, maps, place, plan) for place in range(plan.orders))])
    found = _of_squares(part, versions, kind)
    if part.noise_seen is not None and "noise" in KINDS[kind]:
        told = noise_told(part.case, versions, sd=part.sd, draws=plan.noise, stream=stream_of(plan, "noise"))
        found |= _infidelities("noise", told, part.noise_seen, unscaled=True)
    own |= {name: values[0] for name, values in found.items()}
    random |= {name: values[1:].mean(0) for name, values in found.items()}
    return Readings(own, random)


def _areas(case: Case, order: Tensor, scale: float, steps: int) -> Values:
    insertion, deletion = ((each - case.blank) / scale for each in curves(case, order, steps=steps).areas())
    return {"insertion": insertion, "deletion": deletion, "insertion - deletion": insertion - deletion}


def _of_squares(part: Part, versions: Tensor, kind: str) -> dict[str, Tensor]:
    """Under each name (versions, n)."""
    shares = shares_of(part.case, versions) if kind == "slope" else part.case.pooled(versions)
    told, seen = square_told(shares, part.squares), part.square_seen
    found = _infidelities("squares", told, seen, unscaled="unscaled" in KINDS[kind])
    correlations = [faithfulness_correlation(told[:, version], seen) for version in range(len(versions))]
    return found | {"faithfulness correlation": torch.stack(correlations)}


def _infidelities(name: str, told: Tensor, seen: Tensor, *, unscaled: bool) -> dict[str, Tensor]:
    """As parts of a zero map's, (versions, n)."""
    wide = seen[:, None].expand_as(told)
    found = {f"infidelity to {name}": share(infidelity(told, wide, scaled=True), wide)}
    return found | ({f"infidelity to {name}, unscaled": share(infidelity(told, wide), wide)} if unscaled else {})


def _shuffled(case: Case, maps: Tensor, place: int, plan: GradePlan) -> Tensor:
    """The same values at other pixels; the channels of a pixel stay together."""
    order = random_places(case.pixels, stream=stream_of(plan, "shuffled"), addresses=case.draw(place))
    flat = maps.flatten(2) if maps.dim() == 4 else maps[:, None]
    return flat.gather(2, order[:, None].expand_as(flat)).reshape(maps.shape)
