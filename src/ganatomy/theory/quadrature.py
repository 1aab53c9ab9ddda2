"""Integrals over a box of the line or the plane with a bound on their error, by cells that are halved where it pays.

    rule = refined(integrands, (low, high), narrow=(centres, spreads), tolerance=1e-10)
    found = rule.integral(values)              # values (n,) at rule.points: found.value, found.error

In each cell the 15-point rule of Kronrod is compared with the 7-point rule of Gauss on the same points (QUADPACK; in
the plane their products). The error given is the sum over cells of |difference|, which for smooth integrands is far
above the error, plus what a kink can do and rounding. Cells near a narrow mode are small from the start, so that none
is missed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ganatomy.errors import UsageError

NODES = (
    (0.991455371120812639206854697526329, 0.022935322010529224963732008058970, 0.0),
    (0.949107912342758524526189684047851, 0.063092092629978553290700663189204, 0.129484966168869693270611432679082),
    (0.864864423359769072789712788640926, 0.104790010322250183839876322541518, 0.0),
    (0.741531185599394439863864773280788, 0.140653259715525918745189590510238, 0.279705391489276667901467771423780),
    (0.586087235467691130294144691258380, 0.169004726639267902826583426598550, 0.0),
    (0.405845151377397166906606412076961, 0.190350578064785409913256402421014, 0.381830050505118944950369775488975),
    (0.207784955007898467600689403773245, 0.204432940075298892414161999234649, 0.0),
    (0.0, 0.209482141084727828012999174891714, 0.417959183673469387755102040816327),
)  # place, weight of Kronrod's rule, weight of Gauss's, on [-1, 1]
KINK = 0.01  # no kink makes Kronrod's rule err by more than 0.006 of length times range, in each axis
EDGE = 0.05  # of the range in a cell: ten times what a straight line moves from the last node to the edge
ROUNDING = 1e-13  # of the sum of sizes: a log density of -100 has lost two digits
NEAR, SIDE = 4.0, 3.0  # in std: a cell this near to the centre of a mode is at most that long at first
PASSES = 60


@dataclass(frozen=True)
class Integral:
    """A number and a bound on its error; an infinite one is known to be so."""

    value: float
    error: float = 0.0

    @property
    def low(self) -> float:
        return self.value - self.error

    @property
    def high(self) -> float:
        return self.value + self.error

    def scaled(self, factor: float, shift: float = 0.0) -> Integral:
        return Integral(factor * self.value + shift, abs(factor) * self.error)


@dataclass(frozen=True, eq=False)
class Rule:
    """Points in equal numbers in each cell, and the two sums over them."""

    low: Tensor = field(repr=False)  # of the cells, (cells, d)
    sides: Tensor = field(repr=False)

    @property
    def dimensions(self) -> int:
        return self.low.shape[1]

    @property
    def volumes(self) -> Tensor:
        return self.sides.prod(1)

    @property
    def points(self) -> Tensor:
        """(cells * 15^d, d), cell after cell."""
        unit = _unit(self.dimensions)[0]
        return (self.low[:, None] + self.sides[:, None] * unit).reshape(-1, self.dimensions)

    @property
    def weights(self) -> Tensor:
        """Of the points, (n,)."""
        return (self.volumes[:, None] * _unit(self.dimensions)[1]).reshape(-1)

    def integral(self, values: Tensor, *, turning: Tensor | None = None, tail: float = 0.0) -> Integral:
        """The integral of values (n,) at the points; `turning` changes its sign where the integrand has a kink.

        tail: a bound on what lies outside the box.
        """
        sums, errors = self.by_cell(values[:, None], turning=turning)
        rounding = ROUNDING * float(self.weights @ values.abs())
        return Integral(float(sums.sum()), float(errors.sum()) + rounding + tail)

    def by_cell(self, values: Tensor, *, turning: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Of each integrand (n, o) its integral over each cell and a bound on the error, (cells, o)."""
        _, fine, coarse = _unit(self.dimensions)
        boxes = values.reshape(len(self.low), len(fine), -1)
        volumes = self.volumes[:, None]
        sums = volumes * torch.einsum("m,cmo->co", fine, boxes)
        errors = volumes * torch.einsum("m,cmo->co", fine - coarse, boxes).abs()
        if turning is not None:
            signs = turning.reshape(len(self.low), -1)
            # The outermost nodes stop short of the edge: a change of sign may lie between the nodes of two cells.
            high, low = signs.amax(1), signs.amin(1)
            room = EDGE * (high - low)
            turns = ((high + room > 0) & (low - room < 0))[:, None]
            errors = errors + turns * self.dimensions * KINK * volumes * (boxes.amax(1) - boxes.amin(1))
        return sums, errors


