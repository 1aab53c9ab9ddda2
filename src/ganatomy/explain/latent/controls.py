"""Do directions change concepts more than random directions of the same length do?

    pool = control_effects(gan, found, panel, plan=plan)
    verdict = against_random(effects, pool, level=0.95)
    verdict.p, verdict.adjusted, verdict.beats     # (k,): one test a direction, all concepts together

A direction's statistic is its largest |effect| over the concepts, each divided by the root mean square that random
directions have there; for one that was made for a concept, the effect on that concept. By rank, p is exact (its own
value is among those it is divided by, so that under the null all are exchangeable), but never below 1 / (controls + 1).
Where so few controls could not let a single direction stand among k, the ratio is held against its law: mean effects
are nearly linear in the direction, and the squared cosine of a random direction with anything is Beta(1/2, (d - 1) / 2)
in d dimensions (a t law where d is large). In few dimensions random directions come so near to the best one that it
could not win either, and `decides` is False. Which of the two counts is decided beforehand. Benjamini-Hochberg.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganatomy.explain.latent.directions import Directions, blank, random_vectors
from ganatomy.explain.latent.panel import Panel, within
from ganatomy.explain.latent.responses import Plan, responses
from ganatomy.explain.passes import Progress
from ganatomy.models.gan import GAN
from ganatomy.numerics.statistics.multiplicity import benjamini_hochberg

SAME = 1e-9  # relative difference at which two scales are one, and effects are ties
GRID = 401  # points of an integral; fifty times as many change a p above 0.001 by 2 % at most


@dataclass(frozen=True, eq=False)
class Pool:
    """Effects of random directions, (controls, columns), for each group of directions that take steps of one length.

    width: of the space that they are random in.
    """

    width: int
    groups: tuple[tuple[tuple[int, ...], Tensor], ...]

    def of(self, place: int) -> Tensor:
        """The controls of one direction."""
        return next(effects for places, effects in self.groups if place in places)


@dataclass(frozen=True, eq=False)
class AgainstRandom:
    """specificity: |effect| by the controls' root mean square, (k, c), and p_each by rank, not corrected.

    p, adjusted, beats: one test a direction. exact: whether p is by rank; floor: the smallest that can be had so.
    decides: whether a single direction that is wholly along what a concept goes with would win.
    """

    specificity: Tensor
    p_each: Tensor
    p: Tensor
    adjusted: Tensor
    beats: Tensor
    floor: float
    exact: bool
    decides: bool


def lengths(found: Directions) -> list[tuple[int, ...]]:
    """Places of directions whose steps have the same length."""
    groups: dict[float, list[int]] = {}
    for place, scale in enumerate(found.scales.tolist()):
        key = next((known for known in groups if abs(known - scale) <= SAME * known), scale)
        groups.setdefault(key, []).append(place)
    return [tuple(places) for places in groups.values()]


def control_effects(gan: GAN, found: Directions, panel: Panel, *, plan: Plan, progress: Progress | None = None) -> Pool:
    """Mean (score forwards - score backwards) / 2 of random directions, at the plan's first size; in raw scores."""
    size, groups = plan.sizes[0], []
    width, alike = found.vectors.shape[1], lengths(found)
    each = plan.n * plan.controls
    for number, places in enumerate(alike):
        vectors = random_vectors(plan.controls, width, seed=plan.seed, name=f"control directions {number}")
        scales = torch.full((plan.controls,), float(found.scales[places[0]]), dtype=torch.float64)
        names = tuple(f"control {place}" for place in range(plan.controls))
        control = Directions("random", names, vectors, scales, blank(plan.controls), site=found.site)
        part = within(progress, number * each, len(alike) * each)
        seen = responses(gan, control, panel, plan=plan, steps=(-size, size), progress=part)
        groups.append((places, seen.odd_means))
    return Pool(width, tuple(groups))


def against_random(
    effects: Tensor, pool: Pool, *, level: float, aims: Sequence[int | None] | None = None
) -> AgainstRandom:
    """effects: (k, c) mean effects of the directions, in the units of the pool's first c columns.

    aims: the concept that a direction was made for beforehand, which is then tested alone.
    """
    k, c = effects.shape
    specificity, p_each = torch.zeros(k, c, dtype=torch.float64), torch.ones(k, c, dtype=torch.float64)
    p = torch.ones(k, dtype=torch.float64)
    floor = 1 / (1 + min(len(others) for _, others in pool.groups))
    exact = floor * k <= (1 - level) * (1 + SAME)
    best = floor if exact else 1.0
    for place in range(k):
        own, others = effects[place].abs(), pool.of(place)[:, :c].abs()
        aim = None if aims is None else aims[place]
        specificity[place] = _ratio(own, others.square().mean(0).sqrt())
        whole = torch.cat([own[None], others])
        ratio = _ratio(whole, whole.square().mean(0).sqrt())
        p_each[place] = _rank(ratio)
        if not exact:
            tests, ratio_to = (c, specificity[place].max()) if aim is None else (1, specificity[place, aim])
            p[place] = min(1.0, tests * _beyond(float(ratio_to) ** 2, len(others), pool.width))
            best = min(best, tests * _beyond(pool.width, len(others), pool.width))
        else:
            p[place] = _rank(ratio.amax(1, keepdim=True))[0] if aim is None else p_each[place, aim]
    adjusted = benjamini_hochberg(p)
    decides = pool.width > 1 and best * k <= (1 - level) * (1 + SAME)
    # Where even the best cannot pass alone (two dimensions), a slight bend of the effects already makes winners.
    beats = (adjusted <= 1 - level) & (best <= 1 - level)
    return AgainstRandom(specificity, p_each, p, adjusted, beats, floor, exact, decides)


def _ratio(effects: Tensor, usual: Tensor) -> Tensor:
    """Nothing where random directions do nothing."""
    return torch.where(usual > 0, effects / usual.clamp(min=1e-300), torch.zeros_like(effects))


@functools.cache
def _beyond(square: float, controls: int, width: int) -> float:
    """Chance that a random direction's squared cosine is so many times the mean one of so many others, or more.

    That mean has the moments of a Beta law, which it follows exactly for one control and in the limit of many.
    """
    from scipy.special import betaincc, expit, log_expit

    if width < 2:
        return 1.0
    a = (controls * (width + 2) / 2 - 1) / width
    b = a * (width - 1)
    place = np.log(a / b) + np.linspace(-40, 40, GRID) * (1 / a + 1 / b) ** 0.5  # log odds of the mean
    weight = a * log_expit(place) + b * log_expit(-place)
    weight = np.exp(weight - weight.max())
    return float(weight @ betaincc(0.5, (width - 1) / 2, np.minimum(1.0, square * expit(place))) / weight.sum())


def _rank(values: Tensor) -> Tensor:
    """Share of rows that are at least as large as the first, itself among them; ties count against it."""
    return (values >= values[0] * (1 - SAME)).double().mean(0)
