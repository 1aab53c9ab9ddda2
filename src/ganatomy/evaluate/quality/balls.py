"""Which samples lie in the neighbour balls of which: the counts behind precision, recall, density and coverage.

    told = balls(real, fake, k=5)                            # of all samples
    told = balls(real, fake, k=5, blocks=(codes, others))    # and without each block of a jackknife, in the same pass
    told.shares()                                            # (4, 1 + blocks)

The ball of a sample reaches to its k-th nearest other sample of its own kind. Distances are made a chunk at a time and
only pairs that touch a ball are kept, so memory grows with n, not with n x m. What is touched is found by the expanded
square and then decided by the difference itself: exact copies and ties come out right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.numerics.distances import neighbours

CHUNK = 2**20  # entries of a table held at once: 8 MiB of float64
SPARE = 6  # neighbours looked up beyond the k-th, in case some are left out
ROUNDING = 1e-12  # of the squared norms: more than the expanded square rounds by
NAMES = ("precision", "recall", "density", "coverage")


@dataclass(frozen=True, eq=False)
class Balls:
    """Column 0 is of all samples, column j of those outside block j; what is left out counts as False.

    inside (m, 1 + blocks): fakes in the ball of a real sample. near (n, ...): reals in the ball of a fake.
    covered (n, ...): reals whose own ball holds a fake. hits (1 + blocks,): pairs of a fake and a real ball that holds
    it. real, fake: how many samples there are in each column.
    """

    k: int
    inside: Tensor
    near: Tensor
    covered: Tensor
    hits: Tensor
    real: Tensor
    fake: Tensor

    def shares(self) -> Tensor:
        """Precision, recall, density and coverage, (4, 1 + blocks), in the order of `NAMES`."""
        density = self.hits / (self.k * self.fake)
        counts = [each.double().sum(0) for each in (self.inside, self.near, self.covered)]
        return torch.stack([counts[0] / self.fake, counts[1] / self.real, density, counts[2] / self.real])


def balls(
    real: Tensor, fake: Tensor, *, k: int, blocks: tuple[Tensor, Tensor] | None = None, strict: bool = False
) -> Balls:
    """`blocks` gives the block of each real and fake sample, from 1. strict: the rim is outside, as in prdc."""
    if len(real) and len(fake) and real.shape[1:] != fake.shape[1:]:
        raise UsageError(
            f"samples with {real.shape[1]} and {fake.shape[1]} features cannot be compared",
            "use one feature space for both",
        )
    codes = (torch.zeros(len(real)), torch.zeros(len(fake))) if blocks is None else blocks
    first, second = (each.to(real.device).long() for each in codes)
    columns = torch.arange(1 if blocks is None else 1 + int(max(first.max(), second.max())), device=real.device)
    kept = tuple((each[:, None] != columns) | (columns == 0) for each in (first, second))
    real, fake = real.detach().double(), fake.detach().double()
    reach = radii(real, kept[0], k=k), radii(fake, kept[1], k=k)
    inside, near, covered = (torch.zeros_like(kept[side]) for side in (1, 0, 0))
    hits = torch.zeros(len(columns), dtype=torch.float64, device=real.device)
    for row, column, distance in _touching(fake, real, (reach[1].amax(1), reach[0].amax(1))):
        held = _within(distance, reach[0][column], strict=strict) & kept[1][row]
        hits += held.sum(0)
        _mark(inside, row, held)
        _mark(covered, column, held)
        _mark(near, column, _within(distance, reach[1][row], strict=strict) & kept[0][column])
    return Balls(k, inside, near, covered, hits, kept[0].sum(0), kept[1].sum(0))


def radii(points: Tensor, kept: Tensor, *, k: int) -> Tensor:
    """Distance of each point to its k-th nearest other among those kept, (n, columns); -1 where it is not kept."""
    least = int(kept.sum(0).min())
    if not 1 <= k < least:
        raise UsageError(f"the {k}th neighbours of {least} samples were asked for", f"take more than {k} samples")
    far, where = neighbours(points, points, min(k + SPARE, len(points) - 1), skip_self=True)
    found = torch.empty(kept.shape, dtype=torch.float64, device=points.device)
    for column in range(kept.shape[1]):
        rank = kept[where, column].cumsum(1)
        found[:, column] = far.gather(1, (rank >= k).int().argmax(1, keepdim=True))[:, 0]
        short = (rank[:, -1] < k) & kept[:, column]
        if bool(short.any()):  # so many of its neighbours are left out that it must be looked up anew, itself first
            found[short, column] = neighbours(points[short], points[kept[:, column]], k + 1)[0][:, -1]
    return torch.where(kept, found, -1.0)


def _touching(x: Tensor, y: Tensor, reach: tuple[Tensor, Tensor]) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Pairs (row of x, row of y, distance) of which one lies within the other's reach, and perhaps a few more."""
    centre = y.median(0).values
    near, squares = y - centre, (y - centre).square().sum(1)
    step = max(1, CHUNK // len(y))
    room = torch.empty(2, min(step, len(x)), len(y), dtype=torch.float64, device=y.device)  # used anew for each part
    for first in range(0, len(x), step):
        part = x[first : first + step] - centre
        norms = part.square().sum(1, keepdim=True)
        table = torch.addmm(squares, part, near.T, alpha=-2, out=room[0, : len(part)]).add_(norms)
        bound = torch.maximum(reach[0][first : first + step, None], reach[1], out=room[1, : len(part)]).square_()
        bound.add_(norms, alpha=ROUNDING).add_(squares, alpha=ROUNDING)
        rows, columns = (table <= bound).nonzero(as_tuple=True)
        size = max(1, CHUNK // max(y.shape[1], 32))
        for row, column in zip((rows + first).split(size), columns.split(size), strict=True):
            yield row, column, (x[row, None] - y[column, None]).norm(dim=2)[:, 0]


def _within(distance: Tensor, reach: Tensor, *, strict: bool) -> Tensor:
    return distance[:, None] < reach if strict else distance[:, None] <= reach


def _mark(flags: Tensor, places: Tensor, held: Tensor) -> None:
    """Set flags[places[i], j] wherever held[i, j]."""
    row, column = held.nonzero(as_tuple=True)
    flags[places[row], column] = True
