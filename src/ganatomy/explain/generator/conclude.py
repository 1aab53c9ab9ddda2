"""What a dissection comes to, as findings: the strongest claims, labels that do not hold, and who carries a concept.

    concluded(labels, effects, panel, plan=plan)

Three kinds: "unit X causes C" (present); "unit X causes C", asked because X goes with C, and answered absent; and for
each concept "a single unit carries C": present if some claimed unit is selective (most of what it changes is C, under
each ablation), specific (few matched units do as much) and does most of it: more than three quarters of what all units
of the layer at zero do, by the lower bound of the paired difference; absent if every unit is refuted, while the layer
as a whole changes it; undetermined otherwise. Who alone carries C moves it, by doing what it did in another sample, on
average no farther than from one sample to another, at most sqrt(2) standard deviations; what moves it farther leans on
other units that undo it. A unit is refuted where `resample` says absent (zero does not: of two redundant units either
carries C, and neither is missed), or where intervals, widened to hold for all units and concepts at once, show that it
moves C too far or other concepts more. Where concepts are related (brightness and ink) no unit is selective; that can
be shown, but no unit can then be said to carry the one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ganatomy.explain.generator.panel import Panel
from ganatomy.explain.generator.plan import Plan
from ganatomy.explain.generator.values import ABLATIONS, INTERVENTIONS
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.explanation import Explanation
from ganatomy.results.finding import Finding
from ganatomy.results.measurement import Measurement
from ganatomy.results.record import Array

STRONGEST = 12  # present claims that are written out
LABELLED = 0.5  # of the best score of its concept, and q at most 1 - level: then a unit counts as labelled
SELECTIVE = 0.5
SPECIFIC = 0.1
FARTHEST = 2**0.5
IN_WORDS = {1: "present", 0: "undetermined", -1: "absent"}


@dataclass(frozen=True, eq=False)
class _Case:
    """A pair with all that its findings are made from."""

    labels: Explanation
    effects: Explanation
    panel: Panel
    plan: Plan
    unit: int
    concept: int

    def at(self, name: str, *places: int) -> float:
        return float(self.effects.arrays[name][(self.unit, *places, self.concept)])

    @property
    def words(self) -> tuple[str, str]:
        return self.effects.units[self.unit], self.panel.names[self.concept]


def concluded(labels: Explanation, effects: Explanation, panel: Panel, *, plan: Plan) -> tuple[Finding, ...]:
    claim, size = effects.arrays["claim"], np.abs(effects.arrays["effect"][:, 0])

    def case(pair: Array) -> _Case:
        return _Case(labels, effects, panel, plan, int(pair[0]), int(pair[1]))

    present = sorted(np.argwhere(claim > 0), key=lambda pair: -size[tuple(pair)])[:STRONGEST]
    found = [_caused(case(pair)) for pair in present]
    score = strength(labels)
    wrong = np.argwhere(labelled(labels, plan.level) & (claim < 0))
    found += [_not_caused(case(pair)) for pair in sorted(wrong, key=lambda pair: -score[tuple(pair)])[:STRONGEST]]
    return (*found, *_carriers(labels, effects, panel, plan))


def strength(labels: Explanation) -> Array:
    """IoU, or the rank correlation's size where there is no mask."""
    iou: Array = labels.arrays["iou"]
    return np.where(np.isnan(iou), np.abs(labels.arrays["rank_correlation"]), iou)


def labelled(labels: Explanation, level: float) -> Array:
    """Which units go with which concepts (units, concepts)."""
    score = strength(labels)
    found: Array = (labels.arrays["q"] <= 1 - level) & (score >= LABELLED * score.max(0)) & (score > 0)
    return found


def _caused(case: _Case) -> Finding:
    unit, concept = case.words
    return _finding(case, f"unit {unit} causes {concept}", "present", _others(case))


def _not_caused(case: _Case) -> Finding:
    unit, concept = case.words
    score, rank = (float(table[case.unit, case.concept]) for table in (strength(case.labels), case.labels.arrays["q"]))
    kind = "rank correlation" if np.isnan(case.labels.arrays["iou"][case.unit, case.concept]) else "IoU"
    note = f"It goes with {concept} ({kind} {score:.2f}, q {rank:.2g}) but does not cause it. {_others(case)}"
    return _finding(case, f"unit {unit} causes {concept}", "absent", note)


def _carriers(labels: Explanation, effects: Explanation, panel: Panel, plan: Plan) -> Iterator[Finding]:
    """One for each concept and site, where all units together change it."""
    arrays = effects.arrays
    nearer = np.minimum(np.abs(arrays["low"]), np.abs(arrays["high"]))[:, ABLATIONS.index("resample")]
    alone = (arrays["selectivity"] >= SELECTIVE) & (arrays["specificity"] <= SPECIFIC) & (nearer <= FARTHEST)
    alone &= arrays["rest_low"] > 0
    refuted = not_carrying(arrays, panel.twinned, plan=plan)
    sites = np.array([unit.rpartition(":")[0] for unit in effects.units])
    for site in dict.fromkeys(sites.tolist()):
        mine = np.flatnonzero(sites == site)
        for concept, name in enumerate(panel.names):
            if not abs(arrays["all_off"][mine[0], concept]) > plan.smallest:
                continue
            single = alone[mine, concept]
            claimed = single & (arrays["claim"][mine, concept] > 0)
            pool = claimed if claimed.any() else np.ones(len(mine), dtype=bool)
            most = np.abs(np.nan_to_num(arrays["effect"][mine, : len(ABLATIONS), concept])).max(1)
            size = np.where(pool, most, -1.0)
            case = _Case(labels, effects, panel, plan, int(mine[size.argmax()]), concept)
            none = bool(refuted[mine, concept].all())
            verdict = "present" if claimed.any() else "absent" if none else "undetermined"
            yield _finding(case, f"a single unit of {site} carries {name}", verdict, _carried(case, verdict))


