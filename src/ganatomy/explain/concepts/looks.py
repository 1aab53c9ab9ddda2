"""How a picture looks, pixel by pixel: brightness, contrast, ink, edges, strokes, colours.

    measurer = ink(Format.picture(1, 28))
    masks(measurer, pictures)                     # (n, 1, 28, 28): what differs from the picture's own background

Each takes the format of the pictures for their range; values run from 0 to 1 inside, and so does every score here, so
that one smallest effect of interest serves all. The background of a picture is the median of its outermost pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, reduce

import torch
from torch import Tensor
from torch.nn import functional

from ganatomy.errors import UsageError
from ganatomy.explain.concepts.measurer import Kind, Measurer
from ganatomy.explain.concepts.remembered import remembered
from ganatomy.results.formats import Format

FAINT, PLAIN = 0.1, 0.4  # differences from the background up to which there is no ink, and from which there is all
HUES = ("red", "yellow", "green", "cyan", "blue", "magenta")


def brightness(format: Format) -> Measurer:
    """The mean of all values."""
    return told("brightness", format, "score", lambda x: x.mean((1, 2, 3))[:, None])


def contrast(format: Format) -> Measurer:
    """Twice the standard deviation of the pixels' greys: 1 where half are black and half are white."""

    def spread(x: Tensor) -> Tensor:
        grey = x.mean(1)
        return 2 * (grey - grey.mean((1, 2), keepdim=True)).square().mean((1, 2)).sqrt()[:, None]

    return told("contrast", format, "score", spread)


def ink(format: Format) -> Measurer:
    """What differs from the background, in any channel, brighter or darker."""
    return told("ink", format, "mask", inked)


def edges(format: Format) -> Measurer:
    """The Sobel slope: 1 in the two pixels beside a step from black to white."""
    return told("edges", format, "mask", lambda x: slope(x).amax(1, keepdim=True).clamp(max=1))


def strokes(format: Format) -> Measurer:
    """Ink that is thin: what an opening removes, by a square whose side is an odd 1/7 of the picture's, 3 at least."""
    side = max(3, min(format.shape[1:]) // 7 | 1)

    def thin(x: Tensor) -> Tensor:
        whole = inked(x)
        return whole - widest(-widest(-whole, side), side).minimum(whole)

    return told("strokes", format, "mask", thin)


def colours(format: Format) -> Measurer:
    """How much of each hue is in a pixel. The six add up to its saturation, the largest less the smallest channel."""
    if format.shape[0] != 3:
        raise UsageError(f"colours were asked of {format}", "pictures of three channels have them")

    def hues(x: Tensor) -> Tensor:
        red, green, blue = x.unbind(1)
        pure = [red - green.maximum(blue), green - red.maximum(blue), blue - red.maximum(green)]
        mixed = [red.minimum(green) - blue, green.minimum(blue) - red, blue.minimum(red) - green]
        order = [pure[0], mixed[0], pure[1], mixed[1], pure[2], mixed[2]]
        return torch.stack(order, 1).clamp(min=0)

    return told("colour", format, "mask", hues, concepts=HUES)


def saturation(format: Format) -> Measurer:
    """The largest less the smallest channel of each pixel."""
    return told("saturation", format, "mask", lambda x: (x.amax(1) - x.amin(1))[:, None])


def channels(format: Format) -> Measurer:
    """The mean of each channel."""
    names = tuple(f"channel {place}" for place in range(format.shape[0]))
    return told("channels", format, "score", lambda x: x.mean((2, 3)), concepts=names)


def told(
    name: str, format: Format, kind: Kind, measure: Callable[[Tensor], Tensor], *, concepts: tuple[str, ...] = ()
) -> Measurer:
    """A measurer of pictures in `format` from a function of pictures in [0, 1]."""
    if format.kind != "picture" or format.bounds is None:
        raise UsageError(
            f"{name} was asked of {format}", "give pictures with a range: Format.picture(1, 28, low=-1, high=1)"
        )
    unit = _in_unit(*format.bounds)
    return Measurer(name, concepts or (name,), kind, lambda pictures: measure(unit(pictures)))


@cache
def _in_unit(low: float, high: float) -> Callable[[Tensor], Tensor]:
    """One for all measurers of a range, so that they begin with the same tensor."""
    return remembered(lambda pictures: ((pictures - low) / (high - low)).clamp(0, 1))


@remembered
def inked(x: Tensor) -> Tensor:
    """(n, 1, h, w): rises from 0 to 1 between a faint and a plain difference from the background."""
    apart = (x - background(x)[:, :, None, None]).abs().amax(1, keepdim=True)
    return ((apart - FAINT) / (PLAIN - FAINT)).clamp(0, 1)


@remembered
def background(x: Tensor) -> Tensor:
    """The (lower) median of each channel's outermost pixels, (n, channels)."""
    sides = (x[:, :, 0], x[:, :, -1], x[:, :, 1:-1, 0], x[:, :, 1:-1, -1])
    return torch.cat(sides, 2).median(2).values


def widest(x: Tensor, side: int) -> Tensor:
    """The largest value in the square of that odd side around each pixel; torch's pooling is several times slower."""
    for axis, room in ((3, (side // 2, side // 2)), (2, (0, 0, side // 2, side // 2))):
        wide = functional.pad(x, room, value=-torch.inf)
        x = reduce(torch.maximum, [wide.narrow(axis, first, x.shape[axis]) for first in range(side)])
    return x


def slope(x: Tensor) -> Tensor:
    """Length of the Sobel gradient, over 4, as large as the picture; beyond the edge a picture goes on as it ends."""
    wide = functional.pad(x, (1, 1, 1, 1), mode="replicate")
    across = wide[:, :, :-2] + 2 * wide[:, :, 1:-1] + wide[:, :, 2:]
    down = wide[..., :-2] + 2 * wide[..., 1:-1] + wide[..., 2:]
    sideways, downwards = across[..., 2:] - across[..., :-2], down[:, :, 2:] - down[:, :, :-2]
    return (sideways.square() + downwards.square()).sqrt() / 4
