"""Where the critic is wrong: real pictures called fake, generated ones called real, and those at the boundary.

    found = mistakes(gan, held_out, plan=MistakePlan())
    found.examples.units                             # "real 17", "generated 33": indices of the data and of the seed
    found.examples.arrays["why"], found.examples.arrays["picture"]
    found.rates.arrays["rate"]                       # shares that are wrong, of each sort and of each class

The threshold is chosen on other pictures (see `boundary`). A class is said to differ where its rate is further from
that of the others than the smallest difference of interest, with intervals for as many classes as there are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError
from ganatomy.explain.critic.lots import worded
from ganatomy.explain.critic.samples.boundary import FEWEST, Boundary, boundary, judged_places, judging, percent
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.explain.latent.explained import Row, explained, stacked
from ganatomy.explain.passes import Progress
from ganatomy.models.gan import GAN
from ganatomy.numerics.statistics.effects import judged, verdict_of
from ganatomy.numerics.statistics.groups import units
from ganatomy.numerics.statistics.interval import Interval, Mean, t_interval, wilson
from ganatomy.numerics.statistics.multiplicity import holm
from ganatomy.numerics.statistics.shares import share
from ganatomy.results.explanation import Explanation

WRONG = {"real": "real called fake", "generated": "generated called real"}
AT_BOUNDARY = "at the boundary"


@dataclass(frozen=True)
class MistakePlan:
    """n pictures of each sort are judged; `shown` examples of each kind; `smallest`: a difference of rates."""

    n: int = 512
    seed: int = 0
    shown: int = 12
    smallest: float = 0.05
    level: float = 0.95

    def __post_init__(self) -> None:
        if self.n < FEWEST or self.shown < 1:
            raise UsageError(
                f"{self.shown} examples of the mistakes on {self.n} pictures were planned",
                f"take {FEWEST} pictures or more, and show one or more",
            )


@dataclass(frozen=True, eq=False)
class Mistakes:
    """The most extreme pictures, and how often the critic is wrong."""

    examples: Explanation
    rates: Explanation
    cut: Boundary


@dataclass(frozen=True, eq=False)
class Share:
    """Which pictures of a sort are wrong, (n,), and which are `mine` where it is a class; groups: who is like whom."""

    name: str
    sort: str
    flags: Tensor
    mine: Tensor | None = None
    groups: Tensor | None = None

    @property
    def wrong(self) -> int:
        return int(self.own.sum())

    @property
    def n(self) -> int:
        return len(self.own)

    @property
    def own(self) -> Tensor:
        return self.flags if self.mine is None else self.flags[self.mine]

    @property
    def beside(self) -> tuple[int, int] | None:
        """How many of the other classes are wrong, of how many."""
        return None if self.mine is None else (int(self.flags[~self.mine].sum()), int((~self.mine).sum()))

    def rate(self, *, level: float) -> Interval:
        ids = self.groups if self.groups is None or self.mine is None else self.groups[self.mine]
        return share(self.own, ids, level=level)[1]


DEFAULT = MistakePlan()


def mistakes(gan: GAN, real: Dataset, *, plan: MistakePlan = DEFAULT, progress: Progress | None = None) -> Mistakes:
    """Of the judging pictures."""
    cut = boundary(gan, real, n=plan.n, seed=plan.seed, level=plan.level, progress=progress)
    unit = Scorer(gan).unit
    chosen = list(_chosen(cut, plan.shown))
    numbers = _numbers(real, cut)
    names = [f"{sort} {int(numbers[sort][at])}" for _, sort, at in chosen]
    rows = _examples(gan, real, cut, chosen, seed=plan.seed)
    shares = list(_shares(gan, real, cut, seed=plan.seed))
    rates, p = _rates(shares, plan)
    note = worded(" ".join([cut.said(), *_said(shares, rates, p, plan)]), gan.format)
    examples = explained(gan, "mistakes", unit, units=names, arrays=stacked(rows), note=note, seed=plan.seed)
    words = {"why": np.array([why for why, _, _ in chosen]), "sort": np.array([sort for _, sort, _ in chosen])}
    examples = replace(examples, arrays={**examples.arrays, **words})
    told = explained(
        gan, "error rates", unit, units=[each.name for each in shares], arrays=rates, note=note, seed=plan.seed
    )
    verdicts = {"sort": np.array([each.sort for each in shares]), "verdict": np.array(_verdicts(shares, plan))}
    return Mistakes(examples, replace(told, arrays={**told.arrays, **verdicts}), cut)


def _chosen(cut: Boundary, shown: int) -> Iterator[tuple[str, str, int]]:
    """Why, sort and place among the judging pictures; the worst and the nearest first."""
    assert cut.real is not None
    margins = {"real": cut.real - cut.threshold, "generated": cut.fake - cut.threshold}
    for sort, margin in margins.items():
        badness = -margin if sort == "real" else margin
        wrong = badness.sort(descending=True, stable=True).indices[:shown]
        yield from ((WRONG[sort], sort, at) for at in wrong.tolist() if not _right(sort, float(margin[at])))
    both = [(abs(float(value)), sort, at) for sort, margin in margins.items() for at, value in enumerate(margin)]
    yield from ((AT_BOUNDARY, sort, at) for _, sort, at in sorted(both)[:shown])


def _numbers(real: Dataset, cut: Boundary) -> dict[str, Tensor]:
    """Of the judging pictures, in the data and in the seed."""
    return {"real": judged_places(real, cut.count // 2), "generated": judging(cut.count // 2)}


def _right(sort: str, margin: float) -> bool:
    return margin > 0 if sort == "real" else margin <= 0


def _examples(gan: GAN, real: Dataset, cut: Boundary, chosen: list[tuple[str, str, int]], *, seed: int) -> list[Row]:
    """The index is that of the data set, or of the GAN's seed; the label -1 where there is none."""
    ready, numbers = real.in_format(gan.format), _numbers(real, cut)
    rows: list[Row] = []
    for _, sort, at in chosen:
        index = [int(numbers[sort][at])]
        own = sort == "real"
        picture = ready.read(index) if own else gan.sample(seed, index).float().cpu()
        label = real.labels(index) if own else gan.latent.labels(seed, index)
        scores = cut.real if own and cut.real is not None else cut.fake
        row: dict[str, Tensor | float | bool] = {
            "picture": picture[0],
            "score": float(scores[at]),
            "margin": float(scores[at]) - cut.threshold,
        }
        number = torch.tensor(-1) if label is None else label[0]
        rows.append({**row, "index": torch.tensor(index[0]), "label": number, "seed": torch.tensor(seed)})
    return rows


