"""Pointing: does a map look at what is known to be the reason? Only a planted critic has a mask that is known.

    pointing(maps, mask, tolerance=1)            # measurements: "pointing accuracy" and "relevance mass", with floors
    hits(maps, mask), masses(maps, mask)         # (n,) each

Accuracy: is the pixel with the largest absolute value in the mask (Zhang et al. 2018)? Equally large ones each count
for their part. Mass: the share of the absolute values that lies in the mask (Arras, Osman & Samek 2022). Channels are
summed first. Both floors are exact: a map with its pixels in a random order reads the share of pixels in the mask, as
does a map of zeros. `tolerance` widens the mask of the accuracy, and its floor, by so many pixels on each side.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from ganatomy.errors import UsageError
from ganatomy.evaluate.faithfulness.cases import pooled
from ganatomy.numerics.statistics.groups import Ids
from ganatomy.numerics.statistics.interval import Interval, mean_interval, wilson
from ganatomy.results.measurement import Measurement

ACCURACY, MASS = "pointing accuracy", "relevance mass"


def pointing(
    maps: Tensor, mask: Tensor, *, tolerance: int = 0, groups: Ids | None = None, level: float = 0.95
) -> dict[str, Measurement]:
    """`mask` (height, width), true where the reason is, or one for each picture."""
    hit, mass = hits(maps, mask, tolerance=tolerance), masses(maps, mask)
    wide = _share(_widened(_every(mask, maps), tolerance))
    how = "mean over pictures: largest |a| in the mask" + (f", {tolerance} pixels wider" if tolerance else "")
    inside = "mean over pictures: share of |a| in the mask"
    return {
        ACCURACY: Measurement(ACCURACY, float(hit.mean()), len(hit), how, "high", _interval(hit, groups, level), wide),
        MASS: Measurement(
            MASS,
            float(mass.mean()),
            len(mass),
            inside,
            "high",
            mean_interval(mass, groups, level=level),
            _share(_every(mask, maps)),
        ),
    }


def hits(maps: Tensor, mask: Tensor, *, tolerance: int = 0) -> Tensor:
    """(n,): 1 where the largest absolute value is in the mask, a part where several are as large and not all are."""
    wide, sizes = _widened(_every(mask, maps), tolerance), _sizes(maps)
    largest = sizes == sizes.amax(1, keepdim=True)
    return (largest & wide.flatten(1)).double().sum(1) / largest.double().sum(1)


def masses(maps: Tensor, mask: Tensor) -> Tensor:
    """(n,), from 0 to 1."""
    sizes, there = _sizes(maps), _every(mask, maps).flatten(1).double()
    whole = sizes.sum(1)
    return torch.where(whole > 0, (sizes * there).sum(1) / torch.where(whole > 0, whole, 1.0), there.mean(1))


def _sizes(maps: Tensor) -> Tensor:
    return pooled(maps.detach().double().cpu(), channels=True).abs()


def _every(mask: Tensor, maps: Tensor) -> Tensor:
    """(n, height, width)."""
    if maps.dim() != 4 or mask.shape[-2:] != maps.shape[-2:] or mask.dim() not in (2, 3) or mask.dtype != torch.bool:
        raise UsageError(
            f"a mask of {mask.dtype} {tuple(mask.shape)} was given for maps of shape {tuple(maps.shape)}",
            "give maps (n, channels, height, width) and a mask of booleans (height, width), or one for each picture",
        )
    every = mask.cpu().expand(len(maps), -1, -1)
    inside = every.flatten(1).sum(1)
    if not bool(((inside > 0) & (inside < every[0].numel())).all()):
        raise UsageError("a mask of all pixels, or of none, was given", "nothing can point at such a mask, or miss it")
    return every


def _widened(mask: Tensor, by: int) -> Tensor:
    if by < 0:
        raise UsageError(f"a tolerance of {by} pixels was given", "it is 0 or more")
    return max_pool2d(mask[:, None].float(), 2 * by + 1, stride=1, padding=by)[:, 0] > 0


def _share(mask: Tensor) -> float:
    return float(mask.double().mean())


def _interval(hit: Tensor, groups: Ids | None, level: float) -> Interval:
    """Wilson's for plain shares; ties and groups are a mean's."""
    if groups is None and bool(((hit == 0) | (hit == 1)).all()):
        return wilson(int(hit.sum()), len(hit), level=level)
    return mean_interval(hit, groups, level=level)
