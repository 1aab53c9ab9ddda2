"""The nearest point at which a margin changes its sign: of pictures within their range, or of latents.

    found = nearest(margin, pictures, norm="l2", room=Room(bounds=gan.format.bounds))
    found.at, found.reached, found.size              # points (n, ...), whether any was found, its distance

margin: points -> (n,), of which the sign is the verdict. The fast adaptive boundary method (Croce & Hein 2020): the
margin taken as linear gives a plane, whose nearest point within the range is known; steps toward it are drawn back to
the start, and whatever lies beyond the boundary is brought back to it by halving. A flip that is found is a flip, so
that its size is an upper bound on the distance of the nearest one; where the margin is linear it is that distance.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError

Margin = Callable[[Tensor], Tensor]
Keep = Callable[[Tensor], Tensor]
BEYOND = 1.05  # steps go a little beyond the plane
BIASED = 0.1  # at most so much of a step begins at the start
BACK = 0.9  # what flipped is taken so far from the start
HALVINGS, DOUBLINGS = 40, 40


@dataclass(frozen=True, eq=False)
class Norm:
    """`along`: for a slope, the direction in which a step of one size changes the margin most."""

    size: Callable[[Tensor], Tensor]
    along: Callable[[Tensor], Tensor]


NORMS: dict[str, Norm] = {
    "l2": Norm(lambda change: change.flatten(1).norm(dim=1), lambda slope: slope),
    "linf": Norm(lambda change: change.flatten(1).abs().amax(1), torch.sign),
}


@dataclass(frozen=True, eq=False)
class Room:
    """Where points may lie: within bounds, and where `keep` puts them."""

    bounds: tuple[float, float] | None = None
    keep: Keep = lambda point: point

    def inside(self, points: Tensor) -> Tensor:
        return self.keep(points if self.bounds is None else points.clamp(*self.bounds))


@dataclass(frozen=True, eq=False)
class Flips:
    """The start itself, and an infinite size, where none was found."""

    at: Tensor
    reached: Tensor
    size: Tensor


FREE = Room()


def nearest(margin: Margin, start: Tensor, *, norm: str, room: Room = FREE, steps: int = 40) -> Flips:
    """Each point on its own; the same start gives the same flip whatever stands beside it, but for rounding."""
    measure = NORMS[norm]
    start = start.detach()
    with torch.no_grad():
        sign = torch.where(margin(start) > 0, 1.0, -1.0).to(start)
    best, size = start.clone(), torch.full_like(sign, math.inf)
    at = start.clone()
    for _ in range(steps):
        value, slope = sloped(margin, at, sign)
        toward = on_plane(at, at, value, slope, measure=measure, bounds=room.bounds)
        from_start = on_plane(start, at, value, slope, measure=measure, bounds=room.bounds)
        bias = _bias(measure.size(toward - at), measure.size(from_start - start))
        step, drawn = at + BEYOND * (toward - at), start + BEYOND * (from_start - start)
        at = room.inside(torch.lerp(step, drawn, _wide(bias, at)))
        with torch.no_grad():
            flipped = _flipped(sign, margin(at))
            better = flipped & (measure.size(at - start) < size)
            best[better], size[better] = at[better], measure.size(at - start)[better]
            drawn_back = room.inside(torch.lerp(start, at, BACK))
        at = torch.where(_wide(flipped, at), drawn_back, at)
    return _at_boundary(margin, start, best, sign, norm=measure, room=room)


def sloped(margin: Margin, at: Tensor, sign: Tensor) -> tuple[Tensor, Tensor]:
    """Margin and slope, turned so that the margin is positive at the start. Weights get no gradients."""
    with torch.enable_grad():
        free = at.detach().clone().requires_grad_()
        value = sign * margin(free)
        if not value.requires_grad:
            raise UsageError("the slope of a critic without gradients was asked for", "give its nn.Module form")
        (slope,) = torch.autograd.grad(value.sum(), free)
    if not bool(torch.isfinite(slope).all() and torch.isfinite(value).all()):
        raise InputError("the critic's score or its slope holds NaN or infinite values", "check its weights")
    return value.detach(), slope


def on_plane(
    points: Tensor,
    at: Tensor,
    value: Tensor,
    slope: Tensor,
    *,
    measure: Norm,
    bounds: tuple[float, float] | None,
) -> Tensor:
    """The nearest points where value + slope . (point - at) = 0; within bounds as near to that as they come.

    The nearest point is cut(point + t along(slope)) for one number t, and slope . cut(...) grows with t.
    """
    along = measure.along(slope)
    gap = -(value + (slope * (points - at)).flatten(1).sum(1))  # what slope . change must be
    free = gap / (slope * along).flatten(1).sum(1).clamp(min=1e-30)
    if bounds is None:
        return points + _wide(free, points) * along
    sense = torch.where(gap < 0, -1.0, 1.0).to(gap)

    def moved(times: Tensor) -> Tensor:
        return (points + _wide(sense * times, points) * along).clamp(*bounds)

    return climbed(
        lambda times: sense * (slope * (moved(times) - points)).flatten(1).sum(1), gap.abs(), free.abs(), moved
    )


def climbed(
    height: Callable[[Tensor], Tensor], wanted: Tensor, first: Tensor, moved: Callable[[Tensor], Tensor]
) -> Tensor:
    """moved(t) for the least t at which a height that does not fall reaches what is wanted, or the highest it gets."""
    low, high = torch.zeros_like(first), first.clone()
    for _ in range(DOUBLINGS):
        short = height(high) < wanted * (1 - 1e-6)
        if not bool(short.any()):
            break
        low, high = torch.where(short, high, low), torch.where(short, 2 * high, high)
    if bool((high > first).any()):  # else the first guess is exact
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            enough = height(middle) >= wanted * (1 - 1e-6)
            low, high = torch.where(enough, low, middle), torch.where(enough, middle, high)
    return moved(high)


def _bias(toward: Tensor, from_start: Tensor) -> Tensor:
    share = toward / (toward + from_start).clamp(min=1e-30)
    return share.clamp(max=BIASED)


@torch.no_grad()
def _at_boundary(margin: Margin, start: Tensor, best: Tensor, sign: Tensor, *, norm: Norm, room: Room) -> Flips:
    """The first flip that halving finds between the start and the best one."""
    reached = _flipped(sign, margin(best))
    low, high = torch.zeros_like(sign), torch.ones_like(sign)
    for _ in range(HALVINGS // 2):
        middle = (low + high) / 2
        flipped = _flipped(sign, margin(room.inside(torch.lerp(start, best, _wide(middle, start)))))
        low, high = torch.where(flipped, low, middle), torch.where(flipped, middle, high)
    at = room.inside(torch.lerp(start, best, _wide(high, start)))
    at = torch.where(_wide(reached, at), at, start)
    size = torch.where(reached, norm.size(at - start).double(), math.inf)
    return Flips(at, reached, size)


def _flipped(sign: Tensor, value: Tensor) -> Tensor:
    """A margin of 0 counts as that of a generated picture, wherever it began."""
    return (value > 0) != (sign > 0)


def _wide(values: Tensor, like: Tensor) -> Tensor:
    """(n,) beside (n, ...)."""
    return values.reshape(-1, *([1] * (like.ndim - 1)))