Integrands = Callable[[Tensor], tuple[Tensor, Tensor | None]]  # points to values (n, o), and what turns at their kinks


def refined(
    integrands: Integrands,
    box: tuple[Tensor, Tensor],
    *,
    narrow: tuple[Tensor, Tensor],
    tolerance: Tensor | float = 1e-10,
    most: int = 3_000_000,
) -> Rule:
    """A rule whose errors are below the tolerance of each integrand (relative above 1), if `most` points do.

    narrow: centres (k, d) and spreads (k, d) of all that must not be missed.
    """
    rule = _first(box, narrow)
    per_cell = len(_unit(rule.dimensions)[1])
    if len(rule.low) * per_cell > most:
        raise UsageError(
            f"the narrowest mode, of std {float(narrow[1].min()):.3g}, needs {len(rule.low) * per_cell} points",
            f"at most {most} are used: give wider modes, or a higher `most`",
        )
    sums, errors = _seen(rule, integrands)
    for _ in range(PASSES):
        allowed = torch.as_tensor(tolerance, dtype=torch.float64) * sums.sum(0).abs().clamp(min=1.0)
        worst = (errors / allowed).amax(1)
        order = worst.argsort()
        keep = order[worst[order].cumsum(0) <= 0.5]
        split = order[len(keep) :]
        more = len(split) * 2**rule.dimensions
        if float(worst.sum()) <= 1.0 or (len(keep) + more) * per_cell > most:
            break
        parts = _halved(Rule(rule.low[split], rule.sides[split]))
        new_sums, new_errors = _seen(parts, integrands)
        rule = Rule(torch.cat([rule.low[keep], parts.low]), torch.cat([rule.sides[keep], parts.sides]))
        sums, errors = torch.cat([sums[keep], new_sums]), torch.cat([errors[keep], new_errors])
    return rule


def finer(rule: Rule, most: int) -> Rule:
    """The same cells, halved as often as `most` points allow: for kinks that the rule was not made for."""
    while len(rule.weights) * 2**rule.dimensions <= most:
        rule = _halved(rule)
    return rule


def _seen(rule: Rule, integrands: Integrands) -> tuple[Tensor, Tensor]:
    values, turning = integrands(rule.points)
    return rule.by_cell(values, turning=turning)


def _first(box: tuple[Tensor, Tensor], narrow: tuple[Tensor, Tensor]) -> Rule:
    """Nearly square cells, halved until none near a mode is longer than a few of its std."""
    span = box[1] - box[0]
    counts = (span / span.min()).round().clamp(min=1).long()
    ticks = [torch.arange(int(n), dtype=torch.float64) * (s / n) for n, s in zip(counts, span, strict=True)]
    low = box[0] + torch.cartesian_prod(*ticks).reshape(-1, len(span))
    rule, done = Rule(low, (span / counts).expand_as(low)), []
    centres, spreads = narrow
    while len(rule.low):
        apart = (rule.low[:, None] + rule.sides[:, None] / 2 - centres).abs() - rule.sides[:, None] / 2
        near = (apart <= NEAR * spreads).all(2)
        long = rule.sides.amax(1)[:, None] > SIDE * spreads.amin(1)
        wide = (near & long).any(1)
        done.append(Rule(rule.low[~wide], rule.sides[~wide]))
        rule = _halved(Rule(rule.low[wide], rule.sides[wide]))
    return Rule(torch.cat([part.low for part in done]), torch.cat([part.sides for part in done]))


def _halved(rule: Rule) -> Rule:
    """Each cell in two on the line, in four in the plane."""
    half = torch.tensor([0.0, 0.5], dtype=torch.float64)
    corners = torch.cartesian_prod(*[half] * rule.dimensions).reshape(-1, rule.dimensions)
    low = (rule.low[:, None] + rule.sides[:, None] * corners).reshape(-1, rule.dimensions)
    return Rule(low, (rule.sides / 2).repeat_interleave(len(corners), dim=0))


def _unit(dimensions: int) -> tuple[Tensor, Tensor, Tensor]:
    """Points in [0, 1]^d and the weights of both rules there."""
    if dimensions not in (1, 2):
        raise UsageError(f"an integral over {dimensions} dimensions was asked for", "it is done on lines and planes")
    table = torch.tensor(NODES, dtype=torch.float64)
    places = torch.cat([-table[:-1, 0], table.flip(0)[:, 0]])
    both = torch.cat([table[:-1, 1:], table.flip(0)[:, 1:]]) / 2
    points = torch.cartesian_prod(*[(places + 1) / 2] * dimensions).reshape(-1, dimensions)
    fine, coarse = (torch.cartesian_prod(*[one] * dimensions).reshape(len(points), -1).prod(1) for one in both.T)
    return points, fine, coarse
