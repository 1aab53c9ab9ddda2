"""Where the ink of a picture lies: place and extent, thickness, symmetry, blobs and holes.

    scores(layout(Format.picture(1, 28)), pictures)       # (n, 4): x, y, width, height

A picture without ink lies in the middle, has no extent and is symmetric. All scores run from 0 to 1.
"""

from __future__ import annotations

from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganatomy.explain.concepts.looks import inked, slope, told
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.concepts.remembered import remembered
from ganatomy.results.formats import Format

MANY = 4  # so many blobs or holes, and more, count as 1


def layout(format: Format) -> Measurer:
    """Centroid x (to the right) and y (down) in sides of the picture; two standard deviations of the ink either way."""
    return told("layout", format, "score", lambda x: spread(inked(x)), concepts=("x", "y", "width", "height"))


def thickness(format: Format) -> Measurer:
    """Twice area over outline, in shorter sides of the picture: the width of a bar that is long and thin."""

    def measured(x: Tensor) -> Tensor:
        whole = inked(x)
        outline = slope(whole).sum((1, 2, 3)) / 2  # a step has its slope on both of its sides
        wide = 2 * whole.sum((1, 2, 3)) / outline.clamp(min=1e-6) / min(x.shape[2:])
        return torch.where(outline > 1e-6, wide, 0.0).clamp(max=1)[:, None]

    return told("thickness", format, "score", measured)


def symmetry(format: Format) -> Measurer:
    """How much of the ink lies on ink after a reflection in the picture's middle."""

    def kept(x: Tensor) -> Tensor:
        whole = inked(x)
        shares = [whole.minimum(whole.flip(axis)).sum((1, 2, 3)) for axis in (3, 2)]
        total = whole.sum((1, 2, 3))
        return torch.stack([torch.where(total > 0, s / total.clamp(min=1e-6), 1.0) for s in shares], 1)

    return told("symmetry", format, "score", kept, concepts=("left-right", "top-bottom"))


def counts(format: Format) -> Measurer:
    """Blobs (pieces of ink, also joined at corners) and holes (background that ink encloses), each a quarter."""

    def counted(x: Tensor) -> Tensor:
        solid = _solid(x)
        least = max(1, prod(x.shape[2:]) // 300)  # smaller ones are specks
        blobs = _many(_pieces(solid, corners=True), least)
        inner = _many(_pieces(_enclosed(x), corners=False), least)
        return (torch.from_numpy(np.stack([blobs, inner], 1)).float() / MANY).clamp(max=1)

    return told("count", format, "score", counted, concepts=("blobs", "holes"))


def holes(format: Format) -> Measurer:
    """Background that ink encloses, as a mask."""
    return told("holes", format, "mask", lambda x: torch.from_numpy(_enclosed(x)).float()[:, None])


def spread(weights: Tensor) -> Tensor:
    """Centroid and twice the standard deviations of weights (n, 1, h, w), (n, 4); a side of the picture is 1."""
    total = weights.sum((1, 2, 3))
    found = []
    for axis in (3, 2):
        side = weights.shape[axis]
        marks = (torch.arange(side, device=weights.device) + 0.5) / side
        mass = weights.sum((1, 5 - axis)) / total.clamp(min=1e-6)[:, None]
        middle = (mass * marks).sum(1)
        apart = (mass * (marks - middle[:, None]).square()).sum(1).sqrt()
        found.append((torch.where(total > 0, middle, 0.5), torch.where(total > 0, 2 * apart, 0.0)))
    (x, width), (y, height) = found
    return torch.stack([x, y, width, height], 1)


Solid = NDArray[np.bool_]


@remembered
def _solid(x: Tensor) -> Solid:
    found: Solid = (inked(x)[:, 0] > 0.5).cpu().numpy()
    return found


@remembered
def _enclosed(x: Tensor) -> Solid:
    """Background from which no way leads to the edge of the picture, (n, h, w)."""
    solid = _solid(x)
    pieces = _pieces(~solid, corners=False)
    outer = np.unique(np.concatenate([pieces[:, 0], pieces[:, -1], pieces[:, :, 0], pieces[:, :, -1]], axis=1))
    return ~solid & ~np.isin(pieces, outer)


def _pieces(solid: Solid, *, corners: bool) -> NDArray[np.int32]:
    """Each piece of each picture gets a number of its own; 0 is none. One call for all pictures."""
    from scipy import ndimage

    joined = np.zeros((3, 3, 3), dtype=int)  # never from one picture to the next
    joined[1] = ndimage.generate_binary_structure(2, 2 if corners else 1)
    pieces: NDArray[np.int32] = ndimage.label(solid, joined)[0]
    return pieces


def _many(pieces: NDArray[np.int32], least: int) -> NDArray[np.int64]:
    """How many pieces of at least so many pixels each picture has, (n,)."""
    sizes = np.bincount(pieces.ravel())
    picture = np.zeros(len(sizes), dtype=np.int64)  # the one that a piece lies in
    picture[pieces.ravel()] = np.repeat(np.arange(len(pieces)), prod(pieces.shape[1:]))
    large = sizes >= least
    large[:1] = False  # 0 is no piece
    return np.bincount(picture[large], minlength=len(pieces))
