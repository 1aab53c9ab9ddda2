"""Where the cells of a unit's map lie in the picture, measured on the network itself, and maps brought to its pixels.

    grid = grid_of(gan, "up1.act")                  # one probe of h rows, one of w columns
    grid.up(activation)                             # (n, channels, *cells) -> (n, channels, height, width)
    grid.rows.extent(3), grid.columns.extent(5)     # the pixels whose nearest cell is (3, 5), ends excluded

A row of cells is filled with NaN, and the rows of pixels that turn NaN are those it reaches. Cells whose reach the
border does not cut must be evenly spaced; their middles give the place of each cell to half a pixel. A 6 x 6 map under
two unpadded layers of stride 2 then lies at 4 i + 4, not at 28 / 6 (i + 1/2). Where every cell reaches everything, the
cells are taken to tile the picture (torch's align_corners=False). Between centres maps are bilinear, beyond the
outermost ones constant; a map of 1 x 1, or a site without places, is the same all over the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from ganatomy.explain.passes import Draw, draws, made
from ganatomy.models.gan import GAN
from ganatomy.tracing.edit import edit
from ganatomy.tracing.site import Site
from ganatomy.tracing.trace import watch

TOGETHER = 16  # probes that go through the generator together


@dataclass(frozen=True)
class Axis:
    """Cells along one side: `first` is the centre of cell 0, pixel p covers [p, p + 1]; `measured` or supposed."""

    cells: int
    pixels: int
    first: float
    stride: float
    measured: bool

    def centre(self, cell: int) -> float:
        return self.first + self.stride * cell

    def matrix(self) -> Tensor:
        """(pixels, cells), float32: linear between centres, constant beyond the outermost; rows add up to 1."""
        place = (torch.arange(self.pixels, dtype=torch.float64) + 0.5 - self.first) / self.stride
        place = place.clamp(0, self.cells - 1)
        low = place.floor().long().clamp(max=max(self.cells - 2, 0))
        share = (place - low)[:, None]
        weights = torch.zeros(self.pixels, self.cells, dtype=torch.float64)
        weights.scatter_(1, low[:, None], 1 - share)
        weights.scatter_add_(1, (low[:, None] + 1).clamp(max=self.cells - 1), share)
        return weights.float()

    def extent(self, cell: int) -> tuple[int, int]:
        """Pixels whose nearest cell is this one; of two equally near the later has them."""
        place = (torch.arange(self.pixels, dtype=torch.float64) + 0.5 - self.first) / self.stride
        mine = ((place + 0.5).floor().clamp(0, self.cells - 1) == cell).nonzero().flatten()
        return (int(mine[0]), int(mine[-1]) + 1) if len(mine) else (0, 0)


@dataclass(frozen=True)
class Grid:
    """The cells of a site over the pixels of the picture."""

    rows: Axis
    columns: Axis

    @property
    def measured(self) -> bool:
        return self.rows.measured and self.columns.measured

    def up(self, activation: Tensor) -> Tensor:
        """To the picture's size, on the activation's device; what has no height and width is averaged over places."""
        maps = activation.float()
        if maps.ndim != 4:
            maps = maps.flatten(2).mean(2)[:, :, None, None] if maps.ndim > 2 else maps[:, :, None, None]
        if maps.shape[2:] == (1, 1):
            return maps.expand(-1, -1, self.rows.pixels, self.columns.pixels)
        down, across = self.rows.matrix().to(maps.device), self.columns.matrix().to(maps.device)
        raised: Tensor = down @ maps @ across.T
        return raised


def tiling(cells: int, pixels: int) -> Axis:
    """Cells of equal size that cover the side."""
    return Axis(cells, pixels, pixels / cells / 2, pixels / cells, measured=False)


def grid_of(gan: GAN, site: str | Site) -> Grid:
    """Measured where it can be; only for pictures."""
    _, height, width = gan.format.shape
    draw = next(iter(draws(gan, 1, seed=0)))
    with watch(gan.generator, [site]) as trace:
        made(gan.generator, draw)
    shape = tuple(trace[site].shape[2:])
    if len(shape) != 2:
        return Grid(tiling(1, height), tiling(1, width))
    sides = []
    for axis, pixels in ((2, height), (3, width)):
        reached = _reached(gan, site, draw, axis, cells=shape[axis - 2])
        sides.append(fitted(reached, pixels) or tiling(shape[axis - 2], pixels))
    return Grid(*sides)


def _reached(gan: GAN, site: str | Site, draw: Draw, axis: int, *, cells: int) -> Tensor:
    """Which lines of pixels each line of cells reaches, (cells, pixels); nothing where the network stumbles on NaN."""
    found = []
    for first in range(0, cells, TOGETHER):
        lines = range(first, min(first + TOGETHER, cells))

        def spoil(activation: Tensor, lines: range = lines) -> Tensor:
            spoilt = activation.clone()
            for place, line in enumerate(lines):
                spoilt[place].select(axis - 1, line).fill_(torch.nan)
            return spoilt

        z = draw.z.expand(len(lines), -1)
        labels = None if draw.labels is None else draw.labels.expand(len(lines))
        with edit(gan.generator, {str(site): spoil}):
            try:
                picture = made(gan.generator, Draw(range(len(lines)), z, labels))
            except Exception:  # whatever a foreign network may raise
                return torch.zeros(cells, gan.format.shape[axis - 1], dtype=torch.bool)
        found.append(picture.isnan().any(1).any(4 - axis))
    return torch.cat(found)


def fitted(reached: Tensor, pixels: int) -> Axis | None:
    """Evenly spaced cells from the ends of their reach that the border does not cut."""
    cells = len(reached)
    if cells < 2 or not bool(reached.any(1).all()):
        return None
    line = torch.arange(pixels)
    low = torch.where(reached, line, pixels).amin(1).tolist()
    high = torch.where(reached, line, -1).amax(1).tolist()
    lows = [(cell, at) for cell, at in enumerate(low) if at > 0]
    highs = [(cell, at) for cell, at in enumerate(high) if at < pixels - 1]
    steps = {b[1] - a[1] for ends in (lows, highs) for a, b in pairwise(ends)}
    if not lows or not highs or len(steps) != 1 or 0 in steps:
        return None
    stride = steps.pop()
    begins, ends = lows[0][1] - stride * lows[0][0], highs[0][1] - stride * highs[0][0]
    return Axis(cells, pixels, (begins + ends + 1) / 2, float(stride), measured=True)
