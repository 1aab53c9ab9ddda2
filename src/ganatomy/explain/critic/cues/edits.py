"""Controlled edits of pictures, each like something that a critic may have learnt instead of what pictures show.

    unit = in_unit(pictures, gan.format)                                # values from 0 to 1
    done = edited("compression", unit, level=0.05, address=Address(0, range(64)))
    done.pictures, done.reached                                         # how far each went: RMS change 0.05, or not

An edit gives a change; the change is taken so many times that its root mean square over a picture is `level`, after
cutting at the ends of the range: so effects of different edits can be compared, with each other and with noise. A
shift is whole or it is a blur, so that it is taken as it is, whatever the level.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import torch
from torch import Tensor
from torch.nn import functional

from ganatomy.errors import UsageError, choose
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

SMALLEST = 5  # pixels a side: four marks, and a frame between them
MARK = 7  # the side of a mark is one of so many parts of the picture's, and 2 pixels at least
BANDS = {"low": (0.0, 1 / 8), "middle": (1 / 8, 1 / 4), "high": (1 / 4, 1.0)}  # cycles a pixel, without the mean
CORNERS = {
    "top left": (False, False),
    "top right": (False, True),
    "bottom left": (True, False),
    "bottom right": (True, True),
}
MOST = 4.0  # times that what a picture has is added again; more would make rounding visible
SALTED = 0.05  # of the pixels
CLOSE = 0.01  # of the level: pictures that come nearer to it have reached it
ROUNDS = 100


@dataclass(frozen=True)
class Address:
    """Which pictures these are, for the edits that draw: the same picture is always edited in the same way."""

    seed: int
    indices: range

    def stream(self, name: str) -> Stream:
        return Stream(self.seed, f"critic/edits/{name}")


@dataclass(frozen=True, eq=False)
class Given:
    """Pictures in [0, 1], how far they shall be changed, and which they are."""

    unit: Tensor
    level: float
    address: Address


Change = Callable[[Given], Tensor]  # of the shape of the pictures
Mask = Callable[[Tensor], Tensor]  # of pictures, (1, h, w)


@dataclass(frozen=True, eq=False)
class Cue:
    """`most`: how many times the change may be taken at most; nothing can be removed twice.

    `moved`: the same at another place of each picture; `channels`: the only number of channels it makes sense for.
    """

    imitates: str
    change: Change
    most: float = math.inf
    whole: bool = False
    moved: Change | None = None
    channels: int | None = None


@dataclass(frozen=True, eq=False)
class Edited:
    """Pictures in [0, 1], the root mean square change of each, and whether that is the level asked for."""

    pictures: Tensor
    size: Tensor
    reached: Tensor


def edited(cue: str, unit: Tensor, *, level: float, address: Address) -> Edited:
    """One of CUES."""
    found = choose(CUES, cue, "cue")
    change = found.change(Given(unit, level, address))
    if found.whole:
        size = change.flatten(1).square().mean(1).sqrt()
        return Edited(unit + change, size, size > 0)
    return matched(unit, change, torch.full((len(unit),), level), most=found.most)


def matched(unit: Tensor, change: Tensor, level: Tensor, *, most: float = math.inf) -> Edited:
    """The change taken so many times that each picture is changed by its level, which cutting makes smaller.

    Size / times falls with times, so that times * level / size climbs to the answer and never beyond.
    """
    wanted = level.to(unit)
    size = change.flatten(1).square().mean(1).sqrt()
    times = (wanted / size.clamp(min=1e-12)).clamp(max=most)
    for _ in range(ROUNDS):
        done = (unit + change * times[:, None, None, None]).clamp(0, 1)
        size = (done - unit).flatten(1).square().mean(1).sqrt()
        near = (size - wanted).abs() <= CLOSE * wanted / 10
        if bool((near | (size <= 0) | (times >= most)).all()):
            break
        times = torch.where(near, times, (times * wanted / size.clamp(min=1e-12)).clamp(max=min(most, 1e9)))
    return Edited(done, size, (size - wanted).abs() <= CLOSE * wanted)


def in_unit(pictures: Tensor, format: Format) -> Tensor:
    """Values from 0 to 1, cut there."""
    low, high = _range(format)
    return ((pictures - low) / (high - low)).clamp(0, 1)


def in_range(unit: Tensor, format: Format) -> Tensor:
    """Back from [0, 1]."""
    low, high = _range(format)
    return low + (high - low) * unit


def cues_for(format: Format) -> tuple[str, ...]:
    """Those that make sense for such pictures."""
    _range(format)
    return tuple(name for name, cue in CUES.items() if cue.channels in (None, format.shape[0]))


def noise(given: Given) -> Tensor:
    """White."""
    return given.address.stream("noise").normal(given.address.indices, *given.unit.shape[1:]).to(given.unit)


def smooth(given: Given) -> Tensor:
    """Random and slow: a grid of 4 x 4 numbers drawn out to the picture, without its mean."""
    grid = given.address.stream("smooth").normal(given.address.indices, given.unit.shape[1], 4, 4).to(given.unit)
    field = functional.interpolate(grid, size=given.unit.shape[2:], mode="bicubic", align_corners=False)
    return field - field.mean((2, 3), keepdim=True)


def corner(down: bool, right: bool, unit: Tensor) -> Tensor:
    """A square flush with a corner, (1, h, w)."""
    height, width = unit.shape[2:]
    side = _side(unit)
    mask = unit.new_zeros(1, height, width)
    mask[:, height - side if down else 0 :, width - side if right else 0 :][:, :side, :side] = 1
    return mask


def frame(unit: Tensor) -> Tensor:
    """The outermost pixels but for the corners, where marks are."""
    height, width = unit.shape[2:]
    side, thick = _side(unit), max(1, min(height, width) // 28)
    mask = unit.new_ones(1, height, width)
    mask[:, thick : height - thick, thick : width - thick] = 0
    for down in (slice(0, side), slice(height - side, height)):
        mask[:, down, :side] = mask[:, down, width - side :] = 0
    return mask


def stamped(mask: Mask, sign: float, given: Given) -> Tensor:
    """Brighter or darker under the mask."""
    return sign * mask(given.unit)[:, None].expand_as(given.unit)


def moved(mask: Mask, sign: float, given: Given) -> Tensor:
    """The same mask at a random other place of each picture, beyond one edge it comes in at the other."""
    height, width = given.unit.shape[2:]
    by = 1 + given.address.stream("moved").integers(given.address.indices, height * width - 1)
    places = torch.arange(height * width).reshape(height, width)
    down, across = places // width, places % width
    rows = (down - (by // width)[:, None, None]) % height
    columns = (across - (by % width)[:, None, None]) % width
    return sign * mask(given.unit)[0][rows, columns][:, None].expand_as(given.unit)


def compressed(given: Given) -> Tensor:
    """The cosine coefficients of blocks rounded to steps that grow with frequency, as JPEG does."""
    height, width = given.unit.shape[2:]
    side = 8 if min(height, width) >= 16 else 4
    wide = functional.pad(given.unit, (0, -width % side, 0, -height % side), mode="replicate")
    blocks: Tensor = wide.unflatten(3, (-1, side)).unflatten(2, (-1, side)).transpose(3, 4)
    turn, order = cosines(side).to(given.unit), torch.arange(side, dtype=given.unit.dtype)
    steps = 4 * given.level * (1 + order[:, None] + order) / side
    kept = turn.T @ ((turn @ blocks @ turn.T / steps).round() * steps) @ turn
    whole: Tensor = kept.transpose(3, 4).flatten(4, 5).flatten(2, 3)[:, :, :height, :width]
    return whole - given.unit


def checkered(given: Given) -> Tensor:
    """Period 2, as transposed convolutions leave it."""
    down, across = torch.arange(given.unit.shape[2]), torch.arange(given.unit.shape[3])
    return (1 - 2.0 * ((down[:, None] + across) % 2)).to(given.unit).expand_as(given.unit)


def banded(band: tuple[float, float], sign: float, given: Given) -> Tensor:
    """What the picture itself has in a band of frequencies; mirrored at its edges, not wrapped round."""
    height, width = given.unit.shape[2:]
    down, across = cosines(height).to(given.unit), cosines(width).to(given.unit)
    frequency = torch.hypot(torch.arange(height)[:, None] / (2 * height), torch.arange(width) / (2 * width))
    kept = ((frequency > band[0]) & (frequency <= band[1])).to(given.unit)
    return sign * (down.T @ ((down @ given.unit @ across.T) * kept) @ across)


def salted(given: Given) -> Tensor:
    """Single pixels, each towards the farther end of the range."""
    height, width = given.unit.shape[2:]
    drawn = given.address.stream("salt").uniform(given.address.indices, height * width)
    few = drawn.argsort(dim=1, stable=True)[:, : max(1, round(SALTED * height * width))]
    mask = torch.zeros_like(drawn).scatter_(1, few, 1.0).reshape(-1, 1, height, width).to(given.unit)
    return mask * torch.where(given.unit < 0.5, 1.0, -1.0)


def shifted(given: Given) -> Tensor:
    """By one pixel to the right; the left edge stays."""
    return torch.cat([given.unit[..., :1], given.unit[..., :-1]], -1) - given.unit


def lit(sign: float, given: Given) -> Tensor:
    return torch.full_like(given.unit, sign)


def contrasted(sign: float, given: Given) -> Tensor:
    """Away from the picture's mean, or towards it."""
    return sign * (given.unit - given.unit.mean((1, 2, 3), keepdim=True))


