"""Pictures drawn from known factors: a shape on a plain ground, 32 x 32, RGB; any picture by index, any factor at will.

    shapes = Shapes(Stream(0, "data/shapes/train"))
    values = shapes.values(range(16))                          # (16, 7), in the order of shapes.factors
    shapes.render(values)                                      # (16, 3, 32, 32) in shapes.format: [0, 1]
    shapes.masks(values)                                       # (16, 2, 32, 32): object, background
    shapes.render(shapes.changed(values, "hue", 0.0))          # an intervention: all other factors held

picture = mask * colour + (1 - mask) * ground, exactly, where mask is the share of a pixel that the object covers.
A shape of size s has the area of a square of side s and its centroid at (x, y), so no factor speaks for another. No
factor wraps round (hue ends at violet), and no shape has a symmetry that rotations of up to 45 degrees either way could
meet: other values draw another picture. All but the choice of shape is differentiable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import pi, sqrt

import torch
from torch import Tensor

from ganatomy.errors import UsageError, choose
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

Distance = Callable[[Tensor, Tensor], Tensor]
MASKS = ("object", "background")


@dataclass(frozen=True)
class Factor:
    """A cause of the picture: uniform on [low, high], or one of `kinds`, given by its number."""

    name: str
    low: float
    high: float
    kinds: tuple[str, ...] = ()


def _polygon(corners: Sequence[tuple[float, float]], u: Tensor, v: Tensor) -> Tensor:
    """Distance to the farthest of the edges' lines, negative inside; corners, in sqrt(2), run anticlockwise."""
    corners = [(sqrt(2) * x, sqrt(2) * y) for x, y in corners]
    distances = []
    for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
        length = sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2)
        distances.append(((u - x0) * (y1 - y0) - (v - y0) * (x1 - x0)) / length)
    return torch.stack(distances).amax(0)


def _ellipse(a: float, b: float, u: Tensor, v: Tensor) -> Tensor:
    """Distance to the ellipse with half-axes a and b, negative inside, to first order near its edge."""
    level = ((u / a).square() + (v / b).square() + 1e-12).sqrt()
    slope = ((u / a**2).square() + (v / b**2).square() + 1e-12).sqrt()
    return level * (level - 1) / slope


# Each of area 1 with its centroid at 0; at rotation 0 they lie flat or point up.
SHAPES: dict[str, Distance] = {
    "rectangle": partial(_polygon, ((-0.5, -0.25), (0.5, -0.25), (0.5, 0.25), (-0.5, 0.25))),
    "ellipse": partial(_ellipse, sqrt(2 / pi), sqrt(0.5 / pi)),
    "triangle": partial(_polygon, ((-0.5, -1 / 3), (0.5, -1 / 3), (0.0, 2 / 3))),
}

# Lengths in sides of the picture; x runs right, y down; rotation in degrees anticlockwise; background a level of grey.
FACTORS = (
    Factor("shape", 0, len(SHAPES) - 1, kinds=tuple(SHAPES)),
    Factor("hue", 0.0, 0.75),
    Factor("size", 0.15, 0.3),
    Factor("x", 1 / 3, 2 / 3),
    Factor("y", 1 / 3, 2 / 3),
    Factor("rotation", -45.0, 45.0),
    Factor("background", 0.0, 0.5),
)
PLACES = {factor.name: place for place, factor in enumerate(FACTORS)}


@dataclass(frozen=True)
class Shapes:
    """The source: values of the factors by index, and pictures and masks from values."""

    stream: Stream
    size: int = 32

    @property
    def factors(self) -> tuple[Factor, ...]:
        return FACTORS

    @property
    def format(self) -> Format:
        """Of the pictures as they are rendered; a data set reads them in [-1, 1]."""
        return Format.picture(3, self.size, low=0.0, high=1.0)

    def values(self, indices: Sequence[int]) -> Tensor:
        """Independent draws (n, 7), float64, in the order of `factors`."""
        uniform = self.stream.uniform(indices, len(FACTORS), dtype=torch.float64)
        low = torch.tensor([factor.low for factor in FACTORS], dtype=torch.float64)
        high = torch.tensor([factor.high for factor in FACTORS], dtype=torch.float64)
        drawn = low + uniform * (high - low)
        return torch.cat([(uniform[:, :1] * len(SHAPES)).floor(), drawn[:, 1:]], dim=1)

    def pictures(self, indices: Sequence[int]) -> Tensor:
        return self.render(self.values(indices))

    def kinds(self, indices: Sequence[int]) -> Tensor:
        """The number of the shape of each picture, int64."""
        return self.values(indices)[:, PLACES["shape"]].to(torch.int64)

    def changed(self, values: Tensor, name: str, to: float | Tensor) -> Tensor:
        """A copy of `values` with one factor set, to one value or to one for each row."""
        place = choose(PLACES, name, "factor")
        copy = values.clone()
        copy[:, place] = to
        return copy

    def render(self, values: Tensor) -> Tensor:
        """Pictures (n, 3, size, size), float32 in [0, 1]."""
        cover = self.masks(values)[:, :1]
        hue, grey = (values[:, PLACES[name], None].float() for name in ("hue", "background"))
        ramp = (6 * hue + torch.tensor([0.0, 4.0, 2.0], device=values.device)) % 6
        colour = ((ramp - 3).abs() - 1).clamp(0, 1)  # full saturation and value: red 0, green 1/3, blue 2/3
        return cover * colour[:, :, None, None] + (1 - cover) * grey[:, :, None, None]

    def masks(self, values: Tensor) -> Tensor:
        """Shares of each pixel covered, (n, 2, size, size), in the order of MASKS; the two add up to 1."""
        _check(values)
        _, _, scale, x, y, degrees, _ = values.float()[:, :, None, None].unbind(1)
        middle = (torch.arange(self.size, device=values.device) + 0.5) / self.size
        right, up = middle[None, None, :] - x, y - middle[None, :, None]
        turn = degrees * (pi / 180)
        u = (right * turn.cos() + up * turn.sin()) / scale
        v = (up * turn.cos() - right * turn.sin()) / scale
        inside = torch.zeros_like(u)
        for kind, distance in enumerate(SHAPES.values()):
            rows = values[:, 0] == kind
            pixels = distance(u[rows], v[rows]) * scale[rows] * self.size
            inside[rows] = (0.5 - pixels).clamp(0, 1)  # an edge through the middle of a pixel covers half of it
        return torch.stack([inside, 1 - inside], dim=1)


def _check(values: Tensor) -> None:
    if values.dim() != 2 or values.shape[1] != len(FACTORS):
        raise UsageError(
            f"factor values of shape {tuple(values.shape)} were given", f"values are (n, {len(FACTORS)}): {[*PLACES]}"
        )
    for place, factor in enumerate(FACTORS):
        column = values[:, place]
        legal = (column >= factor.low - 1e-6) & (column <= factor.high + 1e-6)
        if factor.kinds:
            legal &= column == column.round()
        if not bool(legal.all()):
            raise UsageError(
                f"the factor {factor.name!r} was given {column[~legal][0]:g}",
                f"it lies between {factor.low:g} and {factor.high:g}"
                + (f", whole: {', '.join(factor.kinds)}" if factor.kinds else ""),
            )
