"""Maximum mean discrepancies: KID with the cubic kernel, RBF with the median distance, both unbiased.

    kid(both)["KID"]; mmd(both)["RBF-MMD"]         # squared, as usual; may fall a little below 0, and floor 0
    mmd_test(both, draws=999).p                    # "both from one law", by relabelling

MMD^2 = mean k(x, x') + mean k(y, y') - 2 mean k(x, y) over pairs of different samples (Gretton et al. 2012). Tables of
kernel values are summed by chunks and by blocks of samples, so that leaving out each block costs nothing more. Near 0
the jackknife's error is too large by up to a half; far from 0 a 95 % interval holds the truth 92 to 95 % of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.evaluate.quality.pairs import Pair, Readings, standardised
from ganatomy.evaluate.quality.plug_in import jackknifed
from ganatomy.numerics.distances import CHUNK
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.permutation import Permuted, against_controls
from ganatomy.results.measurement import Measurement

SEEN = 1000  # samples at most for the median distance

Kernel = Callable[[Tensor, Tensor], Tensor]  # (n, d), (m, d) -> (n, m)


def polynomial(x: Tensor, y: Tensor) -> Tensor:
    """(x y / d + 1)^3 (Binkowski et al. 2018)."""
    return (x @ y.T / x.shape[1] + 1) ** 3


def rbf(width: float) -> Kernel:
    """exp(-|x - y|^2 / (2 width^2))."""

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        squares = x.square().sum(1)[:, None] + y.square().sum(1) - 2 * x @ y.T
        return torch.exp(squares.clamp(min=0) / (-2 * width**2))

    return kernel


def median_distance(x: Tensor, *, stream: Stream) -> float:
    """Between samples of x, at most `SEEN` of them."""
    if len(x) > SEEN:
        x = x[stream.permutation(0, len(x))[:SEEN].to(x.device)]
    found = float(torch.pdist(x).median())
    if not found > 0:
        raise UsageError(
            "half of the real samples or more lie on one point", "give samples that differ, or another space"
        )
    return found


@dataclass(frozen=True, eq=False)
class Sums:
    """Kernel values summed over pairs of blocks, (blocks, blocks); `own` is the part of each sample with itself."""

    xx: Tensor
    yy: Tensor
    xy: Tensor
    own: tuple[Tensor, Tensor]
    sizes: tuple[Tensor, Tensor]

    def squared(self, which: Sequence[int], *, unbiased: bool = True) -> float:
        """MMD^2 of what these blocks hold; biased ones count each sample's value with itself."""
        at = torch.tensor(list(which))
        n, m = (float(size[at].sum()) for size in self.sizes)
        parts = [float(table[at][:, at].sum()) for table in (self.xx, self.yy, self.xy)]
        if not unbiased:
            return parts[0] / n**2 + parts[1] / m**2 - 2 * parts[2] / (n * m)
        own = [float(each[at].sum()) for each in self.own]
        return (parts[0] - own[0]) / (n * (n - 1)) + (parts[1] - own[1]) / (m * (m - 1)) - 2 * parts[2] / (n * m)


def summed(both: Pair, kernel: Kernel) -> Sums:
    first, second = both.blocks()
    count = int(first.max()) + 1
    x, y = both.real, both.made
    p, q = (torch.nn.functional.one_hot(each, count).double() for each in (first, second))
    return Sums(
        _by_block(x, x, p, p, kernel),
        _by_block(y, y, q, q, kernel),
        _by_block(x, y, p, q, kernel),
        own=((p.T @ _with_itself(x, kernel)).cpu(), (q.T @ _with_itself(y, kernel)).cpu()),
        sizes=(p.sum(0).cpu(), q.sum(0).cpu()),
    )


def kid(both: Pair, *, standardise: bool = True) -> Readings:
    """On features standardised by the real ones, since a cube of raw ones can be of any size."""
    ready = standardised(both) if standardise else both
    how = "standardised by the real ones" if standardise else "raw"
    said = both.says(f"cubic kernel of features {how}, unbiased over all pairs")
    return _read("KID", ready, polynomial, said)


def mmd(both: Pair, *, width: float | None = None) -> Readings:
    """The width is the median distance of real samples, so that generators measured against them can be compared."""
    width = median_distance(both.real, stream=both.stream.child("median")) if width is None else width
    said = both.says(f"Gaussian kernel of width {width:.6g}, unbiased over all pairs")
    return _read("RBF-MMD", both, rbf(width), said)


def mmd_test(both: Pair, *, draws: int = 999) -> Permuted:
    """p of the unbiased RBF-MMD^2 under random relabelling; its width is of both samples, lest labels show in it."""
    if both.groups is not None:
        raise UsageError(
            "real samples in groups were to be exchanged for single generated ones",
            "they are not exchangeable: take the interval of mmd instead",
        )
    pool = torch.cat([both.real, both.made])
    n, total = len(both.real), len(pool)
    kernel = rbf(median_distance(pool, stream=both.stream.child("pooled")))
    labels = torch.zeros(draws + 1, total, dtype=torch.float64)
    labels[0, :n] = 1
    stream = both.stream.child("relabelling")
    for draw in range(draws):
        labels[draw + 1, stream.permutation(draw, total)[:n]] = 1
    xx, xy, yy = _relabelled(pool, labels.to(pool.device), kernel)
    m = total - n
    values = (xx - n) / (n * (n - 1)) + (yy - m) / (m * (m - 1)) - 2 * xy / (n * m)  # k(x, x) = 1
    return against_controls(float(values[0]), values[1:].cpu())


def _read(name: str, both: Pair, kernel: Kernel, said: str) -> Readings:
    sums = summed(both, kernel)
    n, m = sums.sizes
    seen = jackknifed(sums.squared, ((n / n.sum() + m / m.sum()) / 2).tolist())
    within = seen.interval(seen.value)
    return {name: Measurement(name, seen.value, min(both.sizes), said, "low", within, 0.0, both.space)}


def _by_block(x: Tensor, y: Tensor, x_hot: Tensor, y_hot: Tensor, kernel: Kernel) -> Tensor:
    """Never more than `CHUNK` kernel values at once."""
    total, step = torch.zeros(x_hot.shape[1], y_hot.shape[1], dtype=torch.float64, device=x.device), _step(y)
    for first in range(0, len(x), step):
        part = slice(first, first + step)
        total += x_hot[part].T @ (kernel(x[part], y) @ y_hot)
    return total.cpu()


def _with_itself(x: Tensor, kernel: Kernel) -> Tensor:
    """k(x, x) of each sample, by small squares along the diagonal."""
    return torch.cat([kernel(part, part).diagonal() for part in x.split(64)])


def _relabelled(pool: Tensor, labels: Tensor, kernel: Kernel) -> tuple[Tensor, Tensor, Tensor]:
    """Sums over pairs both labelled 1, over pairs of a 1 with a 0 and over pairs labelled 0, for each labelling."""
    xx, xa, aa = (torch.zeros(len(labels), dtype=torch.float64, device=pool.device) for _ in range(3))
    for first in range(0, len(pool), _step(pool)):
        part = slice(first, first + _step(pool))
        table = kernel(pool[part], pool)
        each = labels[:, part]
        xx += ((labels @ table.T) * each).sum(1)
        xa += each @ table.sum(1)
        aa += table.sum()
    return xx, xa - xx, aa - 2 * xa + xx


def _step(y: Tensor) -> int:
    return max(1, CHUNK // len(y))
