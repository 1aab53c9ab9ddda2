"""Which modes, classes or groups of the data a generator makes, makes too seldom, or not at all.

    modes_counted(labels, 10, space="digits-judge-3fa2", stream=Stream(0, "modes"))     # how many, strictly and not
    told = parts(labels, names, space=..., real=real_labels)     # against what the same judge says of real samples
    told.missing, told.over, told.note

Labels come from a judge, -1 for no mode: of fakes and of real samples from the same one, as its mistakes are then on
both sides. Where the shares are known exactly, give them as `due`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.numerics.distances import neighbours, tally_modes
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.estimate import estimate
from ganatomy.numerics.statistics.groups import Ids
from ganatomy.numerics.statistics.interval import Interval, mean_of, wilson
from ganatomy.numerics.statistics.multiplicity import benjamini_hochberg
from ganatomy.numerics.statistics.statistic import Statistic
from ganatomy.results.measurement import Better, Measurement

STRICT = 0.2  # of the samples a mode is due: fewer, and it counts as missing (`numerics.distances.tally_modes`)


def modes_counted(labels: Tensor, modes: int, *, space: str, stream: Stream) -> dict[str, Measurement]:
    """For modes of equal weight: those hit, those hit strictly, the share of samples on a mode, KL(samples || modes).

    The interval of a count holds the modes whose own share is surely enough, and those whose share may be.
    """
    told = tally_modes(labels, modes)
    n, good = told.n, int(told.counts.sum())
    least = {"modes hit": 1 / n, "modes hit, strictly": STRICT / modes}
    each = [wilson(int(count), n, level=1 - 0.05 / modes) for count in told.counts]
    rows: list[tuple[str, float, Interval, float, Better]] = []
    for name, value in zip(least, (told.loose, told.strict), strict=True):
        surely = sum(within.low >= least[name] for within in each)
        perhaps = sum(within.high >= least[name] for within in each)
        within = Interval(min(surely, value), max(perhaps, value), 0.95, "Wilson for each mode, Bonferroni")
        rows.append((name, value, within, modes * _reached(n, modes, math.ceil(n * least[name] - 1e-9)), "high"))
    rows.append(("share on modes", told.high_quality, wilson(good, n), 1.0, "high"))
    if good > 1:
        rows.append(("reverse KL", told.reverse_kl, _of_kl(labels, modes, stream), (modes - 1) / (2 * good), "low"))
    said = f"{modes} modes of equal weight by a judge's labels; strictly: a fifth of what is due"
    return {
        name: Measurement(name, value, n=n, estimator=said, better=better, interval=within, floor=floor, space=space)
        for name, value, within, floor, better in rows
    }


def samples_to_see(modes: int, *, miss: float = 0.05) -> int:
    """So many samples that no healthy mode of equal weight stays away by chance, but with chance `miss` for any."""
    if modes < 2 or not 0 < miss < 1:
        raise UsageError(
            f"{modes} modes and a chance of {miss} were given", "give 2 modes or more and a chance in 0..1"
        )
    return math.ceil(math.log(miss / modes) / math.log1p(-1 / modes))


@dataclass(frozen=True, eq=False)
class Part:
    """`ratio`: the share of fakes over the share that is due. p_few, p_many: adjusted over all parts.

    verdict: missing (surely too few, and under a fifth of what is due), too few, too many, or not told apart.
    """

    name: str
    count: int
    due: float
    ratio: Measurement
    p_few: float
    p_many: float
    verdict: str


@dataclass(frozen=True, eq=False)
class Parts:
    """All parts of the data, in the order of their names."""

    parts: tuple[Part, ...]
    note: str

    def named(self, verdict: str) -> tuple[str, ...]:
        return tuple(part.name for part in self.parts if part.verdict == verdict)

    @property
    def missing(self) -> tuple[str, ...]:
        return self.named("missing")

    @property
    def over(self) -> tuple[str, ...]:
        return self.named("too many")


def parts(
    labels: Tensor,
    names: Sequence[str],
    *,
    space: str,
    real: Tensor | None = None,
    due: Sequence[float] | None = None,
    groups: Ids | None = None,
    q: float = 0.1,
) -> Parts:
    """Against the labels of `real` samples (hypergeometric tails) or exact shares `due` (binomial tails).

    Too few and too many are two questions; in each a share q of the parts named is wrong on average. `groups` of the
    real samples: where they belong together their counts are cut to those of as informative independent ones.
    """
    if (real is None) == (due is None) or (due is not None and len(due) != len(names)):
        raise UsageError("shares to compare with are needed once", "give real labels, or one due share for each name")
    tables = [_counts(each, len(names)) for each in (labels, real) if each is not None]
    rows: list[tuple[float, Interval, float, float]] = []
    for place in range(len(names)):
        if real is None:
            rows.append(_known(int(tables[0][place]), len(labels), float((due or ())[place]), len(names)))
        else:
            seen, of = _independent(real == place, groups)
            rows.append(_measured(int(tables[0][place]), len(labels), seen, of, len(names)))
    few = benjamini_hochberg([row[2] for row in rows]).tolist()
    many = benjamini_hochberg([row[3] for row in rows]).tolist()
    said = "known shares, binomial tails" if real is None else f"{len(real)} real samples, hypergeometric tails"
    told = []
    for place, (name, (share, within, _, _)) in enumerate(zip(names, rows, strict=True)):
        count = int(tables[0][place])
        ratio = count / len(labels) / share if share else (math.inf if count else 1.0)
        told.append(
            Part(
                name,
                count,
                share * len(labels),
                Measurement(
                    f"{name}: share over due",
                    ratio,
                    n=len(labels),
                    estimator=f"labels of a judge against {said}",
                    better="neither",
                    interval=within,
                    floor=1.0,
                    space=space,
                ),
                few[place],
                many[place],
                _verdict(ratio, few[place] <= q, many[place] <= q),
            )
        )
    return Parts(tuple(told), _said(told, len(labels), said, q))


def by_nearest(real: Tensor, labels: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Labels of fakes, and of the real samples themselves, by the nearest other real one: without a classifier."""
    return labels[neighbours(fake, real)[1][:, 0]], labels[neighbours(real, real, skip_self=True)[1][:, 0]]


