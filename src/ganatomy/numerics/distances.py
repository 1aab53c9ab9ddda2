"""Distances between samples and between distributions, in float64.

    frechet(real, fake)                     # squared Fréchet distance of the fitted Gaussians
    values, where = neighbours(fake, real, k=1)
    count_modes(points, centres, std)       # how many modes are hit, strictly and loosely

Squared Fréchet distance: |m1 - m2|^2 + tr S1 + tr S2 - 2 tr (S1 S2)^(1/2), covariances with n - 1 (Heusel et al. 2017).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.numerics.linear import root
from ganatomy.numerics.running import Covariance, finite

CHUNK = 2**20  # entries of a distance table held at once: 8 MiB of float64


def frechet(x: Tensor, y: Tensor) -> float:
    """From samples (n, d) and (m, d); with at most d samples on both sides no d x d matrix is formed."""
    x, y = _samples(x, "x"), _samples(y, "y")
    _same_width(x, y)
    if min(len(x), len(y)) < 2:
        raise UsageError(
            f"the Fréchet distance of {len(x)} and {len(y)} samples was asked for", "give two or more each"
        )
    if max(len(x), len(y)) <= x.shape[1]:
        return frechet_thin(x, y)
    return frechet_gaussian(Covariance.of(x), Covariance.of(y))


def frechet_gaussian(a: Covariance, b: Covariance) -> float:
    """From streamed moments: tr (S1 S2)^(1/2) is the sum of the roots of the eigenvalues of R^T S2 R with S1 = R R^T.

    R is the triangular factor of S1 or, where S1 is not positive definite and has none, its symmetric root.
    """
    if a.mean.shape != b.mean.shape:
        raise UsageError(
            f"moments of {len(a.mean)} and {len(b.mean)} features cannot be compared", "use one feature space for both"
        )
    first, second = a.matrix(), b.matrix()
    half, failed = torch.linalg.cholesky_ex(first)
    if int(failed):
        half = root(first)
    cross = torch.linalg.eigvalsh(half.T @ second @ half).clamp(min=0).sqrt().sum()
    return float((a.mean - b.mean).square().sum() + first.trace() + second.trace() - 2 * cross)


def frechet_thin(x: Tensor, y: Tensor) -> float:
    """SVD form for n < d: tr (S1 S2)^(1/2) is the nuclear norm of Xc Yc^T, Xc = (x - mean) / sqrt(n - 1). Exact."""
    centred = [(s - s.mean(0)) / (len(s) - 1) ** 0.5 for s in (x, y)]
    cross = torch.linalg.svdvals(centred[0] @ centred[1].T).sum()
    spread = centred[0].square().sum() + centred[1].square().sum()
    return float((x.mean(0) - y.mean(0)).square().sum() + spread - 2 * cross)


def frechet_floor(spectrum: Tensor, n: int, m: int) -> float:
    """What two samples from one Gaussian law with these covariance eigenvalues measure on average, to first order.

    (1/n + 1/m) [ sum_i l_i + 1/2 sum_ij (1 + delta_ij) l_i l_j / (l_i + l_j) ]: the mean part and the Bures expansion.
    """
    eigen = spectrum.double().clamp(min=0)
    sums = eigen[:, None] + eigen[None, :]
    pairs = torch.where(sums > 0, eigen[:, None] * eigen[None, :] / sums.clamp(min=1e-300), torch.zeros_like(sums))
    bures = 0.5 * (pairs.sum() + pairs.diagonal().sum())
    return float((1 / n + 1 / m) * (eigen.sum() + bures))


def neighbours(queries: Tensor, points: Tensor, k: int = 1, *, skip_self: bool = False) -> tuple[Tensor, Tensor]:
    """Distances to and indices of the k nearest points of each query, nearest first, (queries, k) each.

    In chunks, so memory does not grow with queries x points. Candidates come from the expanded square about the median,
    which rounds by 1e-16 of the squared distance to it; their distances are then taken from the differences, so an
    exact copy that is found is at distance exactly 0. A far outlier costs only its own neighbours their order. With
    `skip_self` queries and points are the same table and a row is not its own neighbour.
    """
    queries, points = _samples(queries, "queries"), _samples(points, "points")
    _same_width(queries, points)
    if skip_self and len(queries) != len(points):
        raise UsageError(
            f"{len(queries)} queries cannot be {len(points)} points", "skip_self takes the same table twice"
        )
    if not 1 <= k <= len(points) - skip_self:
        raise UsageError(f"{k} neighbours among {len(points)} points were asked for", "k must leave enough points")
    centre = points.median(0).values  # an outlier would drag a mean along, and rounding with it
    near = points - centre
    squares = near.square().sum(1)
    step = max(1, CHUNK // len(points))
    where = torch.empty(len(queries), k, dtype=torch.int64, device=points.device)
    room = torch.empty(min(step, len(queries)), len(points), dtype=torch.float64, device=points.device)  # used anew
    for first in range(0, len(queries), step):  # small tables kept between large ones would leave holes everywhere
        part = queries[first : first + step] - centre
        table = torch.addmm(squares, part, near.T, alpha=-2, out=room[: len(part)])  # |q|^2: the same in a whole row
        if skip_self:
            here = torch.arange(len(part), device=table.device)
            table[here, first + here] = torch.inf
        where[first : first + step] = table.topk(k, dim=1, largest=False).indices
    return _exact(queries, points, where)


def _exact(queries: Tensor, points: Tensor, where: Tensor) -> tuple[Tensor, Tensor]:
    """Distances of the chosen pairs from their differences, sorted again: candidates were ranked with rounding."""
    distances = torch.empty(where.shape, dtype=torch.float64, device=queries.device)
    step = max(1, CHUNK // (where.shape[1] * queries.shape[1]))
    for first in range(0, len(queries), step):
        part = slice(first, first + step)
        distances[part] = (queries[part, None] - points[where[part]]).norm(dim=2)
    distances, order = distances.sort(dim=1, stable=True)
    return distances, where.gather(1, order)


@dataclass(frozen=True)
class ModeCount:
    """How samples spread over known modes.

    loose: modes with at least one high-quality sample (the published rule: one stray sample counts).
    strict: modes with at least a fifth of the samples they are due, n / modes / 5, counting high-quality ones only.
    high_quality: share of samples within 3 std of their nearest mode.
    reverse_kl: KL(samples || modes) in nats over the high-quality samples; infinite when there is none.
    """

    n: int
    modes: int
    loose: int
    strict: int
    high_quality: float
    reverse_kl: float
    counts: Tensor


def count_modes(samples: Tensor, centres: Tensor, std: float, *, within: float = 3.0) -> ModeCount:
    """Modes that are small round blobs of equal weight: ring8, grid25 (protocol of PacGAN, Lin et al. 2018)."""
    if not std > 0:
        raise UsageError(f"modes of std {std} were given", "the std of a mode is above 0")
    distance, where = neighbours(samples, centres)
    good = distance[:, 0] <= within * std
    return tally_modes(torch.where(good, where[:, 0], -1), len(centres))


def tally_modes(labels: Tensor, modes: int) -> ModeCount:
    """The same from a label for each sample, as a classifier gives it; -1 stands for a sample of no mode."""
    if not len(labels):
        raise UsageError("modes of no samples were to be counted", "give at least one sample")
    if int(labels.max()) >= modes or int(labels.min()) < -1:
        raise UsageError(f"a label lies outside -1 .. {modes - 1}", "labels count modes from 0; -1 stands for none")
    counts = torch.bincount(labels[labels >= 0], minlength=modes)
    good = int(counts.sum())
    share = counts[counts > 0].double() / max(good, 1)
    return ModeCount(
        n=len(labels),
        modes=modes,
        loose=int((counts > 0).sum()),
        strict=int((counts >= 0.2 * len(labels) / modes).sum()),
        high_quality=good / len(labels),
        reverse_kl=float((share * (share * modes).log()).sum()) if good else float("inf"),
        counts=counts,
    )


def _samples(x: Tensor, name: str) -> Tensor:
    if x.dim() != 2 or len(x) == 0:
        raise UsageError(
            f"{name} has shape {tuple(x.shape)}", "distances take tables (samples, features) with at least one row"
        )
    if not finite(x):
        raise InputError(f"{name} holds NaN or infinite values", "leave those samples out before measuring")
    return x.detach().double()


def _same_width(x: Tensor, y: Tensor) -> None:
    if x.shape[1] != y.shape[1]:
        raise UsageError(
            f"samples with {x.shape[1]} and {y.shape[1]} features cannot be compared", "use one feature space for both"
        )
