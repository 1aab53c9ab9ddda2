"""Whether an edited activation looks like one the network makes: its distance to those seen, as a share of them.

    manifold = Manifold.fit(first, others)            # (n, units, places) each
    place = manifold.place(natural)                   # of unedited activations
    place.after(3, values)                            # unit 3 set to values (n, places): shares in [0, 1]

Every unit is first divided by its own standard deviation, so that loud units do not drown the others. The squared
distance is that of Mahalanobis in the leading principal directions of `first`, over their number, plus the squared
rest; both halves are one on average for `others`. A share of 0.5 is an ordinary activation, 1 lies farther out than
all of `others`. Directions are few and samples finite: near 1 does say "unlike", 0.5 does not say "real".
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganatomy.numerics.linear import top_singular

DIRECTIONS = 32  # at most, and at most a quarter of the samples


@dataclass(frozen=True, eq=False)
class Manifold:
    """All float64: `basis` (units, places, directions), `seen` the sorted distances of activations kept apart.

    `scale` (units, 1); a unit that is always the same has its size instead, or 1: any change of it then shows.
    """

    scale: Tensor
    mean: Tensor
    basis: Tensor
    variances: Tensor
    sizes: tuple[float, float]
    seen: Tensor

    @classmethod
    def fit(cls, first: Tensor, others: Tensor) -> Manifold:
        scale = _scale(first.double())
        table = (first.double() / scale).flatten(1)
        mean = table.mean(0)
        count = max(1, min(DIRECTIONS, len(table) // 4, table.shape[1]))
        _, values, right = top_singular(table - mean, count)
        kept = values > 1e-9 * values[0].clamp(min=1e-300)  # a network may use fewer directions
        variances = torch.where(kept, values.square() / (len(table) - 1), 1.0)
        basis = torch.where(kept, right, 0.0).unflatten(0, first.shape[1:])
        raw = cls(scale, mean.unflatten(0, first.shape[1:]), basis, variances, (1.0, 1.0), torch.zeros(1))
        placed = raw._placed(others.double() / scale)
        within, beyond = raw._halves(*placed)
        sized = replace(raw, sizes=(max(float(within.mean()), 1e-12), max(float(beyond.mean()), 1e-12)))
        return replace(sized, seen=sized._distance(*placed).sort().values)

    def place(self, activations: Tensor) -> Place:
        natural = activations.double() / self.scale
        scores, square = self._placed(natural)
        return Place(self, natural, scores, square)

    def share(self, scores: Tensor, square: Tensor) -> Tensor:
        """Of the activations kept apart that are nearer, ties by half."""
        distance = self._distance(scores, square)
        near, far = (torch.searchsorted(self.seen, distance, right=right) for right in (False, True))
        return (near + far).double() / (2 * len(self.seen))

    def _placed(self, scaled: Tensor) -> tuple[Tensor, Tensor]:
        """Scores in the principal directions (n, directions) and squared distance to the mean (n,)."""
        centred = scaled - self.mean
        return torch.einsum("nup,upd->nd", centred, self.basis), centred.square().sum((1, 2))

    def _halves(self, scores: Tensor, square: Tensor) -> tuple[Tensor, Tensor]:
        within = (scores.square() / self.variances).mean(-1)
        return within, (square - scores.square().sum(-1)).clamp(min=0)

    def _distance(self, scores: Tensor, square: Tensor) -> Tensor:
        within, beyond = self._halves(scores, square)
        return within / self.sizes[0] + beyond / self.sizes[1]


@dataclass(frozen=True, eq=False)
class Place:
    """Where natural activations lie; a change of one unit is followed without touching the others."""

    manifold: Manifold
    natural: Tensor
    scores: Tensor
    square: Tensor

    def before(self) -> Tensor:
        return self.manifold.share(self.scores, self.square)

    def after(self, unit: int, values: Tensor) -> Tensor:
        """Shares (n,) when one unit has other values, (n, places)."""
        new, old, mean = values.double() / self.manifold.scale[unit], self.natural[:, unit], self.manifold.mean[unit]
        scores = self.scores + (new - old) @ self.manifold.basis[unit]
        square = self.square - (old - mean).square().sum(1) + (new - mean).square().sum(1)
        return self.manifold.share(scores, square)


def _scale(first: Tensor) -> Tensor:
    spread = first.std((0, 2)) if first.shape[0] * first.shape[2] > 1 else torch.zeros(first.shape[1]).double()
    size = first.abs().mean((0, 2))
    spread = torch.where(spread > 1e-6 * size, spread, size)
    return torch.where(spread > 0, spread, 1.0)[:, None]
