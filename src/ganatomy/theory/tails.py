"""What integrals over densities can hold outside a box: bounds in closed form, and a box outside which little is left.

    low, high = box(p, q)
    entropy_outside(p, q, (low, high))          # at least |the integral of p log p/q| outside
    Weighed(p, q).finite, Weighed(p, q).outside((low, high))    # of p^2 / q

For Gaussians p^2 / q is again a bell, if a bell at all: where q falls off too fast the integral is infinite, and a grid
would give a huge finite number. So the condition is looked at first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.theory.densities import Density

REACH = 12.0  # std: of a Gaussian 4e-33 lies beyond
ANGLES = 720
EDGE = 1e-9  # two equal curvatures: the linear part decides, and it diverges one way

Box = tuple[Tensor, Tensor]


def box(*densities: Density, reach: float = REACH) -> Box:
    """The smallest box that holds every component to `reach` of its std."""
    low = torch.cat([each.centres - reach * each.spreads for each in densities]).amin(0)
    high = torch.cat([each.centres + reach * each.spreads for each in densities]).amax(0)
    return low, high


def mass_outside(p: Density, limits: Box) -> float:
    return float(p.weights @ p.outside(*limits))


def entropy_outside(p: Density, q: Density, limits: Box) -> float:
    """At least the integral of p log(p / q) - p + q outside, which is nowhere negative.

    log p is at most its highest, q at least any one of its parts, and E_p[r^2, outside] <= sqrt(P(outside) E_p r^4).
    """
    outside = mass_outside(p, limits)
    highest = float(torch.logsumexp(p.heights, 0))
    bounds = outside * (highest - q.heights).clamp(min=0) + 0.5 * (outside * _fourth_moments(p, q)).sqrt()
    return float(bounds.min()) + mass_outside(q, limits)


def first_moment_outside(p: Density, limits: Box) -> float:
    """At least E_p of the distance to the box, on the line: by sqrt(P(outside) E x^2), part by part."""
    low, high = limits
    variance = p.spreads.square().sum(1)
    far = torch.maximum((p.centres - low).abs(), (p.centres - high).abs()).amax(1).square()
    return float(p.weights @ (p.outside(low, high) * 2 * (variance + far)).sqrt())


def _fourth_moments(p: Density, q: Density) -> Tensor:
    """E_p r_j^4, (k of q,): r_j the distance to component j of q in its own std; Gaussian moments."""
    inverse = q.inverse_roots()
    shift = torch.einsum("jab,jib->jia", inverse, p.centres[None] - q.centres[:, None])
    root = torch.einsum("jab,ibc->jiac", inverse, p.roots)
    spread = root @ root.mT
    trace = spread.diagonal(dim1=2, dim2=3).sum(2)
    square = spread.square().sum((2, 3))
    along = torch.einsum("jia,jiab,jib->ji", shift, spread, shift)
    return ((trace + shift.square().sum(2)).square() + 2 * square + 4 * along) @ p.weights


@dataclass(frozen=True)
class Weighed:
    """p^2 / q: whether its integral is finite, where it lies, and a bound on what a box leaves out.

    (sum w_i p_i)^2 <= sum w_i p_i^2 and q >= v_j q_j, so it is at most a sum of bells p_i^2 / q_j, j the best for each.
    """

    p: Density
    q: Density

    @property
    def finite(self) -> bool:
        """In no direction does q fall off as fast as p^2, or faster: looked at along directions around the circle."""
        if self.p.dimensions == 1:
            rays = torch.ones(1, 1, dtype=torch.float64)
        else:
            angle = torch.arange(ANGLES, dtype=torch.float64) * (math.pi / ANGLES)
            rays = torch.stack([angle.cos(), angle.sin()], 1)
        fast = 2 * _curvature(self.p, rays).amin(0)
        slow = _curvature(self.q, rays).amin(0)
        return bool((fast > slow * (1 + EDGE)).all())

    def bell(self) -> Density | None:
        """The bells that bound it, normalised; None where some component has no bounding bell."""
        return None if (found := self._bells()) is None else found[0]

    def outside(self, limits: Box) -> float:
        found = self._bells()
        if found is None:
            return math.inf
        bell, logs = found
        inside = bell.outside(*limits)
        return float((logs + inside.clamp(min=1e-300).log()).exp().sum())

    def _bells(self) -> tuple[Density, Tensor] | None:
        """The bells and the logs of their integrals, one for each component of p."""
        first, second = (torch.linalg.inv(each.covariances) for each in (self.p, self.q))
        curve = 2 * first[:, None] - second[None]
        roots, failed = torch.linalg.cholesky_ex(curve)
        safe = (failed == 0) & (roots.diagonal(dim1=2, dim2=3).amin(2) > EDGE * first.abs().amax())
        if not bool(safe.any(1).all()):
            return None
        roots = torch.where(safe[:, :, None, None], roots, torch.eye(self.p.dimensions, dtype=torch.float64))
        pull = (2 * first @ self.p.centres[:, :, None])[:, None] - (second @ self.q.centres[:, :, None])[None]
        middle = torch.cholesky_solve(pull, roots)
        base = torch.einsum("ia,iab,ib->i", self.p.centres, first, self.p.centres)
        other = torch.einsum("ja,jab,jb->j", self.q.centres, second, self.q.centres)
        exponent = 0.5 * ((pull * middle).sum((2, 3)) - 2 * base[:, None] + other[None])
        size = 0.5 * self.p.dimensions * math.log(2 * math.pi) - roots.diagonal(dim1=2, dim2=3).log().sum(2)
        # w_i p_i^2 / (v_j q_j) at the middle: heights hold the log of weight and peak
        logs = 2 * self.p.heights[:, None] - self.p.weights.log()[:, None] - self.q.heights[None] + exponent + size
        best = torch.where(safe, logs, math.inf).argmin(1)
        rows = torch.arange(len(best))
        spread = torch.cholesky_inverse(roots[rows, best])
        bell = Density("p^2 / q", middle[rows, best, :, 0], torch.linalg.cholesky(spread), self.p.weights)
        return bell, logs[rows, best]


def _curvature(p: Density, rays: Tensor) -> Tensor:
    """u^T S^-1 u of each component along each ray, (k, rays)."""
    return torch.einsum("ra,kab,rb->kr", rays, torch.linalg.inv(p.covariances), rays)
