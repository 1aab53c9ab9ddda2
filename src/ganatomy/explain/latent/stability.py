"""Would another sample of latents have given the same directions?

    same = stability(found, samples=4)             # found.again(seed) four times, each with a seed of its own
    same.each                                      # (k,): mean |cosine| with the matching direction
    same.together                                  # (k,): least cosine between the first 1, 2, ..., k as subspaces

Latents cost nothing, so each repeat is a fresh sample from the prior, which is what a bootstrap imitates. Directions
are matched one to one so that the sum of |cosines| is largest. Where two have equal strength `each` is low at both and
`together` is high from the second on: only their plane is determined.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.latent.directions import Directions
from ganatomy.explain.passes import Progress

SEED = 2**20  # of the first repeat, so that it is not the sample that the directions were found on


@dataclass(frozen=True, eq=False)
class Stability:
    """Means over the samples."""

    each: Tensor
    together: Tensor
    samples: int


def stability(
    found: Directions, *, samples: int = 4, seed: int = SEED, progress: Progress | None = None
) -> Stability | None:
    """From samples of seeds seed, seed + 1, ...; None where the method looks at no samples."""
    if samples < 1:
        raise UsageError(f"{samples} samples were asked for", "take one or more")
    if found.again is None:
        return None
    others = []
    for number in range(samples):
        others.append(found.again(seed + number))
        if progress is not None:
            progress(number + 1, samples)
    each = torch.stack([_again(found, other) for other in others]).nanmean(0)
    spans = [subspaces(found.vectors, other.vectors) for other in others]
    blank = torch.full((len(found),), torch.nan, dtype=torch.float64)
    together = torch.stack([torch.cat([span, blank[len(span) :]]) for span in spans]).nanmean(0)
    return Stability(each, together, samples)


def _again(found: Directions, other: Directions) -> Tensor:
    """By what they were made for, where they were made for something; what was not found again is NaN."""
    if not any(found.targets):
        return matched(found.vectors, other.vectors)
    theirs = dict(zip(other.targets, other.vectors, strict=True))
    named = zip(found.targets, found.vectors, strict=True)
    return torch.tensor(
        [float((mine @ theirs[target]).abs()) if target in theirs else torch.nan for target, mine in named],
        dtype=torch.float64,
    )


def matched(first: Tensor, second: Tensor) -> Tensor:
    """|cosine| of each row of `first` with its partner in `second`."""
    from scipy.optimize import linear_sum_assignment

    size = (first @ second.T).abs()
    mine, theirs = linear_sum_assignment(-size.numpy())
    out = torch.zeros(len(first), dtype=torch.float64)
    out[torch.from_numpy(mine)] = size[torch.from_numpy(mine), torch.from_numpy(theirs)]
    return out


def subspaces(first: Tensor, second: Tensor) -> Tensor:
    """Cosine of the largest principal angle between the spans of the first j rows, for j = 1, 2, ..."""
    count = min(len(first), len(second))
    mine, theirs = torch.linalg.qr(first.T).Q, torch.linalg.qr(second.T).Q
    cosines = [torch.linalg.svdvals(mine[:, :j].T @ theirs[:, :j])[-1] for j in range(1, count + 1)]
    return torch.stack(cosines).clamp(max=1)
