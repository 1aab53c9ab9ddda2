"""Who was in the training data? Asked of the critic's score, and of the generator's samples.

    told = of_critic(gan, train, held_out)                  # LOGAN (Hayes et al. 2019): members score as more real
    told = of_generator(gan, train, held_out, space)        # GAN-Leaks, full black box (Chen et al. 2020): nearest fake
    told.measured["AUC"], told.verdict, told.note

Non-members must be of the same law: where the pictures differ in themselves, or in their classes, an attack finds that
difference, and nothing is claimed. Members and non-members stand mixed in the blocks that the critic sees, so that a
critic that looks at a batch as a whole treats both alike. An attack that fails shows no privacy: others may succeed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError
from ganatomy.evaluate.trust.attack import DRAWS, FEWEST, Attack, attack
from ganatomy.explain.critic.lots import Lot, class_labels, fakes, groups_of, places, reals, scored, together
from ganatomy.explain.critic.samples.memory import MemoryPlan, looks, shifted, unlike
from ganatomy.explain.critic.scorer import Scorer, coupled
from ganatomy.explain.passes import BLOCK, Progress
from ganatomy.features.space import FeatureSpace
from ganatomy.models.gan import GAN
from ganatomy.numerics.distances import neighbours
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.roc import ALONE

TOGETHER = 16  # pictures that are scored together and alone
COUPLED = 0.01  # standard deviations by which a score may change with the batch
CHUNK = 2048  # generated samples held at once
Sets = tuple[Dataset, Dataset]
Groups = tuple[Tensor, Tensor] | None


@dataclass(frozen=True)
class AttackPlan:
    """n samples at most of each kind; fakes: generated ones among which the nearest is sought."""

    n: int = 2000
    fakes: int = 10_000
    seed: int = 0
    draws: int = DRAWS

    def __post_init__(self) -> None:
        if self.n < FEWEST or self.fakes < 1:
            raise UsageError(
                f"an attack on {self.n} samples with {self.fakes} generated ones was planned",
                f"take {FEWEST} samples or more, and one generated one or more",
            )


DEFAULT = AttackPlan()


def of_critic(
    gan: GAN, train: Dataset, held_out: Dataset, *, plan: AttackPlan = DEFAULT, progress: Progress | None = None
) -> Attack:
    """Both sets in any range; a reversed critic gives an area below one half, which is no attack."""
    sets = _ready(gan, train, held_out)
    known, other, seen = _scores(gan, sets, plan, progress)
    groups = pooled_groups(sets, plan.n)
    told = attack(
        known,
        other,
        space=f"critic-{gan.digest()[:12]}",
        stream=Stream(plan.seed, "membership/critic"),
        groups=groups,
        draws=plan.draws,
        shift=_shift(seen, sets, plan, groups),
    )
    return _with(told, _of_batches(gan, sets[1]))


def of_generator(
    gan: GAN,
    train: Dataset,
    held_out: Dataset,
    space: FeatureSpace,
    *,
    plan: AttackPlan = DEFAULT,
    progress: Progress | None = None,
) -> Attack:
    """A member should lie nearer to its nearest generated sample than a non-member does."""
    sets = _ready(gan, train, held_out)
    tables, seen = [], []
    for data in sets:
        lots = list(reals(gan, data, plan.n))
        seen.append(torch.cat([looks(lot.pictures) for lot in lots]))
        tables.append(torch.cat([space(lot.pictures, gan.format) for lot in lots]).double().cpu())
    near = _nearest(gan, torch.cat(tables), space, plan, progress)
    groups = pooled_groups(sets, plan.n)
    return attack(
        -near[: len(tables[0])],
        -near[len(tables[0]) :],
        space=space.id,
        stream=Stream(plan.seed, "membership/generator"),
        groups=groups,
        draws=plan.draws,
        shift=_shift((seen[0], seen[1]), sets, plan, groups),
    )


def pooled_groups(sets: Sets, n: int) -> Groups:
    """Group numbers of the first n `places` of both, which are different people; without any, each is its own."""
    found = [groups_of(data, n) for data in sets]
    if found[0] is None and found[1] is None:
        return None
    first, second = (
        torch.arange(len(places(data, n))) if ids is None else ids for data, ids in zip(sets, found, strict=True)
    )
    return first, second + int(first.max()) + 1


def _ready(gan: GAN, train: Dataset, held_out: Dataset) -> Sets:
    for data, name in ((train, "members"), (held_out, "non-members")):
        if data.size < FEWEST:
            raise UsageError(f"{data.size} {name} were given", f"give {FEWEST} or more")
    return train.in_format(gan.format), held_out.in_format(gan.format)


def _scores(
    gan: GAN, sets: Sets, plan: AttackPlan, progress: Progress | None
) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
    """Scores of members, of non-members, and what both look like."""
    scorer, chosen = Scorer(gan), [list(places(data, plan.n)) for data in sets]
    cut, count = len(chosen[0]), len(chosen[0]) + len(chosen[1])
    order = Stream(plan.seed, "membership/order").permutation(0, count)
    scores, seen = torch.empty(count, dtype=torch.float64), torch.empty(count, 3, dtype=torch.float64)
    for first in range(0, count, BLOCK):
        rows = order[first : first + BLOCK]
        rows = torch.cat([rows[rows < cut], rows[rows >= cut]])
        picked = [[chosen[0][row] for row in rows.tolist() if row < cut]]
        picked.append([chosen[1][row - cut] for row in rows.tolist() if row >= cut])
        lot = together(_lot(gan, data, some) for data, some in zip(sets, picked, strict=True) if some)
        scores[rows], seen[rows] = scored(scorer, [lot]), looks(lot.pictures)
        if progress is not None:
            progress(first + len(rows), count)
    return scores[:cut], scores[cut:], (seen[:cut], seen[cut:])


def _lot(gan: GAN, data: Dataset, some: Sequence[int]) -> Lot:
    return Lot(data.read(some), class_labels(gan, data, some))


def _nearest(gan: GAN, real: Tensor, space: FeatureSpace, plan: AttackPlan, progress: Progress | None) -> Tensor:
    """The distance of each row to the nearest of the generated samples, (n,), as they come."""
    found = torch.full((len(real),), math.inf, dtype=torch.float64)
    for first in range(0, plan.fakes, CHUNK):
        count = min(CHUNK, plan.fakes - first)
        made = together(fakes(gan, count, seed=plan.seed, start=first, progress=_after(progress, first, plan.fakes)))
        found = torch.minimum(found, neighbours(real, space(made.pictures, gan.format).cpu())[0][:, 0])
    return found


def _after(progress: Progress | None, first: int, count: int) -> Callable[[int, int], None] | None:
    return None if progress is None else lambda done, _: progress(first + done, count)


def _shift(seen: tuple[Tensor, Tensor], sets: Sets, plan: AttackPlan, groups: Groups) -> str:
    """In what members and non-members differ without any GAN; empty where they do not surely."""
    told = MemoryPlan(n=max(plan.n, MemoryPlan.n), seed=plan.seed)
    said = shifted(*seen, smallest=told.smallest, level=told.level, groups=groups or ALONE)
    known, other = (data.labels(places(data, plan.n)) for data in sets)
    apart = 0.0 if known is None or other is None else unlike(known, other, plan=told, groups=groups)
    if apart:
        said += f" Members and non-members hold other shares of the classes ({apart:.0%} would have to change class)."
    return said.strip()


def _of_batches(gan: GAN, data: Dataset) -> str:
    few = together(reals(gan, data, TOGETHER))
    change = coupled(gan, few.pictures, few.labels)
    if change <= COUPLED:
        return ""
    return (
        f"A score belongs to its batch (alone it differs by up to {change:.2g} sd): members and non-members were"
        " scored mixed."
    )


def _with(told: Attack, said: str) -> Attack:
    note = f"{told.note} {said}".strip()
    return Attack(told.measured, told.p, told.untold, told.known, told.other, told.verdict, note)
