"""The slope of a critic: the gradient of each score in all of its own input, ready to be differentiated again.

    slope = slopes_of(critic_scores, pictures)        # (n, c h w), for any callable from points to scores (n,)
    half_square(slope)                                # penalties.py: R1, where the points are real

Slopes are taken with autocast off (keep weights in float32) and with gradients on, on points that are not the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ganatomy.games.scores import at_least_float32

Judge = Callable[[Tensor], Tensor]


def differentiable(points: Tensor) -> Tensor:
    """The points as a tensor of our own to take gradients in; those that hang on a player stay as they are."""
    points = at_least_float32(points)
    return points if points.requires_grad else points.detach().requires_grad_()


@contextmanager
def in_full(points: Tensor) -> Iterator[None]:
    """Full precision and gradients, whatever the caller has set."""
    with torch.enable_grad(), torch.autocast(points.device.type, enabled=False):
        yield


def slopes(scores: Tensor, points: Tensor) -> Tensor:
    """d score_i / d point_i, (n, everything else flat), with its graph. Presumes score i to depend on point i.

    Where scores share a group (batch statistics, minibatch deviation) row i is the gradient of all scores in point i.
    """
    with in_full(points):  # under autocast the backward pass, too, would round
        (slope,) = torch.autograd.grad(scores.sum(), points, create_graph=True)
    return slope.flatten(1)


def slopes_of(judge: Judge, points: Tensor) -> Tensor:
    """The slopes of `judge` at the points, which are left alone."""
    with in_full(points):
        own = differentiable(points)
        return slopes(judge(own), own)
