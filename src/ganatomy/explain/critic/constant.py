"""A critic that says the same of every picture has nothing to explain: one refusal for all who ask it something.

refuse_constant(scores)                 # of the pictures that a question is about
refuse_constant_critic(gan)             # before a question about few pictures: on generated ones and on noise
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganatomy.errors import InputError
from ganatomy.explain.critic.lots import Lot, fakes, scored, together
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream

LOOKED_AT = 16  # pictures of either kind
ROUNDING = 4 * torch.finfo(torch.float32).eps  # of the largest score


def refuse_constant(scores: Tensor) -> None:
    """An error where they differ by rounding at most; one score alone tells nothing."""
    told = scores.detach()
    if told.numel() > 1 and not float(told.max() - told.min()) > ROUNDING * float(told.abs().max()):
        raise InputError(
            f"the critic gives all {told.numel()} samples the same score, {float(told.flatten()[0]):.4g}:"
            " there is nothing to explain",
            "give a critic that looks at its input, and inputs that differ; if it ends in a sigmoid that is saturated,"
            " take that away and declare Score('logit')",
        )


def refuse_constant_critic(gan: GAN, *, seed: int = 0) -> None:
    lot = together(fakes(gan, LOOKED_AT, seed=seed))
    noise = Lot(_noise(gan, len(lot), seed), lot.labels)
    refuse_constant(scored(Scorer(gan), [lot, noise]))


def _noise(gan: GAN, n: int, seed: int) -> Tensor:
    stream, shape = Stream(seed, "critic/constant"), gan.format.shape
    if gan.format.bounds is None:
        return stream.normal(range(n), *shape)
    low, high = gan.format.bounds
    return low + (high - low) * stream.uniform(range(n), *shape)
