"""Which units of the generator the critic punishes or rewards: first-order credit, checked by ablation.

    told = credit(gan, plan=CreditPlan(n=256), progress=None)
    told.units, told.arrays["credit"]            # ("up1.act:0", ...), (units, BASELINES), in sd of the score
    told.arrays["change"]                        # of the score when the unit is set to the baseline; NaN: not checked
    told.arrays["push"]                          # how the score moves with a unit, per standard deviation of the unit
    agreement(told)                              # Finding: do credits foretell what ablation does?

The credit of a unit in a sample is sum over places of (d score / d activation) (activation - baseline), along the
generator and the critic: minus the change of the score that a linear network would show were the unit set to the
baseline. Below 0 it is punished: without it the sample would look more real. Baselines: `mean`, the unit's mean map
over samples, asks what it does beyond its habit, and is 0 on average in a linear network; `zero` asks what all of it
does. (A generator at rest has no credit against zero: else scaling what the unit feeds would raise the score. Credits
then vanish on average, and what ablation does is of second order.) `follows` correlates forecast and change of a unit
from sample to sample. Ablation is measured on other samples than the credit, for the strongest units and some random
ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.explain.critic.constant import refuse_constant
from ganatomy.explain.critic.credit.ablated import BASELINES, ablated, scores
from ganatomy.explain.critic.inside.verdicts import family
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.explain.generator.effects import means_of
from ganatomy.explain.generator.labelling import activity, unit_names
from ganatomy.explain.generator.sites import SiteShape, named_sites
from ganatomy.explain.latent.explained import explained
from ganatomy.explain.passes import Draw, Progress, draws, made
from ganatomy.models.evaluating import evaluating, home
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.numerics.running import Moments
from ganatomy.results.explanation import Explanation
from ganatomy.tracing.edit import Edit, edit
from ganatomy.tracing.site import Site
from ganatomy.tracing.trace import watch


@dataclass(frozen=True)
class CreditPlan:
    """n samples to take credits from, and n others to check them on.

    checked: so many of the most punished, of the most rewarded and of random units. smallest: in sd of the score.
    """

    n: int = 256
    seed: int = 0
    checked: int = 12
    smallest: float = 0.1
    level: float = 0.95

    def __post_init__(self) -> None:
        if self.n < 25 or self.checked < 1:
            raise UsageError(
                f"credits on {self.n} samples with {self.checked} checks were planned",
                "take 25 samples, 1 check or more",
            )


@dataclass(frozen=True, eq=False)
class Habit:
    """Of one site over the samples: mean map, each unit's standard deviation about it, and its mean size."""

    mean: Tensor
    sd: Tensor
    size: Tensor


DEFAULT = CreditPlan()


def credit(
    gan: GAN,
    *,
    plan: CreditPlan = DEFAULT,
    sites: Sequence[str | Site] | None = None,
    progress: Progress | None = None,
) -> Explanation:
    scorer = Scorer(gan)
    places = named_sites(gan, next(draws(gan, 2, seed=plan.seed)), sites)
    habits, spread = habits_of(gan, places, plan)
    total = None
    for draw in draws(gan, plan.n, seed=plan.seed, progress=progress):
        rows = torch.cat(_credits(gan, scorer, places, habits, draw), 1).flatten(1) / spread
        total = Moments.of(rows) if total is None else total + Moments.of(rows)
    assert total is not None
    units = unit_names(places)
    shape = (len(units), len(BASELINES) + 1)
    every = family(means_of(total), shape, smallest=plan.smallest, level=plan.level)
    arrays = {_named(name, "credit"): values[:, :-1] for name, values in every.items()}
    arrays |= {_named(name, "push"): values[:, -1] for name, values in every.items()}
    chosen, random = _chosen(arrays["credit"], plan)
    arrays |= _checked(gan, places, habits, plan=plan, chosen=chosen, spread=spread)
    arrays |= {"random": random, "sd": torch.full((len(units),), spread), "n": torch.full((len(units),), plan.n)}
    arrays["smallest"] = torch.full((len(units),), plan.smallest)
    note = _note(arrays, units, plan)
    found = explained(
        gan, "credit of the generator", scorer.unit, units=units, arrays=arrays, note=note, seed=plan.seed
    )
    tiled = {"baselines": np.tile(np.array(BASELINES), (len(units), 1))}
    return replace(found, arrays={**found.arrays, **tiled})


def _named(name: str, what: str) -> str:
    return what if name == "effect" else f"{what}_{name}"


def habits_of(gan: GAN, places: Sequence[SiteShape], plan: CreditPlan) -> tuple[list[Habit], float]:
    """And the standard deviation of the score over samples."""
    scorer, told = Scorer(gan), []
    running: list[tuple[Moments, Tensor] | None] = [None] * len(places)
    for draw in draws(gan, plan.n, seed=plan.seed):
        with watch(gan.generator, [place.site for place in places]) as trace:
            pictures = made(gan.generator, draw)
        told.append(scores(scorer, pictures, draw))
        for at, place in enumerate(places):
            maps = trace[place.site]
            block, size, before = Moments.of(maps.flatten(1).double().cpu()), activity(maps.abs()).sum(0), running[at]
            running[at] = (block, size) if before is None else (before[0] + block, before[1] + size)
    every = torch.cat(told)
    if not bool(torch.isfinite(every).all()):
        raise InputError("the critic's scores hold NaN or infinite values", "check its weights, and the pictures")
    refuse_constant(every)
    spread = float(every.std())
    kept = []
    for place, found in zip(places, running, strict=True):
        assert found is not None
        moments, size = found
        variance = (moments.squares / moments.n).reshape(place.channels, -1).mean(1)
        kept.append(Habit(moments.mean.reshape(place.shape), variance.sqrt(), size / moments.n))
    return kept, spread


