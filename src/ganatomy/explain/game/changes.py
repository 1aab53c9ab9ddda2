"""Where the readings of a run change their course: straight pieces, as many as noise does not explain.

    found = changes(tables)                  # tables (readings, bins), NaN where a reading is missing
    found.cuts                               # (0, 12, 40): pieces are bins 0 to 11, 12 to 39, 40 to the end
    found.penalty                            # what a further piece must be worth

Optimal partitioning (Jackson et al. 2005): each piece is a straight line for every reading, and a further piece must
lessen the squared residuals, each in units of its reading's noise, by more than the penalty. Noise of a run goes on
from one round to the next, which looks like change; so the penalty is found by simulation: of records of noise alone,
with the same gaps and the autocorrelation of these readings, no more than 5 % would be cut. Noise and autocorrelation
are told from differences of neighbours, which a few changes hardly touch.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.numerics.random import Stream

SHORTEST = 4  # bins of a piece
DRAWS, LEVEL = 99, 0.95
PIECES = 3  # further pieces that the simulation tries
MOST = 0.9  # autocorrelation of neighbours; beyond that noise cannot be told from change at all
CAUTION = 2.0  # standard errors that are added to an autocorrelation; with 1, 7 % of noise was cut
FEWEST = 8  # values of a reading from which its noise can be told
LEAST = 0.02  # noise of any reading, in the units of its logarithm: smaller changes are of no interest


@dataclass(frozen=True, eq=False)
class Changes:
    """`cuts`: first bins of the pieces. `noise`, `carried`: of each reading, its spread and its autocorrelation."""

    cuts: tuple[int, ...]
    penalty: float
    noise: Tensor
    carried: Tensor


def changes(tables: Tensor, *, seed: int = 0, shortest: int = SHORTEST) -> Changes:
    """`tables`: (readings, bins), on scales on which noise is as large everywhere; seldom taken ones are left out."""
    tables = tables[torch.isfinite(tables).sum(1) >= FEWEST]
    if not len(tables):
        return Changes((0,), float("inf"), torch.empty(0), torch.empty(0))
    noise, carried = _noise(tables[None])
    bins = tables.shape[1]
    if bins < 2 * shortest:
        return Changes((0,), float("inf"), noise[0], carried[0])
    simulated = _simulated(tables, carried[0], seed)
    worth = _worth(_costs(simulated, _noise(simulated)[0], shortest), shortest)
    penalty = float(worth.quantile(LEVEL))
    return Changes(_cut(_costs(tables[None], noise, shortest)[0], penalty, shortest), penalty, noise[0], carried[0])


def _noise(tables: Tensor) -> tuple[Tensor, Tensor]:
    """Of (records, readings, bins): spread and autocorrelation as of an AR(1), each (records, readings).

    Differences of neighbours have the variance 2 s^2 (1 - r), and those of next neighbours 2 s^2 (1 - r^2). Taken is
    the autocorrelation with two standard errors added: too little would let noise pass for change.
    """
    told = [_told(tables[:, place][:, there]) for place, there in enumerate(_taken(tables[0]))]
    return torch.stack([noise for noise, _ in told], 1), torch.stack([carried for _, carried in told], 1)


def _told(values: Tensor) -> tuple[Tensor, Tensor]:
    """Of one reading where it was taken, (records, n)."""
    one, two = _variance(values.diff(dim=1)), _variance(values[:, 2:] - values[:, :-2])
    found = (two / one.clamp(min=1e-300) - 1).clamp(-0.5, MOST)
    carried = (found + CAUTION / values.shape[1] ** 0.5).clamp(0.0, MOST)
    return (one / (2 * (1 - found))).sqrt().clamp(min=LEAST), carried


def _variance(values: Tensor) -> Tensor:
    """What lies far out, as a step among differences, counts as if it lay at three spreads."""
    centred = values - values.median(dim=1, keepdim=True).values
    far = 3 * 1.4826 * centred.abs().median(dim=1, keepdim=True).values
    return torch.where(far > 0, centred.clamp(-far, far), centred).square().mean(1)


def _taken(table: Tensor) -> list[Tensor]:
    return [row.isfinite().nonzero().flatten() for row in table]


def _simulated(tables: Tensor, carried: Tensor, seed: int) -> Tensor:
    """Records of noise alone, (DRAWS, readings, bins), of spread 1, each reading where it was taken."""
    readings, bins = tables.shape
    fresh = Stream(seed, "account/changes").normal(range(DRAWS), readings, bins, dtype=torch.float64)
    out = torch.full_like(fresh, torch.nan)
    for row, (there, r) in enumerate(zip(_taken(tables), carried.tolist(), strict=True)):
        value = fresh[:, row, 0]
        for place in there.tolist():
            out[:, row, place] = value
            value = r * value + (1 - r * r) ** 0.5 * fresh[:, row, (place + 1) % bins]
    return out


def _costs(tables: Tensor, noise: Tensor, shortest: int) -> Tensor:
    """Squared residuals of a line for every piece, (records, bins + 1, bins + 1): from a bin to before another.

    From running sums; a piece in which a reading was taken twice or less costs nothing by it.
    """
    places = torch.arange(tables.shape[2] + 1)
    total = sum(_cost(tables[:, row], noise[:, row]) for row in range(tables.shape[1]))
    return torch.where(places[None, :] - places[:, None] >= shortest, total, torch.inf)


def _cost(values: Tensor, noise: Tensor) -> Tensor:
    """Of one reading, (records, bins)."""
    there = torch.isfinite(values).double()
    y = torch.where(there > 0, values - values.nanmean(1, keepdim=True), 0.0) / noise[:, None]
    x = torch.linspace(-1, 1, values.shape[1], dtype=torch.float64) * there
    sums = torch.stack([there, x, x * x, y, x * y, y * y])
    run = torch.cat([torch.zeros_like(sums[..., :1]), sums.cumsum(-1)], -1)
    n, sx, sxx, sy, sxy, syy = run[..., None, :] - run[..., :, None]  # (..., from, to)
    size = n.clamp(min=1.0)
    wide, along = (sxx - sx * sx / size).clamp(min=0.0), sxy - sx * sy / size
    slope = torch.where(wide > 1e-9, along.square() / wide.clamp(min=1e-9), 0.0)
    return torch.where(n > 2, (syy - sy * sy / size - slope).clamp(min=0.0), 0.0)


def _worth(costs: Tensor, shortest: int) -> Tensor:
    """By how much a further piece lessens the cost, at best over one to PIECES further pieces, a piece; (records,)."""
    bins = costs.shape[1] - 1
    best = costs[:, 0]  # cost of the first bins in so many pieces
    whole, found = best[:, bins], []
    for more in range(1, PIECES + 1):
        if bins < (more + 1) * shortest:
            break
        best = (best[:, :, None] + costs).amin(1)
        found.append((whole - best[:, bins]) / more)
    return torch.stack(found).amax(0)


def _cut(costs: Tensor, penalty: float, shortest: int) -> tuple[int, ...]:
    """The best pieces where each further one costs the penalty."""
    bins = len(costs) - 1
    total, before = torch.full((bins + 1,), torch.inf, dtype=torch.float64), [0] * (bins + 1)
    total[0] = -penalty
    for end in range(shortest, bins + 1):
        sums = total[:end] + costs[:end, end] + penalty
        before[end] = int(sums.argmin())
        total[end] = sums[before[end]]
    cuts, end = [], bins
    while end > 0:
        end = before[end]
        cuts.append(end)
    return tuple(reversed(cuts))
