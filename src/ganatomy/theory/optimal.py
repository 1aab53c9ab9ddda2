"""The best critic of each loss, in closed form, where the densities of real and generated samples are known.

    best = optimum(GAMES["least-squares"].loss)
    critic = best.critic(p, q)                      # points to scores
    best.scores(log_p, log_q), best.ratio(scores)   # and back to log p / q, where the score says so
    best_value(LOSSES["hinge"], p, q)               # what the critic's loss comes to there: 2 (1 - TV)

The tables are keyed by the formulas that training minimises. They hold for the loss alone: a penalty bends its critic
away from them, and says by how much nothing closed (`penalised` does it on a grid). Wasserstein's is a potential:
see `transport`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.games.losses import (
    Loss,
    hinge_critic,
    least_squares_critic,
    logistic_critic,
    relativistic_critic,
    smoothed_critic,
    wasserstein_critic,
)
from ganatomy.theory.densities import Density
from ganatomy.theory.divergences import rule_for
from ganatomy.theory.quadrature import Integral
from ganatomy.theory.tails import mass_outside

Critic = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Optimum:
    """scores(log_p, log_q) are those of the best critic; ratio(scores) is log p / q again, None where it is lost.

    pointwise: the loss is a sum over points, so that each point's score is best by itself. `free` says that a constant
    may be added to all scores.
    """

    sentence: str
    scores: Callable[..., Tensor]
    ratio: Callable[..., Tensor] | None
    pointwise: bool = True
    free: bool = False
    stepped: bool = False  # where p = q

    def critic(self, p: Density, q: Density) -> Critic:
        """Points (n, d) to scores (n,), differentiable."""
        return lambda points: self.scores(p.log_density(points), q.log_density(points))


def optimum(loss: Loss) -> Optimum:
    """Of a loss as it is, labels and smoothing included."""
    formula, settings = _bare(loss)
    if formula is wasserstein_critic:
        raise UsageError(
            "the best Wasserstein critic was asked for as a function of the densities at a point",
            "it hangs on where the mass lies: transport.potential(p, q) on the line",
        )
    if formula not in OPTIMA:
        raise UsageError(
            f"the best critic of the loss {loss.name!r} is not known",
            "known are: " + ", ".join(sorted(each.__name__.removesuffix("_critic") for each in OPTIMA)),
        )
    found = OPTIMA[formula]
    bound = replace(found, scores=partial(found.scores, **settings)) if settings else found
    return bound if found.ratio is None or not settings else replace(bound, ratio=partial(found.ratio, **settings))


def costs(loss: Loss, scores: Tensor) -> tuple[Tensor, Tensor]:
    """What a real and a fake sample of each score cost, up to one constant each: from the very loss, score by score.

    Only for a pointwise loss, E_p a(D) + E_q b(D): a and b are told apart by holding the other at 0.
    """
    still = torch.zeros(1, dtype=scores.dtype)

    def real(score: Tensor) -> Tensor:
        return loss.critic(score[None], still)

    def fake(score: Tensor) -> Tensor:
        return loss.critic(still, score[None])

    middle = 0.5 * loss.critic(still, still)
    return torch.vmap(real)(scores) - middle, torch.vmap(fake)(scores) - middle


def best_value(loss: Loss, p: Density, q: Density, *, most: int = 3_000_000) -> Integral:
    """The least the critic's loss can come to, E_p a(D*) + E_q b(D*), with a bound on the error."""
    best = optimum(loss)
    if not best.pointwise:
        return paired_value(loss, p, q, most=most)
    rule = rule_for(p, q, names=("V", "TV") if best.stepped else ("V",), most=most)
    log_p, log_q = p.log_density(rule.points), q.log_density(rule.points)
    value = _total(loss, best.scores(log_p, log_q), (log_p, log_q))
    # At the best score the cost at a point is at most that of the constant score which knows nothing.
    most_of_it = sum(abs(float(cost)) for cost in costs(loss, torch.tensor(loss.undecided, dtype=torch.float64)[None]))
    limits = rule.low.amin(0), (rule.low + rule.sides).amax(0)
    tail = most_of_it * (mass_outside(p, limits) + mass_outside(q, limits))
    return rule.integral(value, turning=log_p - log_q if best.stepped else None, tail=tail)


