"""Where the readings of a run change their course: straight pieces, as many as noise does not explain.

    found = changes(tables)                  # tables (readings, bins), NaN where a reading is missing
    found.cuts                               # (0, 12, 40): pieces are bins 0 to 11, 12 to 39, 40 to the end
    found.turned                             # (2, 0): which reading changed its course most, at bins 12 and 40
    found.penalty                            # what a further piece must be worth

Optimal partitioning (Jackson et al. 2005): each piece is a straight line for every reading, and a further piece must
lessen the squared residuals, each in units of its reading's noise, by more than the penalty. Noise of a run goes on
from one round to the next, and from one reading to another, which looks like change; so the penalty is found by
simulation: of records of noise alone, with the same gaps, the autocorrelation of these readings and their correlation
with each other, 5 % would be cut. All three are told from differences of neighbours, which a few changes hardly touch.
Noise that goes on for longer than the record (an autocorrelation above MOST) cannot be told from change.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.numerics.random import Stream

SHORTEST = 4  # bins of a piece
DRAWS, LEVEL = 99, 0.95
PIECES = 3  # further pieces that the simulation tries
MOST = 0.95  # autocorrelation of neighbours; beyond that noise cannot be told from change at all
CAUTION = 2.0  # standard errors that are added to an autocorrelation; with 1, 7 % of noise was cut
FEWEST = 8  # values of a reading from which its noise can be told
LEAST = 0.02  # noise of any reading, in the units of its logarithm: smaller changes are of no interest


@dataclass(frozen=True, eq=False)
class Changes:
    """`cuts`: first bins of the pieces. `turned`: which reading changed its course most at each of them but the first.

    `noise`, `carried`: of each reading that decides, its spread and its autocorrelation.
    """

    cuts: tuple[int, ...]
    turned: tuple[int, ...]
    penalty: float
    noise: Tensor
    carried: Tensor


def changes(tables: Tensor, *, seed: int = 0, shortest: int = SHORTEST) -> Changes:
    """`tables`: (readings, bins), on scales on which noise is as large everywhere; seldom taken ones are left out."""
    rows = (torch.isfinite(tables).sum(1) >= FEWEST).nonzero().flatten()
    tables = tables[rows]
    if not len(tables):
        return Changes((0,), (), float("inf"), torch.empty(0), torch.empty(0))
    carried = _carried(tables)
    noise = _noise(tables[None], carried)
    bins = tables.shape[1]
    if bins < 2 * shortest:
        return Changes((0,), (), float("inf"), noise[0], carried)
    simulated = _simulated(tables, carried, seed)
    worth = _worth(_costs(simulated, _noise(simulated, carried), shortest), shortest)
    penalty = float(worth.quantile(LEVEL))
    cuts = _cut(_costs(tables[None], noise, shortest)[0], penalty, shortest)
    turned = tuple(int(rows[place]) for place in _turned(tables, noise, cuts))
    return Changes(cuts, turned, penalty, noise[0], carried)


def _turned(tables: Tensor, noise: Tensor, cuts: tuple[int, ...]) -> list[int]:
    """The reading that a cut is worth most to, for each cut but the first."""
    each = torch.stack([_cost(tables[None, row], noise[:, row])[0] for row in range(len(tables))])
    ends = (*cuts, tables.shape[1])
    spans = zip(ends, ends[1:], ends[2:], strict=False)
    return [int((each[:, a, c] - each[:, a, b] - each[:, b, c]).argmax()) for a, b, c in spans]


def _carried(tables: Tensor) -> Tensor:
    return torch.stack([_carry(tables[place, there]) for place, there in enumerate(_taken(tables))])


def _noise(tables: Tensor, carried: Tensor) -> Tensor:
    """The spread of (records, readings, bins), (records, readings), each reading with the autocorrelation it has.

    That is not estimated again for every record: where it is found too small, all would look like change.
    """
    found = [_spread(tables[:, row][:, there], carried[row]) for row, there in enumerate(_taken(tables[0]))]
    return torch.stack(found, 1)


def _carry(values: Tensor) -> Tensor:
    """The autocorrelation of one reading, (n,), as of an AR(1).

    Differences of neighbours have the variance 2 s^2 (1 - r), and those of next neighbours 2 s^2 (1 - r^2). Taken is
    the autocorrelation with two standard errors added: too little would let noise pass for change.
    """
    one, two = _variance(values.diff()[None]), _variance((values[2:] - values[:-2])[None])
    found = (two / one.clamp(min=1e-300) - 1).clamp(-0.5, MOST)
    out: Tensor = (found + CAUTION / len(values) ** 0.5).clamp(0.0, MOST)[0]
    return out


def _spread(values: Tensor, carried: Tensor) -> Tensor:
    return (_variance(values.diff(dim=1)) / (2 * (1 - carried))).sqrt().clamp(min=LEAST)


def _variance(values: Tensor) -> Tensor:
    return tamed(values).square().mean(1)


def tamed(values: Tensor) -> Tensor:
    """About their median; what lies far out, as a step among differences, counts as if it lay at three spreads."""
    centred = values - values.median(dim=-1, keepdim=True).values
    far = 3 * 1.4826 * centred.abs().median(dim=-1, keepdim=True).values
    out: Tensor = torch.where(far > 0, centred.clamp(-far, far), centred)
    return out


def _together(tables: Tensor) -> Tensor:
    """How the readings' differences correlate where two were taken, (readings, readings); 0 where that was seldom."""
    many = len(tables)
    found = torch.eye(many, dtype=torch.float64)
    for one in range(many):
        for other in range(one):
            both = tables[[one, other]][:, torch.isfinite(tables[[one, other]]).all(0)]
            if both.shape[1] >= FEWEST:
                x, y = tamed(both.diff(dim=1))
                size = float(x.norm() * y.norm())
                found[one, other] = found[other, one] = float(x @ y) / size if size > 0 else 0.0
    return found


def _root(correlations: Tensor) -> Tensor:
    """What turns independent noise into noise with these correlations; found in pairs, they may not fit together."""
    values, vectors = torch.linalg.eigh(correlations)
    root = vectors * values.clamp(min=0.0).sqrt()
    out: Tensor = root / root.norm(dim=-1, keepdim=True)
    return out


def _taken(table: Tensor) -> list[Tensor]:
    return [row.isfinite().nonzero().flatten() for row in table]


def _simulated(tables: Tensor, carried: Tensor, seed: int) -> Tensor:
    """Records of noise alone, (DRAWS, readings, bins), of spread 1, each reading where it was taken."""
    readings, bins = tables.shape
    fresh = Stream(seed, "account/changes").normal(range(DRAWS), readings, bins, dtype=torch.float64)
    fresh = _root(_together(tables)) @ fresh
    out = torch.full_like(fresh, torch.nan)
    for row, (there, r) in enumerate(zip(_taken(tables), carried.tolist(), strict=True)):
        value = fresh[:, row, int(there[0])]
        for number, place in enumerate(there.tolist()):
            value = r * value + (1 - r * r) ** 0.5 * fresh[:, row, place] if number else value
            out[:, row, place] = value
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
