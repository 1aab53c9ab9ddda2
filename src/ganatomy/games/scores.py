"""From what a critic puts out to the scores a loss takes: one number per sample, in float32 at least, high means real.

    scores = read_scores(critic(pictures), declared=Score("logit"), wanted=Score("logit"))   # shape (n,)

A critic that ends in a probability is turned to logits where it says so and the loss takes logits; else it is refused.
One that ends in a sigmoid and does not say so is found out from the graph of its output.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.results.endings import refuse_undeclared_probability
from ganatomy.results.formats import Score


def read_scores(raw: Tensor, *, declared: Score, wanted: Score) -> Tensor:
    """The critic's raw output as real-valued scores (n,) that rise with realness: logits if it declares probabilities.

    Every loss takes real numbers, so a logit and an unbounded score are only turned to the right side.
    """
    scores = one_each(raw)
    if declared.kind != "probability":
        refuse_undeclared_probability(raw, declared)
        return declared.realness(scores)
    if wanted.kind != "logit":
        raise UsageError(
            "the critic ends in a probability, this loss needs a score without bounds",
            "take the critic's last sigmoid away and declare Score('unbounded'), or play a game on logits",
        )
    return declared.logit(scores)


def one_each(raw: Tensor) -> Tensor:
    """Scores of shape (n,), (n, 1), (n, 1, 1, 1) ... as (n,), half precision raised to float32."""
    if raw.ndim == 0 or raw.numel() == 0 or raw.numel() != raw.shape[0]:
        raise UsageError(
            f"scores of shape {tuple(raw.shape)} were given",
            "a score is one number per sample: shape (n,), (n, 1) or (n, 1, 1, 1), n at least 1",
        )
    return at_least_float32(raw.reshape(-1))


def at_least_float32(values: Tensor) -> Tensor:
    return values.to(torch.promote_types(values.dtype, torch.float32))
