"""Samples of a generator in training as one picture: pictures side by side, or points beside their true density.

write_png("samples.png", sheet(samples, data))
"""

from __future__ import annotations

from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.data.plane import drawn
from ganatomy.data.worlds import World
from ganatomy.pictures import Pixels, grid, pixels
from ganatomy.results.formats import Format

SIDE = 480  # pixels: sheets of pictures are enlarged by whole factors up to about this


def shown(format: Format) -> int:
    """How many samples make a sheet."""
    return 64 if format.kind == "picture" else 1000


def sheet(samples: Tensor, data: Dataset) -> Pixels:
    """Eight pictures a row; of points in a space, their first two coordinates."""
    if data.format.kind == "picture":
        tiles = pixels(samples, data.format)
        return grid(tiles, scale=max(1, SIDE // (8 * tiles.shape[1])))
    world = data.truth if isinstance(data.truth, World) and data.truth.dimensions <= 2 else None
    return drawn(samples.flatten(1)[:, :2], world)
