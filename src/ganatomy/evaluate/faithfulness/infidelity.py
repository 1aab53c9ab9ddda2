"""Infidelity: how badly a map predicts what a change I of the picture does to the score.

    seen = noise_drops(case, sd=0.1, draws=32, stream=stream)               # f(x) - f(x - I), for I ~ N(0, sd^2)
    told = noise_told(case, slopes, sd=0.1, draws=32, stream=stream)        # I . a, of the very same I
    infidelity(told, seen)                           # (n,): mean of (I . a - (f(x) - f(x - I)))^2
    infidelity(told, seen, scaled=True)              # the map times its best scale, not below 0

Yeh et al. 2019. From 0 without bound, in squared units of the score; `share` divides by the mean of (f(x) - f(x - I))^2
so that a map of zeros has 1, and a map at its best scale lies between 0 and 1. With a linear score its gradient has 0.
Squares (or random halves of a point's coordinates) are put to the baseline: I = x - b there.
A map whose values are shares of the change predicts the sum of its shares in the square, a slope I . a.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ganatomy.evaluate.faithfulness.cases import Case, scores_of
from ganatomy.numerics.random import Stream

NARROWEST, WIDEST = 7, 2  # the side of a square: from a seventh of the picture to a half


def infidelity(told: Tensor, seen: Tensor, *, scaled: bool = False) -> Tensor:
    """(n,) from (draws, n). The best scale is E[told seen] / E[told^2]; a map with its sign turned gets scale 0."""
    if scaled:
        told = told * best_scale(told, seen)
    return (told - seen).square().mean(0)


def best_scale(told: Tensor, seen: Tensor) -> Tensor:
    square = told.square().mean(0)
    return ((told * seen).mean(0) / torch.where(square > 0, square, 1.0)).clamp(min=0)


def share(infidelities: Tensor, seen: Tensor) -> Tensor:
    """Of the infidelity of a map of zeros; 1 where no change moves the score, since nothing is left to predict."""
    most = seen.square().mean(0)
    return torch.where(most > 0, infidelities / torch.where(most > 0, most, 1.0), 1.0)


def noise_drops(case: Case, *, sd: float, draws: int, stream: Stream) -> Tensor:
    """(draws, n). `sd` is in units of the pictures' values."""

    def changed(place: int) -> Tensor:
        return case.pictures - _noise(case, place, stream).to(case.pictures) * sd

    return case.scores - scores_of(case, draws, changed)


def noise_told(case: Case, maps: Tensor, *, sd: float, draws: int, stream: Stream) -> Tensor:
    """(draws, ..., n) for maps (..., n, shape): several maps of one picture may be told at once."""
    flat = maps.double().flatten(maps.dim() - case.pictures.dim() + 1)
    rows = [(_noise(case, place, stream).flatten(1) * sd * flat).sum(-1) for place in range(draws)]
    return torch.stack(rows)


def square_drops(case: Case, squares: Tensor) -> Tensor:
    """(draws, n), for squares (draws, n, pixels)."""
    return case.scores - scores_of(case, len(squares), lambda place: case.mixed(~squares[place]))


def square_told(shares: Tensor, squares: Tensor) -> Tensor:
    """(draws, ..., n): the sum in each square, for shares (..., n, pixels)."""
    return torch.stack([(square * shares).sum(-1) for square in squares.double()])


def shares_of(case: Case, slopes: Tensor) -> Tensor:
    """(..., n, pixels): what slopes say that each pixel adds to the score, a . (x - b)."""
    return case.pooled(slopes.double() * (case.pictures - case.baseline).double())


def squares_of(case: Case, *, draws: int, stream: Stream) -> Tensor:
    """(draws, n, pixels), true inside: sides and places uniform, wholly in the picture."""
    return torch.stack([_squares(case, case.draw(place), stream) for place in range(draws)])


def _squares(case: Case, addresses: Sequence[int], stream: Stream) -> Tensor:
    if case.pictures.dim() == 2:
        return stream.uniform(addresses, case.pixels) < 0.5
    height, width = case.pictures.shape[-2:]
    least, most = max(1, min(height, width) // NARROWEST), max(1, min(height, width) // WIDEST)
    u = stream.uniform(addresses, 3, dtype=torch.float64)
    side = least + (u[:, 0] * (most - least + 1)).long()
    top, left = ((u[:, 1 + axis] * (length - side + 1)).long() for axis, length in enumerate((height, width)))
    rows, columns = torch.arange(height)[None, :, None], torch.arange(width)[None, None, :]
    top, left, side = (each[:, None, None] for each in (top, left, side))
    inside = (rows >= top) & (rows < top + side) & (columns >= left) & (columns < left + side)
    return inside.flatten(1)


def _noise(case: Case, place: int, stream: Stream) -> Tensor:
    return stream.normal(case.draw(place), *case.pictures.shape[1:], dtype=torch.float64)