def not_carrying(arrays: Mapping[str, Array], twinned: Sequence[int], *, plan: Plan) -> Array:
    """Which units are shown not to carry which concepts, (units, concepts).

    A concept with a twin is refuted by both, and speaks neither of its own size nor against the selectivity of others.
    """
    from scipy.stats import t

    count = len(ABLATIONS)
    effect, low, high = (np.nan_to_num(arrays[name][:, :count]) for name in ("effect", "low", "high"))
    exact = np.ones(effect.shape[2], dtype=bool)
    exact[list(twinned)] = False
    each, df = 1 - plan.level, plan.images - 1
    wider = t.isf(each / (2 * effect.size), df) / t.isf(each / 2, df)  # Bonferroni: all of them hold together
    half = (high - low) / 2 * wider
    least, most = np.maximum(np.abs(effect) - half, 0.0) * exact, np.abs(effect) + half
    unselective = most * (1 - SELECTIVE) < SELECTIVE * (least.sum(2, keepdims=True) - least)
    moved = ABLATIONS.index("resample")
    absent = (arrays["verdict"][:, moved] < 0) & (exact | (arrays["twin_verdict"][:, moved] < 0))
    found: Array = absent | (unselective.any(1) & exact) | (least[:, moved] > FARTHEST)
    return found


def _carried(case: _Case, verdict: str) -> str:
    unit, _ = case.words
    part = case.at("effect", ABLATIONS.index("zero")) / case.at("all_off")
    share = f"selectivity {case.at('selectivity'):.2f}, specificity {case.at('specificity'):.2g}"
    share += f", at zero {part:.0%} of what all units do"
    if verdict != "present":
        rest = f"Directions or sets of units may. {_others(case)}"
        return f"No single unit stands out: the strongest, {unit}, has {share}. {rest}"
    return f"{unit}: {share}. {_others(case)}"


def _others(case: _Case) -> str:
    """What the other interventions said, and how far they lie from what the network does."""
    parts = []
    for place, name in enumerate(INTERVENTIONS):
        verdict, away = IN_WORDS[int(case.at("verdict", place))], case.effects.arrays["off_manifold"][case.unit, place]
        parts.append(f"{name} {case.at('effect', place):.3g} {verdict} (farther out than {away:.0%} of natural ones)")
    agreed = "" if case.at("agreement") else " The ablations disagree."
    return "; ".join(parts) + "." + agreed


def _finding(case: _Case, claim: str, verdict: str, note: str) -> Finding:
    """p is the largest over the ablations, of what the verdict says; the interval is that of setting to zero."""
    plan, (unit, concept) = case.plan, case.words
    which = "p_absent" if verdict == "absent" else "p"
    p = max(case.at(which, place) for place in range(len(ABLATIONS)))
    controls = int(case.effects.arrays["controls"][case.unit])
    unit_of = "standard deviations of the concept"
    return Finding(
        claim=claim,
        estimand=f"mean paired change of {concept}, in {unit_of} over natural samples",
        population=f"latents of the prior, seed {plan.seed}, samples {plan.causal.start} to {plan.causal.stop - 1}",
        replication="latent",
        treatment=f"{unit} set to zero; also to its mean and to what it was in another sample",
        positive_control=Measurement(
            "all units of the site off", case.at("all_off"), plan.images, "mean paired change", "neither", unit=unit_of
        ),
        negative_control=Measurement(
            "median size of the effects of matched units",
            case.at("matched_effect"),
            controls,
            "mean paired change",
            "neither",
            unit=unit_of,
        ),
        smallest_effect=plan.smallest,
        family=_family(case),
        effect=case.at("effect", 0),
        interval=_interval(case),
        p=p,
        verdict=verdict,
        arrays=_kept(case),
        note=note + _shuffled(case.panel),
        provenance=case.effects.provenance,
    )


def _shuffled(panel: Panel) -> str:
    return "" if panel.shuffle is None else f" Labels were shuffled (seed {panel.shuffle}): this cannot be true."


def _family(case: _Case) -> str:
    twins = f" and {len(case.panel.twinned)} twins" if case.panel.twinned else ""
    return (
        f"{len(case.effects.units)} units x {len(INTERVENTIONS)} interventions x {len(case.panel.names)} concepts"
        f"{twins}, Benjamini-Hochberg"
    )


def _interval(case: _Case) -> Interval:
    return Interval(case.at("low", 0), case.at("high", 0), case.plan.level, "t")


def _kept(case: _Case) -> Mapping[str, Array]:
    """On-target and all off-target effects, (interventions, concepts)."""
    return {name: case.effects.arrays[name][case.unit] for name in ("effect", "low", "high", "verdict")}
