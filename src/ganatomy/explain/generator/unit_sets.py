"""Sets of units that carry a concept: searched on training latents, judged on others against controls.

    found = unit_set(gan, "up1.act", [edges], 0, seed=0)        # a Finding: present, absent or undetermined
    found = unit_set(gan, "up1.act", measurers, 3, seed=0, plan=SetPlan(method="optimised", size=4))
    found.arrays["units"], found.arrays["curve"]                # in order of choice; the effect of the first 1, 2, ...
    found.arrays["effect"]                                      # on all concepts, (zero, mean, resample) x concepts
    list(unit_sets(gan, "up1.act", measurers, seed=0))          # one for each concept: see `set_family`

An effect is the mean change of a concept when the set is ablated, paired by latent, in standard deviations over natural
samples. The verdict needs zero, mean and resample (see `set_claims`). How special the set is, is another number: its
place among random sets of the same size and activation. It is also put against as many units with the largest single
effects. The curve, its band and these comparisons are of setting to zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ganatomy.errors import UsageError, choose
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.generator.concept_at import ConceptAt, Latents, concept_at
from ganatomy.explain.generator.panel_at import PanelAt, panel_at, set_effects
from ganatomy.explain.generator.plan import REFERENCE, SMALLEST
from ganatomy.explain.generator.set_claims import set_claims
from ganatomy.explain.generator.set_controls import compared
from ganatomy.explain.generator.set_search import BATCH, PAIRS, STEPS, Found, greedy, optimised
from ganatomy.explain.generator.tally import Counting
from ganatomy.explain.passes import Progress
from ganatomy.models.gan import GAN
from ganatomy.numerics.statistics.effects import mean_effect
from ganatomy.results.finding import Finding
from ganatomy.results.measurement import Measurement
from ganatomy.results.provenance import Provenance
from ganatomy.tracing.site import Site

METHODS: dict[str, Callable[[ConceptAt, Latents, int], Found]] = {
    "greedy": lambda target, latents, size: greedy(target, latents, size=size),
    "optimised": lambda target, latents, size: optimised(target, latents, size=size),
}
MEASURED_IN = "standard deviations of the concept"


@dataclass(frozen=True)
class SetPlan:
    """`train` latents to search on; `held_out`, which come after these and the reference, to judge on.

    `smallest`: in standard deviations of a concept. `ablate`: how the search does it; the judgement takes all ways.
    """

    method: str = "greedy"
    size: int = 4
    train: int = 128
    held_out: int = 256
    controls: int = 39
    smallest: float = SMALLEST
    ablate: str = "zero"

    @property
    def judging(self) -> range:
        first = max(self.train, REFERENCE)
        return range(first, first + self.held_out)

    def pictures(self, channels: int) -> int:
        """That one search and its judgement make at most, about."""
        steps = (self.size + 1) * (channels + PAIRS) if self.method == "greedy" else channels + self.size + 4
        slopes = 0 if self.method == "greedy" else 2 * BATCH * STEPS
        return steps * self.train + slopes + ((self.controls + 1) * self.size + 9) * self.held_out


def unit_set(
    gan: GAN,
    site: str | Site,
    measurers: Sequence[Measurer],
    concept: int = 0,
    *,
    seed: int,
    plan: SetPlan | None = None,
    progress: Progress | None = None,
) -> Finding:
    """The best set that the search finds for one of the measurers' concepts, judged on all of them."""
    plan = plan or SetPlan()
    at = panel_at(gan, site, measurers, seed=seed)
    return _searched(at, concept, seed=seed, plan=plan, counted=Counting(progress, plan.pictures(at.place.channels)))


def unit_sets(
    gan: GAN,
    site: str | Site,
    measurers: Sequence[Measurer],
    *,
    seed: int,
    plan: SetPlan | None = None,
    progress: Progress | None = None,
) -> Iterator[Finding]:
    """One for each concept, as it is found; what they share is measured once."""
    plan = plan or SetPlan()
    at = panel_at(gan, site, measurers, seed=seed)
    each = plan.pictures(at.place.channels)
    counted = Counting(progress, each * len(at.panel.names))
    for concept in range(len(at.panel.names)):
        yield _searched(at, concept, seed=seed, plan=plan, counted=counted)
        counted.finish(each * (concept + 1))  # a search may end early