def tinted(given: Given) -> Tensor:
    """More of the first channel, less of the others."""
    return given.unit.new_tensor([1.0, -0.5, -0.5])[:, None, None].expand_as(given.unit)


def greyed(given: Given) -> Tensor:
    return given.unit.mean(1, keepdim=True) - given.unit


@cache
def cosines(size: int) -> Tensor:
    """Rows of the orthonormal cosine transform (DCT-II)."""
    order = torch.arange(size, dtype=torch.float64)
    rows = torch.cos(math.pi * order[:, None] * (2 * order + 1) / (2 * size)) * math.sqrt(2 / size)
    rows[0] /= math.sqrt(2)
    return rows


def _placed() -> dict[str, Cue]:
    """Light ones and dark ones apart: on pictures that have a light mark already, a dark one takes it away."""
    what: dict[str, tuple[str, Mask]] = {
        f"mark, {name}": ("a watermark or a logo", partial(corner, *at)) for name, at in CORNERS.items()
    }
    what["frame"] = ("a border left by a scanner or by padding", frame)
    return {
        f"{shade} {name}": Cue(imitates, partial(stamped, mask, sign), moved=partial(moved, mask, sign))
        for name, (imitates, mask) in what.items()
        for shade, sign in (("light", 1.0), ("dark", -1.0))
    }


