"""Samples on a line or in a plane as one picture: points as dots, numbers as columns, the true density beside them.

write_png("samples.png", drawn(gan.sample(0, range(1000)), WORLDS["ring8"]()))
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ganatomy.data.worlds import World
from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream
from ganatomy.pictures import PAPER, Pixels
from ganatomy.verbs.survey import BULK, DENSITY_SIDE, MARGIN, density

COLUMNS = 120  # of samples on a line
FAINT = 0.6  # what is left of the paper under a single dot
GAP = 8  # pixels between samples and density


def drawn(points: Tensor, world: World | None, *, side: int = DENSITY_SIDE) -> Pixels:
    """The points in the window of the world's density, and that density to their right; alone without a world."""
    flat = points.detach().double().cpu()
    if flat.ndim != 2 or flat.shape[1] > 2 or not len(flat):
        raise UsageError(
            f"a picture of points of shape {tuple(points.shape)} was asked for",
            "a line or a plane can be drawn; --npz FILE keeps samples of any kind",
        )
    low, high = window(flat if world is None else world.sample(Stream(0, "survey"), range(20_000)))
    left = _on_a_line(flat, low, high, side) if flat.shape[1] == 1 else _in_a_plane(flat, low, high, side)
    return left if world is None else beside(left, density(world, side))


def window(samples: Tensor) -> tuple[Tensor, Tensor]:
    """What the bulk of the samples fills, with some room around; that of a world's samples is its density's."""
    ends = torch.quantile(samples, torch.tensor([BULK, 1 - BULK], dtype=samples.dtype), dim=0)
    room = MARGIN * (ends[1] - ends[0]).max().clamp(min=1e-6)
    return ends[0] - room, ends[1] + room


def beside(left: Pixels, right: Pixels) -> Pixels:
    """Two pictures of one height side by side."""
    gap = np.full((left.shape[0], GAP, 3), PAPER, np.uint8)
    return np.concatenate([left, gap, right], axis=1)


def _in_a_plane(points: Tensor, low: Tensor, high: Tensor, side: int) -> Pixels:
    """Dots of 3 x 3 pixels, darker where several lie; a unit is as long in x as in y, and y runs upwards."""
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


def _grey(ink: Tensor) -> Pixels:
    grey: Pixels = np.rint(PAPER * (1 - ink.numpy())).astype(np.uint8)
    return grey[..., None].repeat(3, axis=2)
