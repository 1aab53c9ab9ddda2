"""Concept activation vectors: where in a critic's activations pictures with a concept lie from pictures without it.

    space = space_of(pooled(activation, cells))             # leading components of what a site shows, cut to a few
    z = space.coordinates(pooled(activation, cells))
    found = KINDS["logistic"](z / space.spread, space.spread, sets)   # a unit vector and an offset for each pair
    accuracy(found, z_held_out, held_out_sets), cosine(found)

A site's maps are averaged over a grid of cells, as fine as leaves WIDEST numbers a picture; of these the leading
components are kept, and vectors lie in their span. All pairs of sets are fitted at once: controls need hundreds.
Two kinds: the normal of a logistic regression, which reads the concept best, and the difference of the two means,
which goes where pictures with the concept are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.numerics.random import Stream

WIDEST = 512  # numbers a picture and site that are kept
COMPONENTS = 24
PENALTY = 0.01  # per picture, on standardised coordinates; as in explain.latent.logistic
ROUNDS = 12
TOGETHER = 64  # pairs of sets fitted at once


@dataclass(frozen=True, eq=False)
class Sets:
    """Rows of pictures that have a concept and of those that do not, (pairs, m) each."""

    having: Tensor
    lacking: Tensor

    def __len__(self) -> int:
        return len(self.having)


@dataclass(frozen=True, eq=False)
class Vectors:
    """Of length 1, (pairs, k); `offsets` are the values <vector, z> from which a picture counts as having it."""

    along: Tensor
    offsets: Tensor


@dataclass(frozen=True, eq=False)
class Space:
    """Leading components of pooled activations: their mean, axes (d, k), and standard deviations along them."""

    mean: Tensor
    axes: Tensor
    spread: Tensor

    def coordinates(self, values: Tensor) -> Tensor:
        return (values - self.mean) @ self.axes

    def slopes(self, gradients: Tensor) -> Tensor:
        """Of the score along each axis."""
        return gradients @ self.axes


def space_of(values: Tensor, *, most: int = COMPONENTS) -> Space | None:
    """None where nothing varies; fewer components than a quarter of the pictures."""
    mean = values.mean(0)
    _, sizes, axes = torch.linalg.svd(values - mean, full_matrices=False)
    spread = sizes / max(1, len(values) - 1) ** 0.5
    kept = min(most, len(values) // 4, int((spread > 1e-6 * values.abs().max().clamp(min=1e-12)).sum()))
    return Space(mean, axes[:kept].T, spread[:kept]) if kept else None


def cells_of(shape: tuple[int, ...]) -> tuple[int, int]:
    """The grid that a site's maps are averaged over: square, and no finer than they are."""
    if len(shape) < 3:
        return 1, 1
    side = max(1, int((WIDEST / shape[0]) ** 0.5))
    return min(side, shape[1]), min(side, shape[2])


def pooled(activation: Tensor, cells: tuple[int, int]) -> Tensor:
    """Means over cells, (n, channels * cells), float64."""
    sums, size = _summed(activation, cells)
    return (sums / size).flatten(1)


def pooled_slopes(gradient: Tensor, cells: tuple[int, int]) -> Tensor:
    """The slope when all of a cell moves as one: sums over cells."""
    return _summed(gradient, cells)[0].flatten(1)


def logistic_normals(standard: Tensor, spread: Tensor, sets: Sets) -> Vectors:
    """Minimise mean log loss + PENALTY |w|^2 / 2 over standard coordinates, by Newton's method, all pairs at once."""
    weights = torch.cat(
        [
            _fitted(standard[torch.cat([having, lacking], 1)], having.shape[1])
            for having, lacking in zip(sets.having.split(TOGETHER), sets.lacking.split(TOGETHER), strict=True)
        ]
    )
    along = weights[:, :-1] / spread
    length = along.norm(dim=1).clamp(min=1e-300)
    return Vectors(along / length[:, None], -weights[:, -1] / length)


def mean_differences(standard: Tensor, spread: Tensor, sets: Sets) -> Vectors:
    """From the mean without to the mean with, divided half-way."""
    having, lacking = (standard[rows].mean(1) * spread for rows in (sets.having, sets.lacking))
    along = having - lacking
    along = along / along.norm(dim=1, keepdim=True).clamp(min=1e-300)
    return Vectors(along, (along * (having + lacking)).sum(1) / 2)


# Of coordinates in standard deviations, these deviations, and sets; vectors are in the coordinates as they are.
KINDS: dict[str, Callable[[Tensor, Tensor, Sets], Vectors]] = {
    "logistic": logistic_normals,
    "difference": mean_differences,
}


