"""Penalties on the critic: how steep it may be, and where; and that it may not care for harmless changes.

    game = replace(game_named("non-saturating"), terms=(r1(gamma=0.1, every=16), r2(gamma=0.1, every=16)))
    half_square(slopes_of(critic, pictures))      # the bare formula, for any callable

|slope| is summed over every axis of a sample; each penalty is a mean over samples (packs, where they are packed).
A critic that takes labels judges a mix under the label of its real part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.games.slopes import slopes, slopes_of
from ganatomy.games.terms import Term, Turn
from ganatomy.numerics.random import Stream
from ganatomy.numerics.schedule import Value

Change = Callable[[Tensor, Stream, Sequence[int]], Tensor]


def half_square(slope: Tensor) -> Tensor:
    """1/2 E|slope|^2, in [0, inf), zero-centred: R1 on reals, R2 on fakes. Mescheder et al. 2018, eq. 9 and 10."""
    return slope.square().sum(dim=1).mean() / 2


def off_target(slope: Tensor, *, target: float = 1.0, one_sided: bool = False) -> Tensor:
    """E(|slope| - target)^2, in [0, inf), no one-half; one-sided, only steeper ones count.

    1e-12 inside the root keeps the gradient of a flat critic finite. Gulrajani et al. 2017, eq. 3; Petzka et al. 2018.
    """
    excess = (slope.square().sum(dim=1) + 1e-12).sqrt() - target
    return (excess.relu() if one_sided else excess).square().mean()


def mix(real: Tensor, fake: Tensor, weights: Tensor) -> Tensor:
    """weight * real + (1 - weight) * fake, one weight per sample: points on the line between the two."""
    if real.shape != fake.shape:
        raise UsageError(f"real {tuple(real.shape)} and fake {tuple(fake.shape)} cannot be mixed", "give equal shapes")
    weights = weights.to(real).reshape(-1, *[1] * (real.ndim - 1))
    return weights * real + (1.0 - weights) * fake


def disagreement(scores: Tensor, changed: Tensor) -> Tensor:
    """E(score - score of the changed)^2, in [0, inf), no one-half. Zhang et al. 2020 (CR-GAN)."""
    return (scores - changed).square().mean()


def r1(gamma: Value = 1.0, *, every: int = 1) -> Term:
    """gamma/2 E|slope at reals|^2. gamma grows with the pixels; it is twice what others write without the one-half."""
    sentence = "The critic is kept flat on real samples, so that it does not push once the fakes are right."
    return Term("r1", sentence, gamma, every, critic=_r1, slope_of="real")


def r2(gamma: Value = 1.0, *, every: int = 1) -> Term:
    """gamma/2 E|slope at fakes|^2."""
    sentence = "The critic is kept flat on generated samples, so that the generator is not thrown about."
    return Term("r2", sentence, gamma, every, critic=_r2, slope_of="fake")


def zero_centred(gamma: Value = 1.0, *, every: int = 1) -> Term:
    """gamma/2 E|slope at mixes|^2. Thanh-Tung et al. 2019 (there without the one-half)."""
    sentence = "The critic is kept flat on the lines between real and generated samples."
    return Term("zero-centred", sentence, gamma, every, critic=_zero_centred)


def gradient_penalty(strength: Value = 10.0, *, target: float = 1.0, one_sided: bool = False, every: int = 1) -> Term:
    """strength * E(|slope at mixes| - target)^2."""
    bound = "at most " if one_sided else ""
    sentence = f"The critic is kept at a slope of {bound}{target:g} between real and generated samples."
    value = partial(_off_target, target=target, one_sided=one_sided)
    return Term("gradient-penalty", sentence, strength, every, critic=value)


def consistency(change: Change, strength: Value = 10.0, *, fakes: bool = False, every: int = 1) -> Term:
    """strength * E(D(x) - D(change(x)))^2 on reals; with `fakes` on fakes too (Zhao et al. 2021, bCR).

    change(samples, stream, indices) draws at the addresses it is given.
    """
    sentence = "The critic gives a sample and its harmlessly changed copy the same score."
    return Term("consistency", sentence, strength, every, critic=partial(_inconsistency, change=change, fakes=fakes))


def _r1(turn: Turn) -> Tensor:
    return half_square(slopes(turn.real_scores, turn.real))


def _r2(turn: Turn) -> Tensor:
    return half_square(slopes(turn.fake_scores, turn.fake))


def _zero_centred(turn: Turn) -> Tensor:
    return half_square(_slopes_between(turn))


def _off_target(turn: Turn, *, target: float, one_sided: bool) -> Tensor:
    return off_target(_slopes_between(turn), target=target, one_sided=one_sided)


def _slopes_between(turn: Turn) -> Tensor:
    weights = turn.stream.child("mix").uniform(turn.pack_indices, 1, dtype=torch.float64)
    return slopes_of(lambda packs: turn.judge(packs, turn.batch.labels), mix(turn.real, turn.fake, weights))


def _inconsistency(turn: Turn, *, change: Change, fakes: bool) -> Tensor:
    real, labels = turn.noisy_real, turn.batch.labels
    value = disagreement(turn.real_scores, _changed_scores(turn, real, labels, change, "change-real"))
    if fakes:
        fake, labels = turn.noisy_fake, turn.batch.fake_labels
        value = value + disagreement(turn.fake_scores, _changed_scores(turn, fake, labels, change, "change-fake"))
    return value


def _changed_scores(turn: Turn, samples: Tensor, labels: Tensor | None, change: Change, stream: str) -> Tensor:
    """A sample is changed before it is packed, so that a change of colours sees its own channels."""
    changed = change(samples, turn.stream.child(stream), turn.batch.indices)
    return turn.judge(turn.presentation.packed(changed), labels)
