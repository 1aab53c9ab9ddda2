"""Linear probes: does a weighted sum of features tell two sorts of pictures apart, and how well on others?

    narrow = Narrowing.to(width, stream=Stream(0, "probe"))       # wide features are hashed into WIDEST sums
    probe = fitted(narrow(x), signs)                               # signs +1 and -1
    reads = probe(narrow(other))                                   # above 0: the sort +1

Ridge regression of the signs on features in standard deviations, solved in the dual (pictures by pictures), so that
more features than pictures are fine; the penalty has the least squared error when each picture is left out in turn,
e_i / (1 - h_ii). Hashing: each feature is added, with a random sign, to one of WIDEST sums (Weinberger et al. 2009);
inner products of pictures stay the same on average.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.numerics.random import Stream

WIDEST = 2048
PENALTIES = tuple(10.0**power for power in range(-4, 3))  # of the mean eigenvalue of the pictures' inner products
FLOOR = 1e-3  # of the largest standard deviation: what moves less than this is not blown up to one


@dataclass(frozen=True, eq=False)
class Narrowing:
    """Sums and signs of features, or nothing where they are few."""

    sums: Tensor | None
    signs: Tensor | None

    @classmethod
    def to(cls, width: int, *, stream: Stream) -> Narrowing:
        if width <= WIDEST:
            return cls(None, None)
        drawn = stream.integers(range(1), 2 * WIDEST, width)[0]
        return cls(drawn // 2, (2 * (drawn % 2) - 1).float())

    def __call__(self, features: Tensor) -> Tensor:
        if self.sums is None or self.signs is None:
            return features
        return features.new_zeros(len(features), WIDEST).index_add_(1, self.sums, features * self.signs)


@dataclass(frozen=True, eq=False)
class Probe:
    """reads = (x - mean) @ weights + offset."""

    mean: Tensor
    weights: Tensor
    offset: float
    penalty: float

    def __call__(self, features: Tensor) -> Tensor:
        return (features.double() - self.mean) @ self.weights + self.offset


def fitted(features: Tensor, signs: Tensor) -> Probe:
    x, y = features.double(), signs.double()
    mean, sd = x.mean(0), x.std(0)
    scale = 1 / sd.clamp(min=max(FLOOR * float(sd.max()), 1e-12))
    x, offset = (x - mean) * scale, y.mean()
    sizes, axes = torch.linalg.eigh(x @ x.T)
    sizes, along = sizes.clamp(min=0), axes.T @ (y - offset)
    size = float(sizes.mean()) or 1.0

    def left_out(penalty: float) -> float:
        kept = sizes / (sizes + penalty * size)
        own = axes.square() @ kept + 1 / len(y)  # the offset is fitted too
        return float(((y - offset - axes @ (kept * along)) / (1 - own).clamp(min=1e-9)).square().mean())

    penalty = min(PENALTIES, key=left_out)
    weights = x.T @ (axes @ (along / (sizes + penalty * size)))
    return Probe(mean, weights * scale, float(offset), penalty)
