"""How much the critic's score hangs on a concept: concept activation vectors, tested against random concepts (TCAV).

    told = sensitivity(gan, measurers_for(gan.format, data), held_out, plan=ConceptPlan(n=256))
    told.units, told.arrays["sites"][0]               # ("brightness", ...), ("down1.act", ...)
    told.arrays["share"], told.arrays["slope"]        # (concepts, sites, kinds, sorts)
    told.arrays["verdict"]                            # (concepts, sites, sorts): 1 present, -1 absent, 0 undetermined

A vector is found on the first n pictures of each sort, from those with most of a concept to those with least; its
held-out accuracy, and the slopes of the score along it, are measured on the next n. `share` is that of pictures whose
score rises along the vector (Kim et al. 2018); `slope` the mean rise, in standard deviations of the score per standard
deviation along the vector, both over the pictures of all sorts. Intervals are over pictures, for the vector as it is.

A set of pictures is one unit, however often it is used: the null is the same statistic of random sets in its place.
(A t-test over runs that share the set rejects half the time for a concept that means nothing.) A share near 1 is no
evidence either: along any vector at all the score of a nearly linear critic rises for all pictures, or for none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError, UsageError
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.critic.concepts.concept_claims import At, Rules, answers_at, claimed, controls_for, told, words
from ganatomy.explain.critic.concepts.vectors import (
    Sets,
    at_random,
    cells_of,
    extremes,
    pooled,
    pooled_slopes,
    space_of,
)
from ganatomy.explain.critic.lots import Lot, fakes, reals, together
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.explain.generator.panel import Panel
from ganatomy.explain.generator.sites import PROBED, SiteShape, sites_within
from ganatomy.explain.latent.explained import explained
from ganatomy.explain.passes import Progress
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.results.explanation import Explanation
from ganatomy.tracing.site import Site
from ganatomy.tracing.trace import watch

FEWEST = 40  # pictures of a sort to find vectors on


@dataclass(frozen=True)
class ConceptPlan:
    """n pictures of each sort to find vectors on, and n others to judge them.

    share: of them, with most of a concept and with least. sets: random ones, None for as many as all the tests need.
    smallest: slope of interest, in standard deviations of the score. resamples: random halves, for stability.
    """

    n: int = 256
    seed: int = 0
    share: float = 0.25
    sets: int | None = None
    resamples: int = 10
    smallest: float = 0.1
    level: float = 0.95

    def __post_init__(self) -> None:
        if self.n < FEWEST or not 0 < self.share <= 0.5 or self.n * self.share < 5:
            raise UsageError(
                f"concepts from {self.share:g} of {self.n} pictures were planned",
                f"take {FEWEST} pictures or more, 5 with each",
            )
        if (self.sets is not None and self.sets < 19) or self.resamples < 2:
            raise UsageError(
                f"{self.sets} random sets and {self.resamples} resamples were planned",
                "with fewer than 19 sets no p is below 0.05, and a cosine needs two resamples",
            )


@dataclass(frozen=True, eq=False)
class Seen:
    """Of pictures: scores (n,), concepts (n, c), and by site pooled activations and slopes of the score (n, d)."""

    scores: Tensor
    concepts: Tensor
    values: tuple[Tensor, ...]
    slopes: tuple[Tensor, ...]


DEFAULT = ConceptPlan()


def sensitivity(
    gan: GAN,
    measurers: Sequence[Measurer],
    real: Dataset | None = None,
    *,
    plan: ConceptPlan = DEFAULT,
    sites: Sequence[str | Site] | None = None,
    progress: Progress | None = None,
) -> Explanation:
    """Rows are concepts. Without real data, of generated pictures alone."""
    panel, sorts = Panel(tuple(measurers)), (["real"] if real is not None else []) + ["generated"]
    places = places_of(gan, sites, plan.seed)
    first, second = (
        [
            _seen(gan, panel, places, lots=_lots(gan, real, sort, plan=plan, half=half, progress=progress))
            for sort in sorts
        ]
        for half in (0, 1)
    )
    count = plan.sets or controls_for(len(panel.names) * len(places) * len(sorts), plan.level)
    random = at_random(_blocks(first), plan.share, count, stream=Stream(plan.seed, "critic/concepts/random"))
    own, other = (_sets(half, plan) for half in (first, second))
    rules = Rules(plan.resamples, plan.smallest, plan.level, plan.seed)
    answers = [answers_at(at, own, other, random=random, rules=rules) for at in _sites(first, second, places)]
    arrays, names = claimed(answers, level=plan.level), [str(place.site) for place in places]
    note = told(arrays, panel.names, names, sorts, sets=count)
    result = explained(
        gan, "concepts of the critic", Scorer(gan).unit, units=panel.names, arrays=arrays, note=note, seed=plan.seed
    )
    rows = len(panel.names)
    tiled = {"sites": np.tile(np.array(names), (rows, 1)), "sorts": np.tile(np.array(sorts), (rows, 1))}
    return replace(result, arrays={**result.arrays, **tiled, "reason": words(arrays["reason"])})


def places_of(gan: GAN, sites: Sequence[str | Site] | None, seed: int) -> tuple[SiteShape, ...]:
    """The critic's places, picked by the rule of `sites`, or those that are named."""
    few = together(fakes(gan, PROBED, seed=seed))
    return sites_within(Scorer(gan).critic, few.pictures, sites, labels=few.labels)


