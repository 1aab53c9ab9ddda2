"""How near a critic is to the best one, where it is off, and after how many steps: by integrals, not by samples.

    near = nearness(loss, critic, p, q)             # critic: a module or any callable, points (n, d) to (n,) or (n, 1)
    near.regret                                     # its loss less the least: V(D*) - V(D) in the logistic game
    steps = over_steps(loss, [(90, early), (900, late)], p, q)
    shown = ratio_map(loss, critic, p, q)           # the critic's field, the best one, and where the loss is left lying

For the logistic loss the regret is the integral of (p + q) KL(Bern(D*) | Bern(D)), for any D. It weighs by p + q: a
critic is far off in the tails long before the loss shows it, so errors are given weighted and unweighted. What it says
beyond 12 std, where 4e-33 of the mass lies, is left out: no bound can be given without knowing the critic.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.games.losses import Loss
from ganatomy.models.evaluating import evaluating, home
from ganatomy.theory.densities import Density
from ganatomy.theory.divergences import rule_for
from ganatomy.theory.optimal import Critic, Optimum, costs, optimum
from ganatomy.theory.quadrature import Integral, Rule, finer
from ganatomy.theory.tails import Box, box
from ganatomy.theory.transport import wasserstein

FINE = {1: 20_000, 2: 60_000}  # points, by dimensions: a critic of ReLUs has kinks everywhere
COARSE = {1: 1e-10, 2: 1e-3}  # bounds on the error; critics are not known better
BLOCK = 65_536  # points scored at once
DEPTH = 8.0  # nats below the highest density: to there a critic is looked at unweighted (4 std of a bell)


@dataclass(frozen=True)
class Nearness:
    """Of a critic after so many steps. `gap` and `worst` are of D = sigmoid(log ratio) where the score tells the ratio,
    else of scores; the log-ratio errors are then NaN.

    gap: mean |D - D*| under (p + q) / 2; worst: the largest where that density is within e^-8 of its highest.
    weighted, unweighted: root mean square error of log p/q, under (p + q) / 2, and evenly over that region.
    """

    step: int
    regret: Integral
    least: Integral
    gap: float
    worst: float
    weighted: float
    unweighted: float


@dataclass(frozen=True, eq=False)
class RatioMap:
    """Tables (side,) on the line or (side, side) in the plane, rows from below: scores of the critic and of the best
    one, and the regret at each point, as a density.
    """

    ticks: tuple[Tensor, ...]
    found: Tensor
    best: Tensor
    regret: Tensor
    log_p: Tensor
    log_q: Tensor


def nearness(loss: Loss, critic: Critic, p: Density, q: Density, *, step: int = 0) -> Nearness:
    return over_steps(loss, [(step, critic)], p, q)[0]


def over_steps(loss: Loss, critics: Iterable[tuple[int, Critic]], p: Density, q: Density) -> list[Nearness]:
    """Of each (step, critic), one after the other: checkpoints may be loaded as they are asked for."""
    rule = finer(rule_for(p, q, tolerance=COARSE[p.dimensions]), FINE[p.dimensions])
    best = optimum(loss)
    if not best.pointwise:
        raise UsageError(
            f"the regret of a critic of {loss.name!r} was asked for",
            "its loss is of pairs; take logistic, least squares or hinge, or optimal.paired_value for its least loss",
        )
    logs = p.log_density(rule.points), q.log_density(rule.points)
    return [_near(loss, best, (step, scored(critic, rule.points)), rule, logs=logs) for step, critic in critics]


def regret_density(loss: Loss, scores: Tensor, log_p: Tensor, log_q: Tensor) -> Tensor:
    """p (a(D) - a(D*)) + q (b(D) - b(D*)) at each point: nowhere negative, and 0 where the score is best."""
    real, fake = costs(loss, scores)
    best_real, best_fake = costs(loss, optimum(loss).scores(log_p, log_q))
    return log_p.exp() * (real - best_real) + log_q.exp() * (fake - best_fake)


def shortfall(critic: Critic, p: Density, q: Density) -> tuple[Integral, float]:
    """On the line, of a Wasserstein critic: W1 less what it reads once divided by its steepest slope, and that slope.

    The slope is looked at where there is mass and between: a critic may be steeper in between two points.
    """
    rule = finer(rule_for(p, q, names=("V", "TV")), FINE[1])
    points = rule.points.requires_grad_()
    scores = asked(critic, points)
    (slopes,) = torch.autograd.grad(scores.sum(), points)
    steepest = float(slopes.norm(dim=1).max())
    mass = (p.log_density(points) - math.log(2)).exp().detach(), q.log_density(points).exp().detach()
    read = rule.integral((2 * mass[0] - mass[1]) * scores.detach() / steepest)
    whole = wasserstein(p, q)
    return Integral(whole.value - read.value, whole.error + read.error), steepest


def ratio_map(
    loss: Loss, critic: Critic, p: Density, q: Density, *, limits: Box | None = None, side: int = 121
) -> RatioMap:
    """On even ticks over `limits`, by default where p and q lie."""
    low, high = box(p, q, reach=4.0) if limits is None else limits
    ticks = tuple(torch.linspace(float(a), float(b), side, dtype=torch.float64) for a, b in zip(low, high, strict=True))
    # The last axis of a point is the row of a table, so that a table is drawn as it is.
    places = torch.stack([axis.reshape(-1) for axis in torch.meshgrid(*ticks, indexing="xy")], 1)
    log_p, log_q = p.log_density(places), q.log_density(places)
    found = scored(critic, places)
    tables = (found, optimum(loss).scores(log_p, log_q), regret_density(loss, found, log_p, log_q), log_p, log_q)
    shape = (side,) * p.dimensions
    return RatioMap(ticks, *(table.reshape(shape) for table in tables))


def scored(critic: Critic, points: Tensor) -> Tensor:
    """The scores (n,) in float64, block by block and without gradients; a module is as it was afterwards."""
    with torch.no_grad():
        return torch.cat([asked(critic, part) for part in points.split(BLOCK)])


def asked(critic: Critic, points: Tensor) -> Tensor:
    """Scores that gradients flow through to the points."""
    module = isinstance(critic, nn.Module)
    given = points.to(*home(critic)) if isinstance(critic, nn.Module) else points
    with evaluating(critic) if isinstance(critic, nn.Module) else nullcontext():
        raw = critic(given.clone() if module else given)
    if raw.numel() != len(points):
        raise UsageError(f"a critic made scores of shape {tuple(raw.shape)} for {len(points)} points", "one each")
    return raw.reshape(-1).to(points)


def _near(loss: Loss, best: Optimum, taken: tuple[int, Tensor], rule: Rule, *, logs: tuple[Tensor, Tensor]) -> Nearness:
    step, scores = taken
    log_p, log_q = logs
    turning = log_p - log_q if best.stepped else None
    lost = regret_density(loss, scores, log_p, log_q)
    ideal = best.scores(log_p, log_q)
    real, fake = costs(loss, ideal)
    least = rule.integral(log_p.exp() * real + log_q.exp() * fake, turning=turning)
    density = torch.logaddexp(log_p, log_q) - math.log(2)
    mass = rule.weights * density.exp()
    inside = density > density.max() - DEPTH
    found, wanted = (scores, ideal) if best.ratio is None else (best.ratio(scores), log_p - log_q)
    apart = (found - wanted).abs() if best.ratio is None else (found.sigmoid() - wanted.sigmoid()).abs()
    if best.ratio is None:
        weighted = unweighted = math.nan
    else:
        squares = (found - wanted).square()
        even = rule.weights * inside
        weighted, unweighted = (float((each @ squares) / each.sum()) ** 0.5 for each in (mass, even))
    gap, worst = float(mass @ apart / mass.sum()), float(apart[inside].max())
    return Nearness(step, rule.integral(lost, turning=turning), least, gap, worst, weighted, unweighted)