def _shares(gan: GAN, real: Dataset, cut: Boundary, *, seed: int) -> Iterator[Share]:
    """Of each sort, then of each class with enough pictures beside all the others."""
    assert cut.real is not None
    wrong = {"real": cut.real <= cut.threshold, "generated": cut.fake > cut.threshold}
    groups = {"real": cut.groups, "generated": None}
    for sort, each in wrong.items():
        yield Share(WRONG[sort], sort, each, groups=groups[sort])
    numbers = _numbers(real, cut)
    labels = {
        "real": real.labels(numbers["real"]),
        "generated": gan.latent.labels(seed, numbers["generated"].tolist()),
    }
    names = {"real": real.classes, "generated": gan.classes}
    for sort, known in labels.items():
        if known is None:
            continue
        for number in known.unique().tolist():
            mine = torch.eq(known, number)
            if int(mine.sum()) >= FEWEST // 2 and not bool(mine.all()):
                name = names[sort][number] if names[sort] else str(number)
                yield Share(f"{WRONG[sort]}, {name}", sort, wrong[sort], mine, groups[sort])


def _rates(shares: list[Share], plan: MistakePlan) -> tuple[dict[str, Tensor], Tensor]:
    """p: of a class against the others (see `_chance`), Holm over all classes; NaN of what is no class."""
    p = torch.full((len(shares),), torch.nan, dtype=torch.float64)
    classes = [at for at, each in enumerate(shares) if each.mine is not None]
    if classes:
        p[classes] = holm([_chance(shares[at]) for at in classes])
    bounds = [each.rate(level=plan.level) for each in shares]
    gaps = _gaps(shares, plan)
    return {
        "rate": torch.tensor([each.wrong / each.n for each in shares], dtype=torch.float64),
        "low": torch.tensor([each.low for each in bounds], dtype=torch.float64),
        "high": torch.tensor([each.high for each in bounds], dtype=torch.float64),
        "n": torch.tensor([each.n for each in shares]),
        "wrong": torch.tensor([each.wrong for each in shares]),
        "gap_low": torch.tensor([torch.nan if gap is None else gap.low for gap in gaps], dtype=torch.float64),
        "gap_high": torch.tensor([torch.nan if gap is None else gap.high for gap in gaps], dtype=torch.float64),
        "p": p,
    }, p


