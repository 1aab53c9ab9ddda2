"""Which unit of one GAN is which of another: matched one to one by what they do, against units that are no partners.

    first, second = (concept_profiles(each, measurers, "up1.act") for each in (gan, again))     # (units, concepts)
    first, second = (responses(each, lots, "down1.act") for each in (gan, again))  # critics: (units, pictures)
    found = matched(first, second, alike="cosine", stream=Stream(0, "match"))
    found.partner, found.similarity, found.sure       # of each unit of the first: -1 and NaN where none is left
    found.readings["units found again"]

Units of two trainings bear no common numbers, and generators have no common input: their units are compared by what
switching them off does to concepts, those of critics by their responses to the same pictures. The assignment makes the
sum of similarities as large as it can be (Hungarian method), and so it does for each of the draws it is held against.
"dealt anew": units of the second GAN whose scores on the principal axes of its profiles are dealt anew among them, axis
by axis: the same mean, the same scores on every axis (so on average the same covariances), and none of the units.
"mismatched": the concepts (or
pictures) of the second GAN's profiles in another order, the same for all units; it asks for less.

Units that fall into kinds which both GANs have are matched beyond "dealt anew" by any other of their kind. A partner is
sure only if it is also nearer than every unit of its own GAN, and `p_all` asks of all units together, by exchanging
units between the GANs, whether they are more alike than two sets from one law: that holds for any law.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError, choose
from ganatomy.evaluate.quality.pairs import Readings
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.critic.lots import Lot
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.explain.generator.panel import Panel
from ganatomy.explain.generator.sites import named_sites, sites_within
from ganatomy.explain.generator.suffix import Suffix
from ganatomy.explain.passes import Progress, draws
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import mean_interval, wilson
from ganatomy.results.measurement import Measurement
from ganatomy.tracing.trace import watch

DRAWS = 199  # of units that are no partners
Q = 0.05  # the chance of any false partner
IMAGES = 512  # latents of a profile
AT_ONCE = 32  # units whose changed pictures are in memory together

Likeness = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Matched:
    """Over the units of the first: `partner` in the second, `similarity`, `p` (any false one counted) and `sure`.

    first, second: the profiles. own: similarity to the nearest other unit of the first, nearest: of the second, be it
    the partner or not. null: mean similarity of the best assignment in each draw.
    """

    first: Tensor
    second: Tensor
    partner: Tensor
    similarity: Tensor
    own: Tensor
    nearest: Tensor
    p: Tensor
    p_all: float
    null: Tensor
    readings: Readings

    @property
    def sure(self) -> Tensor:
        return (self.p <= Q) & (self.similarity > self.own)


def matched(
    first: Tensor,
    second: Tensor,
    *,
    stream: Stream,
    alike: str = "cosine",
    null: str = "dealt anew",
    draws: int = DRAWS,
    progress: Progress | None = None,
) -> Matched:
    """Profiles (units, concepts) and (units, concepts). p by the largest of all units in each draw (Westfall & Young).

    A unit's similarity counts in standard deviations of what it reaches in the draws, since some profiles are common.
    """
    one, other = _table(first), _table(second)
    if one.shape[1] != other.shape[1]:
        raise UsageError(
            f"profiles over {one.shape[1]} and {other.shape[1]} concepts were given", "take the same for both"
        )
    if draws < round(1 / Q) - 1:
        raise UsageError(f"{draws} draws were asked for", f"take {round(1 / Q) - 1} or more")
    likeness, redraw = choose(ALIKE, alike, "similarity"), choose(NULLS, null, "kind of null")
    partner, similarity = assigned(likeness(one, other))
    rows = []
    for draw in range(draws):
        rows.append(assigned(likeness(one, redraw(other, stream.child(null), draw)))[1])
        if progress is not None:
            progress(draw + 1, draws)
    chance = torch.stack(rows)
    own, nearest = likeness(one, one).fill_diagonal_(-torch.inf).amax(1), likeness(one, other).amax(1)
    p, p_all = largest_of_all(similarity, chance), exchanged(one, other, likeness, stream=stream, draws=draws)
    found = Matched(one, other, partner, similarity, own, nearest, p, p_all, chance.nanmean(1), {})
    found.readings.update(_read(found, f"{alike}, Hungarian assignment, null: {null}, {draws} draws"))
    return found


def exchanged(one: Tensor, other: Tensor, likeness: Likeness, *, stream: Stream, draws: int) -> float:
    """p of the mean similarity of the best assignment, against units of both dealt out to the two at random."""
    pool, size = torch.cat([one, other]), len(one)
    table = likeness(pool, pool)
    orders = [torch.arange(len(pool)), *(stream.child("exchanged").permutation(j, len(pool)) for j in range(draws))]
    means = [float(assigned(table[o[:size]][:, o[size:]])[1].nanmean()) for o in orders]
    return sum(mean >= means[0] - 1e-12 for mean in means) / len(means)


def assigned(similarity: Tensor) -> tuple[Tensor, Tensor]:
    """The partner of each row and their similarity; -1 and NaN where there are fewer columns than rows."""
    from scipy.optimize import linear_sum_assignment

    mine, theirs = (torch.from_numpy(each) for each in linear_sum_assignment(similarity.numpy(), maximize=True))
    partner = torch.full((len(similarity),), -1, dtype=torch.int64)
    partner[mine] = theirs
    value = torch.full((len(similarity),), torch.nan, dtype=torch.float64)
    value[mine] = similarity[mine, theirs]
    return partner, value


def largest_of_all(similarity: Tensor, chance: Tensor) -> Tensor:
    """p of each unit: in how many of the draws and the data any unit stands out as much; 1 without a partner."""
    every = torch.cat([similarity[None], chance])
    mean = every.nanmean(0)
    spread = (every - mean).square().nanmean(0).sqrt()
    apart = torch.where(spread > 1e-12, (every - mean) / spread.clamp(min=1e-300), 0.0).nan_to_num(-torch.inf)
    most = apart[1:].amax(1)
    found: Tensor = (1 + (most[:, None] >= apart[0] - 1e-12).sum(0)) / (1 + len(chance))
    return torch.where(similarity.isnan(), 1.0, found)


def cosines(first: Tensor, second: Tensor) -> Tensor:
    """A unit that does nothing is like no other: 0."""
    one, other = (each / each.norm(dim=1, keepdim=True).clamp(min=1e-300) for each in (first, second))
    found: Tensor = one @ other.T
    return found


def correlations(first: Tensor, second: Tensor) -> Tensor:
    return cosines(first - first.mean(1, keepdim=True), second - second.mean(1, keepdim=True))


def dealt_anew(profiles: Tensor, stream: Stream, draw: int) -> Tensor:
    """Principal scores of the units, each axis in an order of its own."""
    mean = profiles.mean(0)
    scores, values, axes = torch.linalg.svd(profiles - mean, full_matrices=False)
    count = scores.shape[1]
    order = stream.uniform(range(draw * count, (draw + 1) * count), len(profiles), dtype=torch.float64).argsort(1).T
    found: Tensor = mean + (scores.gather(0, order) * values) @ axes
    return found


def mismatched(profiles: Tensor, stream: Stream, draw: int) -> Tensor:
    return profiles[:, stream.permutation(draw, profiles.shape[1])]


ALIKE: dict[str, Likeness] = {"cosine": cosines, "correlation": correlations}
NULLS: dict[str, Callable[[Tensor, Stream, int], Tensor]] = {"dealt anew": dealt_anew, "mismatched": mismatched}


def concept_profiles(gan: GAN, measurers: Sequence[Measurer], site: str, *, n: int = IMAGES, seed: int = 0) -> Tensor:
    """(units, 2 concepts): effects and their sizes, each column from its mean over the units, in their spread.

    So it is what sets a unit apart in its own GAN. Sizes are there since few pictures tell them well, means only many.
    """
    return standing(torch.cat(unit_effects(gan, measurers, site, n=n, seed=seed), 1))


def unit_effects(
    gan: GAN, measurers: Sequence[Measurer], site: str, *, n: int = IMAGES, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Mean and root mean square of what setting a unit to 0 does to concepts, (units, concepts) each, paired."""
    panel, total = Panel(tuple(measurers)), None
    site_ = named_sites(gan, next(iter(draws(gan, 2, seed=seed))), [site])[0]
    suffix = Suffix(gan.generator, site_.site)
    for draw in draws(gan, n, seed=seed):
        start, parts = suffix.begin(draw), []
        before = panel.told(start.pictures)[:, : len(panel.names)]
        for first in range(0, site_.channels, AT_ONCE):
            alone = [[unit] for unit in range(first, min(first + AT_ONCE, site_.channels))]
            after = panel.told(suffix.changed(start, alone, 0.0).flatten(0, 1))[:, : len(panel.names)]
            effect = after.unflatten(0, (len(alone), len(draw))) - before
            parts.append(torch.cat([effect.sum(1), effect.square().sum(1)], 1))
        total = torch.cat(parts) if total is None else total + torch.cat(parts)
    assert total is not None
    mean, square = (total / n).chunk(2, 1)
    return mean, square.sqrt()


