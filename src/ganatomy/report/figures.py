"""Figures and pixels as what a report can hold: small, of known size, with a sentence that says what was found.

figure_of(svg, name="phases", said="three phases were told apart", source="findings/account-phases")
picture_of(grid(pixels(samples, gan.format)), name="samples", said="64 samples, none left out")
"""

from __future__ import annotations

import io
import re
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ganatomy.errors import UsageError
from ganatomy.pictures import png
from ganatomy.report.facts import Media, Picture
from ganatomy.report.minified import minified, parsed

FEW = 160  # pixels across, up to which each of them is to be seen
BRIEF = 200
END = re.compile(r"(?<=[.?!])\s+(?=[^\Wa-z])")
# Pixels of a page in one of each.
UNITS: Final = {"pt": 96 / 72, "px": 1.0, "": 1.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4}
LENGTH = re.compile(r"\s*([\d.]+(?:e[-+]?\d+)?)\s*(pt|px|in|cm|mm|)\s*", re.IGNORECASE)


def figure_of(svg: str, *, name: str, said: str, source: str = "", command: str = "", alt: str = "") -> Picture:
    """A drawing of Matplotlib's, minified; `alt` is the first sentence of `said` unless given."""
    width, height = size(svg)
    return Picture(
        name=name,
        media="image/svg+xml",
        data=minified(svg).encode(),
        width=width,
        height=height,
        said=said,
        alt=alt or first_sentence(said),
        source=source,
        command=command,
    )


def picture_of(
    pixels: NDArray[np.uint8], *, name: str, said: str, source: str = "", command: str = "", alt: str = ""
) -> Picture:
    """Bytes (height, width, 3) without loss, as PNG or WebP, whichever is smaller."""
    given = np.asarray(pixels)
    if given.ndim != 3 or given.shape[2] != 3 or given.dtype != np.uint8 or not given.size:
        raise UsageError(f"a picture of {given.dtype} {given.shape} was given", "give uint8 (height, width, 3)")
    media, data = _smaller(np.ascontiguousarray(given))
    height, width = given.shape[:2]
    return Picture(
        name=name,
        media=media,
        data=data,
        width=width,
        height=height,
        said=said,
        alt=alt or first_sentence(said),
        source=source,
        command=command,
        pixelated=max(width, height) <= FEW,
    )


def first_sentence(text: str) -> str:
    """What can be heard at a stretch: at most BRIEF letters, cut between words."""
    first = END.split(" ".join(text.split()), maxsplit=1)[0]
    return first if len(first) <= BRIEF else first[: BRIEF - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"


def size(svg: str) -> tuple[int, int]:
    """Of a drawing, in pixels of a page: its width and height, else its view box."""
    root = parsed(svg)
    found = [LENGTH.fullmatch(root.get(side, "")) for side in ("width", "height")]
    if all(found):
        width, height = (float(each[1]) * UNITS[each[2].lower()] for each in found if each)
    else:
        box = [float(each) for each in re.findall(r"[-+\d.e]+", root.get("viewBox", ""))]
        if len(box) != 4:
            raise UsageError("a figure has neither a size nor a view box", "draw it again")
        width, height = box[2:]
    return max(1, round(width)), max(1, round(height))


def _smaller(pixels: NDArray[Any]) -> tuple[Media, bytes]:
    from PIL import Image, features

    plain = png(pixels)
    if not features.check("webp"):
        return "image/png", plain
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="WEBP", lossless=True, quality=50, method=4)
    packed = buffer.getvalue()
    return ("image/webp", packed) if len(packed) < len(plain) else ("image/png", plain)
