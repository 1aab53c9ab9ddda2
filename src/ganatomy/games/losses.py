"""Adversarial losses on scores: what the critic and the generator minimise, each mean over the batch.

    loss = choose(LOSSES, "hinge", "loss")
    loss.critic(real_scores, fake_scores)    # a scalar to minimise; a higher score means "more real"
    loss.generator(fake_scores)              # relativistic pairing also wants the real scores
    loss.equilibrium                         # both values where generated and real are the same

Logistic losses work on logits and stay finite at any finite score. E is a mean over samples, so a batch's loss is the
mean of the losses of its equal parts (pairs stay together). Smoothing is a change of the loss: `smoothed(loss, 0.1)`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.games.scores import one_each
from ganatomy.results.formats import Score


@dataclass(frozen=True)
class Loss:
    """A pair of formulas and how to read them.

    `score` says what a critic trained so puts out. `undecided` is the constant score of the best critic where generated
    and real are the same; Wasserstein and pairing leave the constant free, and 0 stands for it.
    """

    name: str
    sentence: str
    critic_formula: Callable[[Tensor, Tensor], Tensor]
    generator_formula: Callable[[Tensor, Tensor], Tensor]
    score: Score
    needs_real: bool = False  # whether the generator's formula reads the real scores
    undecided: float = 0.0

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        """The critic's loss, a scalar to minimise."""
        return self.critic_formula(*self._pair(real, fake))

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """The generator's loss, a scalar to minimise."""
        if real is None and self.needs_real:
            raise UsageError(f"the loss {self.name!r} was given no real scores", "its generator needs a real batch too")
        real, fake = self._pair(fake if real is None else real, fake)
        return self.generator_formula(real, fake)

    @property
    def equilibrium(self) -> tuple[float, float]:
        """The critic's and the generator's value where generated and real are the same, the critic at its best."""
        score = torch.tensor([self.undecided], dtype=torch.float64)
        # Adding 0 turns the -0 of a negated score into 0.
        return float(self.critic(score, score)), float(self.generator(score, score)) + 0.0

    def _pair(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        real, fake = one_each(real), one_each(fake)
        if self.needs_real and real.shape != fake.shape:
            raise UsageError(
                f"{len(real)} real and {len(fake)} fake scores were given to the loss {self.name!r}",
                "it pairs them one to one: give as many of each",
            )
        return real, fake


def logistic_critic(real: Tensor, fake: Tensor) -> Tensor:
    """-E log s(real) - E log(1 - s(fake)), s the sigmoid; in [0, inf). Goodfellow et al. 2014, eq. 1 negated."""
    return _softplus(-real).mean() + _softplus(fake).mean()


def smoothed_critic(real: Tensor, fake: Tensor, *, smoothing: float) -> Tensor:
    """Logistic with target 1 - e for real: -E[(1-e) log s(real) + e log(1 - s(real))] - E log(1 - s(fake)).

    Salimans et al. 2016, section 3.4: the fake target stays 0.
    """
    kept = (1.0 - smoothing) * _softplus(-real) + smoothing * _softplus(real)
    return kept.mean() + _softplus(fake).mean()


def minimax_generator(_real: Tensor, fake: Tensor) -> Tensor:
    """+E log(1 - s(fake)); in (-inf, 0]: the slope dies where the critic is sure. Goodfellow et al. 2014, eq. 1."""
    return -_softplus(fake).mean()


def non_saturating_generator(_real: Tensor, fake: Tensor) -> Tensor:
    """-E log s(fake); in [0, inf): the slope is largest where the critic is sure. Goodfellow et al. 2014, section 3."""
    return _softplus(-fake).mean()


def least_squares_critic(real: Tensor, fake: Tensor, *, low: float = -1.0, high: float = 1.0) -> Tensor:
    """1/2 E(real - high)^2 + 1/2 E(fake - low)^2; in [0, inf). Labels -1 and 1 put the undecided score at 0.

    Best critic (high p + low q) / (p + q). Mao et al. 2017, eq. 2 with a = low, b = high.
    """
    return (real - high).square().mean() / 2 + (fake - low).square().mean() / 2


def least_squares_generator(_real: Tensor, fake: Tensor, *, aim: float = 1.0) -> Tensor:
    """1/2 E(fake - aim)^2; in [0, inf): fakes aim at the label of real. Mao et al. 2017, eq. 2 with c = aim."""
    return (fake - aim).square().mean() / 2


def hinge_critic(real: Tensor, fake: Tensor) -> Tensor:
    """E max(0, 1 - real) + E max(0, 1 + fake); in [0, inf), no one-half. Lim and Ye 2017; best value 2 (1 - TV)."""
    return F.relu(1.0 - real).mean() + F.relu(1.0 + fake).mean()


def raised_score_generator(_real: Tensor, fake: Tensor) -> Tensor:
    """-E fake; any real number: the generator of both hinge and Wasserstein. Arjovsky et al. 2017, Lim and Ye 2017."""
    return -fake.mean()


def wasserstein_critic(real: Tensor, fake: Tensor) -> Tensor:
    """E fake - E real, any real number: minus the distance times the critic's slope. Arjovsky et al. 2017."""
    return fake.mean() - real.mean()


def relativistic_critic(real: Tensor, fake: Tensor) -> Tensor:
    """-E log s(real_i - fake_i) over pairs; in [0, inf). Jolicoeur-Martineau 2018; Huang et al. 2024 (R3GAN)."""
    return _softplus(fake - real).mean()


def relativistic_generator(real: Tensor, fake: Tensor) -> Tensor:
    """-E log s(fake_i - real_i) over pairs; in [0, inf). Huang et al. 2024 (R3GAN)."""
    return _softplus(real - fake).mean()


def least_squares(low: float, high: float, *, aim: float) -> Loss:
    """Least squares with other labels: (0, 1, aim 1) is as common as (-1, 1, aim 1), at a quarter of the values.

    (-1, 1, aim 0), the paper's other choice, pulls fakes to the undecided score, also from above.
    """
    if not low < high:
        raise UsageError(f"least squares between labels {low} and {high} was asked for", "low lies below high")
    return replace(
        LOSSES["least-squares"],
        sentence=f"The critic pulls reals to {high:g} and fakes to {low:g}; the generator pulls its fakes to {aim:g}.",
        critic_formula=partial(least_squares_critic, low=low, high=high),
        generator_formula=partial(least_squares_generator, aim=aim),
        undecided=(low + high) / 2,
    )


def smoothed(loss: Loss, smoothing: float) -> Loss:
    """The logistic loss with one-sided label smoothing: real is worth 1 - e, fake stays 0.

    The best critic is then s = (1 - e) p / (p + q): its raw score no longer is the log ratio.
    """
    if not 0.0 <= smoothing < 1.0:
        raise UsageError(f"label smoothing of {smoothing} was asked for", "it lies in [0, 1); 0.1 is usual")
    if loss.critic_formula is not logistic_critic:
        legal = ", ".join(name for name, known in LOSSES.items() if known.critic_formula is logistic_critic)
        raise UsageError(f"the loss {loss.name!r} has no label to smooth", f"legal are, once each: {legal}")
    return replace(
        loss,
        sentence=f"{loss.sentence} Reals are worth {1.0 - smoothing:g} to the critic, so that it stays unsure.",
        critic_formula=partial(smoothed_critic, smoothing=smoothing),
        undecided=math.log((1.0 - smoothing) / (1.0 + smoothing)),
    )


def _softplus(x: Tensor) -> Tensor:
    """log(1 + e^x) without torch's linear branch above 20, which is 2e-9 off in float64."""
    return -F.logsigmoid(-x)


LOSSES: dict[str, Loss] = {
    "minimax": Loss(
        "minimax",
        "The critic learns the odds that a sample is real; the generator lowers the odds that its own is called fake.",
        logistic_critic,
        minimax_generator,
        Score("logit"),
    ),
    "non-saturating": Loss(
        "non-saturating",
        "The critic learns the odds that a sample is real; the generator raises the odds that its own is called real.",
        logistic_critic,
        non_saturating_generator,
        Score("logit"),
    ),
    "least-squares": Loss(
        "least-squares",
        "The critic pulls reals to +1 and fakes to -1; the generator pulls its fakes to +1.",
        least_squares_critic,
        least_squares_generator,
        Score("unbounded"),
    ),
    "hinge": Loss(
        "hinge",
        "The critic pushes reals above +1 and fakes below -1, then rests; the generator raises the score of its fakes.",
        hinge_critic,
        raised_score_generator,
        Score("unbounded"),
    ),
    "wasserstein": Loss(
        "wasserstein",
        "The critic widens the gap between the mean scores of real and fake; the generator closes it.",
        wasserstein_critic,
        raised_score_generator,
        Score("unbounded"),
    ),
    "relativistic": Loss(
        "relativistic",
        "Reals and fakes meet in pairs: the critic says which is the more real, and the generator turns that around.",
        relativistic_critic,
        relativistic_generator,
        Score("unbounded"),
        needs_real=True,
    ),
}
