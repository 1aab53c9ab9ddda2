"""Where the critic is wrong: real pictures called fake, generated ones called real, and those at the boundary.

    found = mistakes(gan, held_out, plan=MistakePlan())
    found.examples.units                             # "real 17", "generated 33": indices of the data and of the seed
    found.examples.arrays["why"], found.examples.arrays["picture"]
    found.rates.arrays["rate"]                       # shares that are wrong, of each sort and of each class

The threshold is chosen on other pictures (see `boundary`). A class is said to differ where its rate is further from
that of the others than the smallest difference of interest, with intervals for as many classes as there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError
from ganatomy.explain.critic.samples.boundary import FEWEST, Boundary, boundary, judging, percent
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.explain.latent.explained import Row, explained, stacked
from ganatomy.explain.passes import Progress
from ganatomy.models.gan import GAN
from ganatomy.numerics.statistics.effects import verdict_of
from ganatomy.numerics.statistics.interval import Interval, wilson
from ganatomy.numerics.statistics.multiplicity import holm
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
    """How many of a group are wrong, and of the group it is compared with."""

    name: str
    sort: str
    wrong: int
    n: int
    beside: tuple[int, int] | None = None


DEFAULT = MistakePlan()


def mistakes(gan: GAN, real: Dataset, *, plan: MistakePlan = DEFAULT, progress: Progress | None = None) -> Mistakes:
    """Of the judging pictures."""
    cut = boundary(gan, real, n=plan.n, seed=plan.seed, level=plan.level, progress=progress)
    unit = Scorer(gan).unit
    chosen = list(_chosen(cut, plan.shown))
    numbers = judging(cut.count // 2)
    names = [f"{sort} {int(numbers[at])}" for _, sort, at in chosen]
    rows = _examples(gan, real, cut, chosen, seed=plan.seed)
    shares = list(_shares(gan, real, cut, seed=plan.seed))
    rates, p = _rates(shares, plan)
    note = " ".join([cut.said(), *_said(shares, rates, p, plan)])
    examples = explained(gan, "mistakes", unit, units=names, arrays=stacked(rows), note=note, seed=plan.seed)
    words = {"why": np.array([why for why, _, _ in chosen]), "sort": np.array([sort for _, sort, _ in chosen])}
    examples = replace(examples, arrays={**examples.arrays, **words})
    groups = [share.name for share in shares]
    told = explained(gan, "error rates", unit, units=groups, arrays=rates, note=note, seed=plan.seed)
    verdicts = {"sort": np.array([share.sort for share in shares]), "verdict": np.array(_verdicts(shares, plan))}
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


def _right(sort: str, margin: float) -> bool:
    return margin > 0 if sort == "real" else margin <= 0


def _examples(gan: GAN, real: Dataset, cut: Boundary, chosen: list[tuple[str, str, int]], *, seed: int) -> list[Row]:
    """The index is that of the data set, or of the GAN's seed; the label -1 where there is none."""
    ready, numbers = real.in_format(gan.format), judging(cut.count // 2)
    rows: list[Row] = []
    for _, sort, at in chosen:
        index = [int(numbers[at])]
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
    for sort, each in wrong.items():
        yield Share(WRONG[sort], sort, int(each.sum()), len(each))
    numbers = judging(cut.count // 2)
    labels = {"real": real.labels(numbers), "generated": gan.latent.labels(seed, numbers.tolist())}
    names = {"real": real.classes, "generated": gan.classes}
    for sort, known in labels.items():
        if known is None:
            continue
        for number in known.unique().tolist():
            mine = torch.eq(known, number)
            if int(mine.sum()) >= FEWEST // 2 and not bool(mine.all()):
                name = names[sort][number] if names[sort] else str(number)
                others = (int(wrong[sort][~mine].sum()), int((~mine).sum()))
                yield Share(f"{WRONG[sort]}, {name}", sort, int(wrong[sort][mine].sum()), int(mine.sum()), others)


def _rates(shares: list[Share], plan: MistakePlan) -> tuple[dict[str, Tensor], Tensor]:
    """p: Fisher's exact test of a class against the others, Holm over all classes; NaN of what is no class."""
    from scipy.stats import fisher_exact

    p = torch.full((len(shares),), torch.nan, dtype=torch.float64)
    classes = [at for at, share in enumerate(shares) if share.beside]
    raw = []
    for at in classes:
        share, others = shares[at], shares[at].beside or (0, 1)
        table = [[share.wrong, share.n - share.wrong], [others[0], others[1] - others[0]]]
        raw.append(float(fisher_exact(table).pvalue))
    if classes:
        p[classes] = holm(raw)
    bounds = [wilson(share.wrong, share.n, level=plan.level) for share in shares]
    gaps = _gaps(shares, plan)
    return {
        "rate": torch.tensor([share.wrong / share.n for share in shares], dtype=torch.float64),
        "low": torch.tensor([each.low for each in bounds], dtype=torch.float64),
        "high": torch.tensor([each.high for each in bounds], dtype=torch.float64),
        "n": torch.tensor([share.n for share in shares]),
        "wrong": torch.tensor([share.wrong for share in shares]),
        "gap_low": torch.tensor([torch.nan if gap is None else gap.low for gap in gaps], dtype=torch.float64),
        "gap_high": torch.tensor([torch.nan if gap is None else gap.high for gap in gaps], dtype=torch.float64),
        "p": p,
    }, p


def _gaps(shares: list[Share], plan: MistakePlan) -> list[Interval | None]:
    """Of a class's rate less that of the others, all classes together at the plan's level (Bonferroni)."""
    classes = sum(share.beside is not None for share in shares)
    level = 1 - (1 - plan.level) / max(1, classes)
    return [None if each.beside is None else gap_of((each.wrong, each.n), each.beside, level=level) for each in shares]


def gap_of(first: tuple[int, int], second: tuple[int, int], *, level: float = 0.95) -> Interval:
    """Of a difference of two shares, from Wilson's intervals of both (Newcombe 1998, method 10)."""
    (x, n), (y, m) = first, second
    mine, other = wilson(x, n, level=level), wilson(y, m, level=level)
    p, q = x / n, y / m
    down = sqrt((p - mine.low) ** 2 + (other.high - q) ** 2)
    up = sqrt((mine.high - p) ** 2 + (q - other.low) ** 2)
    return Interval(p - q - down, p - q + up, level, "Newcombe")


def _verdicts(shares: list[Share], plan: MistakePlan) -> list[str]:
    return ["" if gap is None else verdict_of(gap, smallest=plan.smallest) for gap in _gaps(shares, plan)]


def _said(shares: list[Share], rates: dict[str, Tensor], p: Tensor, plan: MistakePlan) -> Iterator[str]:
    if not any(share.beside for share in shares):
        return
    found = False
    for at, (share, verdict) in enumerate(zip(shares, _verdicts(shares, plan), strict=True)):
        if verdict == "present" and share.beside is not None:
            found = True
            bounds = Interval(float(rates["low"][at]), float(rates["high"][at]), plan.level, "Wilson")
            others = share.beside[0] / share.beside[1]
            yield (
                f"{share.name[0].upper()}{share.name[1:]}: {percent(float(rates['rate'][at]), bounds)}, of the other "
                f"classes {100 * others:.3g} % (p {float(p[at]):.2g}, Holm)."
            )
    if not found:
        yield f"No class is shown to differ from the others by more than {100 * plan.smallest:.3g} %."
