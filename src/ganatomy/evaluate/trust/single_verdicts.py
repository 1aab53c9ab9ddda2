"""From the numbers of single samples to p-values among held-out real ones, and from these to one verdict each.

    told = judged(numbers, held_out_numbers, groups=None, alpha=0.05, space=space.id, note="")
    told.verdicts, told.reasons, told.measured

`VERDICTS` is the whole rule, first come first served. Realism and the critic share alpha (Bonferroni), so that a real
sample is "unlike real ones" with chance alpha at most.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.evaluate.quality.beside import NEAR
from ganatomy.evaluate.quality.copies import PRIVACY
from ganatomy.evaluate.quality.pairs import Readings
from ganatomy.evaluate.trust.conformal import among_themselves, least, unusual
from ganatomy.numerics.statistics.groups import units
from ganatomy.numerics.statistics.interval import wilson
from ganatomy.results.measurement import Better, Measurement

COPY, UNLIKE, REAL, NOT_TOLD = "near a training sample", "unlike real ones", "looks real", "not told"


@dataclass(frozen=True, eq=False)
class Numbers:
    """Of each sample: distances to and numbers of its nearest training and held-out sample; the critic's logit."""

    realism: Tensor
    to_train: Tensor
    to_held_out: Tensor
    nearest_train: Tensor
    nearest_held_out: Tensor
    logits: Tensor | None

    @property
    def ratio(self) -> Tensor:
        """Distance to training over that to held-out; 0 for a copy, 1 where both are 0."""
        both = (self.to_train == 0) & (self.to_held_out == 0)
        return torch.where(both, 1.0, self.to_train / self.to_held_out)


@dataclass(frozen=True, eq=False)
class Judged:
    """p_realism, p_critic: of being as unlike as this; p_near: of lying as near to training; each (n,), conformal.

    percentile: the share of held-out real samples of lower realism. probability: of being real, by the critic.
    p_unlike: of realism and critic together, twice the smaller. measured: the share of samples under each verdict,
    beside what held-out real samples read, each judged by the others.
    """

    numbers: Numbers
    percentile: Tensor
    p_realism: Tensor
    p_near: Tensor
    p_critic: Tensor | None
    p_unlike: Tensor
    probability: Tensor | None
    verdicts: tuple[str, ...]
    reasons: tuple[str, ...]
    measured: Readings
    note: str

    def __len__(self) -> int:
        return len(self.verdicts)


@dataclass(frozen=True)
class Case:
    """What a verdict hangs on. smallest: the least p there can be."""

    exact: bool
    ratio: float
    p_near: float
    p_unlike: float
    smallest: float
    alpha: float


VERDICTS: tuple[tuple[str, Callable[[Case], bool]], ...] = (
    (COPY, lambda case: case.exact or (case.p_near <= case.alpha and case.ratio < NEAR)),
    (NOT_TOLD, lambda case: case.smallest > case.alpha),
    (UNLIKE, lambda case: case.p_unlike <= case.alpha),
    (REAL, lambda _: True),
)
BETTER: dict[str, Better] = {COPY: "low", UNLIKE: "low", REAL: "high", NOT_TOLD: "neither"}


def judged(
    own: Numbers,
    held_out: Numbers,
    *,
    groups: Tensor | None,
    alpha: float,
    space: str,
    note: str,
    floors: Mapping[str, float] | None = None,
) -> Judged:
    """`held_out` are the numbers of held-out real samples, `groups` says which of them belong together.

    `floors` are those of `floors_of`, where they are known already.
    """
    p_realism, p_near = (unusual(*pair, groups) for pair in _scores(own, held_out)[:2])
    told = own.logits is not None and held_out.logits is not None
    p_critic = unusual(*_scores(own, held_out)[2], groups) if told else None
    p_unlike = _together(p_realism, p_critic)
    count = units(groups, len(held_out.realism)).count
    smallest = least(count) * (1 if p_critic is None else 2)
    verdicts = _verdicts(own, p_near, p_unlike, smallest=smallest, alpha=alpha)
    percentile = torch.searchsorted(held_out.realism.sort().values, own.realism).double() / len(held_out.realism)
    if floors is None:
        floors = floors_of(held_out, groups, critic=told, alpha=alpha)
    return Judged(
        own,
        percentile,
        p_realism,
        p_near,
        p_critic,
        p_unlike,
        None if own.logits is None else torch.sigmoid(own.logits),
        verdicts,
        tuple(_reason(own, row, verdict, p_realism, p_critic) for row, verdict in enumerate(verdicts)),
        _measured(verdicts, floors, said=f"{count} held-out {'samples' if groups is None else 'groups'}", space=space),
        _said(alpha, smallest, note),
    )


