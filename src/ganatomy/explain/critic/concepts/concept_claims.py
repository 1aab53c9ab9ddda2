"""What slopes of the score along concept vectors come to: tests against random sets, claims, sentences.

    answers = answers_at(at, found, judged, random=random, resamples=10, level=0.95, smallest=0.1, seed=0)
    arrays = claimed([answers], level=0.95)           # arrays["verdict"]: 1 present, -1 absent, 0 undetermined

A claim that the score hangs on a concept needs all of: a vector of each kind that beats chance on held-out pictures;
along the logistic normal a mean slope steeper than along those of random sets; along both a slope beyond the smallest
of interest, to one side. (Differences of means are no test by themselves: those of random sets go where activations
vary most, as those of concepts do. But a normal alone may lean away from its concept to cancel another.) The largest p
stands for the claim. All concepts, sites and sorts are one family.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganatomy.explain.critic.concepts.vectors import KINDS, Sets, Vectors, accuracy, cosine, halves, steps
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.effects import mean_effect
from ganatomy.numerics.statistics.interval import wilson
from ganatomy.numerics.statistics.multiplicity import benjamini_hochberg
from ganatomy.numerics.statistics.permutation import against_controls
from ganatomy.results.record import Array

FEWEST_SETS = 39
TESTED = list(KINDS).index("logistic")
OF_VECTOR = ("accuracy", "accuracy_low", "accuracy_high", "cosine")
OF_SORT = ("share", "share_low", "share_high", "p_share", "slope", "slope_low", "slope_high", "p_slope")
TESTS = ("p_present", "p_absent")
COLUMNS = (*OF_VECTOR, *OF_SORT, *TESTS)
REASONS = (
    "",
    "the concept does not vary enough",
    "its vector does not beat chance on held-out pictures",
    "the two kinds of vector disagree",
    "no steeper than along vectors of random sets",
    "neither beyond the smallest slope of interest nor within it",
)


@dataclass(frozen=True, eq=False)
class At:
    """A site: coordinates of the pictures that vectors are found on, and of those that judge them, with the slopes.

    `scores` and `blocks` are of the judging pictures: the rows of each sort.
    """

    found: Tensor
    judged: Tensor
    slopes: Tensor
    spread: Tensor
    scores: Tensor
    blocks: list[range]


@dataclass(frozen=True)
class Rules:
    """resamples: random halves for the cosine; smallest: slope of interest."""

    resamples: int
    smallest: float
    level: float
    seed: int


def controls_for(tests: int, level: float) -> int:
    """So many random sets that a single claim among so many tests is not below the smallest possible p."""
    return max(FEWEST_SETS, math.ceil(tests / (1 - level)))


def rises(at: At, vectors: Vectors) -> tuple[Tensor, Tensor]:
    """Share of pictures whose score rises along each vector, and the mean slope in standard deviations, (pairs, sorts).

    The derivative along a vector of length 1 is times one standard deviation of what the vector reads.
    """
    along = at.slopes @ vectors.along.T
    shares = torch.stack([(along[b.start : b.stop] > 0).double().mean(0) for b in at.blocks], 1)
    means = torch.stack([along[b.start : b.stop].mean(0) for b in at.blocks], 1) / at.scores.std()
    return shares, means * steps(vectors, at.spread)[:, None]


def answers_at(
    at: At, found: Sequence[Sets | None], judged: Sequence[Sets | None], *, random: Sets, rules: Rules
) -> Tensor:
    """(concepts, kinds, sorts, COLUMNS); NaN for what does not vary."""
    table = torch.full((len(found), len(KINDS), len(at.blocks), len(COLUMNS)), torch.nan, dtype=torch.float64)
    standard = at.found / at.spread
    for kind, fit in enumerate(KINDS.values()):
        null = rises(at, fit(standard, at.spread, random))
        for concept, (own, other) in enumerate(zip(found, judged, strict=True)):
            if own is None or other is None:
                continue
            vector = fit(standard, at.spread, own)
            stream = Stream(rules.seed, f"critic/concepts/halves/{concept}")
            same = cosine(fit(standard, at.spread, halves(own, rules.resamples, stream=stream)))
            right, of = accuracy(vector, at.judged, other)
            held = wilson(right, of, level=rules.level)
            for sort, block in enumerate(at.blocks):
                risen = _risen(at, vector, null, sort=sort, block=block, rules=rules)
                row = [right / of, held.low, held.high, same, *risen]
                table[concept, kind, sort] = torch.tensor(row, dtype=torch.float64)
    return table


def _risen(
    at: At, vector: Vectors, null: tuple[Tensor, Tensor], *, sort: int, block: range, rules: Rules
) -> list[float]:
    """OF_SORT and TESTS of one vector and sort. Random pairs are symmetric about a share of 1/2 and a slope of 0."""
    along = (at.slopes[block.start : block.stop] @ vector.along[0]) * float(steps(vector, at.spread)) / at.scores.std()
    up = int((along > 0).sum())
    share = wilson(up, len(block), level=rules.level)
    effect = mean_effect(along, smallest=rules.smallest, level=rules.level)
    p_share = against_controls(abs(up / len(block) - 0.5), (null[0][:, sort] - 0.5).abs()).p
    p_slope = against_controls(abs(effect.value), null[1][:, sort].abs()).p
    bounds = (effect.interval.low, effect.interval.high)
    shares = (up / len(block), share.low, share.high, p_share)
    return [*shares, effect.value, *bounds, p_slope, effect.p_present, effect.p_absent]


def claimed(answers: Sequence[Tensor], *, level: float) -> dict[str, Tensor]:
    """Arrays over (concepts, sites, kinds, sorts) or, of claims, (concepts, sites, sorts)."""
    table = torch.stack(list(answers), 1)
    column = dict(zip(COLUMNS, table.unbind(-1), strict=True))
    seen = ~column["slope"].isnan().any(2)
    slope = column["slope"]
    agree = (slope.sign() == slope.sign()[:, :, :1]).all(2)
    known = (column["accuracy_low"] > 0.5).all(2)
    random, present = column["p_slope"][:, :, TESTED], column["p_present"].amax(2)
    p = torch.where(agree, torch.maximum(random, present), 1.0)
    p, absent = _adjusted(p, seen), _adjusted(column["p_absent"].amax(2), seen)
    beyond, within = (p <= 1 - level) & known & seen, (absent <= 1 - level) & known & seen
    verdict = beyond.to(torch.int8) - (within & ~beyond).to(torch.int8)
    checks = (seen, known, agree, random <= 1 - level)
    reason = torch.full(verdict.shape, len(checks) + 1, dtype=torch.int64)
    for code, holds in reversed(list(enumerate(checks, 1))):
        reason = torch.where(holds, reason, code)
    reason = torch.where(verdict != 0, 0, reason)
    kept = {name: column[name] for name in (*OF_VECTOR, *OF_SORT)}
    kept |= {name: values[..., 0] for name, values in kept.items() if name in OF_VECTOR}
    return kept | {"p": p, "p_absent": absent, "verdict": verdict, "reason": reason}


def words(reason: Tensor) -> Array:
    """REASONS by number."""
    said: Array = np.array(REASONS)[reason.numpy()]
    return said


def told(
    arrays: dict[str, Tensor], concepts: Sequence[str], sites: Sequence[str], sorts: Sequence[str], *, sets: int
) -> str:
    """What there is to say in plain sentences."""
    verdict, slope = arrays["verdict"], arrays["slope"][:, :, TESTED]
    said = []
    for at, sort in enumerate(sorts):
        for word, code in (("present", 1), ("absent", -1)):
            each = [
                f"{concepts[c]} at {sites[s]} ({float(slope[c, s, at]):+.2f})"
                if code > 0
                else f"{concepts[c]} at {sites[s]}"
                for c, s in (verdict[..., at] == code).nonzero().tolist()
            ]
            if each:
                said.append(f"On {sort} pictures {word}: {', '.join(each)}.")
        if not bool((verdict[..., at] > 0).any()):
            said.append(f"On {sort} pictures the score is shown to hang on no concept.")
    turned = [concepts[c] for c in range(len(concepts)) if _turns(verdict[c], slope[c])]
    said += [f"To one side at one site and to the other at another: {', '.join(turned)}."] if turned else []
    weak = [concepts[c] for c in (arrays["reason"] == 2).all(2).all(1).nonzero()[:, 0].tolist()]
    said += [f"No vector that beats chance: {', '.join(weak)}."] if weak else []
    flat = [concepts[c] for c in (arrays["reason"] == 1).all(2).all(1).nonzero()[:, 0].tolist()]
    said += [f"Not varying enough: {', '.join(flat)}."] if flat else []
    return (
        f"Kinds of vector in order: {', '.join(KINDS)}; slopes in standard deviations of the score per standard"
        f" deviation along the vector (in brackets: {list(KINDS)[TESTED]}); {verdict.numel()} tests together, against"
        f" {sets} random sets. " + " ".join(said)
    )


def _turns(verdict: Tensor, slope: Tensor) -> bool:
    """Whether claims of one concept, (sites, sorts), go both ways."""
    sides = slope.sign()[verdict > 0]
    return len(sides) > 0 and bool((sides != sides[0]).any())


def _adjusted(p: Tensor, seen: Tensor) -> Tensor:
    out = torch.ones_like(p)
    if bool(seen.any()):
        out[seen] = benjamini_hochberg(p[seen])
    return out