def _known(count: int, n: int, share: float, family: int) -> tuple[float, Interval, float, float]:
    """(due share, interval of the ratio, p of so few, p of so many)."""
    from scipy.stats import binom

    within = wilson(count, n, level=1 - 0.05 / family)
    low, high = (within.low / share, within.high / share) if share else (0.0, math.inf)
    tails = float(binom.cdf(count, n, share)), float(binom.sf(count - 1, n, share))
    return share, Interval(low, high, within.level, "Wilson, Bonferroni"), tails[0], tails[1]


def _measured(count: int, n: int, seen: int, of: int, family: int) -> tuple[float, Interval, float, float]:
    """The same from two samples: of the count + seen, those that are fake say the ratio of the shares."""
    from scipy.stats import hypergeom

    both = count + seen
    if both == 0:
        return 0.0, Interval(0.0, math.inf, 1 - 0.05 / family, "none: no sample in this part"), 1.0, 1.0
    within = wilson(count, both, level=1 - 0.05 / family)
    ends = [end / (1 - end) * of / n if end < 1 else math.inf for end in (within.low, within.high)]
    tails = float(hypergeom.cdf(count, n + of, both, n)), float(hypergeom.sf(count - 1, n + of, both, n))
    method = "Wilson of the fakes among both, Bonferroni"
    return seen / of, Interval(ends[0], ends[1], within.level, method), tails[0], tails[1]


def _independent(flags: Tensor, groups: Ids | None) -> tuple[int, int]:
    """How many of how many; in groups over the design effect, the squared error over that of independent samples."""
    seen, of = int(flags.sum()), len(flags)
    if groups is None:
        return seen, of
    mean = mean_of(flags.double(), groups)
    if 0 < seen < of and mean.error < math.inf:
        effect = max(1.0, mean.error**2 * (of - 1) / (mean.value * (1 - mean.value)))
    else:
        effect = of / mean.n
    return round(seen / effect), max(1, round(of / effect))


def _verdict(ratio: float, few: bool, many: bool) -> str:
    if few:
        return "missing" if ratio < STRICT else "too few"
    return "too many" if many else "not told apart"


def _said(told: Sequence[Part], n: int, said: str, q: float) -> str:
    named = {verdict: [part.name for part in told if part.verdict == verdict] for verdict in VERDICTS}
    found = [f"{verdict}: {', '.join(names)}" for verdict, names in named.items() if names]
    seen = "; ".join(found) if found else "no part is told apart from what is due"
    return f"Of {len(told)} parts, {seen} ({n} samples against {said}, false discovery rate {q:g})."


def _counts(labels: Tensor, modes: int) -> Tensor:
    return tally_modes(labels, modes).counts


def _reached(n: int, modes: int, least: int) -> float:
    """The chance that a mode of weight 1 / modes gets at least so many of n."""
    from scipy.stats import binom

    return float(binom.sf(least - 1, n, 1 / modes))


def _of_kl(labels: Tensor, modes: int, stream: Stream) -> Interval:
    on = labels[labels >= 0].double()
    kl = Statistic("reverse KL", lambda x: tally_modes(x.long(), modes).reverse_kl, "plug-in distance", low=0.0)
    return estimate(kl, (on,), method="jackknife", stream=stream).interval


VERDICTS = ("missing", "too few", "too many")