def accuracy(found: Vectors, z: Tensor, sets: Sets) -> tuple[int, int]:
    """How many pictures of the sets, which the first vector has not seen, lie on their side of it; of how many."""
    reads = z @ found.along[0] - found.offsets[0]
    right = int((reads[sets.having[0]] > 0).sum() + (reads[sets.lacking[0]] <= 0).sum())
    return right, sets.having.shape[1] + sets.lacking.shape[1]


def cosine(found: Vectors) -> float:
    """The mean over pairs of vectors."""
    n = len(found.along)
    return float((found.along.sum(0).square().sum() - n) / (n * (n - 1)))


def steps(found: Vectors, spread: Tensor) -> Tensor:
    """One standard deviation of what each vector reads: components are uncorrelated."""
    length: Tensor = (found.along * spread).norm(dim=1)
    return length


def extremes(values: Tensor, blocks: list[range], share: float, *, stream: Stream) -> Sets | None:
    """Within each block of rows the largest share of the values, and the smallest; None where they meet.

    Ties are broken at random, and blocks have equal shares: the sort of a picture is then no part of the concept.
    """
    having, lacking = [], []
    for number, block in enumerate(blocks):
        part, many = values[block.start : block.stop], max(1, round(share * len(block)))
        mixed = stream.permutation(number, len(block))
        order = mixed[part[mixed].argsort(stable=True)]
        if float(part[order[-many]]) <= float(part[order[many - 1]]):
            return None
        having.append(order[-many:] + block.start)
        lacking.append(order[:many] + block.start)
    return Sets(torch.cat(having)[None], torch.cat(lacking)[None])


def at_random(blocks: list[range], share: float, count: int, *, stream: Stream) -> Sets:
    """As many pairs as wanted, made as `extremes` makes them from values that mean nothing."""
    having, lacking = [], []
    for each in range(count):
        orders = [stream.permutation(each * len(blocks) + at, len(block)) for at, block in enumerate(blocks)]
        many = [max(1, round(share * len(block))) for block in blocks]
        having.append(torch.cat([o[-m:] + b.start for o, m, b in zip(orders, many, blocks, strict=True)]))
        lacking.append(torch.cat([o[:m] + b.start for o, m, b in zip(orders, many, blocks, strict=True)]))
    return Sets(torch.stack(having), torch.stack(lacking))


def halves(sets: Sets, count: int, *, stream: Stream) -> Sets:
    """Random halves of the first pair."""

    def half(rows: Tensor, side: str) -> Tensor:
        own = stream.child(side)
        return torch.stack([rows[own.permutation(each, len(rows))[: max(1, len(rows) // 2)]] for each in range(count)])

    return Sets(half(sets.having[0], "having"), half(sets.lacking[0], "lacking"))


def _fitted(x: Tensor, ones: int) -> Tensor:
    """Weights and offset, (pairs, k + 1); the first `ones` of each pair's rows have the concept."""
    pairs, n, k = x.shape
    wide = torch.cat([x, x.new_ones(pairs, n, 1)], 2)
    y = (torch.arange(n) < ones).to(x)
    ridge = torch.full((k + 1,), PENALTY * n, dtype=x.dtype)
    ridge[-1] = 1e-9 * n
    weights = x.new_zeros(pairs, k + 1)
    for _ in range(ROUNDS):
        chance = torch.sigmoid((wide @ weights[..., None])[..., 0])
        gradient = ((chance - y)[..., None] * wide).sum(1) + ridge * weights
        room = (chance * (1 - chance)).clamp(min=1e-12)
        bent = wide.transpose(1, 2) @ (wide * room[..., None]) + torch.diag(ridge)
        move = torch.linalg.solve(bent, gradient)
        weights = weights - move
        if float(move.abs().max()) < 1e-9:
            break
    return weights


def _summed(activation: Tensor, cells: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Sums over cells (n, channels, cells), and how many places each holds; axes without a plane are one cell."""
    maps = activation.detach().double().cpu()
    if maps.ndim != 4:
        flat = maps.flatten(2).sum(2) if maps.ndim > 2 else maps
        return flat, torch.tensor(maps[0, 0].numel() if maps.ndim > 2 else 1, dtype=torch.float64)
    down, across = (
        torch.nn.functional.one_hot(torch.arange(size) * many // size, many).double()
        for size, many in zip(maps.shape[2:], cells, strict=True)
    )
    return down.T @ maps @ across, down.sum(0)[:, None] * across.sum(0)
