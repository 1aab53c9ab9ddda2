"""Where the critic's scores part real from generated: chosen on some pictures, judged on others.

    cut = boundary(gan, held_out, n=500, seed=0)
    cut.threshold, cut.told                         # the score above which a picture is called real; the AUC
    cut.called(scores)                              # the share above it, with its interval
    cut.said()                                      # a sentence

Of each two consecutive pictures a coin says which one helps to choose the threshold and which one judges it: data may
alternate between two sources, as those of MNIST do. Without real data a logit is cut at
0, where the critic itself says "as likely as not"; an unbounded score has no such place.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError, UsageError
from ganatomy.explain.critic.lots import Lot, fakes, groups_of, places, reals, rows_of, scored
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.explain.passes import Progress
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.groups import Ids
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.numerics.statistics.roc import Auc, auc
from ganatomy.numerics.statistics.shares import share

FEWEST = 25  # pictures of each sort that judge


@dataclass(frozen=True, eq=False)
class Boundary:
    """Scores of the judging pictures; `real` is None without real data, `threshold` NaN where there is no place for it.

    count: how many pictures of each sort were looked at, half of which judge. groups: of the real ones that judge.
    """

    threshold: float
    real: Tensor | None
    fake: Tensor
    count: int
    level: float = 0.95
    groups: Tensor | None = None

    @property
    def told(self) -> Auc | None:
        """How well the score tells the judging pictures apart."""
        return None if self.real is None else auc(self.real, self.fake, level=self.level, groups=(self.groups, None))

    def called(self, scores: Tensor, groups: Ids | None = None) -> tuple[float, Interval]:
        """The share called real, given the threshold; groups: of these scores."""
        if math.isnan(self.threshold):
            return math.nan, Interval(0.0, 1.0, self.level, "none: no threshold")
        return share(scores > self.threshold, groups, level=self.level)

    def said(self) -> str:
        """What the threshold does to the pictures that judge it."""
        told = self.told
        if told is None or self.real is None:
            cut = "There are no real data, so that "
            return cut + (
                "an unbounded score has no threshold."
                if math.isnan(self.threshold)
                else f"a logit above 0 counts as real: {percent(*self.called(self.fake))} of generated pictures."
            )
        shares = [percent(*each) for each in (self.called(self.real, self.groups), self.called(self.fake))]
        said = f"A score above {self.threshold:.3g} counts as real: {shares[0]} of real pictures, {shares[1]} of"
        said += f" generated ones (AUC {told.value:.3g} [{told.interval.low:.3g}, {told.interval.high:.3g}])."
        if told.reversed:
            return said + " The score runs the other way on these pictures: check its declared direction."
        if told.interval.low <= 0.5:
            return said + " It does not surely tell them apart, so that what it is called means little."
        return said


def boundary(
    gan: GAN,
    real: Dataset | None,
    *,
    n: int,
    seed: int,
    level: float = 0.95,
    progress: Progress | None = None,
) -> Boundary:
    """n pictures of each sort choose and n others judge; fewer where the data end."""
    scorer, count = Scorer(gan), looked_at(real, n)
    fake = scored(scorer, fakes(gan, count, seed=seed, progress=progress))
    if real is None:
        return Boundary(0.0 if scorer.unit == "logit" else math.nan, None, fake[judging(count // 2)], count, level)
    own = scored(scorer, reals(gan, real, count))
    judge, choose = judging(count // 2), choosing(count // 2)
    ids = groups_of(real, count)
    groups = None if ids is None else ids[judge]
    return Boundary(threshold(own[choose], fake[choose]), own[judge], fake[judge], count, level, groups)


def looked_at(real: Dataset | None, n: int) -> int:
    """Twice n, or the even number of pictures that there are."""
    count = 2 * n if real is None else min(2 * n, real.size - real.size % 2)
    if count < 2 * FEWEST:
        raise UsageError(f"a verdict from {count} pictures of each sort was asked for", f"give {2 * FEWEST} or more")
    return count


def threshold(real: Tensor, fake: Tensor) -> float:
    """Midway between two scores: the largest share of real above plus share of generated below (Youden 1950).

    Of several such places the middle one.
    """
    ranked, order = torch.cat([real, fake]).sort(stable=True)
    is_real = order < len(real)
    gain = (~is_real).cumsum(0)[:-1] / len(fake) - is_real.cumsum(0)[:-1] / len(real)
    gain = gain.masked_fill(ranked[1:] <= ranked[:-1], -math.inf)  # equal scores fall on one side
    if not bool(torch.isfinite(gain).any()):
        raise InputError("the critic gives all pictures the same score", "give a critic that looks at pictures")
    best = (gain >= gain.max() - 1e-12).nonzero().flatten()
    place = int(best[len(best) // 2])
    return float((ranked[place] + ranked[place + 1]) / 2)


def judging(pairs: int) -> Tensor:
    """The numbers of the pictures that judge, one of each pair."""
    return 2 * torch.arange(pairs) + Stream(0, "critic/judging").integers(range(pairs), 2)


def choosing(pairs: int) -> Tensor:
    """Those of the others."""
    return 4 * torch.arange(pairs) + 1 - judging(pairs)


def parts(lots: Iterable[Lot]) -> Iterator[tuple[Lot, Lot]]:
    """Of lots from the first picture on: those that judge, and those that choose."""
    first = 0
    for lot in lots:
        pairs = len(lot) // 2
        before, upto = first // 2, first // 2 + pairs
        yield rows_of(lot, judging(upto)[before:] - first), rows_of(lot, choosing(upto)[before:] - first)
        first += len(lot)


def judged_places(real: Dataset, pairs: int) -> Tensor:
    """Where in the data the real pictures lie that judge."""
    return torch.tensor(places(real, 2 * pairs))[judging(pairs)]


def percent(value: float, interval: Interval) -> str:
    """ "37 % [33, 41]"."""
    return f"{100 * value:.3g} % [{100 * interval.low:.3g}, {100 * interval.high:.3g}]"
