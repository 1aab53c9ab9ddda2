"""Maximum sensitivity: how far a map moves when its picture is changed by next to nothing.

    sensitivity(explain, case, maps, radius=0.02, draws=4, stream=stream)        # (n,); explain: pictures -> maps

max over draws of |a(x + d) - a(x)| / |a(x)| in the Euclidean norm, d uniform with each value in [-radius, radius]
(Yeh et al. 2019). From 0 without bound. A map that is the same for all pictures has 0, as has the gradient of a linear
score: small values are no evidence by themselves, so there is no floor. `radius` is in units of the pictures' values.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ganatomy.evaluate.faithfulness.cases import Case
from ganatomy.numerics.random import Stream


def sensitivity(
    explain: Callable[[Tensor], Tensor], case: Case, maps: Tensor, *, radius: float, draws: int, stream: Stream
) -> Tensor:
    """A map of zeros is divided by 1."""
    own = maps.double().flatten(1)
    size = own.norm(dim=1)
    most = torch.zeros(len(case), dtype=torch.float64)
    for place in range(draws):
        moved = explain(case.pictures + nudge(case, place, radius=radius, stream=stream))
        most = torch.maximum(most, (moved.double().flatten(1) - own).norm(dim=1))
    return most / torch.where(size > 0, size, 1.0)


def nudge(case: Case, place: int, *, radius: float, stream: Stream) -> Tensor:
    """The `place`-th d of each picture, in the pictures' type."""
    u = stream.uniform(case.draw(place), *case.pictures.shape[1:], dtype=torch.float64)
    return ((2 * u - 1) * radius).to(case.pictures)