def _searched(at: PanelAt, concept: int, *, seed: int, plan: SetPlan, counted: Counting) -> Finding:
    """Where nothing was found the largest single effect is judged, so that the answer is a measured "absent"."""
    search = choose(METHODS, plan.method, "search for unit sets")
    measurer, number = at.located(concept)
    train = Latents(seed, range(plan.train))
    target = concept_at(
        at.gan, at.place.site, measurer, number, latents=train, ablate=plan.ablate, smallest=plan.smallest
    )
    target = replace(target, tally=counted)
    found = search(target, train, plan.size)
    units = found.units or found.top(1)
    note = "" if found.units else "The search found no set; the unit with the largest single effect was judged. "
    judged = replace(at, tally=counted)
    return judge_set(
        target, units, Latents(seed, plan.judging), at=judged, rival=found.top(len(units)), plan=plan, note=note
    )


def judge_set(
    target: ConceptAt,
    units: Sequence[int],
    latents: Latents,
    *,
    at: PanelAt | None = None,
    rival: Sequence[int] | None = None,
    plan: SetPlan | None = None,
    note: str = "",
) -> Finding:
    """Any set on latents that did not choose it. `at`: all concepts to measure. `rival`: the units to compare with."""
    plan, units = plan or SetPlan(), tuple(units)
    _check(target, units)
    at = at or panel_at(target.gan, target.place.site, [target.measurer], seed=latents.seed)
    concept = at.number(target.measurer, target.concept)
    claims = set_claims(set_effects(at, units, latents), at, concept, smallest=plan.smallest)
    target = replace(target, least=plan.smallest)
    spread = float(at.spread[concept])
    beside = compared(target, units, latents, rival=rival, controls=plan.controls, spread=spread)
    named = ", ".join(f"{target.place.site}:{unit}" for unit in units)
    one, own = len(units) == 1, claims.own[0]
    return Finding(
        claim=f"{'unit' if one else 'units'} {named} {'carries' if one else 'carry'} {at.panel.names[concept]!r}",
        estimand=f"mean paired change of {at.panel.names[concept]!r}, in {MEASURED_IN} over natural samples",
        population=f"latents of the prior, seed {latents.seed}, {latents.indices.start} to {latents.indices.stop - 1}",
        replication="latent",
        treatment=f"{named} set to zero; also to the mean and to what they were in another sample",
        positive_control=_measured("change with all units of the site at zero", beside.every),
        negative_control=_measured("mean change of the random sets", beside.controls[-1].mean(1)),
        smallest_effect=plan.smallest,
        family="one set, three ablations that must agree" + (", both measurers" if claims.twinned else ""),
        effect=own.value,
        interval=own.interval,
        p=claims.p,
        verdict=claims.verdict,
        arrays={
            **claims.arrays,
            "concepts": np.array(at.panel.names),
            "units": torch.tensor(units).numpy(),
            "p_claims": torch.tensor([claims.p_present, claims.p_absent]).double().numpy(),
            **beside.arrays(),
        },
        note=f"{note}{claims.note} {beside.said()}",
        provenance=Provenance.here(seed=latents.seed, digests={"gan": target.gan.digest()}),
    )


def _measured(name: str, changes: Tensor) -> Measurement:
    effect = mean_effect(changes, smallest=0.0)
    return Measurement(
        name, effect.value, effect.n, "mean paired change", "neither", unit=MEASURED_IN, interval=effect.interval
    )


def _check(target: ConceptAt, units: tuple[int, ...]) -> None:
    if not units or len(set(units)) < len(units) or not all(0 <= unit < target.place.channels for unit in units):
        raise UsageError(
            f"the set {units} of '{target.place.site}' was given",
            f"give one or more different units from 0 to {target.place.channels - 1}",
        )