def _scores(own: Numbers, held_out: Numbers) -> list[tuple[Tensor, Tensor]]:
    """Low is unusual: realism, nearness to training, and the critic's logit where both have one."""
    pairs = [(own.realism, held_out.realism), (own.ratio, held_out.ratio)]
    if own.logits is not None and held_out.logits is not None:
        pairs.append((own.logits, held_out.logits))
    return pairs


def _together(p_realism: Tensor, p_critic: Tensor | None) -> Tensor:
    return p_realism if p_critic is None else (2 * torch.minimum(p_realism, p_critic)).clamp(max=1.0)


def _verdicts(own: Numbers, p_near: Tensor, p_unlike: Tensor, *, smallest: float, alpha: float) -> tuple[str, ...]:
    exact = (own.to_train == 0) & (own.to_held_out > 0)
    columns = zip(exact.tolist(), own.ratio.tolist(), p_near.tolist(), p_unlike.tolist(), strict=True)
    cases = [Case(*each, smallest, alpha) for each in columns]
    return tuple(next(name for name, holds in VERDICTS if holds(case)) for case in cases)


def floors_of(held_out: Numbers, groups: Tensor | None, *, critic: bool, alpha: float) -> dict[str, float]:
    """The share of held-out real samples under each verdict, each judged by those of other groups."""
    p_realism, p_near = among_themselves(held_out.realism, groups), among_themselves(held_out.ratio, groups)
    logits = held_out.logits if critic else None
    p_critic = None if logits is None else among_themselves(logits, groups)
    smallest = least(units(groups, len(p_near)).count) * (1 if p_critic is None else 2)
    found = _verdicts(held_out, p_near, _together(p_realism, p_critic), smallest=smallest, alpha=alpha)
    return {name: found.count(name) / len(found) for name, _ in VERDICTS}


def _measured(verdicts: tuple[str, ...], floors: Mapping[str, float], *, said: str, space: str) -> Readings:
    n = len(verdicts)
    return {
        name: Measurement(
            name,
            verdicts.count(name) / n,
            n=n,
            estimator=f"share of samples, conformal by {said}, float64; floor: of these themselves",
            better=BETTER[name],
            interval=wilson(verdicts.count(name), n),
            floor=floors[name],
            space=space,
        )
        for name, _ in VERDICTS
    }


def _reason(own: Numbers, row: int, verdict: str, p_realism: Tensor, p_critic: Tensor | None) -> str:
    near, far = float(own.to_train[row]), float(own.to_held_out[row])
    if verdict == COPY:
        exact = "an exact copy of" if near == 0 else f"at {near / far:.2f} of the distance to any held-out sample from"
        return f"{exact} training sample {int(own.nearest_train[row])}"
    if verdict == NOT_TOLD:
        return "too few held-out samples for this alpha"
    said = [f"realism {float(own.realism[row]):.2f}, as low in {float(p_realism[row]):.1%} of real ones"]
    if p_critic is not None:
        said.append(f"a critic's score as low in {float(p_critic[row]):.1%}")
    return "; ".join(said)


def _said(alpha: float, smallest: float, note: str) -> str:
    said = (
        f"A real sample is called {UNLIKE} with chance {alpha:g} at most, and {COPY} (but for exact copies) with chance"
        f" {alpha:g} at most."
    )
    if smallest > alpha:
        said += f" Held-out samples are too few to tell: the least p there can be is {smallest:.2g}."
    return f"{said} {note} {PRIVACY}".strip()
