"""What credits come to, as findings: do they foretell ablation, and do the most punished units spoil the samples?

    agreement(told)                                # told = credit(gan): correlation over units, beside random units
    punished(gan, told)                            # the most punished of one site off together, beside random sets

A credit is a first-order forecast. Both are measured on samples that the credits were not taken from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from ganatomy.errors import UsageError
from ganatomy.explain.critic.credit.ablated import BASELINES, ablated_sets
from ganatomy.explain.critic.credit.credit import DEFAULT, CreditPlan, habits_of
from ganatomy.explain.generator.matching import sets_apart
from ganatomy.explain.generator.sites import named_sites
from ganatomy.explain.passes import draws
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.effects import Effect, mean_effect
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.numerics.statistics.permutation import against_controls
from ganatomy.results.explanation import Explanation
from ganatomy.results.finding import Finding
from ganatomy.results.measurement import Measurement
from ganatomy.results.provenance import Provenance
from ganatomy.results.record import Array

SMALLEST = 0.3  # a correlation below this is no forecast
SDS = "standard deviations of the score"


def agreement(told: Explanation, *, baseline: str = "zero", level: float = 0.95) -> Finding:
    """Pearson's correlation, over the units drawn at random, of the forecast -credit and the measured change."""
    at = _place(baseline)
    forecast, change = -np.asarray(told.arrays["credit"])[:, at], np.asarray(told.arrays["change"])[:, at]
    random, checked = np.asarray(told.arrays["random"]), np.isfinite(change)
    if int(random.sum()) < 5:
        raise UsageError(f"{int(random.sum())} random units were checked", "check 5 or more: CreditPlan(checked=)")
    value, bounds = correlation(forecast[random], change[random], level=level)
    every, _ = correlation(forecast[checked], change[checked], level=level)
    shuffled = np.random.Generator(np.random.Philox(key=[0, 0])).permutation(change[random])
    chance, _ = correlation(forecast[random], shuffled, level=level)
    n = int(random.sum())
    verdict = "present" if bounds.low > SMALLEST else "absent" if bounds.high < SMALLEST else "undetermined"
    follows = np.asarray(told.arrays["follows"])[random, at]
    miss = np.abs(forecast[random] - change[random]).mean() / max(float(np.abs(change[random]).mean()), 1e-300)
    return Finding(
        claim="the critic's gradient foretells what ablating a unit of the generator does to the score",
        estimand=f"correlation over units of minus the credit against {baseline} with the change when set to it",
        population=f"{n} units drawn at random among {len(told.units)}",
        replication="unit",
        treatment=f"unit set to {'its mean map' if baseline == 'mean' else 'zero'}",
        positive_control=Measurement("over all units checked", every, int(checked.sum()), "Pearson", "high"),
        negative_control=Measurement("with the changes in another order", chance, n, "Pearson", "neither"),
        smallest_effect=SMALLEST,
        family="one test",
        effect=value,
        interval=bounds,
        p=_p(value, n, verdict),
        verdict=verdict,
        arrays={"forecast": forecast, "change": change, "random": random},
        note=f"The mean error of a forecast is {miss:.2g} times the mean size of a change. From sample to sample"
        f" forecast and change of a unit correlate by {np.median(follows):.2f} (median over these units).",
        provenance=told.provenance,
    )


