"""From measured effects to claims: one family of tests, three ablations that must agree, and what stands out.

    effects = causal_explanation(gan, panel, measured, plan=plan)
    effects.arrays["claim"]                           # (units, concepts): 1 present, -1 absent, 0 undetermined
    findings = concluded(labels, effects, panel, plan=plan)

All effects of all units under all interventions on all concepts (and on twins) are judged together. A unit is claimed
to cause a concept if zero, mean and resample all say present, to one side, and the twin says so too; not to cause it
if all say absent; else it is undetermined, and `agreement` tells whether the three differ.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganatomy.explain.generator.controls import Band, specificity
from ganatomy.explain.generator.effects import Measured, means_of
from ganatomy.explain.generator.joint import CODES
from ganatomy.explain.generator.labelling import unit_names
from ganatomy.explain.generator.panel import Panel
from ganatomy.explain.generator.plan import Plan
from ganatomy.explain.generator.values import ABLATIONS, INTERVENTIONS
from ganatomy.models.gan import GAN
from ganatomy.numerics.statistics.effects import judged, judged_together
from ganatomy.numerics.statistics.interval import t_interval
from ganatomy.results.explanation import Explanation
from ganatomy.results.provenance import Provenance

COLUMNS = ("effect", "low", "high", "p", "p_absent", "verdict")


def causal_explanation(gan: GAN, panel: Panel, measured: Measured, *, plan: Plan) -> Explanation:
    """Arrays over units: (units, interventions, concepts), in the order of INTERVENTIONS, or (units, concepts)."""
    concepts = len(panel.names)
    table, tests = _judged(measured, plan)
    own, twins = table[:, :, :concepts], table[:, :, concepts:]
    full = torch.full_like(own, torch.nan)
    full[..., COLUMNS.index("verdict")] = 0
    full[:, :, panel.twinned] = twins
    verdict, twin_verdict = own[..., -1], full[..., -1]
    turned = _turned(measured)
    sides = own[:, : len(ABLATIONS), :, 0].sign() * turned
    claim = _agreed(verdict[:, : len(ABLATIONS)], sides)
    theirs = full[:, : len(ABLATIONS), :, 0].sign() * turned
    both = _agreed(twin_verdict[:, : len(ABLATIONS)], theirs)
    same = (claim == both) & ((claim <= 0) | (sides[:, 0] == theirs[:, 0]))
    twinned = torch.zeros(concepts, dtype=torch.bool)
    twinned[panel.twinned] = True
    claim = torch.where(same | ~twinned, claim, 0.0)
    bands = _bands(measured, own[:, 0, :, 0])
    arrays = {name: own[..., place] for place, name in enumerate(COLUMNS)}
    arrays["verdict"] = verdict.to(torch.int8)
    arrays |= {"twin_effect": full[..., 0], "twin_verdict": twin_verdict.to(torch.int8), "claim": claim.to(torch.int8)}
    equal = (verdict[:, : len(ABLATIONS)] == verdict[:, :1]).all(1)
    arrays["agreement"] = equal & ((verdict[:, 0] <= 0) | (sides == sides[:, :1]).all(1))
    arrays["selectivity"] = _selectivity(own[:, : len(ABLATIONS), :, 0])
    arrays["all_off"] = torch.cat(
        [_off(measured, at)[:, :concepts].expand(s.channels, -1) for at, s in enumerate(measured.sites)]
    )
    arrays["rest_low"] = torch.cat(
        [_rest_low(measured, at, plan.level)[:, :concepts] for at in range(len(measured.sites))]
    )
    arrays["specificity"] = torch.cat([band.p for band in bands])
    arrays["matched_effect"] = torch.cat([band.median for band in bands])
    arrays["controls"] = torch.cat([torch.full((len(band.p),), band.controls) for band in bands])
    arrays["match"] = torch.cat([band.ratio for band in bands])
    arrays["off_manifold"], arrays["size"] = (
        torch.cat(measured.unlike),
        torch.cat([each.size for each in measured.natural]),
    )
    shuffled = "" if panel.shuffle is None else f" Labels were shuffled (seed {panel.shuffle}): no claim is true."
    return Explanation(
        "dissection: effects",
        subject=gan.digest(),
        target="; ".join(panel.names),
        units=unit_names(measured.sites),
        arrays={name: values.numpy() for name, values in arrays.items()},
        note=f"Interventions in order: {', '.join(INTERVENTIONS)}. Effects in standard deviations of a concept over "
        f"natural samples, {plan.images} images, smallest of interest {plan.smallest:g}, {tests} tests together "
        f"(Benjamini-Hochberg). Specificity among at most {max(b.controls for b in bands)} units nearest in mean "
        f"activation.{shuffled}",
        provenance=Provenance.here(seed=plan.seed, digests={"gan": gan.digest()}),
    )


def _judged(measured: Measured, plan: Plan) -> tuple[Tensor, int]:
    """(units, interventions, told, COLUMNS), and how many tests there were; what never varies is not tested."""
    told = len(measured.spread)
    tested = (measured.spread > 0).tolist()
    means = [mean for at in range(len(measured.sites)) for mean in measured.means(at)[:-told]]
    there = [place for place in range(len(means)) if tested[place % told]]
    family = (
        judged_together([judged(means[at], smallest=plan.smallest, level=plan.level) for at in there]) if there else ()
    )
    blank = torch.tensor([torch.nan] * 3 + [1.0, 1.0, 0.0], dtype=torch.float64)
    table = blank.repeat(len(means), 1)
    rows = [[e.value, e.interval.low, e.interval.high, e.p_present, e.p_absent, CODES[e.verdict]] for e in family]
    if rows:
        table[there] = torch.tensor(rows, dtype=torch.float64)
    return table.reshape(-1, len(INTERVENTIONS), told, len(COLUMNS)), len(family)


def _turned(measured: Measured) -> Tensor:
    """(units, ablations, 1): zero is turned to where the mean activation falls, as the others are already."""
    turned = torch.ones(sum(site.channels for site in measured.sites), len(ABLATIONS), 1, dtype=torch.float64)
    turned[:, 0, 0] = torch.cat([each.activity.mean(0).sign() for each in measured.natural])
    return turned


def _agreed(verdict: Tensor, sides: Tensor) -> Tensor:
    """(units, ablations, concepts): what all say, to one side where they say present."""
    present = (verdict > 0).all(1) & (sides == sides[:, :1]).all(1)
    absent = (verdict < 0).all(1)
    return present.double() - absent.double()


def _selectivity(effects: Tensor) -> Tensor:
    """|effect| over the sum of those on all concepts, the least over the ablations; 0 where there is none."""
    size = effects.abs().nan_to_num()
    total = size.sum(2, keepdim=True)
    return torch.where(total > 0, size / total.clamp(min=1e-300), 0.0).amin(1)


def _off(measured: Measured, place: int) -> Tensor:
    return measured.moments[place].mean[-len(measured.spread) :][None]


def _rest_low(measured: Measured, place: int, level: float) -> Tensor:
    """(units, told): the lower bound of `rest`, towards where all units at zero move the concept."""
    ends = [t_interval(each, level=level) for each in means_of(measured.rest[place])]
    bounds = torch.tensor([[end.low, -end.high] for end in ends], dtype=torch.float64)
    up, down = bounds.reshape(-1, len(measured.spread), 2).unbind(2)
    return torch.where(_off(measured, place) > 0, up, down)


def _bands(measured: Measured, effects: Tensor) -> list[Band]:
    """Within each site."""
    parts = effects.nan_to_num().split([site.channels for site in measured.sites])
    return [specificity(part, seen.size) for part, seen in zip(parts, measured.natural, strict=True)]
