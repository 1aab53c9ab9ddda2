"""What the critic says of pictures that it was never trained on: noise, constants, blends, other data, earlier samples.

    found = specials(gan, held_out, others={"fashion": fashion}, earlier={"step 500": gan_500}, plan=SpecialsPlan())
    found.units                                     # "real", "generated", "uniform noise", ..., "step 500"
    found.arrays["called"], found.arrays["rank"]    # the share called real; P(it scores above a real picture)
    print(found.note)                               # what is absurd and called real, with intervals

The threshold is chosen on other pictures (see `boundary`), and the interval of a share takes it as given.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError
from ganatomy.explain.critic.lots import Lot, fakes, groups_of, places, reals, scored, worded
from ganatomy.explain.critic.samples.boundary import FEWEST, Boundary, boundary, parts, percent
from ganatomy.explain.critic.samples.strange import Kind, Sources, fitted, kinds_for
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.explain.latent.explained import explained, stacked
from ganatomy.explain.passes import BLOCK, Progress
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import Interval, mean_interval
from ganatomy.numerics.statistics.roc import auc
from ganatomy.numerics.statistics.shares import share
from ganatomy.results.explanation import Explanation

SHARES = torch.linspace(0.025, 0.975, 39, dtype=torch.float64)
NOTICED = 0.05  # a larger share of something absurd called real is said


@dataclass(frozen=True)
class SpecialsPlan:
    """n pictures of each kind. blends: shares of the second picture, strictly between 0 and 1."""

    n: int = 256
    seed: int = 0
    blends: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    level: float = 0.95

    def __post_init__(self) -> None:
        object.__setattr__(self, "blends", tuple(float(each) for each in self.blends))
        if self.n < FEWEST:
            raise UsageError(f"scores of {self.n} pictures of a kind were planned", f"take {FEWEST} or more")
        if not all(0 < each < 1 for each in self.blends):
            raise UsageError(f"blends of shares {self.blends} were planned", "shares lie between 0 and 1, as in 0.5")


@dataclass(frozen=True, eq=False)
class Seen:
    """Of one kind: what it is, the scores of its pictures, the first of them, and who belongs together."""

    name: str
    kind: Kind
    scores: Tensor
    example: Tensor
    groups: Tensor | None = None


DEFAULT = SpecialsPlan()


def specials(
    gan: GAN,
    real: Dataset | None = None,
    *,
    others: Mapping[str, Dataset] | None = None,
    earlier: Mapping[str, GAN] | None = None,
    plan: SpecialsPlan = DEFAULT,
    progress: Progress | None = None,
) -> Explanation:
    """others: data sets by name, of any size and colour; earlier: GANs of the same format, as of other checkpoints."""
    cut = boundary(gan, real, n=plan.n, seed=plan.seed, level=plan.level, progress=progress)
    seen = list(_known(gan, real, cut, plan))
    seen += [_elsewhere(gan, name, data, plan) for name, data in (others or {}).items()]
    seen += [_earlier(gan, name, other, plan) for name, other in (earlier or {}).items()]
    arrays = stacked([_row(each, cut) for each in seen])
    note = worded(" ".join(part for part in (cut.said(), *_said(seen, cut)) if part), gan.format)
    names, unit = [each.name for each in seen], Scorer(gan).unit
    told = explained(gan, "special samples", unit, units=names, arrays=arrays, note=note, seed=plan.seed)
    return replace(told, arrays={**told.arrays, "family": np.array([each.kind.family for each in seen])})


def _known(gan: GAN, real: Dataset | None, cut: Boundary, plan: SpecialsPlan) -> Iterator[Seen]:
    """Real and generated pictures, and all that is made of them."""
    scorer, kinds = Scorer(gan), kinds_for(gan.format, plan.blends, real=real is not None)
    moments = _moments(gan, real, cut, plan)
    scores: dict[str, list[Tensor]] = {name: [] for name in kinds}
    example: dict[str, Tensor] = {}
    for sources, labels in _blocks(gan, real, moments, cut.count, plan):
        if not example:
            firsts = [("real", sources.real, cut.real, cut.groups), ("generated", sources.fake, cut.fake, None)]
            for name, pictures, own, ids in firsts:
                if pictures is not None and own is not None:
                    yield Seen(name, Kind(name, lambda given: given.fake), own, pictures[0], ids)
        for name, kind in kinds.items():
            if kind.single and scores[name]:
                continue
            lot = _alone(gan, kind.make(sources)) if kind.single else Lot(kind.make(sources), labels)
            scores[name].append(scored(scorer, [lot]))
            example.setdefault(name, lot.pictures[0])
    for name, kind in kinds.items():
        # What is made of real pictures belongs together as these do; for noise that is merely careful.
        groups = None if kind.single else cut.groups
        yield Seen(name, kind, torch.cat(scores[name]), example[name], groups)


def _blocks(
    gan: GAN, real: Dataset | None, moments: tuple[Tensor, Tensor], count: int, plan: SpecialsPlan
) -> Iterator[tuple[Sources, Tensor | None]]:
    """The judging pictures; the partner of a real one is its neighbour among those that chose the threshold."""
    own: Iterator[tuple[Lot, Lot] | None] = iter(lambda: None, 0)
    own = own if real is None else parts(reals(gan, real, count))
    stream, first = Stream(plan.seed, "critic/specials"), 0
    for (fake, _), lots in zip(parts(fakes(gan, count, seed=plan.seed)), own, strict=real is not None):
        indices = range(first, first + len(fake))
        first = indices.stop
        if lots is None:
            yield Sources(None, None, fake.pictures, gan.format, moments, stream, indices), fake.labels
        else:
            judge, partner = lots
            pictures = (judge.pictures, partner.pictures, fake.pictures)
            yield Sources(*pictures, gan.format, moments, stream, indices), judge.labels


def _moments(gan: GAN, real: Dataset | None, cut: Boundary, plan: SpecialsPlan) -> tuple[Tensor, Tensor]:
    """Mean and sd over the values of each channel."""
    total, squares, values = torch.zeros(()), torch.zeros(()), 0
    lots = fakes(gan, cut.count, seed=plan.seed) if real is None else reals(gan, real, cut.count)
    for lot in lots:
        flat = lot.pictures.double().flatten(2) if lot.pictures.ndim > 2 else lot.pictures.double()[:, :, None]
        total, squares = total + flat.sum((0, 2)), squares + flat.square().sum((0, 2))
        values += len(flat) * flat.shape[2]
    mean = total / values
    return mean.float(), (squares / values - mean.square()).clamp(min=0).sqrt().float()


def _alone(gan: GAN, pictures: Tensor) -> Lot:
    """One picture, or one for each class."""
    classes = gan.latent.classes
    labels = torch.arange(classes) if classes else None
    return Lot(pictures[:1].expand(max(1, classes), *pictures.shape[1:]).contiguous(), labels)


def _elsewhere(gan: GAN, name: str, data: Dataset, plan: SpecialsPlan) -> Seen:
    """Labels of a conditional GAN are those of its prior, as other data have other classes."""
    if not data.size:
        raise UsageError(f"the data {name!r} are empty", "give data with samples")
    chosen, parts, example = places(data, plan.n), [], None
    for first in range(0, len(chosen), BLOCK):
        some = chosen[first : first + BLOCK]
        lot = Lot(fitted(data, gan.format, some), gan.latent.labels(plan.seed, range(first, first + len(some))))
        example = lot.pictures[0] if example is None else example
        parts.append(scored(Scorer(gan), [lot]))
    assert example is not None
    ids = groups_of(data, plan.n)
    return Seen(name, Kind("other data", lambda given: given.fake), torch.cat(parts), example, ids)


def _earlier(gan: GAN, name: str, other: GAN, plan: SpecialsPlan) -> Seen:
    if other.format.shape != gan.format.shape or other.latent.classes != gan.latent.classes:
        raise UsageError(
            f"the samples of {name!r} are {other.format} of {other.latent}, wanted were {gan.format} of {gan.latent}",
            "give GANs whose samples this critic can read",
        )
    parts, example = [], None
    for made in fakes(other, plan.n, seed=plan.seed):
        lot = Lot(other.format.rescale(made.pictures, gan.format), made.labels)
        example = lot.pictures[0] if example is None else example
        parts.append(scored(Scorer(gan), [lot]))
    assert example is not None
    return Seen(name, Kind("earlier generator", lambda given: given.fake), torch.cat(parts), example)


def _row(seen: Seen, cut: Boundary) -> dict[str, Tensor | float | bool]:
    """A critic has one score for one picture: such a mean has no interval but itself."""
    scores, n = seen.scores, len(seen.scores)
    mean = float(scores.mean())
    within = Interval(mean, mean, cut.level, "exact") if n == 1 else mean_interval(scores, seen.groups, level=cut.level)
    called, shares = _called(seen, cut)
    rank, ranks = _rank(seen, cut)
    return {
        "n": torch.tensor(n),
        "mean": mean,
        "low": within.low,
        "high": within.high,
        "called": called,
        "called_low": shares.low,
        "called_high": shares.high,
        "rank": rank,
        "rank_low": ranks.low,
        "rank_high": ranks.high,
        "level": seen.kind.level,
        "absurd": seen.kind.absurd,
        "threshold": cut.threshold,
        "quantiles": torch.quantile(scores, SHARES),
        "example": seen.example,
    }


def _called(seen: Seen, cut: Boundary) -> tuple[float, Interval]:
    share, interval = cut.called(seen.scores, seen.groups)
    if seen.kind.single and not math.isnan(share):
        return share, Interval(share, share, cut.level, "exact")
    return share, interval


def _rank(seen: Seen, cut: Boundary) -> tuple[float, Interval]:
    """P(a picture of this kind scores above a real one); of a single picture, the share of real ones below it."""
    if cut.real is None:
        return math.nan, Interval(0.0, 1.0, cut.level, "none: no real data")
    scores = seen.scores
    if len(scores) == 1:
        equal = float((cut.real == scores).double().mean())
        below, within = share(cut.real < scores, cut.groups, level=cut.level)
        return below + equal / 2, within
    area = auc(scores, cut.real, level=cut.level, groups=(seen.groups, cut.groups))
    return area.value, area.interval


def _absurd(seen: Seen, cut: Boundary, share: float, interval: Interval) -> str:
    rank, ranks = _rank(seen, cut)
    more = f", and score above {percent(rank, ranks)} of real ones" if ranks.low > 0.5 else ""
    if not seen.kind.single:
        return f"Of pictures of {seen.name} {percent(share, interval)} are called real{more}."
    of = "" if share == 1 else f" in {share:.0%} of the classes"
    return f"A picture that is all {seen.name} is called real{of}{more.replace('score', 'scores', 1)}."


def _said(seen: list[Seen], cut: Boundary) -> Iterator[str]:
    """Only what stands with its whole interval."""
    if math.isnan(cut.threshold):
        return
    least = [each for each in seen if each.kind.absurd and _called(each, cut)[1].low > NOTICED]
    for each in least:
        share, interval = _called(each, cut)
        yield _absurd(each, cut, share, interval)
    if not least and any(each.kind.absurd for each in seen):
        yield f"Neither noise nor a constant is surely called real in more than {NOTICED:.0%}."
    for each in seen:
        if each.kind.family in ("other data", "earlier generator"):
            noun = "pictures" if each.kind.family == "other data" else "samples"
            yield f"Of {noun} of {each.name} {percent(*_called(each, cut))} are called real."
    halfway = {each.kind.family: each for each in seen if each.kind.level == 0.5}
    if len(halfway) == 2:
        mixed, again = (percent(*_called(each, cut)) for each in halfway.values())
        yield f"Half-way from real to generated {mixed} are called real, half-way to another real one {again}."