def _gaps(shares: list[Share], plan: MistakePlan) -> list[Interval | None]:
    """Of a class's rate less that of the others, all classes together at the plan's level (Bonferroni)."""
    level = 1 - (1 - plan.level) / max(1, sum(each.mine is not None for each in shares))
    return [None if each.mine is None else _gap(each, level) for each in shares]


def _gap(each: Share, level: float) -> Interval:
    """Newcombe's, or over groups Student's t."""
    pairs = _counted(each)
    if pairs is not None:
        return gap_of(*pairs, level=level)
    found = t_interval(_apart(each), level=level)
    return Interval(max(found.low, -1.0), min(found.high, 1.0), level, found.method)


def _chance(each: Share) -> float:
    """Fisher's exact test of counts, or over groups the t test."""
    from scipy.stats import fisher_exact

    pairs = _counted(each)
    if pairs is None:
        return judged(_apart(each), smallest=0.0).p_present
    return float(fisher_exact([[wrong, n - wrong] for wrong, n in pairs]).pvalue)


def _counted(each: Share) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Wrong ones of how many, of the class and of the others. Groups without any spread count as one picture each."""
    assert each.mine is not None
    assert each.beside is not None
    counts = ((each.wrong, each.n), each.beside)
    if each.groups is None:
        return counts
    if _apart(each).error > 0:
        return None
    kin = [len(each.groups[part].unique()) for part in (each.mine, ~each.mine)]
    first, second = ((many if wrong else 0, many) for (wrong, _), many in zip(counts, kin, strict=True))
    return first, second


def _apart(each: Share) -> Mean:
    """The difference of rates; its error from leaving out each group in turn, as a group can be on both sides.

    Degrees of freedom go by the side with fewer groups, and one group is no ground for an error.
    """
    assert each.mine is not None
    assert each.groups is not None
    kin, flags = units(each.groups, len(each.flags)), each.flags.double()
    gone, sides = [], (each.mine, ~each.mine)
    wrong = [flags * part for part in sides]
    rates = [float(w.sum() / part.sum()) for w, part in zip(wrong, sides, strict=True)]
    for w, part in zip(wrong, sides, strict=True):
        gone.append((w.sum() - kin.total(w)) / (part.sum() - kin.total(part.double())))  # NaN without any left
    shift = gone[0] - gone[1] - (rates[0] - rates[1])
    error = float((shift.square().sum() * (kin.count - 1) / kin.count).sqrt())
    fewest = min(len(each.groups[part].unique()) for part in sides)
    return Mean(rates[0] - rates[1], math.inf if math.isnan(error) else error, max(1, fewest - 1), fewest)


def gap_of(first: tuple[int, int], second: tuple[int, int], *, level: float = 0.95) -> Interval:
    """Of a difference of two shares, from Wilson's intervals of both (Newcombe 1998, method 10)."""
    (x, n), (y, m) = first, second
    mine, other = wilson(x, n, level=level), wilson(y, m, level=level)
    p, q = x / n, y / m
    down = math.sqrt((p - mine.low) ** 2 + (other.high - q) ** 2)
    up = math.sqrt((mine.high - p) ** 2 + (q - other.low) ** 2)
    return Interval(p - q - down, p - q + up, level, "Newcombe")


def _verdicts(shares: list[Share], plan: MistakePlan) -> list[str]:
    return ["" if gap is None else verdict_of(gap, smallest=plan.smallest) for gap in _gaps(shares, plan)]


def _said(shares: list[Share], rates: dict[str, Tensor], p: Tensor, plan: MistakePlan) -> Iterator[str]:
    if all(each.mine is None for each in shares):
        return
    found = False
    for at, (each, verdict) in enumerate(zip(shares, _verdicts(shares, plan), strict=True)):
        if verdict == "present" and each.beside is not None:
            found = True
            bounds = Interval(float(rates["low"][at]), float(rates["high"][at]), plan.level, "Wilson")
            others = each.beside[0] / each.beside[1]
            yield (
                f"{each.name[0].upper()}{each.name[1:]}: {percent(float(rates['rate'][at]), bounds)}, of the other "
                f"classes {100 * others:.3g} % (p {float(p[at]):.2g}, Holm)."
            )
    if not found:
        yield f"No class is shown to differ from the others by more than {100 * plan.smallest:.3g} %."
