"""Units that go with low realism, and whether samples come closer to the data without them.

    ranking, finding = artifact_units(gan, "up1.act", real, seed=0)
    ranking.arrays["neighbours"], ranking.arrays["p"]      # correlation with unrealism, on samples that did not rank
    ranking.arrays["neighbours_low"]                       # and _high: its 95 % interval, by Fisher's z
    finding.effect, finding.verdict                        # change of the Fréchet distance when the set is removed

Unrealism of a sample is the logarithm of its mean distance to the nearest real samples in a feature space, and minus
the critic's score where there is a critic. Units are ranked on one sample of latents, where the best first few of them
are chosen by the Fréchet distance, and judged on another with other real data. Both distances of a change come from
the same latents, as many, so that their bias cancels; the verdict needs the change to beat those of random sets.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError, choose
from ganatomy.explain.generator.concept_at import ABLATIONS, Latents
from ganatomy.explain.generator.matching import Apart, comparable, require_others, sets_apart
from ganatomy.explain.generator.removal import Removal, removed
from ganatomy.explain.generator.sites import SiteShape, named_sites
from ganatomy.explain.generator.tally import Counting, Tally
from ganatomy.explain.passes import Progress, made
from ganatomy.features.space import FeatureSpace, pixels, random_convolution
from ganatomy.models.gan import GAN
from ganatomy.numerics.distances import frechet_floor, neighbours
from ganatomy.numerics.random import Stream
from ganatomy.numerics.running import Covariance, Moments, rows
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.numerics.statistics.multiplicity import benjamini_hochberg, holm
from ganatomy.numerics.statistics.permutation import Permuted, against_controls
from ganatomy.results.explanation import Explanation
from ganatomy.results.finding import Finding
from ganatomy.results.measurement import Measurement
from ganatomy.results.provenance import Provenance
from ganatomy.tracing.site import Site
from ganatomy.tracing.trace import watch

LEVEL = 0.05
FEW = 3.0  # times the floor: samples that are hardly farther from the data than real ones
SPARE = 0.1  # of the gain may be given up for a smaller set
READINGS = ("neighbours", "critic")  # of unrealism, in the order of the rows of a correlation
SMALLEST = 0.05  # of the distance as it is, or its floor: the smallest change of interest unless one is given


@dataclass(frozen=True)
class ArtifactPlan:
    """`rank` latents to rank on, the next `judge` to judge on, `real` samples for each; sets of up to `size` units.

    `places`: so many are judged as one family, and need that many more random sets for a claim.
    `smallest`: a change of the squared distance; None for SMALLEST of the distance as it is, at least its floor.
    """

    size: int = 4
    rank: int = 512
    judge: int = 512
    real: int = 512
    controls: int = 39
    nearest: int = 5
    smallest: float | None = None
    ablate: str = "zero"
    places: int = 1

    @property
    def needed(self) -> int:
        """Random sets that a claim needs: with fewer p cannot be small enough."""
        return min(self.controls, round(self.places / LEVEL) - 1)

    @property
    def pictures(self) -> int:
        """That are made at most."""
        return self.rank * (self.size + 2) + self.judge * (self.controls + 4)


@dataclass(frozen=True, eq=False)
class _Ranked:
    """Correlations (readings, channels) of presence with unrealism, and the moments of the activation."""

    correlation: Tensor
    moments: Moments
    mass: Tensor
    n: int


def artifact_units(
    gan: GAN,
    site: str | Site,
    real: Dataset,
    *,
    seed: int,
    space: FeatureSpace | None = None,
    plan: ArtifactPlan | None = None,
    progress: Progress | None = None,
) -> tuple[Explanation, Finding]:
    """The ranking of all units, and the finding about the first few. `space`: random convolutions unless one is given.

    Presence of a unit in a sample is the mean of its map.
    """
    plan = plan or ArtifactPlan()
    off = choose(ABLATIONS, plan.ablate, "way to ablate")
    space = space or (random_convolution if gan.format.kind == "picture" else pixels)(gan.format)
    first, second = _real_features(gan, real, space, plan.real)
    rank = Latents(seed, range(plan.rank))
    judge = Latents(seed, range(plan.rank, plan.rank + plan.judge))
    (place,) = named_sites(gan, next(rank.draws(gan)), [site])
    require_others(place.site, plan.size, place.channels, upto="up to ")
    counted = Counting(progress, plan.pictures)
    ranked = _ranked(gan, place, rank, space=space, real=first, nearest=plan.nearest, tally=counted)
    checked = _ranked(gan, place, judge, space=space, real=second, nearest=plan.nearest, tally=counted)
    order = ranked.correlation.mean(0).argsort(descending=True, stable=True).tolist()
    level = off(ranked.moments).float()
    removal = Removal(gan, str(place.site), level, space, Covariance.of(first), counted)
    prefixes = comparable([tuple(order[: size + 1]) for size in range(plan.size)], place.channels, plan.needed)
    chosen = _fewest(prefixes, removed(removal, prefixes, rank).changes)
    provenance = Provenance.here(seed=seed, digests={"gan": gan.digest(), "data": real.fingerprint, "space": space.id})
    ranking = _ranking(place, ranked, checked, provenance=provenance)
    removal = replace(removal, real=Covariance.of(second))
    finding = _judged(removal, chosen, ranked.mass, latents=judge, plan=plan, provenance=provenance)
    counted.finish(plan.pictures)
    return ranking, finding


def _fewest(prefixes: list[tuple[int, ...]], changes: Sequence[float]) -> tuple[int, ...]:
    """The first prefix that does nearly as well as the best; the first unit where none brings the samples closer."""
    enough = (1 - SPARE) * min(changes)
    return next((units for units, change in zip(prefixes, changes, strict=True) if change <= enough < 0), prefixes[0])


def _real_features(gan: GAN, real: Dataset, space: FeatureSpace, n: int) -> tuple[Tensor, Tensor]:
    """Two disjoint tables, to rank and to judge with."""
    if real.size < 2 * n:
        raise UsageError(
            f"two times {n} real samples were asked of {real.name!r}, which has {real.size}", "lower the plan's `real`"
        )
    ready = real.in_format(gan.format)
    low, high = (space(ready.read(range(start, start + n)), gan.format) for start in (0, n))
    return low, high


def _ranked(
    gan: GAN,
    place: SiteShape,
    latents: Latents,
    *,
    space: FeatureSpace,
    real: Tensor,
    nearest: int,
    tally: Tally,
) -> _Ranked:
    """One pass: the covariance of presence and unrealism does not grow with the number of latents."""
    joint: Covariance | None = None
    moments, sizes = None, None
    for draw in latents.draws(gan):
        with watch(gan.generator, [place.site]) as trace:
            samples = made(gan.generator, draw)
        maps = trace[place.site].float().cpu()
        distance = neighbours(space(samples, gan.format), real, nearest)[0].mean(1)
        unreal = [distance.clamp(min=1e-12).log()]
        if gan.critic is not None:
            unreal.append(-gan.realness(samples, draw.labels).double().cpu())
        presence = maps.reshape(len(maps), place.channels, -1).mean(2).double()
        here = Covariance.of(torch.cat([presence, torch.stack(unreal, dim=1)], dim=1))
        joint = here if joint is None else joint + here
        flat = rows(maps)
        tally(len(draw))
        values, size = Moments.of(flat), Moments.of(flat.abs())
        moments, sizes = (values, size) if moments is None or sizes is None else (moments + values, sizes + size)
    assert joint is not None
    assert moments is not None
    assert sizes is not None
    sd = joint.matrix().diagonal().clamp(min=0).sqrt()
    table = joint.matrix()[place.channels :, : place.channels]
    scale = sd[place.channels :, None] * sd[None, : place.channels]
    correlation = torch.where(scale > 1e-12, table / scale.clamp(min=1e-300), torch.zeros_like(table))
    return _Ranked(correlation.clamp(-1, 1), moments, sizes.mean, joint.n)


def _ranking(place: SiteShape, ranked: _Ranked, checked: _Ranked, *, provenance: Provenance) -> Explanation:
    """p: one-sided, by Fisher's z on the second sample, all units and readings one family; the smallest of a unit."""
    from scipy.special import ndtr, ndtri

    angle, error = checked.correlation.clamp(-1 + 1e-12, 1 - 1e-12).atanh(), 1 / math.sqrt(checked.n - 3)
    p = benjamini_hochberg(torch.from_numpy(ndtr(-angle.numpy() / error)).flatten()).reshape(angle.shape)
    half = float(ndtri(1 - LEVEL / 2)) * error
    arrays = {"rank_correlation": ranked.correlation.mean(0), "p": p.amin(0)}
    for name, own, values, at in zip(READINGS, p, checked.correlation, angle, strict=False):
        arrays |= {
            name: values,
            f"{name}_low": (at - half).tanh(),
            f"{name}_high": (at + half).tanh(),
            f"{name}_p": own,
        }
    found = int((arrays["p"] <= LEVEL).sum())
    readings = "distance to real samples" + (" and critic's score" if "critic" in arrays else "")
    return Explanation(
        "artifact units",
        provenance.digests["gan"],
        str(place.site),
        tuple(f"{place.site}:{unit}" for unit in range(place.channels)),
        {name: values.numpy() for name, values in arrays.items()},
        note=f"Unrealism by {readings}; {found} of {place.channels} units go with it on {checked.n} samples that did"
        f" not rank them (Benjamini-Hochberg, {LEVEL:.0%}). Going with it is not causing it.",
        provenance=provenance,
    )


