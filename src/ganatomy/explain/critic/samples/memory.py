"""Has the critic memorised its training pictures? Their scores against those of held-out pictures.

    found = memory(gan, train, held_out)             # a Finding: present, absent or undetermined
    found.effect                                     # P(a training picture scores above a held-out one), less 1/2
    found.arrays["caught"]                           # the share of training pictures found at 1 % false alarms

A critic that never saw either sort cannot tell them apart, if both come from one law. That they do is checked by what
pictures look like without any critic, and by how many there are of each class; where they differ, scores may differ for
that reason, and nothing is claimed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError
from ganatomy.explain.critic.lots import Lot, fakes, groups_of, places, reals, scored, worded
from ganatomy.explain.critic.samples.boundary import FEWEST, percent
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.effects import Verdict, unpaired_effect
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.numerics.statistics.permutation import permute_labels
from ganatomy.numerics.statistics.roc import ALONE, Auc, Sides, auc
from ganatomy.numerics.statistics.shares import share
from ganatomy.results.finding import Finding
from ganatomy.results.measurement import Measurement
from ganatomy.results.provenance import Provenance
from ganatomy.results.record import Array

ALARMS = 0.01
CLASS_DRAWS = 199
LOOKS = ("mean", "spread", "slope")


@dataclass(frozen=True)
class MemoryPlan:
    """n pictures at most of each sort; `smallest`: an AUC less 1/2; draws: of the permutation test."""

    n: int = 2000
    seed: int = 0
    smallest: float = 0.05
    draws: int = 9999
    level: float = 0.95

    def __post_init__(self) -> None:
        if self.n < FEWEST:
            raise UsageError(f"a comparison of {self.n} pictures was planned", f"take {FEWEST} or more")


@dataclass(frozen=True, eq=False)
class Compared:
    """Of scores of training pictures against held-out ones. p: of no difference, one-sided, by relabelling.

    sds: difference of means in standard deviations of held-out scores. above_all: share of training pictures above
    every held-out one. caught: the share above a threshold that 1 % of held-out pictures pass at most.
    """

    told: Auc
    p: float
    sds: float
    sds_within: Interval
    above_all: tuple[float, Interval]
    caught: tuple[float, Interval]


DEFAULT = MemoryPlan()


def memory(gan: GAN, train: Dataset, held_out: Dataset, *, plan: MemoryPlan = DEFAULT) -> Finding:
    """Of a critic that was trained on `train`; where both sets know their groups, groups are relabelled whole."""
    scorer = Scorer(gan)
    known, looks_known = _scored(scorer, reals(gan, train, plan.n))
    other, looks_other = _scored(scorer, reals(gan, held_out, plan.n))
    made = scored(scorer, fakes(gan, plan.n, seed=plan.seed))
    if min(len(known), len(other)) < FEWEST:
        raise UsageError(
            f"{len(known)} training and {len(other)} held-out pictures were to be compared",
            f"give {FEWEST} or more of each",
        )
    groups = _groups(train, held_out, plan.n)
    found = compared(known, other, plan=plan, groups=groups)
    told = auc(other, made, level=plan.level, groups=(groups_of(held_out, plan.n), None))
    verdict = judged(found, smallest=plan.smallest, level=plan.level)
    shift = shifted(looks_known, looks_other, smallest=plan.smallest, level=plan.level, groups=groups or ALONE)
    shift += _unlike(train, held_out, plan=plan, groups=groups)
    note = " ".join(part for part in (_note(found, told, smallest=plan.smallest), shift, _whose(gan, train)) if part)
    if shift and verdict == "present":
        verdict = "undetermined"
    digests = {"gan": gan.digest(), "train": train.fingerprint, "held-out": held_out.fingerprint}
    return Finding(
        claim="the critic has memorised training pictures",
        estimand="P(a training picture scores above a held-out one) - 1/2",
        population=worded(f"{train.name}, {len(known)} training and {len(other)} held-out pictures", gan.format),
        replication="picture" if groups is None else "group",
        treatment="having been trained on",
        positive_control=_measured("held-out above generated", told),
        negative_control=_measured("one half of the training pictures above the other", _halves(known, train, plan)),
        smallest_effect=plan.smallest,
        family="one claim",
        effect=found.told.value - 0.5,
        interval=_less_half(found.told.interval),
        p=found.p,
        verdict=verdict,
        arrays=_arrays(found, known, other, made),
        note=worded(note, gan.format),
        provenance=Provenance.here(seed=plan.seed, digests=digests),
    )


def compared(
    known: Tensor, other: Tensor, *, plan: MemoryPlan = DEFAULT, groups: tuple[Tensor, Tensor] | None = None
) -> Compared:
    """Scores (n,) and (m,)."""
    ranks = torch.cat([known, other]).unique(return_inverse=True)[1].double()
    counts = torch.bincount(ranks.long())
    shared = (counts.cumsum(0) - (counts - 1) / 2).double()[ranks.long()]  # equal scores share their rank
    # The mean of ranks orders relabellings as the area does.
    tested = permute_labels(
        shared[: len(known)],
        shared[len(known) :],
        stream=Stream(plan.seed, "critic/memory"),
        groups=groups,
        alternative="greater",
        draws=plan.draws,
    )
    sd = float(other.std()) or 1.0
    sides: Sides = groups or ALONE
    gap = unpaired_effect(known / sd, other / sd, smallest=0.0, groups=sides, level=plan.level)
    return Compared(
        auc(known, other, level=plan.level, groups=sides),
        tested.p,
        gap.value,
        gap.interval,
        share(known > other.max(), sides[0], level=plan.level),
        share(known > alarm(other), sides[0], level=plan.level),
    )


def alarm(other: Tensor) -> float:
    """The least score that at most 1 % of held-out pictures lie above."""
    allowed = math.floor(ALARMS * len(other))
    return float(other.sort(descending=True).values[allowed])


def judged(found: Compared, *, smallest: float, level: float) -> Verdict:
    """Present where training pictures score higher, by more than the smallest; scoring lower is no memory."""
    within = _less_half(found.told.interval)
    if within.low > smallest and found.p <= 1 - level:
        return "present"
    return "absent" if within.high <= smallest else "undetermined"


def shifted(known: Tensor, other: Tensor, *, smallest: float, level: float, groups: Sides = ALONE) -> str:
    """What the pictures themselves differ in, (n, looks), as a sentence; empty where they do not surely."""
    found = []
    for at, name in enumerate(LOOKS):
        told = auc(known[:, at], other[:, at], level=1 - (1 - level) / len(LOOKS), groups=groups)
        if told.interval.low - 0.5 > smallest or told.interval.high - 0.5 < -smallest:
            found.append(f"{name} of the values (AUC {told.value:.3g})")
    if not found:
        return ""
    return (
        f"Training and held-out pictures differ in themselves: {', '.join(found)}; their scores may differ for that "
        "reason, so that memory is not claimed."
    )


def unlike(known: Tensor, other: Tensor, *, plan: MemoryPlan, groups: tuple[Tensor, Tensor] | None = None) -> float:
    """Half the summed differences of the shares of class numbers (n,) and (m,); 0 where it may be chance, or is small.

    The area can differ by no more for the sake of classes alone.
    """
    classes = int(max(known.max(), other.max())) + 1

    def apart(x: Tensor, y: Tensor) -> float:
        shares = [torch.bincount(each.long(), minlength=classes).double() / len(each) for each in (x, y)]
        return float((shares[0] - shares[1]).abs().sum()) / 2

    stream = Stream(plan.seed, "critic/memory/classes")
    tested = permute_labels(
        known, other, stream=stream, statistic=apart, groups=groups, alternative="greater", draws=CLASS_DRAWS
    )
    return tested.observed if tested.p <= 1 - plan.level and tested.observed > plan.smallest else 0.0


def looks(pictures: Tensor) -> Tensor:
    """Mean, spread, and mean difference of neighbouring values of each picture, (n, 3)."""
    flat = pictures.double().flatten(1)
    across = pictures.double().diff(dim=-1).flatten(1)
    slope = across.abs().mean(1) if across.shape[1] else torch.zeros(len(flat), dtype=torch.float64)
    return torch.stack([flat.mean(1), flat.std(1, correction=0), slope], 1)


def _scored(scorer: Scorer, lots: Iterable[Lot]) -> tuple[Tensor, Tensor]:
    scores, seen = [], []
    for lot in lots:
        scores.append(scored(scorer, [lot]))
        seen.append(looks(lot.pictures))
    return torch.cat(scores), torch.cat(seen)


def _groups(train: Dataset, held_out: Dataset, n: int) -> tuple[Tensor, Tensor] | None:
    """Numbers of the groups, which are different people in the two sets; without any each picture is its own."""
    first, second = groups_of(train, n), groups_of(held_out, n)
    if first is None and second is None:
        return None
    first = torch.arange(min(n, train.size)) if first is None else first
    second = torch.arange(min(n, held_out.size)) if second is None else second
    return first, second + int(first.max()) + 1


def _halves(known: Tensor, train: Dataset, plan: MemoryPlan) -> Auc:
    """By chance: MNIST alternates two sources."""
    mixed, ids = Stream(plan.seed, "critic/memory/halves").permutation(0, len(known)), groups_of(train, plan.n)
    halves = [mixed[::2], mixed[1::2]]
    first, second = (None if ids is None else ids[half] for half in halves)
    return auc(known[halves[0]], known[halves[1]], level=plan.level, groups=(first, second))


def _unlike(train: Dataset, held_out: Dataset, *, plan: MemoryPlan, groups: tuple[Tensor, Tensor] | None) -> str:
    known, other = (data.labels(places(data, plan.n)) for data in (train, held_out))
    if known is None or other is None:
        return ""
    apart = unlike(known, other, plan=plan, groups=groups)
    if not apart:
        return ""
    return (
        f" Training and held-out pictures hold other shares of the classes ({apart:.0%} of them would have to change "
        "class), so that memory is not claimed."
    )


def _whose(gan: GAN, train: Dataset) -> str:
    """A caution where nothing says that the critic was trained on these."""
    if gan.data is not None and gan.data == train.name:
        return ""
    known = "nothing says" if gan.data is None else f"the GAN names {gan.data!r}, and nothing says"
    return f"Training pictures are those of {train.name!r} here: {known} that the critic was trained on them."


def _less_half(interval: Interval) -> Interval:
    return Interval(interval.low - 0.5, interval.high - 0.5, interval.level, interval.method)


def _measured(name: str, told: Auc) -> Measurement:
    n = min(told.n_above, told.n_below)
    return Measurement(name, told.value - 0.5, n, "AUC - 1/2", "neither", interval=_less_half(told.interval))


def _arrays(found: Compared, known: Tensor, other: Tensor, made: Tensor) -> dict[str, Array]:
    bounded = {"above_all": found.above_all, "caught": found.caught, "sds": (found.sds, found.sds_within)}
    arrays = {name: torch.tensor([v, i.low, i.high], dtype=torch.float64).numpy() for name, (v, i) in bounded.items()}
    scores = {"train_scores": known, "held_out_scores": other, "generated_scores": made}
    return {**arrays, **{name: each.numpy() for name, each in scores.items()}}


def _note(found: Compared, told: Auc, *, smallest: float) -> str:
    within = found.sds_within
    said = (
        f"Training pictures score {found.sds:+.3g} [{within.low:.3g}, {within.high:.3g}] sd above held-out ones. "
        f"{percent(*found.caught)} of them are found at {ALARMS:.0%} false alarms, where chance finds about as many; "
        f"{percent(*found.above_all)} score above every held-out picture."
    )
    if told.interval.low <= 0.5 + smallest:
        said += " The score does not surely tell held-out from generated pictures either: it says little at all."
    return said
