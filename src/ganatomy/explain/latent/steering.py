"""What happens to every concept when a direction is followed, on latents that had no part in finding it.

    found = pca(gan, "start.act", k=8)
    result = steering(gan, found, measurers_for(gan.format), plan=Plan(n=128))
    result.arrays["effect"]                        # (directions, concepts), in standard deviations of the concept
    result.arrays["verdict"]                       # present, absent or undetermined, all pairs judged together
    result.note                                    # what there is to say in plain sentences

The effect is half the difference of the scores one step forwards and one step backwards, paired latent by latent. A
concept that was learnt has a twin; a claim about it needs both. The target of a direction is the concept it was made
for, else the one it moves most on a quarter of the latents that is not judged.
"""

from __future__ import annotations

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
from ganatomy.explain.latent.responses import Panel, Plan, Responses, responses
from ganatomy.explain.latent.stability import stability
from ganatomy.explain.latent.wording import told
from ganatomy.explain.passes import Progress
from ganatomy.models.gan import GAN
from ganatomy.numerics.statistics.effects import Effect, judged_together, mean_effect
from ganatomy.results.explanation import Explanation
from ganatomy.results.provenance import Provenance

TIE = 1e-9  # changes smaller than this, in standard deviations, are none
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
    drawn = strips(gan, found, latents=latents, seed=plan.seed, start=plan.start) if latents else None
    return explained(gan, steered, strip=drawn)


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
    whole = plan.n * (1 + len(lengths(found)))
    seen = responses(gan, found, panel, plan=plan, progress=_part(progress, 0, whole))
    pool = control_effects(gan, found, panel, plan=plan, progress=_part(progress, plan.n, whole))
    c, judged = len(panel.concepts), slice(plan.n // 4, None)
    sd = seen.base.std(0)
    unit = torch.where(sd > 0, sd, torch.ones_like(sd))
    odd = seen.odd(plan.sizes[0]) / unit
    effects = _judged(odd[:, judged], panel, plan)
    aims = _aims(found, panel.concepts)
    pool = Pool(tuple((places, values / unit) for places, values in pool.groups))
    random = against_random(odd[:, judged, :c].mean(1), pool, level=plan.level, aims=aims)
    strongest = odd[:, : plan.n // 4, :c].mean(1).abs().argmax(1).tolist()
    targets = torch.tensor([best if aim is None else aim for aim, best in zip(aims, strongest, strict=True)])
    return Steered(found, panel.concepts, plan, seen, unit[:c], effects, targets, random, pool)


def explained(gan: GAN, steered: Steered, *, strip: Tensor | None = None) -> Explanation:
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
    same = stability(found, samples=plan.samples) if plan.samples else None
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
    change = (seen.moved[:, :, plan.n // 4 :, :c] - seen.base[plan.n // 4 :, :c]) / steered.unit
    n = change.shape[2]
    half = float(stdtrit(n - 1, (1 + plan.level) / 2)) * change.std(2) / n**0.5
    mean = change.mean(2)
    share, spearman = monotone(seen, steered.unit, first=plan.n // 4)
    return {
        "steps": np.tile(seen.steps, (len(change), 1)),
        "step_effect": mean,
        "step_low": mean - half,
        "step_high": mean + half,
        "one_way": share,
        "spearman": spearman,
        "change": seen.change,
        "norm": seen.norm,
        "cut": seen.cut,
    }


def _target_arrays(steered: Steered) -> dict[str, Any]:
    """On target against off target, in squared standard deviations, so that shares add up to 1."""
    sizes, targets = steered.sizes, steered.targets[:, None]
    on, whole = sizes.gather(1, targets)[:, 0], sizes.square().sum(1)
    others = max(1, sizes.shape[1] - 1)
    return {
        "target": np.array([steered.concepts[int(place)] for place in steered.targets]),
        "on_target": on,
        "off_target": ((whole - on.square()).clamp(min=0) / others).sqrt(),
        "selectivity": torch.where(whole > 0, on.square() / whole.clamp(min=1e-300), torch.zeros_like(whole)),
        "p_target_control": steered.random.p_each.gather(1, targets)[:, 0],
    }


def monotone(seen: Responses, unit: Tensor, *, first: int = 0) -> tuple[Tensor, Tensor]:
    """Share of latents whose score goes one way through all steps, that of most; mean Spearman with the step. (k, c).

    Every latent's own score at step 0 is among them. A score that stays equal throughout goes no way.
    """
    c = len(unit)
    middle = sum(each < 0 for each in seen.steps)
    still = seen.base[first:, :c].expand(len(seen.moved), 1, -1, -1)
    after = seen.moved[:, :, first:, :c]
    path = torch.cat([after[:, :middle], still, after[:, middle:]], dim=1) / unit
    rises = path.diff(dim=1)
    some = rises.abs().amax(1) > TIE
    up, down = (rises >= -TIE).all(1) & some, (rises <= TIE).all(1) & some
    share = torch.maximum(up.double().mean(1), down.double().mean(1))
    below = [((path < each) + 0.5 * (path == each)).sum(1) for each in path.split(1, dim=1)]  # ties share a rank
    ranks = torch.stack(below, dim=1).double()
    ranks = ranks - ranks.mean(1, keepdim=True)
    order = torch.arange(path.shape[1], dtype=torch.float64) - (path.shape[1] - 1) / 2
    length = ranks.square().sum(1).sqrt() * order.norm()
    product = torch.einsum("ksnc,s->knc", ranks, order)
    spearman = torch.where(length > 0, product / length.clamp(min=1e-300), torch.zeros_like(product))
    return share, spearman.mean(1)


def _judged(odd: Tensor, panel: Panel, plan: Plan) -> tuple[Effect, ...]:
    """All pairs as one family; where there is a twin, the less sure of the two p-values counts."""
    effects = []
    for direction in odd:
        for column, twin in enumerate(panel.twins):
            own = mean_effect(direction[:, column], smallest=plan.smallest, level=plan.level)
            effects.append(own if twin < 0 else _both(own, direction[:, twin], plan))
    return judged_together(effects)


def _both(own: Effect, twin: Tensor, plan: Plan) -> Effect:
    other = mean_effect(twin, smallest=plan.smallest, level=plan.level)
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


def _part(progress: Progress | None, before: int, whole: int) -> Progress | None:
    if progress is None:
        return None
    done = [before]
    last = [0]

    def step(now: int, total: int) -> None:
        done[0] += now - last[0]
        last[0] = now % total
        progress(done[0], whole)

    return step
