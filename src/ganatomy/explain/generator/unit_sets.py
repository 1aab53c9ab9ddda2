"""Sets of units that carry a concept: searched on training latents, judged on others against controls.

    found = unit_set(gan, "up1.act", edges, 0, seed=0)          # a Finding: present, absent or undetermined
    found = unit_set(gan, "up1.act", edges, 0, seed=0, plan=SetPlan(method="optimised", size=4))
    found.arrays["units"], found.arrays["curve"]                # in order of choice; the effect of the first 1, 2, ...

The effect is the mean change of the concept when the set is ablated, paired by latent, with its interval. How special
the set is, is another number: its place among random sets of the same size and activation. It is also put against as
many units with the largest single effects. A concept with a twin measurer is only claimed where both say so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import UsageError, choose
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.generator.concept_at import ConceptAt, Latents, concept_at
from ganatomy.explain.generator.matching import Apart, sets_apart
from ganatomy.explain.generator.set_search import Found, greedy, optimised
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.effects import Effect, mean_effect
from ganatomy.numerics.statistics.permutation import Permuted, against_controls
from ganatomy.results.finding import Finding
from ganatomy.results.measurement import Measurement
from ganatomy.results.provenance import Provenance
from ganatomy.tracing.site import Site

METHODS: dict[str, Callable[[ConceptAt, Latents, int], Found]] = {
    "greedy": lambda target, latents, size: greedy(target, latents, size=size),
    "optimised": lambda target, latents, size: optimised(target, latents, size=size),
}


@dataclass(frozen=True)
class SetPlan:
    """`train` latents to search on, the next `held_out` to judge on; `smallest`: None for 0.1 of the concept's sd."""

    method: str = "greedy"
    size: int = 4
    train: int = 128
    held_out: int = 256
    controls: int = 39
    smallest: float | None = None
    ablate: str = "zero"


def unit_set(
    gan: GAN, site: str | Site, measurer: Measurer, concept: int = 0, *, seed: int, plan: SetPlan | None = None
) -> Finding:
    """The best set that the search finds, judged. A search that finds nothing is refused judgement: see `judge_set`."""
    plan = plan or SetPlan()
    search = choose(METHODS, plan.method, "search for unit sets")
    train = Latents(seed, range(plan.train))
    target = concept_at(gan, site, measurer, concept, latents=train, ablate=plan.ablate)
    found = search(target, train, plan.size)
    # Where nothing was found the largest single effect is judged, so that the answer is a measured "absent".
    units = found.units or found.top(1)
    held_out = Latents(seed, range(plan.train, plan.train + plan.held_out))
    note = "" if found.units else "The search found no set; the unit with the largest single effect was judged. "
    return judge_set(target, units, held_out, rival=found.top(len(units)), plan=plan, note=note)


def judge_set(
    target: ConceptAt,
    units: Sequence[int],
    latents: Latents,
    *,
    rival: Sequence[int] | None = None,
    plan: SetPlan | None = None,
    note: str = "",
) -> Finding:
    """Any set on latents that did not choose it. `rival`: the units to compare with, if any."""
    plan, units = plan or SetPlan(), tuple(units)
    _check(target, units)
    smallest = target.smallest if plan.smallest is None else plan.smallest
    controls = sets_apart(units, target.mass, plan.controls, stream=Stream(latents.seed, "unit sets/controls"))
    prefixes = [units[: size + 1] for size in range(len(units))]
    rivals = [] if rival is None or set(rival) == set(units) else [tuple(rival)]
    every = tuple(range(target.place.channels))
    changes = target.without([*prefixes, every, *rivals, *controls.sets], latents)
    curve = [mean_effect(changes[:, place], smallest=smallest) for place in range(len(units))]
    own, band = curve[-1], changes[:, -len(controls.sets) :].mean(0)
    special = against_controls(abs(own.value), band.abs())
    twin = target.measurer.other()
    second = None if twin is None else mean_effect(target.without([units], latents, twin)[:, 0], smallest=smallest)
    versus = mean_effect(changes[:, len(units) - 1] - changes[:, len(units) + 1], smallest=smallest) if rivals else None
    inserted = mean_effect(target.inserted([units], latents)[:, 0], smallest=smallest)
    named = ", ".join(f"{target.place.site}:{unit}" for unit in units)
    return Finding(
        claim=f"{'unit' if len(units) == 1 else 'units'} {named} {'carries' if len(units) == 1 else 'carry'}"
        f" {target.name!r}",
        estimand=f"mean change of {target.name!r} (mean {target.mean:.4g}, sd {target.sd:.4g})",
        population=f"latents of the prior, seed {latents.seed}, {latents.indices.start} to {latents.indices.stop - 1}",
        replication="latent",
        treatment=f"ablate {named} to {plan.ablate}",
        positive_control=_measured("change with all units of the site ablated", changes[:, len(units)]),
        negative_control=_measured("mean change of the random sets", changes[:, -len(controls.sets) :].mean(1)),
        smallest_effect=smallest,
        family="one set" if second is None else "one set, both measurers",
        effect=own.value,
        interval=own.interval,
        p=own.p_present if second is None else max(own.p_present, second.p_present),
        verdict=_both(own, second),
        arrays={
            "units": torch.tensor(units).numpy(),
            "curve": torch.tensor([[e.value, e.interval.low, e.interval.high] for e in curve]).numpy(),
            "controls": band.numpy(),
            "inserted": torch.tensor([inserted.value, inserted.interval.low, inserted.interval.high]).numpy(),
        },
        note=note + _said(controls, special, inserted, rival=rival, versus=versus),
        provenance=Provenance.here(seed=latents.seed, digests={"gan": target.gan.digest()}),
    )


def _both(first: Effect, second: Effect | None) -> str:
    """A verdict needs both measurers, and a present effect one sign."""
    if second is None or (first.verdict == second.verdict == "absent"):
        return first.verdict
    agree = first.verdict == second.verdict and first.value * second.value > 0
    return first.verdict if agree else "undetermined"


def _measured(name: str, changes: Tensor) -> Measurement:
    effect = mean_effect(changes, smallest=0.0)
    return Measurement(name, effect.value, effect.n, "paired mean", "neither", interval=effect.interval)


def _said(
    controls: Apart, special: Permuted, inserted: Effect, *, rival: Sequence[int] | None, versus: Effect | None
) -> str:
    said = [
        f"Against {len(controls.sets)} random sets of the same {controls.how}: specificity p = {special.p:.3g}"
        f" (not below {special.floor:.3g} with so few).",
        f"Inserted at one place it changes the concept there by {inserted.value:.3g}"
        f" [{inserted.interval.low:.3g}, {inserted.interval.high:.3g}].",
    ]
    if versus is not None and rival is not None:
        said.append(
            f"Against the top {len(rival)} by single effect ({', '.join(map(str, rival))}) it changes the concept by"
            f" {versus.value:.3g} [{versus.interval.low:.3g}, {versus.interval.high:.3g}] more:"
            f" a difference is {versus.verdict}."
        )
    elif rival is not None:
        said.append("It is the set of the largest single effects.")
    return " ".join(said)


def _check(target: ConceptAt, units: tuple[int, ...]) -> None:
    if not units or len(set(units)) < len(units) or not all(0 <= unit < target.place.channels for unit in units):
        raise UsageError(
            f"the set {units} of '{target.place.site}' was given",
            f"give one or more different units from 0 to {target.place.channels - 1}",
        )
