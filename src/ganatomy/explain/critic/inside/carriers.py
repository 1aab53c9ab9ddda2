"""What removal comes to, as findings: who carries the verdict, who only looks as if, and sets of units.

    concluded(told, separation)                       # told = removal(...), separation = unit_separation(...)
    removed_set(gan, held_out, "down1.act", (3, 7))   # a Finding: does the gap need these units together?

A unit that tells real from generated perfectly may be read by nobody: then its removal leaves the gap as it was, and
the finding says absent. Two units that stand in for each other are each absent and together present: remove sets.
A unit without which the gap is wider is said to work against the verdict, with the gap as it is and without the unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError
from ganatomy.explain.critic.inside.layers import critic_places
from ganatomy.explain.critic.inside.removal import DEFAULT, GAP, MOVED, RemovalPlan, case_of, claimed, moved
from ganatomy.explain.critic.inside.removing import WAYS, Cut, levels_of
from ganatomy.explain.critic.inside.verdicts import WORDS
from ganatomy.explain.generator.matching import sets_apart
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.numerics.statistics.permutation import against_controls
from ganatomy.results.explanation import Explanation
from ganatomy.results.finding import Finding
from ganatomy.results.measurement import Measurement
from ganatomy.results.provenance import Provenance
from ganatomy.results.record import Array
from ganatomy.tracing.site import Site

STRONGEST = 8
MEASURED_IN = "standard deviations of the score"
ESTIMAND = f"mean change of the score's gap between real and generated pictures, in {MEASURED_IN} within the sorts"
TREATMENT = "set to the mean over real and generated pictures; also to zero, and to what it was in another picture"


def concluded(
    told: Explanation, separation: Explanation | None = None, *, many: int = STRONGEST, level: float = 0.95
) -> tuple[Finding, ...]:
    """The units that change the gap most; then those that separate best of the ones it does not hang on."""
    claim, effect = np.asarray(told.arrays["claim"])[:, GAP], np.asarray(told.arrays["effect"])[:, 0, GAP]
    present = [at for at in np.argsort(-np.abs(effect), kind="stable").tolist() if claim[at] > 0][:many]
    found = [_finding(told, at, note=_others(told, at), level=level) for at in present]
    return (*found, *([] if separation is None else _unused(told, separation, many=many, level=level)))


def _unused(told: Explanation, separation: Explanation, *, many: int, level: float) -> Iterator[Finding]:
    if separation.units != told.units:
        raise UsageError(
            "the separation and the removal are of other units",
            "make both at the same sites, as unit_separation(sites=)",
        )
    area, apart = (np.asarray(separation.arrays[name])[:, 0] for name in ("area", "verdict"))
    wrong = (apart > 0) & (np.asarray(told.arrays["claim"])[:, GAP] < 0)
    for at in np.argsort(-np.abs(area - 0.5), kind="stable").tolist():
        if wrong[at] and many > 0:
            many -= 1
            note = f"It tells real from generated (area {area[at]:.2f}), but the verdict does not hang on it. "
            yield _finding(told, at, note=note + _others(told, at), level=level)


def _finding(told: Explanation, at: int, *, note: str, level: float) -> Finding:
    """p is the largest over the ways, of what the verdict says."""
    arrays, unit = told.arrays, told.units[at]
    code = int(arrays["claim"][at, GAP])
    which = "p_absent" if code < 0 else "p"
    low, high = (float(arrays[name][at, 0, GAP]) for name in ("low", "high"))
    return Finding(
        claim=_claim(
            f"unit {unit}",
            code,
            gap=float(arrays["gap"][at]),
            effect=float(arrays["effect"][at, 0, GAP]),
            share=float(arrays["share"][at, 0]),
        ),
        estimand=ESTIMAND,
        population=f"{int(arrays['n'][at])} pairs of a real and a generated picture",
        replication="pair of pictures",
        treatment=f"{unit} {TREATMENT}",
        positive_control=_control(
            "change with all units of the layer at their means", float(arrays["layer"][at]), at, told
        ),
        negative_control=_control(
            "median size of the effects of units of like activation", float(arrays["matched"][at]), at, told
        ),
        smallest_effect=_smallest(told),
        family=f"{len(told.units)} units x {len(WAYS)} ways x {len(MOVED)} readings, Benjamini-Hochberg",
        effect=float(arrays["effect"][at, 0, GAP]),
        interval=Interval(low, high, level, "t"),
        p=float(np.max(arrays[which][at, :, GAP])),
        verdict=WORDS[code],
        arrays={name: arrays[name][at] for name in ("effect", "low", "high", "verdict", "share")},
        note=note,
        provenance=told.provenance,
    )


def _claim(named: str, code: int, *, gap: float, effect: float, share: float) -> str:
    """A share below 0, of a change that all ways find: without the units the sorts lie further apart."""
    if code > 0 and share < 0:
        widened = f"the gap, real less generated, is {gap:+.3g} with it and {gap + effect:+.3g} without it"
        return f"{named} works against the critic's verdict ({widened}, in {MEASURED_IN})"
    return f"the critic's verdict hangs on {named}"


def _control(name: str, value: float, at: int, told: Explanation) -> Measurement:
    value = 0.0 if np.isnan(value) else value
    return Measurement(name, value, int(told.arrays["n"][at]), "mean paired change", "neither", unit=MEASURED_IN)


def _smallest(told: Explanation) -> float:
    return float(told.arrays["smallest"][0])


def _others(told: Explanation, at: int) -> str:
    arrays = told.arrays
    ways = [
        f"{way} {arrays['effect'][at, place, GAP]:+.3g} {WORDS[int(arrays['verdict'][at, place, GAP])]}"
        for place, way in enumerate(WAYS)
    ]
    share, low, high = (float(arrays[name][at, 0]) for name in ("share", "share_low", "share_high"))
    many, rank = int(arrays["controls"][at]), float(arrays["specificity"][at])
    return (
        f"{', '.join(ways)}; {share:.0%} of the gap goes with it [{low:.0%}, {high:.0%}];"
        f" as large an effect among {many} units of like activation: p {rank:.2g}."
    )


def removed_set(
    gan: GAN,
    real: Dataset,
    site: str | Site,
    units: Sequence[int],
    *,
    plan: RemovalPlan = DEFAULT,
    controls: int = 39,
) -> Finding:
    """Beside random sets of the site, of the same size and activation, and beside the whole layer."""
    (place,) = critic_places(gan, [site])
    chosen = tuple(units)
    if not chosen or len(set(chosen)) < len(chosen) or not all(0 <= unit < place.channels for unit in chosen):
        raise UsageError(
            f"the set {chosen} of '{site}' was given", f"give different units from 0 to {place.channels - 1}"
        )
    case = case_of(gan, real, plan)
    (level,) = levels_of(gan, [place], case.pairs)
    apart = sets_apart(chosen, level.size, controls, stream=Stream(plan.seed, "critic/removal/sets"))
    found = moved(Cut(gan, place, level), case, [chosen, range(place.channels), *apart.sets])
    table = found.mean.reshape(2 + len(apart.sets), len(WAYS), -1)[:, :, GAP]
    arrays = _own(claimed([found], case, plan, rows=1))
    rank = against_controls(abs(float(table[0, 0])), table[2:, 0].abs())
    code = int(arrays["claim"][GAP])
    named = ", ".join(f"{place.site}:{unit}" for unit in chosen)

    def beside(name: str, value: float) -> Measurement:
        return Measurement(name, value, case.n, "mean paired change", "neither", unit=MEASURED_IN)

    return Finding(
        claim=_claim(
            f"{'unit' if len(chosen) == 1 else 'the set of units'} {named}",
            code,
            gap=float(case.gap.mean),
            effect=float(arrays["effect"][0, GAP]),
            share=float(arrays["share"][0]),
        ),
        estimand=ESTIMAND,
        population=f"{case.n} pairs of a real and a generated picture",
        replication="pair of pictures",
        treatment=f"{named} {TREATMENT}",
        positive_control=beside("change with all units of the layer at their means", float(table[1, 0])),
        negative_control=beside("mean size of the change of the random sets", float(table[2:, 0].abs().mean())),
        smallest_effect=plan.smallest,
        family=f"one set, {len(WAYS)} ways x {len(MOVED)} readings, Benjamini-Hochberg",
        effect=float(arrays["effect"][0, GAP]),
        interval=Interval(float(arrays["low"][0, GAP]), float(arrays["high"][0, GAP]), plan.level, "t"),
        p=float(arrays["p_absent" if code < 0 else "p"][:, GAP].max()),
        verdict=WORDS[code],
        arrays={**arrays, "units": np.array(chosen), "random": table[2:].numpy()},
        note=f"{float(arrays['share'][0]):.0%} of the gap goes with the set. Random sets are matched by {apart.how};"
        f" as large an effect among {len(apart.sets)} of them: p {rank.p:.2g} (at least {rank.floor:.2g}).",
        provenance=Provenance.here(seed=plan.seed, digests={"gan": gan.digest()}),
    )


def _own(arrays: dict[str, torch.Tensor]) -> dict[str, Array]:
    return {name: values[0].numpy() for name, values in arrays.items()}
