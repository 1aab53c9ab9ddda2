"""May a single sample be trusted? Its realism, the copy it may be, the critic's probability, and one verdict.

    known = standard(train, held_out, space, gan=gan)            # once
    told = judge_samples(samples, known)                         # of pictures from anywhere, in the data's format
    told = judge_fakes(gan, range(64), known, seed=0)
    told.verdicts[3], told.reasons[3], told.p_realism[3], told.measured["unlike real ones"]

Every number is set beside the same number of held-out real samples, which no part of it was fitted to; the p-values are
conformal: a new real sample is called "unlike real ones" with chance alpha at most, and "near a training sample" with
chance alpha at most. Realism is read from training samples. A copy is nearer to a training sample than to any held-out
one, by more than held-out samples are; leaving a held-out sample (and its group) out of those it is compared with
makes its own p only larger. The critic enters by its score; as a probability it is told after a head (`probability`),
which never changes the order of scores and so no p.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import GanatomyError, UsageError
from ganatomy.evaluate.trust.probability import Probability, as_probability
from ganatomy.evaluate.trust.realism import Kept, balls_of, nearest_of, realism
from ganatomy.evaluate.trust.single_verdicts import Judged, Numbers, floors_of, judged
from ganatomy.explain.critic.lots import Lot, groups_of, places
from ganatomy.explain.passes import BLOCK, Progress
from ganatomy.features.space import FeatureSpace
from ganatomy.models.gan import GAN
from ganatomy.numerics.distances import neighbours
from ganatomy.numerics.statistics.groups import units

FEWEST = 20  # samples of each kind
CRITIC = 120  # held-out samples at least, for a head of the critic
DEPTH = 64  # nearest held-out samples looked up, in case those of one group are left out


@dataclass(frozen=True)
class StandardPlan:
    """n held-out samples at most; balls: of so many training samples; most: training samples searched for copies."""

    n: int = 2000
    balls: int = 5000
    most: int = 100_000
    k: int = 3
    alpha: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.n, self.balls, self.most) < FEWEST or not 0 < self.alpha < 0.5:
            raise UsageError(
                f"a standard of {self.n} held-out samples at alpha {self.alpha:g} was planned",
                f"take {FEWEST} samples or more of each kind, and an alpha above 0 and below 0.5",
            )


@dataclass(frozen=True, eq=False)
class Standard:
    """What samples are judged by. held: features of held-out samples; numbers: of these; places: where they stand.

    floors: what these themselves read, without and with the critic.
    """

    train: Dataset
    space: FeatureSpace
    plan: StandardPlan
    kept: Kept
    held: Tensor
    places: Sequence[int]
    groups: Tensor | None
    numbers: Numbers
    critic: Probability | None
    note: str
    floors: tuple[Mapping[str, float], ...]


DEFAULT = StandardPlan()


def standard(
    train: Dataset,
    held_out: Dataset,
    space: FeatureSpace,
    *,
    gan: GAN | None = None,
    plan: StandardPlan = DEFAULT,
    progress: Progress | None = None,
) -> Standard:
    """Both sets in one format, the GAN's where there is one; its critic is asked where it has one."""
    if gan is not None:
        train, held_out = train.in_format(gan.format), held_out.in_format(gan.format)
    if train.format != held_out.format or min(train.size, held_out.size) < FEWEST:
        raise UsageError(
            f"{train.size} training ({train.format}) and {held_out.size} held-out ones ({held_out.format}) were given",
            f"give {FEWEST} or more of each, in one format",
        )
    chosen, groups = places(held_out, plan.n), groups_of(held_out, plan.n)
    held = _features(held_out, chosen, space)
    kept = balls_of(_features(train, places(train, plan.balls), space), k=plan.k)
    to_train, first = nearest_of(train, space, held, most=plan.most, progress=progress)
    to_held, other = _among(held, groups)
    critic, note = _critic(gan, held_out, plan)
    logits = None if critic is None else critic.real
    numbers = Numbers(realism(held, kept), to_train, to_held, first, torch.as_tensor(chosen)[other], logits)
    floors = tuple(
        floors_of(numbers, groups, critic=told, alpha=plan.alpha)
        for told in ((False,) if critic is None else (False, True))
    )
    return Standard(train, space, plan, kept, held, chosen, groups, numbers, critic, note, floors)


def judge_samples(
    samples: Tensor, known: Standard, *, labels: Tensor | None = None, progress: Progress | None = None
) -> Judged:
    """In the format of the data; `labels` for a conditional critic, without which it is not asked."""
    known.train.format.check(samples, "samples to judge")
    if not len(samples):
        raise UsageError("no samples were to be judged", "give one or more")
    own = known.space(samples, known.train.format).double().cpu()
    to_train, first = nearest_of(known.train, known.space, own, most=known.plan.most, progress=progress)
    to_held, other = (each[:, 0] for each in neighbours(own, known.held))
    numbers = Numbers(
        realism(own, known.kept),
        to_train,
        to_held,
        first,
        torch.as_tensor(known.places)[other],
        _asked(known, samples, labels),
    )
    return judged(
        numbers,
        known.numbers,
        groups=known.groups,
        alpha=known.plan.alpha,
        space=known.space.id,
        note=known.note,
        floors=known.floors[numbers.logits is not None],
    )


def judge_fakes(
    gan: GAN, indices: Sequence[int], known: Standard, *, seed: int = 0, progress: Progress | None = None
) -> Judged:
    """Samples number `indices` of a seed."""
    samples = gan.sample(seed, indices).float().cpu()
    return judge_samples(samples, known, labels=gan.latent.labels(seed, indices), progress=progress)


def _features(data: Dataset, chosen: Sequence[int], space: FeatureSpace) -> Tensor:
    parts = [chosen[first : first + BLOCK] for first in range(0, len(chosen), BLOCK)]
    return torch.cat([space(data.read(part), data.format).double().cpu() for part in parts])


def _among(held: Tensor, groups: Tensor | None) -> tuple[Tensor, Tensor]:
    """Distance to and row of the nearest held-out sample of another group."""
    kin = units(groups, len(held))
    if kin.count < 2:
        raise UsageError("held-out samples of one group were given", "give samples of two groups or more")
    depth = min(max(DEPTH, int(kin.sizes.max())), len(held) - 1)
    far, where = neighbours(held, held, depth, skip_self=True)
    column = (kin.codes[where] != kin.codes[:, None]).int().argmax(1, keepdim=True)
    return far.gather(1, column)[:, 0], where.gather(1, column)[:, 0]


def _critic(gan: GAN | None, held_out: Dataset, plan: StandardPlan) -> tuple[Probability | None, str]:
    if gan is None or gan.critic is None:
        return None, "There is no critic to ask."
    if min(plan.n, held_out.size) < CRITIC:
        return None, f"The critic is not asked: a head takes {CRITIC} held-out samples."
    try:
        found = as_probability(gan, held_out, min(plan.n, held_out.size), seed=plan.seed)
    except GanatomyError as error:  # a critic that is constant, or too few groups for a head
        return None, f"The critic is not asked: {error.said}."
    return found, f"Probability of real by the critic after the head {found.head.name}."


def _asked(known: Standard, samples: Tensor, labels: Tensor | None) -> Tensor | None:
    if known.critic is None or (known.critic.gan.latent.classes and labels is None):
        return None
    parts = range(0, len(samples), BLOCK)
    cut = [slice(first, first + BLOCK) for first in parts]
    lots = [Lot(samples[some], None if labels is None else labels[some]) for some in cut]
    return torch.cat([known.critic.logits(lot).double().cpu() for lot in lots])
