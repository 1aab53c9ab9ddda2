"""Tensors to pictures: 8-bit pixels, grids, PNG files.

write_png("samples.png", grid(pixels(samples, gan.format), columns=8))
"""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganatomy.atomic import write_bytes
from ganatomy.errors import UsageError
from ganatomy.results.formats import Format

Pixels = NDArray[np.uint8]
PAPER = 255  # the colour between pictures


def pixels(samples: Tensor, format: Format) -> Pixels:
    """Samples of a picture format as (n, height, width, 3) bytes, rounded to the nearest level; grey is repeated."""
    if format.kind != "picture" or format.bounds is None or format.shape[0] not in (1, 3):
        raise UsageError(f"pixels of a {format} were asked for", "pictures have 1 or 3 channels and a range")
    format.check(samples, "pictures to draw", tolerance=0.01)
    low, high = format.bounds
    levels = ((samples.detach().float().cpu() - low) * (255 / (high - low))).round().clamp(0, 255).to(torch.uint8)
    return levels.movedim(1, -1).expand(-1, -1, -1, 3).contiguous().numpy()


def grid(pictures: Pixels, *, columns: int | None = None, gap: int | None = None, scale: int = 1) -> Pixels:
    """Pictures side by side, row by row; each pixel becomes scale x scale, so that nothing is blurred.

    The gap is half an enlarged pixel, at least 1, unless given.
    """
    gap = max(1, scale // 2) if gap is None else gap
    if pictures.ndim != 4 or not len(pictures):
        raise UsageError(
            f"a grid of pictures of shape {pictures.shape} was asked for", "give (n, height, width, 3), n >= 1"
        )
    pictures = pictures.repeat(scale, axis=1).repeat(scale, axis=2)
    n, height, width, channels = pictures.shape
    columns = min(columns or math.ceil(math.sqrt(n)), n)
    down = math.ceil(n / columns)
    sheet = np.full((down * (height + gap) + gap, columns * (width + gap) + gap, channels), PAPER, np.uint8)
    for place, picture in enumerate(pictures):
        top, left = (place // columns) * (height + gap) + gap, (place % columns) * (width + gap) + gap
        sheet[top : top + height, left : left + width] = picture
    return sheet


def png(picture: Pixels) -> bytes:
    """PNG bytes of one picture (height, width, 3)."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def write_png(path: str | Path, picture: Pixels) -> None:
    write_bytes(path, png(picture))
