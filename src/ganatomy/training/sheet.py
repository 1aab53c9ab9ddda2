"""Samples as one picture, whatever they are: pictures side by side, points on a line or in a plane.

write_png("samples.png", sheet(samples, data))
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.pictures import PAPER, Pixels, grid, pixels

SIDE = 480  # pixels of a sheet of points; sheets of pictures are enlarged by whole factors up to about this


def sheet(samples: Tensor, data: Dataset) -> Pixels:
    """Eight pictures a row; or points in the window that the data's own samples fill, a few pixels each."""
    if data.format.kind == "picture":
        tiles = pixels(samples, data.format)
        return grid(tiles, scale=max(1, SIDE // (8 * tiles.shape[1])))
    window = data.read(range(1000))
    return scatter(samples, low=window.amin(0), high=window.amax(0))


def scatter(points: Tensor, *, low: Tensor, high: Tensor, side: int = SIDE) -> Pixels:
    """Dark dots on paper: the first two coordinates, y upwards; points of one coordinate stand on a middle line.

    A tenth of room is left around the window; what lies outside is not drawn.
    """
    flat = points.detach().flatten(1).double().cpu()
    if flat.shape[1] == 1:
        flat, low, high = (
            torch.cat([each.reshape(-1, 1), torch.zeros(each.numel(), 1)], 1) for each in (flat, low, high)
        )
        low, high = low[0], high[0]
    middle, reach = (low + high)[:2] / 2, float((high - low)[:2].max()) * 0.6
    places = ((flat[:, :2] - middle) / (2 * reach) + 0.5) * side
    canvas = torch.full((side, side), PAPER, dtype=torch.uint8)
    for right in (-1, 0, 1):
        for up in (-1, 0, 1):
            x, y = places[:, 0].long() + right, side - 1 - places[:, 1].long() + up
            inside = (x >= 0) & (x < side) & (y >= 0) & (y < side) & torch.isfinite(places).all(1)
            canvas[y[inside], x[inside]] = 40
    return canvas[:, :, None].repeat(1, 1, 3).numpy()
