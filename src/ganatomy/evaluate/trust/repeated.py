"""What the tool explains, found several times in one GAN and in GANs of several seeds: the rows of `stability.STABLE`.

    one = Explained(gan, measurers)
    effects_within(one, Budget())                  # Measurements by name
    units_across([one, Explained(again, measurers)], Budget())

Sites are the first inner one of the generator, unless the budget names another. Directions of two GANs are compared by
what they do to pictures, beside as many random directions of both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.evaluate.quality.pairs import Readings
from ganatomy.evaluate.trust.agreement import agreement, correlations, of_pairs, of_some, ranks
from ganatomy.evaluate.trust.angles import same_directions, same_span, squared, what_they_do
from ganatomy.evaluate.trust.matching import concept_profiles, matched, unit_effects
from ganatomy.explain.attribution.attribution import attribute
from ganatomy.explain.attribution.baselines import fixed
from ganatomy.explain.attribution.methods import Plan as Attribution
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.critic.lots import Lot, fakes, together
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.explain.generator.sites import generator_sites
from ganatomy.explain.latent.boundaries import boundaries
from ganatomy.explain.latent.directions import Directions, random_directions
from ganatomy.explain.latent.pca import pca
from ganatomy.explain.latent.sefa import sefa
from ganatomy.explain.passes import draws
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream

FIRST = 2**20  # the seed of the first repetition: none of those that explanations take by default
SET = 16  # generated pictures that maps are held against
CONTROLS = 4  # spans of random directions for each pair of GANs
Find = Callable[[GAN, int], Directions]


@dataclass(frozen=True)
class Budget:
    """`images`: latents that units are switched off in. `samples`: latents of each fit. k: directions.

    pictures: those with maps. draws: permutations and units that are no partners.
    """

    repeats: int = 5
    images: int = 512
    samples: int = 1000
    k: int = 5
    pictures: int = 32
    draws: int = 99
    site: str | None = None
    seed: int = 0

    @property
    def seeds(self) -> range:
        first = FIRST + self.seed * 1000
        return range(first, first + self.repeats)

    @property
    def stream(self) -> Stream:
        return Stream(self.seed, "stability")


@dataclass(frozen=True)
class Explained:
    gan: GAN
    measurers: tuple[Measurer, ...]

    def site(self, budget: Budget) -> str:
        if budget.site is not None:
            return budget.site
        return str(generator_sites(self.gan, next(iter(draws(self.gan, 2, seed=0))))[0].site)

    def profiles(self, budget: Budget, seed: int) -> Tensor:
        return concept_profiles(self.gan, self.measurers, self.site(budget), n=budget.images, seed=seed)


def effects_within(one: Explained, budget: Budget) -> Readings:
    """Effects of all units of a site on all concepts, from fresh latents each time."""
    site, n = one.site(budget), budget.images
    found = [unit_effects(one.gan, one.measurers, site, n=n, seed=seed)[0] for seed in budget.seeds]
    spread = torch.stack(found).std((0, 1)).clamp(min=1e-300)  # of each concept: they have no common unit
    return dict(
        agreement(
            torch.stack([(each / spread).flatten() for each in found]), stream=budget.stream, draws=budget.draws
        ).readings
    )


def units_across(every: Sequence[Explained], budget: Budget) -> Readings:
    """Every two GANs matched; beside them the first with itself on other latents, which is the most there can be."""
    profiles = [each.profiles(budget, budget.seeds[0]) for each in every]
    pairs = {
        (i, j): matched(profiles[i], profiles[j], stream=budget.stream, draws=budget.draws).readings
        for i, j in combinations(range(len(every)), 2)
    }
    again = every[0].profiles(budget, budget.seeds[-1])
    itself = matched(profiles[0], again, stream=budget.stream, draws=budget.draws).readings
    out = {(title := f"{name}, one GAN twice"): replace(each, name=title) for name, each in itself.items()}
    for name, first in pairs[0, 1].items():
        low = -1.0 if name.startswith("similarity") else 0.0
        table = torch.zeros(len(every), len(every), dtype=torch.float64)
        for (i, j), each in pairs.items():
            table[i, j] = table[j, i] = each[name].value
        floor = sum(each[name].floor or 0.0 for each in pairs.values()) / len(pairs)
        out[name] = first if len(every) == 2 else of_pairs(table, name, floor=floor, says=first.estimator, low=low)
    return out


def pca_within(one: Explained, budget: Budget) -> Readings:
    return same_span([_pca(one, budget)(one.gan, seed).vectors for seed in budget.seeds])


def pca_across(every: Sequence[Explained], budget: Budget) -> Readings:
    return _spans(every, _pca(every[0], budget), budget)


def sefa_across(every: Sequence[Explained], budget: Budget) -> Readings:
    return _spans(every, lambda gan, _: sefa(gan, k=_k(gan, budget)), budget)


def concepts_within(one: Explained, budget: Budget) -> Readings:
    found = [_concepts(one, budget, seed) for seed in budget.seeds]
    names = _shared(found)
    return same_directions([_of(each, names).vectors for each in found])


def concepts_across(every: Sequence[Explained], budget: Budget) -> Readings:
    """Cosine of what the direction of a concept does with what it does in another GAN; floor: with other concepts."""
    found = [_concepts(each, budget, budget.seeds[0]) for each in every]
    names = _shared(found)
    done = torch.stack([_does(one.gan, _of(f, names), budget) for one, f in zip(every, found, strict=True)])
    unit = done / done.norm(dim=2, keepdim=True).clamp(min=1e-300)
    cosines = torch.einsum("rkd,sld->rskl", unit, unit)
    same, k = cosines.diagonal(dim1=2, dim2=3), len(names)
    others = (cosines.sum((2, 3)) - same.sum(2)) / max(k * (k - 1), 1)
    floor = float(_off(others).mean()) if k > 1 else 0.0
    says = f"mean cosine of the mean changes of pictures along directions of {k} concepts; floor: of different concepts"
    name = "same concept, cosine of what directions do"
    return {name: of_some(same.mean(2), name, floor=floor, says=says, low=-1.0)}


def maps_within(one: Explained, budget: Budget) -> Readings:
    lot = _lot(one.gan, budget)
    return _maps(torch.stack([_map(one.gan, lot, seed) for seed in budget.seeds]))


def maps_across(every: Sequence[Explained], budget: Budget) -> Readings:
    """All critics explained on the same pictures, those of the first GAN."""
    lot = _lot(every[0].gan, budget)
    return _maps(torch.stack([_map(one.gan, lot, budget.seeds[0]) for one in every]))


def _maps(maps: Tensor) -> Readings:
    """Maps (r, pictures, pixels): ranks of the same picture, and as floor those of another picture."""
    if maps.shape[2] < 3:
        raise UsageError(f"maps of {maps.shape[2]} values were to be ranked", "a picture needs three values or more")
    count = len(maps)
    rows = ranks(maps.transpose(0, 1).flatten(0, 1)).unflatten(0, (maps.shape[1], count))
    same = torch.stack([correlations(each) for each in rows]).mean(0)
    beside = torch.stack([correlations(torch.cat(two)) for two in zip(rows, rows.roll(1, 0), strict=True)])
    floor = float(_off(beside.mean(0)[:count, count:]).mean())
    name = "rank correlation of maps"
    says = f"Spearman over {maps.shape[2]} pixels, {maps.shape[1]} pictures, gradient SHAP; floor: of other pictures"
    return {name: of_some(same, name, floor=floor, says=says, low=-1.0)}


def _map(gan: GAN, lot: Lot, seed: int) -> Tensor:
    """(pictures, pixels), against generated pictures of that seed."""
    plan = Attribution(baseline=fixed("generated", together(fakes(gan, SET, seed=seed)).pictures), seed=seed)
    found = attribute(Scorer(gan), lot.pictures, "gradient-shap", labels=lot.labels, plan=plan)
    return found.detach().double().cpu().flatten(1)


def _lot(gan: GAN, budget: Budget) -> Lot:
    return together(fakes(gan, budget.pictures, seed=budget.seed))


def _spans(every: Sequence[Explained], find: Find, budget: Budget) -> Readings:
    """Of what directions of every two GANs do; floor: what as many random ones of each do."""
    k = _k(every[0].gan, budget)
    own = [_does(one.gan, find(one.gan, budget.seeds[0]), budget) for one in every]
    random = [
        [_does(one.gan, random_directions(one.gan, k, seed=at * CONTROLS + turn), budget) for turn in range(CONTROLS)]
        for at, one in enumerate(every)
    ]
    pairs = list(combinations(range(len(every)), 2))
    table = torch.zeros(len(every), len(every), dtype=torch.float64)
    for i, j in pairs:
        table[i, j] = table[j, i] = squared(own[i], own[j])
    chance = [squared(*each) for i, j in pairs for each in zip(random[i], random[j], strict=True)]
    says = f"spans of {k} mean changes of pictures, principal angles; floor: random directions"
    name = "mean squared cosine of what directions do"
    return {name: of_some(table, name, floor=sum(chance) / len(chance), says=says)}


def _does(gan: GAN, found: Directions, budget: Budget) -> Tensor:
    return what_they_do(gan, found.vectors, n=min(budget.images, 64), seed=budget.seed)


def _pca(one: Explained, budget: Budget) -> Find:
    site = one.site(budget)
    least = 2 * one.gan.latent.dim + 2 * budget.k
    return lambda gan, seed: pca(gan, site, k=_k(gan, budget), n=max(budget.samples, least), seed=seed)


def _concepts(one: Explained, budget: Budget, seed: int) -> Directions:
    return boundaries(one.gan, one.measurers, n=budget.samples, seed=seed)


def _k(gan: GAN, budget: Budget) -> int:
    return min(budget.k, gan.latent.dim)


def _shared(found: Sequence[Directions]) -> list[str]:
    """Concepts that vary in all of them."""
    names = [name for name in found[0].names if all(name in each.names for each in found)]
    if not names:
        raise UsageError("no concept varies in all repetitions", "give other concepts, or more samples")
    return names


def _of(found: Directions, names: Sequence[str]) -> Directions:
    return found.only([found.names.index(name) for name in names])


def _off(table: Tensor) -> Tensor:
    """Without the diagonal."""
    return table[~torch.eye(len(table), dtype=torch.bool)]