def _judged(
    removal: Removal,
    chosen: Sequence[int],
    mass: Tensor,
    *,
    latents: Latents,
    plan: ArtifactPlan,
    provenance: Provenance,
) -> Finding:
    controls = sets_apart(
        chosen, mass, plan.controls, stream=Stream(latents.seed, "artifacts/controls"), least=plan.needed
    )
    every = tuple(range(len(mass)))
    found = removed(removal, [chosen, every, *controls.sets], latents)
    own, everything, *others = found.changes
    band = torch.tensor(others, dtype=torch.float64)
    special = against_controls(own, band, alternative="less")
    named = ", ".join(f"{removal.site}:{unit}" for unit in chosen)
    floor = _floor(removal, len(latents.indices), plan.real)
    smallest = max(SMALLEST * found.before, floor) if plan.smallest is None else plan.smallest

    def told(name: str, value: float, n: int) -> Measurement:
        return Measurement(name, value, n, "paired difference of squared distances", "low", space=removal.space.id)

    return Finding(
        claim=f"removing {named} brings the samples closer to the data",
        estimand=f"change of the squared Fréchet distance ({found.before:.4g} as it is, floor {floor:.3g})",
        population=f"latents of the prior, seed {latents.seed}, {latents.indices.start} to {latents.indices.stop - 1}",
        replication="latent",
        treatment=f"ablate {named} to {plan.ablate}",
        positive_control=told("change with all units of the site ablated", everything, len(latents.indices)),
        negative_control=told("mean change of the random sets", float(band.mean()), len(band)),
        smallest_effect=smallest,
        family="one set",
        effect=own,
        interval=found.interval,
        p=special.p,
        verdict=_verdict(found.interval, special, smallest),
        arrays={"units": torch.tensor(list(chosen)).numpy(), "controls": band.numpy()},
        note=_note(controls, special, found.before, floor, given=plan.smallest, places=plan.places),
        provenance=provenance,
    )


