"""What can be told of points: where they lie, how far out, and which mode of a known world is nearest.

scores(coordinates(Format.point(2)), points)              # (n, 2): the points themselves
scores(modes(WORLDS["ring8"]()), points)                  # (n, 8): 1 for the nearest mode
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganatomy.data.worlds import World
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.results.formats import Format


def coordinates(format: Format) -> Measurer:
    names = tuple(f"coordinate {place}" for place in range(format.shape[0]))
    return Measurer("coordinates", names, "score", lambda points: points)


def radius(format: Format, world: World | None = None) -> Measurer:
    """Distance from the centre: the mean of a known world, else the origin."""
    middle = torch.zeros(format.shape[0]) if world is None else (world.weights @ world.centres).float()
    return Measurer("radius", ("radius",), "score", lambda points: (points - middle.to(points)).norm(dim=1)[:, None])


def modes(world: World) -> Measurer:
    """1 for the mode whose component is nearest, in standard deviations; its distance is no matter."""

    def nearest(points: Tensor) -> Tensor:
        centres, stds = world.centres.to(points.device), world.stds.to(points.device)
        apart = (points.double()[:, None] - centres).square().sum(2).sqrt() / stds
        chosen = world.modes.to(points.device)[apart.argmin(1)]
        return torch.nn.functional.one_hot(chosen, world.n_modes).double()

    names = tuple(f"mode {place}" for place in range(world.n_modes))
    return Measurer("modes", names, "score", nearest)