def paired_value(loss: Loss, p: Density, q: Density, *, most: int = 3_000_000) -> Integral:
    """The same for a loss of pairs, an integral over p times q: on the line, all pairs of the points.

    The error is what the coarse rule in place of the fine one changes, over both axes.
    """
    if p.dimensions != 1:
        raise UsageError("a loss of pairs was to be integrated over two planes", "it is done on the line")
    rule = rule_for(p, q, most=most)
    log_p, log_q = p.log_density(rule.points), q.log_density(rule.points)
    scores = optimum(loss).scores(log_p, log_q)
    each = torch.vmap(torch.vmap(lambda a, b: loss.critic(a[None], b[None]), (None, 0)), (0, None))
    table = each(scores, scores)  # (real, fake)
    real, fake = rule.weights * log_p.exp(), rule.weights * log_q.exp()
    over_real = rule.integral(log_p.exp() * (table @ fake))
    over_fake = rule.integral(log_q.exp() * (real @ table))
    return Integral(over_real.value, over_real.error + over_fake.error)


def _total(loss: Loss, scores: Tensor, logs: tuple[Tensor, Tensor]) -> Tensor:
    real, fake = costs(loss, scores)
    return logs[0].exp() * real + logs[1].exp() * fake


def _bare(loss: Loss) -> tuple[Callable[..., Any], Mapping[str, float]]:
    """The formula, and the labels or the smoothing bound to it."""
    formula = loss.critic_formula
    return (formula.func, formula.keywords) if isinstance(formula, partial) else (formula, {})


def _log_ratio(log_p: Tensor, log_q: Tensor) -> Tensor:
    return log_p - log_q


def _smoothed(log_p: Tensor, log_q: Tensor, *, smoothing: float) -> Tensor:
    """The logit of (1 - e) p / (p + q)."""
    if smoothing == 0.0:
        return log_p - log_q
    return math.log1p(-smoothing) + log_p - torch.logaddexp(math.log(smoothing) + log_p, log_q)


def _unsmoothed(scores: Tensor, *, smoothing: float) -> Tensor:
    """log (D / (1 - e - D)) at D = sigmoid(score); infinite from D = 1 - e on."""
    left = (1.0 - smoothing) - torch.sigmoid(scores)
    return torch.nn.functional.logsigmoid(scores) - left.clamp(min=0).log()


def _between_labels(log_p: Tensor, log_q: Tensor, *, low: float = -1.0, high: float = 1.0) -> Tensor:
    """(high p + low q) / (p + q)."""
    return low + (high - low) * torch.sigmoid(log_p - log_q)


def _from_labels(scores: Tensor, *, low: float = -1.0, high: float = 1.0) -> Tensor:
    """log ((score - low) / (high - score)); infinite outside the labels."""
    return (scores - low).clamp(min=0).log() - (high - scores).clamp(min=0).log()


def _same(scores: Tensor) -> Tensor:
    return scores


def _sign(log_p: Tensor, log_q: Tensor) -> Tensor:
    return torch.sign(log_p - log_q)


OPTIMA: dict[Callable[..., Tensor], Optimum] = {
    logistic_critic: Optimum("The log of p / q; as a probability p / (p + q).", _log_ratio, _same),
    smoothed_critic: Optimum("The logit of (1 - e) p / (p + q): never above log (1 - e) / e.", _smoothed, _unsmoothed),
    least_squares_critic: Optimum("(high p + low q) / (p + q).", _between_labels, _from_labels),
    hinge_critic: Optimum("The sign of p - q: a step, whose slope teaches nothing.", _sign, None, stepped=True),
    relativistic_critic: Optimum(
        "The log of p / q, up to a constant: the odds that of a pair this one is the real one.",
        _log_ratio,
        _same,
        pointwise=False,
        free=True,
    ),
}