def _side(unit: Tensor) -> int:
    return max(2, min(unit.shape[2:]) // MARK)


def _range(format: Format) -> tuple[float, float]:
    if format.kind != "picture" or format.bounds is None:
        raise UsageError(
            f"edits of {format} were asked for", "give pictures with a range: Format.picture(1, 28, low=-1, high=1)"
        )
    if min(format.shape[1:]) < SMALLEST:
        raise UsageError(f"edits of {format} were asked for", f"give pictures of {SMALLEST} x {SMALLEST} or more")
    return format.bounds


CUES: dict[str, Cue] = {
    **_placed(),
    "compression": Cue("JPEG", compressed, most=MOST),
    "checkerboard": Cue("upsampling by transposed convolutions", checkered),
    "low frequencies less": Cue("a flat field", partial(banded, BANDS["low"], -1.0), most=1.0),
    "low frequencies more": Cue("uneven light", partial(banded, BANDS["low"], 1.0), most=MOST),
    "middle frequencies less": Cue("a resized picture", partial(banded, BANDS["middle"], -1.0), most=1.0),
    "middle frequencies more": Cue("an enhanced picture", partial(banded, BANDS["middle"], 1.0), most=MOST),
    "high frequencies less": Cue("blur", partial(banded, BANDS["high"], -1.0), most=1.0),
    "high frequencies more": Cue("sharpening", partial(banded, BANDS["high"], 1.0), most=MOST),
    "salt": Cue("dead pixels of a sensor", salted),
    "shift": Cue("another way of centring", shifted, whole=True),
    "brighter": Cue("another exposure", partial(lit, 1.0)),
    "darker": Cue("another exposure", partial(lit, -1.0)),
    "more contrast": Cue("another exposure", partial(contrasted, 1.0), most=MOST),
    "less contrast": Cue("another exposure", partial(contrasted, -1.0), most=1.0),
    "tint": Cue("another white balance", tinted, channels=3),
    "grey": Cue("a picture without colours", greyed, most=1.0, channels=3),
}
CONTROLS: dict[str, Change] = {"noise": noise, "smooth": smooth}