def standing(profiles: Tensor) -> Tensor:
    """Each column from its mean over the units, in standard deviations; one without any spread is 0."""
    mean, spread = profiles.mean(0), profiles.std(0)
    varied = spread > 1e-9 * profiles.abs().amax(0)
    return torch.where(varied, (profiles - mean) / spread.clamp(min=1e-300), 0.0)


def responses(gan: GAN, lots: Iterable[Lot], site: str) -> Tensor:
    """(units, pictures): the mean activation of each of the critic's units over every picture."""
    scorer, parts = Scorer(gan), []
    for lot in lots:
        shape = sites_within(scorer.critic, lot.pictures[:2], [site], labels=_few(lot.labels))[0]
        with watch(scorer.critic, [shape.site]) as trace, torch.no_grad():
            scorer(lot.pictures, lot.labels)
        parts.append(trace[shape.site].double().cpu().flatten(2).mean(2) if shape.spatial else trace[shape.site])
    return torch.cat([part.double().cpu() for part in parts]).T


def _few(labels: Tensor | None) -> Tensor | None:
    return None if labels is None else labels[:2]


def _table(profiles: Tensor) -> Tensor:
    table = profiles.detach().double().cpu()
    if table.ndim != 2 or len(table) < 2 or table.shape[1] < 2:
        raise UsageError(f"profiles of shape {tuple(table.shape)} were given", "give (units, concepts), 2 or more each")
    if not bool(torch.isfinite(table).all()):
        raise InputError("profiles hold NaN or infinite values", "leave those units or concepts out of both")
    return table


def _read(found: Matched, how: str) -> Readings:
    """Pairs are taken as independent for the intervals; floors say what units without partners read."""
    there = found.similarity[~found.similarity.isnan()]
    units, pairs, theirs = len(found.similarity), len(there), len(found.second)
    nearer, sure = int((found.nearest > found.own).sum()), int(found.sure.sum())
    known = f"{how}, {units} and {theirs} units, pairs taken as independent"
    says = {
        "similarity of matched units": f"mean, {known}",
        "nearest in the other": f"share whose nearest unit is of the other GAN, {known}",
        "units found again": f"share with a partner nearer than its own and surely beyond the null, {known}",
    }
    values = (
        (float(there.mean()), mean_interval(there), float(found.null.mean())),
        (nearer / units, wilson(nearer, units), theirs / (units + theirs - 1)),
        (sure / units, wilson(sure, units), Q / units),
    )
    return {
        name: Measurement(name, value, pairs, said, "high", within, floor)
        for (name, said), (value, within, floor) in zip(says.items(), values, strict=True)
    }