def _verdict(interval: Interval, special: Permuted, smallest: float) -> str:
    """Present: lower by more than `smallest`, and by more than random sets. Absent: not lower by as much."""
    if interval.low > -smallest:
        return "absent"
    return "present" if interval.high < -smallest and special.p <= LEVEL else "undetermined"


def corrected(found: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings of several places at once: p by Holm, and present only where it still is at most LEVEL."""
    if len(found) < 2:
        return tuple(found)
    return tuple(
        replace(
            each,
            p=p,
            verdict="undetermined" if each.verdict == "present" and p > LEVEL * (1 + 1e-9) else each.verdict,
            family=f"{len(found)} places, Holm",
        )
        for each, p in zip(found, holm([one.p for one in found]).tolist(), strict=True)
    )


def _floor(removal: Removal, n: int, m: int) -> float:
    """What two samples of the real law would measure."""
    return frechet_floor(torch.linalg.eigvalsh(removal.real.matrix()), n, m)


def _note(controls: Apart, special: Permuted, before: float, floor: float, *, given: float | None, places: int) -> str:
    said = [f"Against {len(controls.sets)} random sets of the same {controls.how}: p = {special.p:.3g}."]
    if given is None:
        share, noise = (
            f"{SMALLEST:.0%} of the distance as it is ({before:.4g})",
            f"the floor of the distance ({floor:.3g})",
        )
        larger = share if SMALLEST * before >= floor else f"{noise}, which is more than {share}"
        said.append(f"The smallest change of interest is {larger}.")
    if special.floor > LEVEL / places + 1e-9:
        said.append(f"So few sets cannot give less than {special.floor:.3g}: no claim that it helps is possible.")
    if before <= FEW * floor:
        said.append("The samples are hardly farther from the data than real ones would be: there is little to gain.")
    return " ".join(said)
