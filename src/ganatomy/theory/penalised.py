"""The best critic under R1 and R2 on the line: there is no formula, so it is solved for on a grid.

    found = penalised(loss, p, q, r1=1.0)
    found.critic                                # points (n, 1) to scores: straight between the ticks

It minimises E_p a(D) + E_q b(D) + r1/2 E_p |D'|^2 + r2/2 E_q |D'|^2, which is convex for all pointwise losses but hinge
strictly, by Newton's method; a and b are the very costs of the loss. Where there is no mass, the score is what its
neighbours make it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganatomy.errors import DivergedError, UsageError
from ganatomy.games.losses import Loss
from ganatomy.theory.densities import Density
from ganatomy.theory.optimal import costs, optimum
from ganatomy.theory.tails import box

TICKS, REACH, STEPS = 4001, 6.0, 100


@dataclass(frozen=True, eq=False)
class Penalised:
    """Scores (n,) at ticks (n,), and what critic's loss and penalty come to there."""

    ticks: Tensor
    scores: Tensor
    loss: float
    penalty: float

    def critic(self, points: Tensor) -> Tensor:
        """Differentiable; level beyond the last tick."""
        place = points.double().reshape(-1).clamp(float(self.ticks[0]), float(self.ticks[-1]))
        cell = (torch.searchsorted(self.ticks, place.detach()) - 1).clamp(0, len(self.ticks) - 2)
        slopes = self.scores.diff() / self.ticks.diff()
        return self.scores[cell] + slopes[cell] * (place - self.ticks[cell])


def penalised(loss: Loss, p: Density, q: Density, *, r1: float = 0.0, r2: float = 0.0, ticks: int = TICKS) -> Penalised:
    best = optimum(loss)
    if p.dimensions != 1 or not best.pointwise or best.stepped or min(r1, r2) < 0 or r1 + r2 == 0:
        raise UsageError(
            f"the best critic of {loss.name!r} under R1 of {r1} and R2 of {r2} in {p.dimensions}-D was asked for",
            "it is solved for on the line, for logistic and least-squares losses, with r1 or r2 above 0",
        )
    low, high = box(p, q, reach=REACH)
    x = torch.linspace(float(low), float(high), ticks, dtype=torch.float64)
    middle, step = ((x[1:] + x[:-1]) / 2)[:, None], float(x[1] - x[0])
    masses = p.log_density(x[:, None]).exp() * step, q.log_density(x[:, None]).exp() * step
    stiff = (r1 * p.log_density(middle).exp() + r2 * q.log_density(middle).exp()) / step
    scores = torch.full((ticks,), loss.undecided, dtype=torch.float64)
    for _ in range(STEPS):
        slope, bend = _derivatives(loss, scores, masses)
        slope = slope + _pushed(stiff, scores)
        change = _solved(bend, stiff, slope)
        scores = scores - change
        if float(change.abs().max()) < 1e-11 * max(1.0, float(scores.abs().max())):
            break
    else:
        raise DivergedError(
            f"{STEPS} steps did not settle the critic under R1 of {r1}, R2 of {r2}", "give a stronger one"
        )
    real, fake = costs(loss, scores)
    value = float(masses[0] @ real + masses[1] @ fake)
    return Penalised(x, scores, value, float(0.5 * stiff @ scores.diff().square()))


def _derivatives(loss: Loss, scores: Tensor, masses: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """The first and second derivative of the loss by each score."""
    moved = scores.clone().requires_grad_()
    real, fake = costs(loss, moved)
    (slope,) = torch.autograd.grad(masses[0] @ real + masses[1] @ fake, moved, create_graph=True)
    (bend,) = torch.autograd.grad(slope.sum(), moved)
    return slope.detach(), bend


def _pushed(stiff: Tensor, scores: Tensor) -> Tensor:
    """The derivative of the penalty by each score."""
    force = stiff * scores.diff()
    zero = torch.zeros(1, dtype=torch.float64)
    return torch.cat([zero, force]) - torch.cat([force, zero])


def _solved(bend: Tensor, stiff: Tensor, slope: Tensor) -> Tensor:
    """Newton's change, from a tridiagonal system."""
    from scipy.linalg import solve_banded

    zero = np.zeros(1)
    edge = stiff.numpy()
    bands = np.stack(
        [np.r_[zero, -edge], bend.numpy() + np.r_[edge, zero] + np.r_[zero, edge], np.r_[-edge, zero]],
    )
    return torch.from_numpy(np.asarray(solve_banded((1, 1), bands, slope.numpy())))