def punished(
    gan: GAN,
    told: Explanation,
    *,
    many: int = 4,
    baseline: str = "zero",
    plan: CreditPlan = DEFAULT,
    controls: int = 39,
) -> Finding:
    """The most punished units, of the site where they are worst, off together: the score should rise."""
    at = _place(baseline)
    credits = torch.from_numpy(np.array(told.arrays["credit"][:, at]))
    sites = [unit.rpartition(":")[0] for unit in told.units]
    names, chosen = _worst(credits.tolist(), sites, many)
    (place,) = named_sites(gan, next(draws(gan, 2, seed=plan.seed)), [names])
    (habit,), spread = habits_of(gan, [place], plan)
    apart = sets_apart(chosen, habit.size, controls, stream=Stream(plan.seed, "credit/sets"))
    judging = range(plan.n, 2 * plan.n)
    rows = ablated_sets(
        gan, place.site, habit.mean, [chosen, *apart.sets], seed=plan.seed, indices=judging, zero=baseline == "zero"
    )
    changes = torch.cat(list(rows)) / spread
    found = mean_effect(changes[:, 0], smallest=plan.smallest, level=plan.level)
    rank = against_controls(found.value, changes[:, 1:].mean(0))
    verdict, p = _rises(found)
    named, own = ", ".join(f"{names}:{unit}" for unit in chosen), [sites.index(names) + unit for unit in chosen]
    forecast = -float(credits[own].sum())
    return Finding(
        claim=f"what the critic's gradient punishes most, {named}, makes samples less real to it",
        estimand=f"mean paired change of the score, in {SDS} over samples",
        population=f"samples {judging.start} to {judging.stop - 1} of seed {plan.seed}",
        replication="latent",
        treatment=f"all set to {'their mean maps' if baseline == 'mean' else 'zero'} together",
        positive_control=Measurement(
            "what the credits foretell", forecast, plan.n, "sum of credits", "neither", unit=SDS
        ),
        negative_control=Measurement(
            "mean change of the random sets",
            float(changes[:, 1:].mean()),
            len(apart.sets),
            "mean paired change",
            "neither",
            unit=SDS,
        ),
        smallest_effect=plan.smallest,
        family="one set",
        effect=found.value,
        interval=found.interval,
        p=p,
        verdict=verdict,
        arrays={"units": np.array(chosen), "random": changes[:, 1:].mean(0).numpy()},
        note=f"Random sets are matched by {apart.how}; as large a rise among {len(apart.sets)}: p {rank.p:.2g}.",
        provenance=Provenance.here(seed=plan.seed, digests={"gan": gan.digest()}),
    )


def _rises(effect: Effect) -> tuple[str, float]:
    """Is the mean above the smallest effect of interest (present), or surely not (absent)? p is of what is said."""
    from scipy.special import stdtr

    if not 0 < effect.error < math.inf:
        if effect.error or 2.0**-effect.n > 1 - effect.interval.level:
            return "undetermined", 1.0
        return ("present" if effect.value > effect.smallest else "absent"), 2.0**-effect.n
    away = (effect.value - effect.smallest) / effect.error
    below, above = (float(stdtr(effect.df, side * away)) for side in (1, -1))
    alpha = 1 - effect.interval.level
    if below <= alpha:
        return "absent", below
    return ("present" if above <= alpha else "undetermined"), above


def correlation(x: Array, y: Array, *, level: float) -> tuple[float, Interval]:
    """Pearson's r with Fisher's interval; nothing is known of what does not vary."""
    from scipy.special import ndtri

    if len(x) < 4 or min(float(np.std(x)), float(np.std(y))) < 1e-12:
        return 0.0, Interval(-1.0, 1.0, level, "none: no spread")
    r = float(np.clip(np.corrcoef(x, y)[0, 1], -1, 1))
    z = math.atanh(min(max(r, -1 + 1e-15), 1 - 1e-15))
    half = float(ndtri(0.5 + level / 2)) / math.sqrt(len(x) - 3)
    return r, Interval(min(math.tanh(z - half), r), max(math.tanh(z + half), r), level, "Fisher z")


def _p(value: float, n: int, verdict: str) -> float:
    """One-sided: that the correlation is SMALLEST or less, or, where absent is claimed, more."""
    from scipy.special import ndtr

    at = math.atanh(min(max(value, -1 + 1e-15), 1 - 1e-15)) - math.atanh(SMALLEST)
    above = float(ndtr(-at * math.sqrt(max(n - 3, 1))))
    return 1 - above if verdict == "absent" else above


def _place(baseline: str) -> int:
    if baseline not in BASELINES:
        raise UsageError(f"the baseline {baseline!r} was asked for", f"legal are: {', '.join(BASELINES)}")
    return BASELINES.index(baseline)


def _worst(credits: Sequence[float], sites: Sequence[str], many: int) -> tuple[str, tuple[int, ...]]:
    """Of the site whose most punished units have the lowest sum: at most a third of its units, all below 0."""
    best: tuple[float, str, tuple[int, ...]] | None = None
    for site in dict.fromkeys(sites):
        own = [credit for credit, each in zip(credits, sites, strict=True) if each == site]
        order = sorted(range(len(own)), key=lambda unit: own[unit])[: max(1, min(many, len(own) // 3))]
        units = tuple(unit for unit in order if own[unit] < 0)
        total = sum(own[unit] for unit in units)
        if units and (best is None or total < best[0]):
            best = (total, site, units)
    if best is None:
        raise UsageError("no unit has a credit below 0", "nothing is punished: look at the rewarded ones")
    return best[1], best[2]