def _lots(
    gan: GAN, real: Dataset | None, sort: str, *, plan: ConceptPlan, half: int, progress: Progress | None
) -> Iterable[Lot]:
    """Pictures of the first half or of the second."""
    if sort == "generated" or real is None:
        return fakes(gan, plan.n, seed=plan.seed, start=half * plan.n, progress=progress)
    n = min(plan.n, real.size // 2)
    if n < FEWEST:
        raise UsageError(f"{real.name!r} has {real.size} samples", f"concepts need {2 * FEWEST}: half to judge by")
    return reals(gan, real, n, start=half * n)


def _seen(gan: GAN, panel: Panel, places: Sequence[SiteShape], *, lots: Iterable[Lot]) -> Seen:
    """One pass forwards and one backwards for each block: the slopes at all sites, for all concepts."""
    scorer, scores, concepts = Scorer(gan), [], []
    parts = []
    for lot in lots:
        score, values, slopes = slopes_at(scorer, lot, places)
        scores.append(score)
        concepts.append(panel.seen(lot.pictures)[1])
        parts.append((values, slopes))
    both = [tuple(torch.cat([part[at][place] for part in parts]) for place in range(len(places))) for at in (0, 1)]
    return Seen(torch.cat(scores), torch.cat(concepts), both[0], both[1])


def slopes_at(scorer: Scorer, lot: Lot, places: Sequence[SiteShape]) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """Scores, and at each place pooled activations and slopes of each picture's score; a batch equals one by one."""
    sites = [place.site for place in places]
    with torch.enable_grad(), watch(scorer.critic, sites, graph=True) as trace:
        scores = scorer(lot.pictures.clone().requires_grad_(), lot.labels)
    if not bool(torch.isfinite(scores).all()):
        raise InputError("the critic's scores hold NaN or infinite values", "check its weights, and the pictures")
    if not scores.requires_grad:
        raise InputError("the critic's score has no gradient", "give a critic of operations that can be differentiated")
    shown = [trace[site] for site in sites]
    found = torch.autograd.grad(scores.sum(), shown, allow_unused=True, materialize_grads=True)
    cells = [cells_of(place.shape) for place in places]
    values = [pooled(each, cell) for each, cell in zip(shown, cells, strict=True)]
    slopes = [pooled_slopes(each, cell) for each, cell in zip(found, cells, strict=True)]
    return scores.detach().double().cpu(), values, slopes


def _sites(first: list[Seen], second: list[Seen], places: Sequence[SiteShape]) -> Iterable[At]:
    scores = torch.cat([seen.scores for seen in second])
    if not float(scores.std()) > 0:
        raise InputError("the critic gives all pictures the same score", "give a critic that looks at pictures")
    for at, place in enumerate(places):
        values = torch.cat([seen.values[at] for seen in first])
        space = space_of(values)
        if space is None:
            raise UsageError(f"nothing varies at {place.site}", "leave that site out")
        yield At(
            space.coordinates(values),
            space.coordinates(torch.cat([seen.values[at] for seen in second])),
            space.slopes(torch.cat([seen.slopes[at] for seen in second])),
            spread=space.spread,
            scores=scores,
            blocks=_blocks(second),
        )


def _sets(half: list[Seen], plan: ConceptPlan) -> list[Sets | None]:
    """Of each concept, the pictures of a half with most of it and with least."""
    concepts = torch.cat([seen.concepts for seen in half])
    stream = Stream(plan.seed, "critic/concepts/ties")
    return [extremes(values, _blocks(half), plan.share, stream=stream) for values in concepts.unbind(1)]


def _blocks(half: list[Seen]) -> list[range]:
    """The rows of each sort when all are put one below the other."""
    ends = np.cumsum([len(seen.scores) for seen in half]).tolist()
    return [range(end - len(seen.scores), end) for seen, end in zip(half, ends, strict=True)]
