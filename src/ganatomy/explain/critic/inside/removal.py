"""What happens to a critic's verdict when units of it, or whole layers, are removed: paired by picture.

    told = removal(gan, held_out, plan=RemovalPlan(n=256))
    told.units, told.arrays["effect"]         # ("down1.act:0", ...), (units, WAYS, MOVED), in sd of the score
    told.arrays["claim"]                      # (units, MOVED): 1 if all ways say present to one side, -1 all absent
    told.arrays["share"][:, 0]                # of the gap that goes with the unit, set to its mean; with its interval
    layers = layer_removal(gan, held_out)     # one row a layer, all its units removed

MOVED: the score of real pictures, of generated ones, the gap between the two (real less generated), and the size of the
change of a picture's score whatever its sign. A critic needs the gap; a unit that moves scores but not the gap does not
carry the verdict. Effects are in standard deviations of the score within the sorts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError, UsageError
from ganatomy.explain.critic.inside.layers import critic_places
from ganatomy.explain.critic.inside.removing import WAYS, Cut, Pairs, levels_of
from ganatomy.explain.critic.inside.tally import Tally
from ganatomy.explain.critic.inside.verdicts import agreed, family
from ganatomy.explain.critic.lots import Lot, fakes, groups_of, reals, scored, worded
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.explain.generator.controls import specificity
from ganatomy.explain.generator.effects import means_of
from ganatomy.explain.generator.labelling import unit_names
from ganatomy.explain.latent.explained import explained
from ganatomy.explain.passes import Progress
from ganatomy.models.gan import GAN
from ganatomy.numerics.running import Moments
from ganatomy.numerics.statistics.interval import t_interval
from ganatomy.results.explanation import Explanation
from ganatomy.tracing.site import Site

MOVED = ("real", "generated", "gap", "size")
KEPT = len(MOVED) + 1  # and the gap that is left
GAP = MOVED.index("gap")
FEWEST = 25
FIRM = 4  # standard errors that the gap must be away from 0 for shares of it


@dataclass(frozen=True)
class RemovalPlan:
    """n pictures of each sort at most; smallest: effect of interest, in standard deviations of the score."""

    n: int = 256
    seed: int = 0
    smallest: float = 0.1
    level: float = 0.95

    def __post_init__(self) -> None:
        if self.n < FEWEST or not self.smallest > 0:
            raise UsageError(
                f"removal on {self.n} pictures of a sort, down to effects of {self.smallest:g}, was planned",
                f"take {FEWEST} pictures or more, and a smallest effect above 0",
            )


@dataclass(frozen=True, eq=False)
class Case:
    """n pictures in pairs, one real and one generated, what they score, and in what effects are measured.

    groups: of the real ones, (n,); moments count them where there are any.
    """

    pairs: Pairs
    gap: Moments
    spread: float
    n: int
    groups: Tensor | None = None


DEFAULT = RemovalPlan()


def removal(
    gan: GAN,
    real: Dataset,
    *,
    plan: RemovalPlan = DEFAULT,
    sites: Sequence[str | Site] | None = None,
    progress: Progress | None = None,
) -> Explanation:
    """Every unit alone."""
    case, places = case_of(gan, real, plan), critic_places(gan, sites)
    levels = levels_of(gan, places, case.pairs)
    done, total, found = 0, sum(place.channels for place in places), []
    for place, level in zip(places, levels, strict=True):
        found.append(_at_place(Cut(gan, place, level), case))
        done += place.channels
        if progress is not None:
            progress(done, total)
    arrays = claimed(found, case, plan)
    bands = [
        specificity(part[:, 0, GAP : GAP + 1], level.size)
        for part, level in zip(arrays["effect"].split([p.channels for p in places]), levels, strict=True)
    ]
    arrays |= {
        "size": torch.cat([level.size for level in levels]),
        "specificity": torch.cat([b.p for b in bands])[:, 0],
    }
    arrays["matched"] = torch.cat([band.median for band in bands])[:, 0]
    arrays["controls"] = torch.cat([torch.full((len(band.p),), band.controls) for band in bands])
    arrays["layer"] = torch.cat(
        [_layer(Cut(gan, p, v), case).expand(p.channels) for p, v in zip(places, levels, strict=True)]
    )
    return _result(gan, "removal of units", unit_names(places), arrays, case=case, plan=plan)


def layer_removal(
    gan: GAN, real: Dataset, *, plan: RemovalPlan = DEFAULT, sites: Sequence[str | Site] | None = None
) -> Explanation:
    """Every layer as a whole. In a plain chain each is a bottleneck and carries all; a shortcut shows here."""
    case, places = case_of(gan, real, plan), critic_places(gan, sites)
    levels = levels_of(gan, places, case.pairs)
    cuts = [Cut(gan, place, level) for place, level in zip(places, levels, strict=True)]
    found = [moved(cut, case, [range(cut.place.channels)]) for cut in cuts]
    names = tuple(str(place.site) for place in places)
    return _result(gan, "removal of layers", names, claimed(found, case, plan), case=case, plan=plan)


def case_of(gan: GAN, real: Dataset, plan: RemovalPlan) -> Case:
    n = min(plan.n, real.size)
    if n < FEWEST:
        raise UsageError(f"removal on {n} real pictures was asked for", f"give a data set of {FEWEST} or more")
    groups = groups_of(real, n)
    if groups is not None and bool((groups == groups[0]).all()):
        raise UsageError("removal on real pictures of one group was asked for", "give data of two groups or more")

    def pairs() -> Iterator[tuple[Lot, Lot]]:
        return zip(reals(gan, real, n), fakes(gan, n, seed=plan.seed), strict=True)

    scorer = Scorer(gan)
    scores = torch.stack([scored(scorer, (pair[sort] for pair in pairs())) for sort in (0, 1)])
    spread = float(scores.var(1).mean().sqrt()) or float(scores.std())
    if not spread > 1e-12 * float(scores.abs().max()):
        raise InputError("the critic gives all pictures the same score", "give a critic that looks at pictures")
    gap = Tally(groups, n)
    gap.add((scores[0] - scores[1])[:, None] / spread)
    return Case(pairs, gap.moments(), spread, n, groups)


def moved(cut: Cut, case: Case, sets: Sequence[Sequence[int]]) -> Moments:
    """Of sets x WAYS x KEPT."""
    total = Tally(case.groups, case.n)
    for pair in case.pairs():
        started = cut.begin(*pair)
        total.add(_row(cut.sets(started, sets), started.scores, case.spread))
    return total.moments()


def claimed(found: Sequence[Moments], case: Case, plan: RemovalPlan, *, rows: int | None = None) -> dict[str, Tensor]:
    """All rows, or the first ones, with all ways and MOVED, are one family."""
    each_row = len(WAYS) * KEPT
    every = [mean for each in found for mean in means_of(each)][: None if rows is None else rows * each_row]
    shape = (len(every) // each_row, len(WAYS), KEPT)
    means = [mean for at, mean in enumerate(every) if at % KEPT < len(MOVED)]
    arrays = family(means, (*shape[:2], len(MOVED)), smallest=plan.smallest, level=plan.level)
    arrays["claim"] = agreed(arrays["verdict"], _sides(arrays["effect"]), over=1)
    arrays["agreement"] = _agreement(arrays["verdict"], _sides(arrays["effect"]))
    variance = torch.cat([each.variance() for each in found])[: len(every)].reshape(shape)
    return arrays | _share(arrays["effect"][..., GAP], variance[..., GAP], variance[..., -1], case, level=plan.level)


def _sides(effect: Tensor) -> Tensor:
    """Only the gap keeps its sign whatever a unit is set to: set to another level, a score may go either way."""
    sides = torch.ones_like(effect)
    sides[..., GAP] = effect[..., GAP].sign()
    return sides


def _agreement(verdict: Tensor, sides: Tensor) -> Tensor:
    same = (verdict == verdict[:, :1]).all(1)
    return same & ((verdict[:, 0] <= 0) | (sides == sides[:, :1]).all(1))


def _share(effect: Tensor, own: Tensor, left: Tensor, case: Case, *, level: float) -> dict[str, Tensor]:
    """-effect / gap with its error by the delta method: both are means over the same pairs."""
    from scipy.stats import t

    gap, spread = float(case.gap.mean), float(case.gap.variance())
    if abs(gap) < FIRM * (spread / case.gap.n) ** 0.5:  # a share of next to nothing means nothing
        gap = math.nan
    share = -effect / gap
    shared = (left - own - spread) / 2  # covariance of the change and the gap
    error = ((own + share.square() * spread + 2 * share * shared).clamp(min=0) / case.gap.n).sqrt() / abs(gap)
    half = float(t.ppf(0.5 + level / 2, case.gap.n - 1)) * error
    return {"share": share, "share_low": share - half, "share_high": share + half}


def _at_place(cut: Cut, case: Case) -> Moments:
    total = Tally(case.groups, case.n)
    for pair in case.pairs():
        started, rows = cut.begin(*pair), []
        step = cut.together(started)
        for first in range(0, cut.place.channels, step):
            channels = list(range(first, min(first + step, cut.place.channels)))
            rows.append(_row(cut.units(started, channels), started.scores, case.spread))
        total.add(torch.cat(rows, 1))
    return total.moments()


def _layer(cut: Cut, case: Case) -> Tensor:
    """The change of the gap when all units are at their means."""
    return moved(cut, case, [range(cut.place.channels)]).mean[GAP]


def _row(after: Tensor, before: Tensor, spread: float) -> Tensor:
    """Of scores (m, WAYS, 2, k): a row for each pair, (k, m * WAYS * KEPT)."""
    change = (after - before) / spread
    gap = change[:, :, 0] - change[:, :, 1]
    left = (after[:, :, 0] - after[:, :, 1]) / spread
    kept = [change[:, :, 0], change[:, :, 1], gap, change.abs().mean(2), left]
    return torch.stack(kept, 2).permute(3, 0, 1, 2).flatten(1)


def _result(
    gan: GAN, method: str, units: tuple[str, ...], arrays: dict[str, Tensor], *, case: Case, plan: RemovalPlan
) -> Explanation:
    many, gap = len(units), float(case.gap.mean)
    bounds = t_interval(means_of(case.gap)[0], level=plan.level)
    arrays = arrays | {
        "gap": torch.full((many,), gap),
        "gap_low": torch.full((many,), bounds.low),
        "gap_high": torch.full((many,), bounds.high),
        "n": torch.full((many,), case.n),
        "sd": torch.full((many,), case.spread),
        "smallest": torch.full((many,), plan.smallest),
    }
    note = worded(_note(arrays, units, plan), gan.format)
    found = explained(gan, method, Scorer(gan).unit, units=units, arrays=arrays, note=note, seed=plan.seed)
    tiled = {"ways": np.tile(np.array(list(WAYS)), (many, 1)), "moved": np.tile(np.array(MOVED), (many, 1))}
    return replace(found, arrays={**found.arrays, **tiled})


def _note(arrays: dict[str, Tensor], units: Sequence[str], plan: RemovalPlan) -> str:
    gap, low, high = (float(arrays[name][0]) for name in ("gap", "gap_low", "gap_high"))
    claim, effect, share = arrays["claim"][:, GAP], arrays["effect"][:, 0, GAP], arrays["share"][:, 0]
    toward = effect * math.copysign(1, gap)
    found = [at for at in toward.argsort(stable=True).tolist() if int(claim[at]) > 0]
    best = [
        f"{units[at]} ({float(share[at]):.0%})" for at in found if float(toward[at]) < 0 and math.isfinite(share[at])
    ]
    against = sum(float(toward[at]) > 0 for at in found)
    said = [
        f"Ways in order: {', '.join(WAYS)}. {int(arrays['n'][0])} pairs of a real and a generated picture; the gap is"
        f" {gap:.3g} [{low:.3g}, {high:.3g}] standard deviations of the score within the sorts.",
        f"All ways say that {len(found)} of {len(units)} change it ({against} of them work against it) and that"
        f" {int((claim < 0).sum())} do not; they disagree about {int((~arrays['agreement'][:, GAP]).sum())}.",
    ]
    said += [f"Of the gap goes with {', '.join(best[:5])}."] if best else []
    said += ["The gap is too near 0 for shares of it."] if bool(share.isnan().any()) else []
    tests = arrays["verdict"].numel()
    said += [f"{tests} tests together (Benjamini-Hochberg), smallest effect of interest {plan.smallest:g}."]
    return " ".join(said)
