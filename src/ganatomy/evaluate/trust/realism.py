"""The realism of single samples (Kynkäänniemi et al. 2019) and what lies nearest to them, in bounded memory.

ball = balls_of(real_features, k=3)              # the smaller half of the real samples' neighbour balls
score = realism(features, ball)                  # above 1: inside one of them; infinite for a copy of its centre
near, where = nearest_of(data, space, features)  # the nearest sample of a whole data set, streamed
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError
from ganatomy.explain.passes import Progress
from ganatomy.features.space import FeatureSpace
from ganatomy.numerics.distances import CHUNK, neighbours

READ = 4096  # samples of a data set held at once
CANDIDATES = 8  # balls of largest ratio by the expanded square, decided by the difference itself


@dataclass(frozen=True, eq=False)
class Kept:
    """Centres (n, d), float64, and radii (n,)."""

    centres: Tensor
    radii: Tensor


def balls_of(real: Tensor, *, k: int = 3) -> Kept:
    """Balls to the k-th nearest other sample; the larger half is left out, as those of outliers reach too far."""
    if len(real) <= k:
        raise UsageError(f"the {k}th neighbours of {len(real)} samples were asked for", f"give more than {k} samples")
    centres = real.detach().double().cpu()
    radii = neighbours(centres, centres, k, skip_self=True)[0][:, -1]
    small = radii <= radii.median()
    return Kept(centres[small], radii[small])


def realism(features: Tensor, kept: Kept) -> Tensor:
    """max over balls of radius / distance, (n,)."""
    own = features.detach().double().cpu()
    centre = kept.centres.median(0).values
    near, found = kept.centres - centre, []
    squares, count = near.square().sum(1), min(CANDIDATES, len(kept.radii))
    step = max(1, CHUNK // max(len(near), count * near.shape[1]))
    for part in own.split(step):
        moved = part - centre
        table = (squares - 2 * moved @ near.T + moved.square().sum(1, keepdim=True)).clamp(min=1e-300)
        where = (kept.radii.square() / table).topk(count, dim=1).indices
        far = (part[:, None] - kept.centres[where]).norm(dim=2)
        ratio = torch.where(far > 0, kept.radii[where] / far, torch.inf)
        found.append(ratio.amax(1))
    return torch.cat(found) if found else own.new_empty(0)


def nearest_of(
    data: Dataset, space: FeatureSpace, features: Tensor, *, most: int, progress: Progress | None = None
) -> tuple[Tensor, Tensor]:
    """Distances to and numbers of the nearest of the first `most` samples, (n,) each."""
    count, own = min(most, data.size), features.detach().double().cpu()
    far = torch.full((len(own),), torch.inf, dtype=torch.float64)
    where = torch.full((len(own),), -1, dtype=torch.int64)
    for first in range(0, count, READ):
        stop = min(first + READ, count)
        table = space(data.read(range(first, stop)), data.format).double().cpu()
        distance, row = (each[:, 0] for each in neighbours(own, table))
        nearer = distance < far
        far, where = torch.where(nearer, distance, far), torch.where(nearer, first + row, where)
        if progress is not None:
            progress(stop, count)
    return far, where
