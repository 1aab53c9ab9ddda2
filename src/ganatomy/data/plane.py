"""Points on a line or in a plane as one picture, beside the density they should have; densities alone.

write_png("world.png", density(WORLDS["ring8"]()))
write_png("samples.png", drawn(gan.sample(0, range(1000)), WORLDS["ring8"]()))

In the plane a unit is as long in x as in y, and y runs upwards.
"""

from __future__ import annotations

from math import log

import numpy as np
import torch
from torch import Tensor

from ganatomy.data.worlds import World
from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream
from ganatomy.pictures import PAPER, Pixels

SIDE = 480  # pixels of the longer side of a density
BULK, MARGIN = 0.001, 0.05  # the share of samples beyond the picture at either end, and the room around the others
PALEST = 1e-3  # a density of this share of the highest is white
COLUMNS = 120  # of samples on a line
FAINT = 0.6  # what is left of the paper under a single dot
GAP = 8  # pixels between samples and density


def density(world: World, side: int = SIDE) -> Pixels:
    """The exact density, darkest where it is highest: filled under its curve on a line, by its log in a plane."""
    if world.dimensions > 2:
        raise UsageError(f"{world.name!r} has {world.dimensions} dimensions", "a line or a plane can be drawn")
    low, high = _window_of(world)
    return _grey(_columns(world, low, high, side) if world.dimensions == 1 else _shades(world, low, high, side))


def drawn(points: Tensor, world: World | None, *, side: int = SIDE) -> Pixels:
    """The points in the window of the world's density, and that density to their right; alone without a world."""
    flat = points.detach().double().cpu()
    if flat.ndim != 2 or flat.shape[1] > 2 or not len(flat):
        raise UsageError(
            f"a picture of points of shape {tuple(points.shape)} was asked for",
            "a line or a plane can be drawn; --npz FILE keeps samples of any kind",
        )
    low, high = _window(flat) if world is None else _window_of(world)
    left = _on_a_line(flat, low, high, side) if flat.shape[1] == 1 else _in_a_plane(flat, low, high, side)
    if world is None:
        return left
    gap = np.full((left.shape[0], GAP, 3), PAPER, np.uint8)
    return np.concatenate([left, gap, density(world, side)], axis=1)


def _window_of(world: World) -> tuple[Tensor, Tensor]:
    return _window(world.sample(Stream(0, "survey"), range(20_000)))


def _window(samples: Tensor) -> tuple[Tensor, Tensor]:
    """What the bulk of the samples fills, with some room around."""
    ends = torch.quantile(samples, torch.tensor([BULK, 1 - BULK], dtype=samples.dtype), dim=0)
    room = MARGIN * (ends[1] - ends[0]).max().clamp(min=1e-6)
    return ends[0] - room, ends[1] + room


def _in_a_plane(points: Tensor, low: Tensor, high: Tensor, side: int) -> Pixels:
    """Dots of 3 x 3 pixels, darker where several lie."""
    unit = float((high - low).max()) / side
    width, height = (max(1, round(float(span) / unit)) for span in high - low)
    x = ((points[:, 0] - low[0]) / (high[0] - low[0]) * width).floor()
    y = ((high[1] - points[:, 1]) / (high[1] - low[1]) * height).floor()
    counts = torch.zeros(height, width)
    for right in (-1, 0, 1):
        for down in (-1, 0, 1):
            across, along = x + right, y + down
            inside = (across >= 0) & (across < width) & (along >= 0) & (along < height)
            places = (along[inside].long(), across[inside].long())
            counts.index_put_(places, torch.ones(int(inside.sum())), accumulate=True)
    return _grey(1 - FAINT**counts)


def _on_a_line(points: Tensor, low: Tensor, high: Tensor, side: int) -> Pixels:
    """Filled columns, the highest a margin off the edge, as the density beside them."""
    inside = points[(points >= low) & (points <= high)].float()
    counts = torch.histc(inside, COLUMNS, min=float(low), max=float(high))
    rows = side // 2
    tops = counts / counts.max().clamp(min=1) * (rows * (1 - MARGIN))
    wide = tops[(torch.arange(side) * COLUMNS) // side]
    return _grey((wide - torch.arange(rows - 1, -1, -1)[:, None]).clamp(0, 1))


def _columns(world: World, low: Tensor, high: Tensor, side: int) -> Tensor:
    """Ink (side / 2, side) from 0 to 1: the share of each pixel below the curve, whose top is a margin off the edge."""
    x = _ticks(low[0], high[0], side)
    heights = world.log_density(x[:, None]).exp()
    rows = side // 2
    tops = heights / heights.max() * (rows * (1 - MARGIN))
    return (tops - torch.arange(rows - 1, -1, -1)[:, None]).clamp(0, 1)


def _shades(world: World, low: Tensor, high: Tensor, side: int) -> Tensor:
    """Ink (height, width) from 0, at the palest share of the highest density, to 1, by the log of the density."""
    unit = float((high - low).max()) / side
    width, height = (max(1, round(float(span) / unit)) for span in high - low)
    y, x = torch.meshgrid(_ticks(high[1], low[1], height), _ticks(low[0], high[0], width), indexing="ij")
    values = world.log_density(torch.stack([x.flatten(), y.flatten()], dim=1)).reshape(height, width)
    return (1 - (values - values.max()) / log(PALEST)).clamp(0, 1)


def _ticks(start: Tensor, stop: Tensor, n: int) -> Tensor:
    """The middles of n equal steps."""
    return start + (stop - start) * (torch.arange(n, dtype=torch.float64) + 0.5) / n


def _grey(ink: Tensor) -> Pixels:
    grey: Pixels = np.rint(PAPER * (1 - ink.numpy())).astype(np.uint8)
    return grey[..., None].repeat(3, axis=2)
