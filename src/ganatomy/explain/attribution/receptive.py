"""Where the cells of a critic's map look in the picture, measured on the critic, and maps brought to its pixels.

    grid = grid_over(explained, pictures[:1])            # explained: a function split at a site
    grid.up(maps)                                        # (n, 1, *cells) -> (n, 1, height, width)

A row of pixels is filled with NaN, and the rows of cells that turn NaN are those that see it: `alignment` of the
generator with the arrow turned round. Where every cell sees everything, cells are taken to tile the picture. A network
is measured once for each site and size of picture, since what its cells see does not hang on its weights.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from ganatomy.explain.attribution.targets import Explained
from ganatomy.explain.generator.alignment import TOGETHER, Axis, Grid, fitted, tiling

MEASURED: WeakKeyDictionary[nn.Module, dict[tuple[str, torch.Size], Grid]] = WeakKeyDictionary()


def grid_of_site(explained: Explained, picture: Tensor, *labels: Tensor) -> Grid:
    """`grid_over`, measured once where the samples enter the network itself; a function in between may change."""
    if not explained.target.direct:
        return grid_over(explained, picture, *labels)
    known = MEASURED.setdefault(explained.network, {})
    asked = (str(explained.site), picture.shape)
    if asked not in known:
        known[asked] = grid_over(explained, picture, *labels)
    return known[asked]


def grid_over(explained: Explained, picture: Tensor, *labels: Tensor) -> Grid:
    """`picture` (1, channels, height, width) with its label, if any."""
    cells = explained.read(picture, *labels).shape[2:]
    rows, columns = (_axis(explained, picture, labels, axis, cells[axis - 2]) for axis in (2, 3))
    return Grid(rows, columns)


def _axis(explained: Explained, picture: Tensor, labels: tuple[Tensor, ...], axis: int, cells: int) -> Axis:
    pixels = picture.shape[axis]
    return fitted(_seen(explained, picture, labels, axis, cells), pixels) or tiling(cells, pixels)


def _seen(explained: Explained, picture: Tensor, labels: tuple[Tensor, ...], axis: int, cells: int) -> Tensor:
    """Which lines of pixels each line of cells sees, (cells, pixels); nothing where the network stumbles on NaN."""
    found = []
    for first in range(0, picture.shape[axis], TOGETHER):
        lines = range(first, min(first + TOGETHER, picture.shape[axis]))
        spoilt = picture.repeat(len(lines), 1, 1, 1)
        for place, line in enumerate(lines):
            spoilt[place].select(axis - 1, line).fill_(torch.nan)
        try:
            maps = explained.read(spoilt, *(each.expand(len(lines)) for each in labels))
        except Exception:  # whatever a foreign network may raise
            return torch.zeros(cells, picture.shape[axis], dtype=torch.bool)
        found.append(maps.isnan().any(1).any(4 - axis))
    return torch.cat(found).T.cpu()
