"""Wasserstein distances: exact on the line and between Gaussians, in the plane between bounds, between samples exact.

wasserstein(p, q)                           # the line: integral of |F_p - F_q|, with its error
potential(p, q)                             # the best critic there: slope +-1
lower, upper = wasserstein_between(p, q)    # the plane, W1: best single direction, best coupling of the parts
sliced(p, q)                                # the mean over directions, each exact
gaussian_wasserstein(m1, s1, m2=m2, s2=s2)  # W2^2 and the map, in closed form
assigned(x, y, order=2)                     # between two samples of one size, by assignment
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.numerics.linear import root
from ganatomy.theory.densities import Density
from ganatomy.theory.quadrature import Integral, Rule, refined
from ganatomy.theory.tails import box, first_moment_outside

DIRECTIONS = 64  # of the half circle, for slices
MOST = 4000  # samples of an assignment: its time grows with the cube


def wasserstein(p: Density, q: Density) -> Integral:
    """W1 on the line, the integral of |F_p - F_q| (Vallender 1974)."""
    rule, gap = _gaps(p, q)
    limits = rule.low.amin(0), (rule.low + rule.sides).amax(0)
    tail = first_moment_outside(p, limits) + first_moment_outside(q, limits)
    return rule.integral(gap.abs(), turning=gap, tail=tail)


def potential(p: Density, q: Density, *, ticks: int = 100_001) -> Callable[[Tensor], Tensor]:
    """The best Wasserstein critic on the line: T' = sign(F_q - F_p), from points (n, 1), 0 at the left end.

    E_p T - E_q T is W1 (integrate by parts). Beyond the box it goes on straight. Not differentiable at its ticks.
    """
    low, high = box(p, q)
    x = torch.linspace(float(low), float(high), ticks, dtype=torch.float64)
    middle = (x[1:] + x[:-1]) / 2
    slopes = torch.sign(q.below(middle) - p.below(middle))
    heights = torch.cat([torch.zeros(1, dtype=torch.float64), (slopes * x.diff()).cumsum(0)])

    def critic(points: Tensor) -> Tensor:
        place = points.double().reshape(-1)
        cell = (torch.searchsorted(x, place.detach()) - 1).clamp(0, ticks - 2)
        return heights[cell] + slopes[cell] * (place - x[cell])

    return critic


def sliced(p: Density, q: Density, *, directions: int = DIRECTIONS) -> Integral:
    """The mean over directions of the plane of W1 of the marginals, which are mixtures on the line and exact.

    The error of the mean over angles is told from every second one.
    """
    each = _slices(p, q, directions)
    values = torch.tensor([one.value for one in each], dtype=torch.float64)
    fine, coarse = float(values.mean()), float(values[::2].mean())
    return Integral(fine, abs(fine - coarse) + max(one.error for one in each))


def wasserstein_between(p: Density, q: Density, *, directions: int = DIRECTIONS) -> tuple[float, float]:
    """A lower and an upper bound on W1 in the plane.

    No marginal is further apart than the whole. And mass can be moved part by part: at most the least sum over
    couplings of the weights of W2 between single Gaussians (Delon and Desolneux 2020), since W1 <= W2.
    """
    from scipy.optimize import linprog

    lower = max(one.low for one in _slices(p, q, directions))
    cost = torch.tensor(
        [
            [
                math.sqrt(gaussian_wasserstein(a, s, m2=b, s2=t)[0])
                for b, t in zip(q.centres, q.covariances, strict=True)
            ]
            for a, s in zip(p.centres, p.covariances, strict=True)
        ]
    )
    rows, columns = cost.shape
    rims = torch.cat([torch.eye(rows).repeat_interleave(columns, 1), torch.eye(columns).repeat(1, rows)])
    sums = torch.cat([p.weights, q.weights])
    solved = linprog(cost.reshape(-1).numpy(), A_eq=rims.numpy(), b_eq=sums.numpy(), bounds=(0, None), method="highs")
    assert solved.status == 0, solved.message
    return lower, max(lower, float(solved.fun) * (1 + 1e-9))


def gaussian_wasserstein(m1: Tensor, s1: Tensor, *, m2: Tensor, s2: Tensor) -> tuple[float, Tensor]:
    """W2^2 = |m1 - m2|^2 + tr(S1 + S2 - 2 (S1^1/2 S2 S1^1/2)^1/2), and the map A with A S1 A = S2 (Gelbrich 1990)."""
    half = root(s1.double())
    inner = root(half @ s2.double() @ half)
    bures = float((s1.double() + s2.double() - 2 * inner).trace())
    back = torch.linalg.inv(half)
    return float((m1 - m2).double().square().sum()) + max(bures, 0.0), back @ inner @ back


def assigned(x: Tensor, y: Tensor, *, order: int = 1) -> float:
    """The distance between two samples of equal size, W1 or W2, exact between them: by the best assignment.

    Of the densities behind them it is an estimate that is too high, by about n^(-1/d), until n is large.
    """
    if x.shape != y.shape or x.dim() != 2 or len(x) > MOST or order not in (1, 2):
        raise UsageError(
            f"the W{order} distance of samples {tuple(x.shape)} and {tuple(y.shape)} was asked for",
            f"give two samples (n, d) of one size, at most {MOST}, and order 1 or 2",
        )
    from scipy.optimize import linear_sum_assignment

    costs = torch.cdist(x.detach().double(), y.detach().double()).pow(order).numpy()
    rows, columns = linear_sum_assignment(costs)
    return float(costs[rows, columns].mean() ** (1 / order))


def _slices(p: Density, q: Density, directions: int) -> list[Integral]:
    if p.dimensions != 2 or q.dimensions != 2:
        raise UsageError(f"slices of {p.name!r} and {q.name!r} were asked for", "give densities of the plane")
    angles = (torch.arange(directions, dtype=torch.float64) * (math.pi / directions)).tolist()
    rows = [torch.tensor([[math.cos(angle), math.sin(angle)]], dtype=torch.float64) for angle in angles]
    return [wasserstein(p.image(row), q.image(row)) for row in rows]


def _gaps(p: Density, q: Density) -> tuple[Rule, Tensor]:
    def gap(points: Tensor) -> Tensor:
        return p.below(points[:, 0]) - q.below(points[:, 0])

    def integrands(points: Tensor) -> tuple[Tensor, Tensor]:
        values = gap(points)
        return values.abs()[:, None], values

    narrow = torch.cat([p.centres, q.centres]), torch.cat([p.spreads, q.spreads])
    rule = refined(integrands, box(p, q), narrow=narrow)
    return rule, gap(rule.points)
