"""What a generator learns from a critic at its best: which way its samples are pulled, and when nothing pulls any more.

    pulled = pulls(loss, critic, samples)               # (n, d): where each sample should go, and how strongly
    shift_gradient(loss, p, q)                          # their mean under q: the slope of the loss if all q is shifted
    gaussian_gradients(4.0)                             # saturating and non-saturating, N(0,1) against N(t,1)
    parted = parting([0.5, 1, 2, 4, 8])                 # curves: divergences level off, gradients die or do not

For p = N(0, 1) and q = N(t, 1) the best D is sigmoid(t^2/2 - t x): saturating g_s = t E_q D*, the slope of 2 JSD;
non-saturating g_n = t E_q (1 - D*), that of KL(q|p) - 2 JSD (Arjovsky and Bottou 2017). So g_s + g_n = t.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.games.losses import LOSSES, Loss
from ganatomy.theory.densities import Density, gaussian
from ganatomy.theory.divergences import divergences, rule_for
from ganatomy.theory.optimal import Critic, optimum
from ganatomy.theory.quadrature import Integral
from ganatomy.theory.regret import asked
from ganatomy.theory.transport import potential, wasserstein

APART = ("JSD", "TV", "KL(q|p)")

Pair = Callable[[float], tuple[Density, Density]]


@dataclass(frozen=True, eq=False)
class Parting:
    """Curves over distances: how far apart by each divergence, how strongly each loss pulls back."""

    distances: Tensor
    apart: Mapping[str, Tensor]
    pulls: Mapping[str, Tensor]


def pulls(loss: Loss, critic: Critic, samples: Tensor, *, real: tuple[Tensor, Tensor | None] | None = None) -> Tensor:
    """-d(the generator's loss of a sample) / d(sample), (n, d): one step of a generator that could move it freely.

    real: for a loss of pairs, real samples and their weights (equal), over which the pairs' mean is taken.
    """
    if loss.needs_real and real is None:
        raise UsageError(f"the pulls of {loss.name!r} were asked for without real samples", "give real=(samples, None)")
    points = samples.detach().clone().requires_grad_()
    scores = asked(critic, points)
    if real is None:
        each = torch.vmap(lambda score: loss.generator(score[None]))(scores)
    else:
        others, given = real
        weights = torch.full((len(others),), 1 / len(others)) if given is None else given
        opposed = asked(critic, others.detach()).detach()
        pairs = torch.vmap(torch.vmap(lambda fake, kept: loss.generator(fake[None], kept[None]), (None, 0)), (0, None))
        each = pairs(scores, opposed) @ weights.to(scores)
    if not each.requires_grad:
        return torch.zeros_like(points)
    (slope,) = torch.autograd.grad(each.sum(), points)
    return -slope


def shift_gradient(loss: Loss, p: Density, q: Density) -> tuple[Integral, ...]:
    """The mean pull under q at the best critic, of each axis."""
    wasserstein_like = "wasserstein" in loss.name
    rule = rule_for(p, q, names=("V", "TV") if wasserstein_like else ("V",))
    critic = potential(p, q) if wasserstein_like else optimum(loss).critic(p, q)
    points = rule.points
    real = (points, rule.weights * p.log_density(points).exp()) if loss.needs_real else None
    pulled = pulls(loss, critic, points, real=real)
    mass = q.log_density(points).exp()
    return tuple(rule.integral(mass * axis) for axis in pulled.T)


def gaussian_gradients(t: float) -> tuple[Integral, Integral]:
    """g_s = t E_q D* and g_n = t E_q (1 - D*), as integrals of the closed forms."""
    q = gaussian(t, 1.0)
    rule = rule_for(gaussian(0.0, 1.0), q)
    x = rule.points
    mass, logit = q.log_density(x).exp(), t * t / 2 - t * x[:, 0]
    return rule.integral(mass * logit.sigmoid()).scaled(t), rule.integral(mass * (-logit).sigmoid()).scaled(t)


def parting(
    distances: Sequence[float],
    *,
    losses: Sequence[str] = ("minimax", "non-saturating", "least-squares", "hinge", "wasserstein", "relativistic"),
    pair: Pair | None = None,
) -> Parting:
    """Two densities on the line, drawn apart: N(0, 1) and N(t, 1), or those that `pair` makes of t."""
    made = [_standard(t) if pair is None else pair(t) for t in distances]
    apart: dict[str, list[float]] = {name: [] for name in (*APART, "W1")}
    pulled: dict[str, list[float]] = {name: [] for name in losses}
    for p, q in made:
        for name, found in divergences(p, q, names=APART).items():
            apart[name].append(found.value)
        apart["W1"].append(wasserstein(p, q).value)
        for name in losses:
            pulled[name].append(abs(shift_gradient(LOSSES[name], p, q)[0].value))
    tables = [
        {name: torch.tensor(row, dtype=torch.float64) for name, row in table.items()} for table in (apart, pulled)
    ]
    return Parting(torch.as_tensor(distances, dtype=torch.float64), tables[0], tables[1])


def _standard(t: float) -> tuple[Density, Density]:
    return gaussian(0.0, 1.0), gaussian(t, 1.0)
