"""Up the slope of the score, with what is passed at equal steps of it.

    climbed = climb(margin, z, goals=goals, step=0.1, room=room, steps=200)
    climbed.at, climbed.reached                  # (n, goals, ...) points, and which goals were reached

Steps follow the slope of each point at unit length; one that does not raise the score is taken back and halved.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.explain.critic.samples.nearest import Margin, Room, sloped

GROWTH, MOST = 1.2, 4.0  # a step that helped makes the next one longer, up to so many first ones
HALVINGS = 12


@dataclass(frozen=True, eq=False)
class Climbed:
    """Points at which each goal was passed, the start where it was not; the last points of all."""

    at: Tensor
    reached: Tensor
    last: Tensor
    score: Tensor


def climb(margin: Margin, start: Tensor, *, goals: Tensor, step: float, room: Room, steps: int) -> Climbed:
    """goals (n, k), rising. Each point climbs on its own."""
    at, up = start.detach().clone(), torch.ones(len(start), dtype=start.dtype, device=start.device)
    passed = at[:, None].repeat(1, goals.shape[1], *([1] * (at.ndim - 1)))
    reached = torch.zeros(goals.shape, dtype=torch.bool, device=at.device)
    length = torch.full_like(up, step)
    goals = goals.to(up)
    for _ in range(steps):
        score, slope = sloped(margin, at, up)
        size = slope.flatten(1).norm(dim=1).clamp(min=1e-30)
        tried = room.inside(at + _wide(length / size, at) * slope)
        with torch.no_grad():
            found = margin(tried)
        better = found > score
        new = (found[:, None] >= goals) & ~reached & better[:, None]
        for goal in new.any(0).nonzero().flatten().tolist():
            rows = new[:, goal].nonzero().flatten()
            passed[rows, goal] = _between(margin, at, tried, goals[:, goal], room)[rows]
        reached |= new
        at = torch.where(_wide(better, at), tried, at)
        length = torch.where(better, (length * GROWTH).clamp(max=MOST * step), length / 2)
        if bool((reached[:, -1] | (length < 1e-4 * step)).all()):
            break
    with torch.no_grad():
        return Climbed(passed, reached, at, margin(at))


@torch.no_grad()
def _between(margin: Margin, low: Tensor, high: Tensor, goal: Tensor, room: Room) -> Tensor:
    """Where between two points the score passes its goal."""
    near, far = torch.zeros_like(goal), torch.ones_like(goal)
    for _ in range(HALVINGS):
        middle = (near + far) / 2
        enough = margin(room.inside(torch.lerp(low, high, _wide(middle, low)))) >= goal
        near, far = torch.where(enough, near, middle), torch.where(enough, middle, far)
    return room.inside(torch.lerp(low, high, _wide(far, low)))


def _wide(values: Tensor, like: Tensor) -> Tensor:
    return values.reshape(-1, *([1] * (like.ndim - 1)))
