"""Which unit goes with which concept, and does it cause it.

    found = dissection(gan, measurers_for(gan.format))
    found.labels.arrays["iou"], found.effects.arrays["claim"]       # both over all units of all sites
    for finding in found.findings: print(finding)
    dissection(gan, measurers, sites=["up1.act"], plan=Plan(images=1000), permute_labels=1)   # nothing may come out

The label pass says what goes together, the causal pass what units do: see `labelling`, `effects` and `claims`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.generator.claims import causal_explanation
from ganatomy.explain.generator.conclude import concluded
from ganatomy.explain.generator.effects import measure_effects
from ganatomy.explain.generator.joint import Units, co_active, joint_effects
from ganatomy.explain.generator.labelling import labelling
from ganatomy.explain.generator.panel import Panel
from ganatomy.explain.generator.plan import Plan
from ganatomy.explain.generator.sites import named_sites
from ganatomy.explain.passes import Progress, draws
from ganatomy.models.gan import GAN
from ganatomy.results.explanation import Explanation
from ganatomy.results.finding import Finding
from ganatomy.tracing.site import Site

DEFAULT = Plan()


@dataclass(frozen=True, eq=False)
class Dissection:
    """`together`: what sets of units do at once, by site; by default the pairs that are most active together."""

    labels: Explanation
    effects: Explanation
    together: Mapping[str, Explanation]
    findings: tuple[Finding, ...]


def dissection(
    gan: GAN,
    measurers: Sequence[Measurer],
    *,
    sites: Sequence[str | Site] | None = None,
    sets: Mapping[str, Sequence[Units]] | None = None,
    plan: Plan = DEFAULT,
    permute_labels: int | None = None,
    progress: Progress | None = None,
) -> Dissection:
    """`sites`: by default what comes out of a non-linearity. `sets`: channels by site, to be switched off together.

    `permute_labels` is a seed: measurements then belong to pictures at random, before anything is chosen or tested.
    """
    panel = Panel(tuple(measurers), permute_labels)
    shapes = named_sites(gan, next(iter(draws(gan, 2, seed=plan.seed))), sites)
    labels = labelling(gan, panel, shapes, plan=plan, progress=progress)
    measured = measure_effects(gan, panel, shapes, plan=plan, progress=progress)
    effects = causal_explanation(gan, panel, measured, plan=plan)
    together = {}
    for shape, natural in zip(measured.sites, measured.natural, strict=True):
        wanted = co_active(natural) if sets is None else tuple(sets.get(str(shape.site), ()))
        if wanted:
            known = (natural, measured.spread)
            together[str(shape.site)] = joint_effects(
                gan, panel, shape, known, sets=wanted, plan=plan, progress=progress
            )
    return Dissection(labels, effects, together, concluded(labels, effects, panel, plan=plan))