def _credits(
    gan: GAN, scorer: Scorer, places: Sequence[SiteShape], habits: Sequence[Habit], draw: Draw
) -> list[Tensor]:
    """Of each place (n, units, BASELINES and push), in units of the score."""
    leaves: dict[Site, tuple[Tensor, Tensor]] = {}

    def leaf(site: Site) -> Edit:
        """Adds nothing, from where the gradient is taken: nothing else of the networks needs one."""

        def change(activation: Tensor) -> Tensor:
            nothing = torch.zeros_like(activation).requires_grad_()
            leaves[site] = activation.detach(), nothing
            return activation + nothing

        return change

    with torch.enable_grad(), _still(gan), edit(gan.generator, {place.site: leaf(place.site) for place in places}):
        device, dtype = home(gan.generator)
        given = () if draw.labels is None else (draw.labels.to(device),)
        pictures = gan.generator(draw.z.to(device, dtype, copy=True), *given)
        slopes = torch.autograd.grad(scorer(pictures, draw.labels).sum(), [leaves[place.site][1] for place in places])
    told = []
    for place, habit, slope in zip(places, habits, slopes, strict=True):
        flat = (len(draw), place.channels, -1)
        grad, own = (each.double().cpu().reshape(flat) for each in (slope, leaves[place.site][0]))
        mean = habit.mean.reshape(1, *grad.shape[1:])
        push = grad.sum(2) * habit.sd
        told.append(torch.stack([(grad * (own - mean)).sum(2), (grad * own).sum(2), push], 2))
    return told


@contextmanager
def _still(gan: GAN) -> Iterator[None]:
    """In eval mode, and without gradients of weights."""
    weights = [weight for network in (gan.generator, gan.critic) if network for weight in network.parameters()]
    flags = [weight.requires_grad for weight in weights]
    try:
        for weight in weights:
            weight.requires_grad_(False)
        with evaluating(gan.generator, gan.critic):
            yield
    finally:
        for weight, flag in zip(weights, flags, strict=True):
            weight.requires_grad_(flag)


def _chosen(credits: Tensor, plan: CreditPlan) -> tuple[list[int], Tensor]:
    """Units to check, and which of them were drawn at random among all."""
    units = len(credits)
    order = [credits[:, at].argsort(stable=True).tolist() for at in range(len(BASELINES))]
    strongest = {unit for each in order for unit in (*each[: plan.checked], *each[-plan.checked :])}
    drawn = Stream(plan.seed, "credit/random").permutation(0, units)[: 2 * plan.checked]
    random = torch.zeros(units, dtype=torch.bool)
    random[drawn] = True
    return sorted(strongest | set(drawn.tolist())), random


def _checked(
    gan: GAN,
    places: Sequence[SiteShape],
    habits: Sequence[Habit],
    *,
    plan: CreditPlan,
    chosen: Sequence[int],
    spread: float,
) -> dict[str, Tensor]:
    """Arrays over all units, NaN and 0 where nothing was measured; samples that follow those of the credits."""
    scorer, checking = Scorer(gan), range(plan.n, 2 * plan.n)
    units, first, means, same = sum(place.channels for place in places), 0, [], []
    for place, habit in zip(places, habits, strict=True):
        own = [unit - first for unit in chosen if first <= unit < first + place.channels]
        first += place.channels
        if own:
            rows = torch.cat(list(ablated(gan, place.site, habit.mean, own, seed=plan.seed, indices=checking)))
            told = [
                _credits(gan, scorer, [place], [habit], draw)[0][:, own, : len(BASELINES)]
                for draw in draws(gan, plan.n, seed=plan.seed, start=checking.start)
            ]
            same.append(_along(-torch.cat(told), rows))
            means += means_of(Moments.of(rows.flatten(1) / spread))
    found = family(means, (len(chosen), len(BASELINES)), smallest=plan.smallest, level=plan.level)
    kept = {"follows": torch.full((units, len(BASELINES)), torch.nan, dtype=torch.float64)}
    kept["follows"][list(chosen)] = torch.cat(same)
    for name, values in found.items():
        fill = 0 if name == "verdict" else torch.nan
        kept[_named(name, "change")] = torch.full((units, len(BASELINES)), fill, dtype=values.dtype)
        kept[_named(name, "change")][list(chosen)] = values
    return kept


def _along(x: Tensor, y: Tensor) -> Tensor:
    """Correlation over samples, (units, BASELINES); 0 where one does not vary."""
    x, y = x - x.mean(0), y - y.mean(0)
    size = (x.square().sum(0) * y.square().sum(0)).sqrt()
    return torch.where(size > 1e-12, (x * y).sum(0) / size.clamp(min=1e-300), 0.0)


def _note(arrays: dict[str, Tensor], units: Sequence[str], plan: CreditPlan) -> str:
    said = [
        f"Baselines in order: {', '.join(BASELINES)}; {plan.n} samples for the credits, {plan.n} others for the checks."
    ]
    for at, name in enumerate(BASELINES):
        credits, verdict = arrays["credit"][:, at], arrays["credit_verdict"][:, at]
        order = credits.argsort(stable=True).tolist()
        for word, ranked, sign in (("punished", order, -1), ("rewarded", order[::-1], 1)):
            best = [
                f"{units[u]} ({float(credits[u]):+.2f}, measured {-float(arrays['change'][u, at]):+.2f})"
                for u in ranked[:4]
                if int(verdict[u]) > 0 and float(credits[u]) * sign > 0
            ]
            said += [f"Against {name} most {word}: {', '.join(best)}."] if best else [f"Against {name} none is {word}."]
    return " ".join(said)
