"""What happens to every concept when a direction is followed, on latents that had no part in finding it.

    found = pca(gan, "start.act", k=8)
    result = steering(gan, found, measurers_for(gan.format), plan=Plan(n=128))
    result.arrays["effect"]                        # (directions, concepts), in standard deviations of the concept
    result.arrays["verdict"]                       # present, absent or undetermined, all pairs judged together
    result.note                                    # what there is to say in plain sentences

The effect is half the difference of the scores one step forwards and one step backwards, paired latent by latent. A
concept that was learnt has a twin; a claim about it needs both. A concept that never varies has no standard deviation
to measure effects in: they are NaN, and nothing is claimed. The target of a direction is the concept it was made
for, else the one it moves most on a quarter of the latents that is not judged. Only moments are kept: memory does not
grow with the number of latents.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganatomy.errors import choose
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.latent.controls import AgainstRandom, Pool, against_random, control_effects, lengths
from ganatomy.explain.latent.directions import Directions, overlap
from ganatomy.explain.latent.moving import STEPS, strips
from ganatomy.explain.latent.panel import Panel, within
from ganatomy.explain.latent.responses import Plan, Responses, responses
from ganatomy.explain.latent.stability import stability
from ganatomy.explain.latent.wording import told
from ganatomy.explain.passes import Progress
from ganatomy.explain.spread import varies
from ganatomy.models.gan import GAN
from ganatomy.numerics.statistics.effects import Effect, judged, judged_together
from ganatomy.numerics.statistics.interval import Interval, Mean
from ganatomy.results.explanation import Explanation
from ganatomy.results.provenance import Provenance

DEFAULT = Plan()


@dataclass(frozen=True, eq=False)
class Steered:
    """What was found, before it becomes arrays: effects row by row (direction, then concept)."""

    found: Directions
    concepts: tuple[str, ...]
    plan: Plan
    seen: Responses
    unit: Tensor
    effects: tuple[Effect, ...]
    targets: Tensor
    random: AgainstRandom
    pool: Pool

    def table(self, read: Callable[[Effect], Any]) -> Any:
        """One number or word of each effect, (k, c)."""
        return np.array([read(each) for each in self.effects]).reshape(len(self.found), len(self.concepts))

    @property
    def sizes(self) -> Tensor:
        return torch.from_numpy(self.table(lambda each: each.value))


def steering(
    gan: GAN,
    found: Directions,
    measurers: Sequence[Measurer],
    *,
    plan: Plan = DEFAULT,
    latents: int = 4,
    progress: Progress | None = None,
) -> Explanation:
    """An explanation whose units are the directions; `latents` of the judged ones are drawn as strips."""
    steered = steer(gan, found, measurers, plan=plan, progress=progress)
    drawn = (
        strips(gan, found, latents=latents, seed=plan.seed, start=plan.start, progress=progress) if latents else None
    )
    return explained(gan, steered, strip=drawn, progress=progress)


def steer(
    gan: GAN,
    found: Directions,
    measurers: Sequence[Measurer],
    *,
    plan: Plan = DEFAULT,
    progress: Progress | None = None,
) -> Steered:
    """The measurements alone."""
    panel = Panel.of(measurers)
    aims = _aims(found, panel.concepts)
    own = plan.n * len(found)
    whole = own + plan.n * plan.controls * len(lengths(found))
    seen = responses(gan, found, panel, plan=plan, progress=within(progress, 0, whole))
    pool = control_effects(gan, found, panel, plan=plan, progress=within(progress, own, whole))
    c, sd = len(panel.concepts), seen.base.variance().sqrt()
    unit = torch.where(varies(seen.base.mean, sd), sd, torch.full_like(sd, torch.nan))
    effects = _judged(seen, unit, panel, plan)
    pool = Pool(pool.width, tuple((places, (values / unit).nan_to_num()) for places, values in pool.groups))
    random = against_random((seen.odd_means / unit).nan_to_num()[:, :c], pool, level=plan.level, aims=aims)
    strongest = (seen.aimed / unit).nan_to_num()[:, :c].abs().argmax(1).tolist()
    targets = torch.tensor([best if aim is None else aim for aim, best in zip(aims, strongest, strict=True)])
    return Steered(found, panel.concepts, plan, seen, unit[:c], effects, targets, random, pool)


def explained(
    gan: GAN, steered: Steered, *, strip: Tensor | None = None, progress: Progress | None = None
) -> Explanation:
    """The measurements as arrays that run over the directions, and as sentences."""
    found, plan = steered.found, steered.plan
    k = len(found)
    arrays: dict[str, Any] = {f"found_{name}": values for name, values in found.facts.items()}
    arrays |= {"vector": found.vectors, "scale": found.scales, "fit": found.fit, "overlap": overlap(found).abs()}
    arrays |= _effect_arrays(steered) | _step_arrays(steered) | _target_arrays(steered)
    arrays |= {
        "specificity": steered.random.specificity,
        "p_control": steered.random.p_each,
        "control_effects": torch.stack([steered.pool.of(place)[:, : len(steered.concepts)] for place in range(k)]),
        "p_beats_random": steered.random.p,
        "p_beats_random_adjusted": steered.random.adjusted,
        "beats_random": steered.random.beats,
    }
    same = stability(found, samples=plan.samples, progress=progress) if plan.samples else None
    if same is not None:
        arrays |= {"stability": same.each, "stability_together": same.together}
    if strip is not None:
        arrays |= {"strip": strip, "strip_steps": np.tile(STEPS, (k, 1))}
    return Explanation(
        f"steering, {found.method}",
        subject=gan.digest(),
        target=", ".join(steered.concepts),
        units=found.names,
        arrays=arrays,
        note=told(found, steered.concepts, arrays, plan=plan, random=steered.random, repeated=same is not None),
        provenance=Provenance.here(seed=plan.seed, digests={"gan": gan.digest()}),
    )


def _effect_arrays(steered: Steered) -> dict[str, Any]:
    k = len(steered.found)
    return {
        "concepts": np.tile(np.array(steered.concepts), (k, 1)),
        "unit": steered.unit.expand(k, -1),
        "effect": steered.sizes,
        "low": steered.table(lambda each: each.interval.low),
        "high": steered.table(lambda each: each.interval.high),
        "p_present": steered.table(lambda each: each.p_present),
        "p_absent": steered.table(lambda each: each.p_absent),
        "verdict": steered.table(lambda each: each.verdict),
    }


def _step_arrays(steered: Steered) -> dict[str, Any]:
    """Each step by itself: paired change of every concept with its interval (not corrected), (k, steps, c)."""
    from scipy.special import stdtrit

    seen, plan, c = steered.seen, steered.plan, len(steered.concepts)
    k, n = len(steered.found), seen.change.n
    each = (k, len(seen.steps), seen.columns)
    half = float(stdtrit(n - 1, (1 + plan.level) / 2)) * (seen.change.variance() / n).sqrt().reshape(each)[..., :c]
    mean, half = seen.change.mean.reshape(each)[..., :c] / steered.unit, half / steered.unit
    return {
        "steps": np.tile(seen.steps, (k, 1)),
        "step_effect": mean,
        "step_low": mean - half,
        "step_high": mean + half,
        "one_way": seen.one_way[:, :c],
        "spearman": seen.spearman[:, :c],
        "change": seen.jolt,
        "norm": seen.norm,
        "cut": seen.cut,
    }


def _target_arrays(steered: Steered) -> dict[str, Any]:
    """On target against off target, in squared standard deviations, so that shares add up to 1."""
    sizes, targets = steered.sizes, steered.targets[:, None]
    on, whole = sizes.gather(1, targets)[:, 0], sizes.nan_to_num().square().sum(1)
    others, names = max(1, sizes.shape[1] - 1), steered.concepts
    return {
        "target": np.array(["" if size.isnan() else names[at] for at, size in zip(steered.targets, on, strict=True)]),
        "on_target": on,
        "off_target": ((whole - on.square()).clamp(min=0) / others).sqrt(),
        "selectivity": torch.where(whole > 0, on.square() / whole.clamp(min=1e-300), torch.zeros_like(whole)),
        "p_target_control": steered.random.p_each.gather(1, targets)[:, 0],
    }


def _judged(seen: Responses, unit: Tensor, panel: Panel, plan: Plan) -> tuple[Effect, ...]:
    """All pairs as one family; where there is a twin, the less sure of the two p-values counts."""

    def judge(place: int, column: int) -> Effect:
        mean = seen.odd(place, column, unit=float(unit[column]))
        return (
            _untested(mean, plan) if math.isnan(mean.value) else judged(mean, smallest=plan.smallest, level=plan.level)
        )

    effects = []
    for place in range(len(seen.odd_means)):
        for column, twin in enumerate(panel.twins):
            own = judge(place, column)
            effects.append(own if twin < 0 else _both(own, judge(place, twin)))
    tested = [each for each in effects if not math.isnan(each.value)]
    family = iter(judged_together(tested) if tested else ())
    return tuple(each if math.isnan(each.value) else next(family) for each in effects)


def _untested(mean: Mean, plan: Plan) -> Effect:
    """Of a concept that never varies nothing is claimed."""
    nowhere = Interval(math.nan, math.nan, plan.level, "not tested")
    return Effect(math.nan, math.nan, mean.df, mean.n, plan.smallest, nowhere, 1.0, 1.0, "undetermined")


def _both(own: Effect, other: Effect) -> Effect:
    against = own.value * other.value < 0
    return replace(
        own,
        p_present=1.0 if against else max(own.p_present, other.p_present),
        p_absent=max(own.p_absent, other.p_absent),
    )


def _aims(found: Directions, concepts: tuple[str, ...]) -> list[int | None]:
    """The concepts that directions were made for, by place."""
    table = {concept: place for place, concept in enumerate(concepts)}
    aims = found.targets or [""] * len(found)
    return [choose(table, aim, "measured concept") if aim else None for aim in aims]
