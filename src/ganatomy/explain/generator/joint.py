"""Units switched off together: redundant ones show only so, cancelling ones only alone.

    joint_effects(gan, panel, shape, natural, sets=[(3, 4), (11, 12)], plan=Plan())
    co_active(natural, count=20)                      # pairs that are most active together

`surplus` is the joint effect less the sum of the effects alone, paired per image: for two units of which either
suffices it has the sign of the joint effect, for two that cancel it undoes the sum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ganatomy.explain.generator.effects import means_of
from ganatomy.explain.generator.matching import WITHIN, sets_apart
from ganatomy.explain.generator.panel import Panel
from ganatomy.explain.generator.plan import Plan
from ganatomy.explain.generator.sites import SiteShape
from ganatomy.explain.generator.suffix import Start, Suffix
from ganatomy.explain.generator.values import Natural
from ganatomy.explain.passes import Progress, draws
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.numerics.running import Moments
from ganatomy.numerics.statistics.effects import judged, judged_together
from ganatomy.results.explanation import Explanation
from ganatomy.results.provenance import Provenance

AT_ONCE = 4  # sets whose pictures are held together: more is slower, since they leave the cache
CONTROLS = 19  # random sets beside each
CODES = {"present": 1, "undetermined": 0, "absent": -1}
Units = tuple[int, ...]


def co_active(natural: Natural, *, count: int = 20) -> tuple[Units, ...]:
    """Pairs by the correlation of their mean activations over the reference, the highest first."""
    table = natural.activity - natural.activity.mean(0)
    length = table.norm(dim=0)
    alive = (length > 1e-9 * natural.size.clamp(min=1e-300) * len(table)).nonzero().flatten()
    if len(alive) < 2:
        return ()
    scaled = table[:, alive] / length[alive]
    upper = torch.triu_indices(len(alive), len(alive), offset=1)
    values = (scaled.T @ scaled).abs()[upper[0], upper[1]]
    best = (values * 1e6).round().argsort(descending=True, stable=True)[:count]  # ties in the order of the units
    return tuple((int(alive[a]), int(alive[b])) for a, b in upper[:, best].T.tolist())


def joint_effects(
    gan: GAN,
    panel: Panel,
    site: SiteShape,
    measured: tuple[Natural, Tensor],
    *,
    sets: Sequence[Units],
    plan: Plan,
    progress: Progress | None = None,
) -> Explanation:
    """Of setting all units of a set to zero, on the images of the causal pass; `measured`: natural, and the spread."""
    natural, spread = measured
    pools = _controls(sets, natural.size, Stream(plan.seed, f"dissection/sets/{site.site}"))
    wanted = list(
        dict.fromkeys([*sets, *((unit,) for each in sets for unit in each), *(c for pool in pools for c in pool)])
    )
    rows = {each: row for row, each in enumerate(wanted)}
    total, suffix = None, Suffix(gan.generator, site.site)
    for draw in draws(gan, plan.images, seed=plan.seed, start=plan.causal.start, progress=progress):
        start = suffix.begin(draw)
        changed = torch.cat([panel.told(start.pictures)[None], _off(panel, suffix, start, wanted)])
        order = panel.order(draw.indices.start, changed.shape[0] * changed.shape[1])
        changed = changed.flatten(0, 1)[order].reshape(changed.shape)
        effects = torch.where(spread > 0, (changed[1:] - changed[0]) / spread.clamp(min=1e-300), 0.0)
        joint = effects[[rows[each] for each in sets]]
        alone = torch.stack([effects[[rows[(unit,)] for unit in each]].sum(0) for each in sets])
        table = torch.cat([joint, alone, joint - alone, effects])
        found = Moments.of(table.transpose(0, 1).flatten(1))
        total = found if total is None else total + found
    assert total is not None
    asked = {units: [rows[c] for c in pool] for units, pool in zip(sets, pools, strict=True)}
    return _explained(gan, panel, site, total, asked=asked, varies=spread > 0, plan=plan)


def _controls(sets: Sequence[Units], size: Tensor, stream: Stream) -> list[tuple[Units, ...]]:
    """Random sets matched to each; one drawn for another serves again where it matches unit by unit."""
    pools: list[tuple[Units, ...]] = []
    drawn: dict[Units, None] = {}
    for at, each in enumerate(sets):
        again = [other for other in drawn if _alike(other, each, size)][:CONTROLS]
        if len(again) < CONTROLS and 2 * len(each) <= len(size):
            more = sets_apart(each, size, CONTROLS, stream=stream.child(str(at))).sets
            again = list(dict.fromkeys([*again, *more]))[:CONTROLS]
        drawn |= dict.fromkeys(again)
        pools.append(tuple(again))
    return pools


def _alike(other: Units, each: Units, size: Tensor) -> bool:
    """No unit in common, and as many; from the quietest to the loudest each is about as active as its counterpart."""
    if len(other) != len(each) or set(other) & set(each):
        return False
    ours, theirs = (size[list(units)].sort().values for units in (each, other))
    return bool(((theirs - ours).abs() <= WITHIN * ours).all())


def _with_twins(told: Tensor, means: Tensor, panel: Panel, *, sets: int) -> Tensor:
    """(2, sets, concepts): 0 where the twin says otherwise, or present to the other side."""
    concepts = len(panel.names)
    own, twins = told[..., :concepts].clone(), told[..., concepts:]
    sides = torch.stack([means[:sets], means[2 * sets : 3 * sets]]).sign()
    mine = own[..., panel.twinned]
    agree = (mine == twins) & ((mine <= 0) | (sides[..., panel.twinned] == sides[..., concepts:]))
    own[..., panel.twinned] = torch.where(agree, mine, 0.0)
    return own


def _off(panel: Panel, suffix: Suffix, start: Start, sets: Sequence[Units]) -> Tensor:
    told = []
    for first in range(0, len(sets), AT_ONCE):
        pictures = suffix.changed(start, sets[first : first + AT_ONCE], 0.0)
        told.append(panel.told(pictures.flatten(0, 1)).unflatten(0, pictures.shape[:2]))
    return torch.cat(told)


def _explained(
    gan: GAN,
    panel: Panel,
    site: SiteShape,
    found: Moments,
    *,
    asked: Mapping[Units, list[int]],
    varies: Tensor,
    plan: Plan,
) -> Explanation:
    """Joint effects and surpluses of all sets and concepts, and what twins say of them, are one family.

    A verdict needs the twin where there is one; a concept that never varies has none. `asked`: sets, with the rows of
    their controls.
    """
    sets, pools = list(asked), list(asked.values())
    told = len(panel.names) + len(panel.twinned)
    means = found.mean.reshape(-1, told)[:, : len(panel.names)]
    joint, alone, surplus, each = means.split([len(sets)] * 3 + [len(means) - 3 * len(sets)])
    every, block = means_of(found), len(sets) * told
    kept = every[:block] + every[2 * block : 3 * block]
    there = [place for place in range(len(kept)) if bool(varies[place % told])]
    tests = [judged(kept[at], smallest=plan.smallest, level=plan.level) for at in there]
    family = judged_together(tests) if tests else ()
    table = torch.tensor([torch.nan, torch.nan, 1.0, 0.0], dtype=torch.float64).repeat(len(kept), 1)
    rows = [[e.interval.low, e.interval.high, e.p_present, CODES[e.verdict]] for e in family]
    if rows:
        table[there] = torch.tensor(rows, dtype=torch.float64)
    table = table.reshape(2, len(sets), told, 4)
    verdicts = _with_twins(table[..., 3], found.mean.reshape(-1, told), panel, sets=len(sets)).to(torch.int8)
    bounds = table[:, :, : len(panel.names), :3]
    p = torch.full((len(sets), len(panel.names)), torch.nan, dtype=torch.float64)
    for at, pool in enumerate(pools):
        if pool:
            p[at] = (1 + (each[pool].abs() >= joint[at].abs() * (1 - 1e-9)).sum(0)) / (1 + len(pool))
    return Explanation(
        "dissection: units together",
        subject=gan.digest(),
        target="; ".join(panel.names),
        units=tuple(" + ".join(f"{site.site}:{unit}" for unit in units) for units in sets),
        arrays={
            "effect": joint.numpy(),
            "alone": alone.numpy(),
            "surplus": surplus.numpy(),
            "verdict": verdicts[0].numpy(),
            "surplus_verdict": verdicts[1].numpy(),
            "low": bounds[0, ..., 0].numpy(),
            "high": bounds[0, ..., 1].numpy(),
            "p": bounds[0, ..., 2].numpy(),
            "specificity": p.numpy(),
            "controls": torch.tensor([len(pool) for pool in pools]).numpy(),
        },
        note=f"All units of a set at zero, in standard deviations of the concept, {plan.images} images; verdicts 1 "
        f"present, -1 absent, 0 undetermined against {plan.smallest:g}, {len(family)} tests together.",
        provenance=Provenance.here(seed=plan.seed, digests={"gan": gan.digest()}),
    )
