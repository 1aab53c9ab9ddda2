"""The factors of drawn shapes, read back from pixels: of a generated picture nobody knows them.

    object, factors, kinds = factors_of(data.truth, gan.format)
    scores(factors, pictures)                     # (n, 6): hue, size, x, y, rotation, background, of their ranges

The ground is the picture's border, the object's colour that of the pixels farthest off, and a pixel's cover the
share of the way between. Area, centroid and second moments give size, place and rotation; each kind of shape is then
drawn as it would be and the nearest one taken. How well this reads real shapes stands in the tests.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ganatomy.data.shapes import FACTORS, MASKS, PLACES, SHAPES, Shapes
from ganatomy.explain.concepts.layout import spread
from ganatomy.explain.concepts.looks import background, told, widest
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.concepts.remembered import remembered
from ganatomy.results.formats import Format

NOTHING = 0.05  # an object that differs less than this from its ground is none
ALIKE = 0.01  # mean squared difference of covers at which two kinds begin to be told apart
READ = tuple(factor for factor in FACTORS if not factor.kinds)


def factors_of(source: Shapes, format: Format) -> tuple[Measurer, Measurer, Measurer]:
    """Masks of object and ground; each continuous factor as a share of its range; a weight for each kind of shape."""
    drawn = replace(source, size=format.shape[1])
    names = tuple(factor.name for factor in READ)
    read = remembered(lambda x: values(drawn, x))
    return (
        told("object", format, "mask", lambda x: torch.cat([cover(x), 1 - cover(x)], 1), concepts=MASKS),
        told("factors", format, "score", lambda x: _shares(read(x)[0]), concepts=names),
        told("shape", format, "score", lambda x: read(x)[1], concepts=tuple(SHAPES)),
    )


@remembered
def cover(x: Tensor) -> Tensor:
    """The share of each pixel that the object covers, (n, 1, h, w)."""
    apart = x - background(x)[:, :, None, None]
    colour = _colour(x)[:, :, None, None]
    length = colour.square().sum(1, keepdim=True)
    share = (apart * colour).sum(1, keepdim=True) / length.clamp(min=NOTHING**2)
    near = widest((share > 0.5).to(share), 5)  # elsewhere it is noise, which would widen an object
    return torch.where((length > NOTHING**2) & (near > 0), share.clamp(0, 1), 0.0)


def values(source: Shapes, x: Tensor) -> tuple[Tensor, Tensor]:
    """Factor values (n, 7) as the source takes them, and the weights of the kinds, (n, 3)."""
    covered, ground = cover(x), background(x)
    found = torch.zeros(len(x), len(FACTORS), dtype=torch.float64, device=x.device)
    found[:, PLACES["hue"]] = _hue(ground + _colour(x)).double()
    found[:, PLACES["size"]] = covered.mean((1, 2, 3)).sqrt().double()
    found[:, [PLACES["x"], PLACES["y"]]] = spread(covered)[:, :2].double()
    found[:, PLACES["background"]] = ground.mean(1).double()
    turns = _turns(covered)
    fits = []
    for kind in range(len(SHAPES)):
        found[:, PLACES["shape"]] = kind
        found[:, PLACES["rotation"]] = turns[:, kind]
        found = _legal(found)
        fits.append((source.masks(found)[:, :1] - covered).square().mean((1, 2, 3)))
    apart = torch.stack(fits, 1) / covered.mean((1, 2, 3)).clamp(min=1e-3)[:, None]
    apart = torch.where(covered.amax((1, 2, 3))[:, None] > 0, apart, 0.0)  # nothing is of no kind
    best = apart.argmin(1)
    found[:, PLACES["shape"]] = best.double()
    found[:, PLACES["rotation"]] = turns.gather(1, best[:, None])[:, 0]
    return _legal(found), (-apart / ALIKE).softmax(1)


@remembered
def _colour(x: Tensor) -> Tensor:
    """Median difference from the ground over the pixels where it is at least four fifths of the largest, (n, 3)."""
    apart = x - background(x)[:, :, None, None]
    length = apart.square().sum(1, keepdim=True)
    far = length >= 0.64 * length.amax((2, 3), keepdim=True)
    return torch.where(far, apart, torch.nan).flatten(2).nanmedian(2).values


def _hue(colour: Tensor) -> Tensor:
    """Red 0, green 1/3, blue 2/3; a red that leans to violet is below 0."""
    red, green, blue = colour.unbind(1)
    width = (colour.amax(1) - colour.amin(1)).clamp(min=1e-6)
    sixth = torch.stack([(green - blue) / width, 2 + (blue - red) / width, 4 + (red - green) / width], 1)
    return sixth.gather(1, colour.argmax(1, keepdim=True))[:, 0] / 6


def _turns(covered: Tensor) -> Tensor:
    """The rotation of each kind, in degrees anticlockwise, (n, 3): all but the triangle lie along their longer axis."""
    n, _, height, width = covered.shape
    weights = (covered / covered.sum((2, 3), keepdim=True).clamp(min=1e-6)).double()[:, 0]
    middle = spread(covered).double()
    right = (torch.arange(width, device=covered.device) + 0.5) / width - middle[:, :1]
    up = middle[:, 1:2] - (torch.arange(height, device=covered.device) + 0.5) / height
    across = (weights.sum(1) * right.square()).sum(1)
    upward = (weights.sum(2) * up.square()).sum(1)
    both = torch.einsum("nij,ni,nj->n", weights, up, right)
    lying = torch.rad2deg(torch.atan2(2 * both, across - upward)) / 2
    standing = torch.rad2deg(torch.atan2(-2 * both, upward - across)) / 2
    return torch.stack([standing if kind == "triangle" else lying for kind in SHAPES], 1).reshape(n, len(SHAPES))


def _legal(found: Tensor) -> Tensor:
    low = torch.tensor([factor.low for factor in FACTORS], dtype=found.dtype, device=found.device)
    high = torch.tensor([factor.high for factor in FACTORS], dtype=found.dtype, device=found.device)
    return found.clamp(low, high)


def _shares(found: Tensor) -> Tensor:
    shares = [(found[:, PLACES[each.name]] - each.low) / (each.high - each.low) for each in READ]
    return torch.stack(shares, 1)
