"""One-pass statistics that merge: look at each batch once, keep a summary whose size does not grow with n.

    total = Moments.of(first) + Moments.of(second)      # equals Moments.of(all), up to rounding
    total.mean, total.variance()

Every summary is a frozen value with `of(batch)` and `+`. Counts and maxima merge exactly in any order; float64 means
merge up to rounding, and bit for bit when the same blocks are added in the same order. A batch is (n, channels).
`rows` turns activation maps (n, channels, height, width) into such a batch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError

ROOM = 2**17  # entries of a batch centred at once: 1 MiB of float64
FEWEST = 2048  # rows at once, however wide: to merge two tables of channels costs as much as some hundred rows do


def rows(maps: Tensor) -> Tensor:
    """Every place of every map as a row: (n, c, *places) -> (n * places, c)."""
    return maps.movedim(1, -1).reshape(-1, maps.shape[1])


@dataclass(frozen=True)
class Moments:
    """Count, mean, summed squared deviation and range of each channel, float64 (Chan, Golub & LeVeque 1979)."""

    n: int
    mean: Tensor
    squares: Tensor
    low: Tensor
    high: Tensor

    @classmethod
    def of(cls, batch: Tensor) -> Moments:
        x = _checked(batch)
        mean = x.mean(0)
        return cls(len(x), mean, (x - mean).square().sum(0), x.amin(0), x.amax(0))

    def __add__(self, other: Moments) -> Moments:
        _same_shape(self.mean, other.mean)
        n = self.n + other.n
        step = other.mean - self.mean
        return Moments(
            n,
            self.mean + step * (other.n / n),
            self.squares + other.squares + step.square() * (self.n * other.n / n),
            torch.minimum(self.low, other.low),
            torch.maximum(self.high, other.high),
        )

    def variance(self) -> Tensor:
        """Unbiased (n - 1); needs two samples."""
        return self.squares / _degrees(self.n)


@dataclass(frozen=True)
class Covariance:
    """Count, mean and scatter matrix (sum of outer products of deviations), float64."""

    n: int
    mean: Tensor
    scatter: Tensor

    @classmethod
    def of(cls, batch: Tensor) -> Covariance:
        """In parts that stay in the processor's cache: the batch is read once, and no second table is as large."""
        x = _shaped(batch)
        found: Covariance | None = None
        for part in x.split(max(FEWEST, ROOM // x.shape[1])):
            mean = part.mean(0)
            centred = part - mean
            each = cls(len(part), mean, _scatter(centred))
            found = each if found is None else found + each
        assert found is not None
        if not bool(torch.isfinite(found.mean).all()):
            raise _broken()
        return found

    def __add__(self, other: Covariance) -> Covariance:
        _same_shape(self.mean, other.mean)
        n = self.n + other.n
        step = other.mean - self.mean
        between = torch.outer(step, step) * (self.n * other.n / n)
        return Covariance(n, self.mean + step * (other.n / n), self.scatter + other.scatter + between)

    def matrix(self) -> Tensor:
        """Unbiased covariance (n - 1); needs two samples."""
        return self.scatter / _degrees(self.n)


@dataclass(frozen=True)
class Quantiles:
    """Histogram of each channel over logarithmic bins: a quantile is off by at most `accuracy` times its size.

    Bins grow by (1 + accuracy) / (1 - accuracy), as in DDSketch (Masson, Rim & Lee 2019). What is smaller than
    1e-9 counts as zero; what is larger than 1e9 falls in the last bin and is only known to lie below `high`.
    """

    accuracy: float
    counts: Tensor
    low: Tensor
    high: Tensor

    SMALLEST = 1e-9
    LARGEST = 1e9

    @classmethod
    def of(cls, batch: Tensor, accuracy: float = 0.01) -> Quantiles:
        if not 1e-4 <= accuracy < 1:
            raise UsageError(
                f"quantiles to a relative accuracy of {accuracy} were asked for", "choose from 1e-4 up, below 1"
            )
        x = _checked(batch)
        growth = cls._log_growth(accuracy)
        side = cls._side(accuracy)
        size = x.abs()
        nothing = size <= cls.SMALLEST
        step = size.clamp_(cls.SMALLEST, cls.LARGEST).div_(cls.SMALLEST).log_().div_(growth).ceil_().clamp_(1, side)
        width, channels = 2 * side + 1, x.shape[1]
        bins = step.copysign_(x).masked_fill_(nothing, 0).long().add_(side)
        flat = bins.add_(torch.arange(channels, device=x.device) * width).reshape(-1)
        counts = torch.bincount(flat, minlength=width * channels).reshape(channels, width)
        return cls(accuracy, counts, x.amin(0), x.amax(0))

    def __add__(self, other: Quantiles) -> Quantiles:
        if self.accuracy != other.accuracy:
            raise UsageError(
                f"quantiles of accuracy {self.accuracy} and {other.accuracy} cannot be merged",
                "collect both with the same accuracy",
            )
        _same_shape(self.low, other.low)
        low, high = torch.minimum(self.low, other.low), torch.maximum(self.high, other.high)
        return Quantiles(self.accuracy, self.counts + other.counts, low, high)

    @property
    def n(self) -> int:
        return int(self.counts[0].sum())

    def at(self, q: float) -> Tensor:
        """The q-quantile of each channel: the value of rank floor(q (n - 1)), counted from zero."""
        if not 0 <= q <= 1:
            raise UsageError(f"the {q}-quantile was asked for", "q lies between 0 and 1")
        rank = math.floor(q * (self.n - 1))
        side = self._side(self.accuracy)
        place = torch.searchsorted(self.counts.cumsum(1), torch.full_like(self.counts[:, :1], rank + 1)).squeeze(1)
        step = (place - side).double()
        growth = self._log_growth(self.accuracy)
        middle = self.SMALLEST * torch.exp(step.abs() * growth) * (2 / (1 + math.exp(growth)))
        value = torch.where(step == 0, torch.zeros_like(middle), middle.copysign(step))
        return torch.clamp(value, self.low, self.high)

    @staticmethod
    def _log_growth(accuracy: float) -> float:
        return math.log((1 + accuracy) / (1 - accuracy))

    @classmethod
    def _side(cls, accuracy: float) -> int:
        """Bins on one side of zero."""
        return math.ceil(math.log(cls.LARGEST / cls.SMALLEST) / cls._log_growth(accuracy))


@dataclass(frozen=True)
class TopK:
    """The k largest values of each channel and where they were seen; among equals the smaller index wins."""

    values: Tensor
    indices: Tensor

    @classmethod
    def of(cls, batch: Tensor, indices: Tensor, k: int) -> TopK:
        x = _checked(batch)
        if k < 1 or indices.shape != (len(x),):
            raise UsageError(
                f"the top {k} of {len(x)} rows with indices of shape {tuple(indices.shape)} were asked for",
                "k is at least 1 and each row has one index",
            )
        return cls(x, indices.reshape(-1, 1).expand(-1, x.shape[1]))._best(k)

    def __add__(self, other: TopK) -> TopK:
        if len(self.values) != len(other.values):
            raise UsageError(
                f"a top {len(self.values)} and a top {len(other.values)} cannot be merged",
                "collect both with the same k",
            )
        _same_shape(self.values, other.values)
        values, indices = torch.cat([self.values, other.values]), torch.cat([self.indices, other.indices])
        return TopK(values, indices)._best(len(self.values))

    def _best(self, k: int) -> TopK:
        """Missing places hold -inf at index -1, so that the summary has k rows from the first batch on."""
        spare = (max(k - len(self.values), 0), self.values.shape[1])
        values = torch.cat([self.values, self.values.new_full(spare, -math.inf)])
        indices = torch.cat([self.indices, self.indices.new_full(spare, -1)])
        by_index = indices.argsort(dim=0, stable=True)
        values, indices = values.gather(0, by_index), indices.gather(0, by_index)
        by_value = values.argsort(dim=0, descending=True, stable=True)[:k]
        return TopK(values.gather(0, by_value), indices.gather(0, by_value))


@dataclass(frozen=True)
class CoOccurrence:
    """How often each of `a` things and each of `b` things were seen, and seen together: exact int64 counts."""

    n: int
    together: Tensor
    a: Tensor
    b: Tensor

    @classmethod
    def of(cls, a: Tensor, b: Tensor) -> CoOccurrence:
        """From two boolean tables with the same rows, (n, a) and (n, b)."""
        if a.dtype != torch.bool or b.dtype != torch.bool or a.dim() != 2 or b.dim() != 2 or len(a) != len(b):
            raise UsageError(
                f"co-occurrence of {a.dtype} {tuple(a.shape)} and {b.dtype} {tuple(b.shape)} was asked for",
                "give two boolean tables with the same number of rows",
            )
        together = a.double().T @ b.double()  # float64 counts exactly up to 2^53
        return cls(len(a), together.long(), a.sum(0), b.sum(0))

    def __add__(self, other: CoOccurrence) -> CoOccurrence:
        _same_shape(self.together, other.together)
        return CoOccurrence(self.n + other.n, self.together + other.together, self.a + other.a, self.b + other.b)

    def iou(self) -> Tensor:
        """Intersection over union of each pair, float64; 0 where neither was ever seen."""
        union = self.a[:, None] + self.b[None, :] - self.together
        return self.together.double() / union.clamp(min=1)


def _checked(batch: Tensor) -> Tensor:
    """The batch in float64, or an error: statistics of nothing or of NaN would poison everything merged later."""
    x = _shaped(batch)
    if not finite(x):
        raise _broken()
    return x


def _broken() -> InputError:
    return InputError("a batch for running statistics holds NaN or infinite values", "leave those samples out")


def _shaped(batch: Tensor) -> Tensor:
    if batch.dim() != 2 or not batch.numel():
        raise UsageError(
            f"running statistics of a batch of shape {tuple(batch.shape)} were asked for",
            "give (n, channels) with at least one row; rows() flattens activation maps",
        )
    return batch.detach().double()


def _scatter(x: Tensor) -> Tensor:
    """x^T x. On the CPU by numpy, which works out half of a product that is symmetric, in half the time."""
    if x.device.type != "cpu":
        return x.T @ x
    table = x.numpy()
    return torch.from_numpy(table.T @ table)


def finite(x: Tensor) -> bool:
    """Whether every entry is. A sum that is finite tells so at once; one that is not may only be too large."""
    return bool(torch.isfinite(x.sum())) or bool(torch.isfinite(x).all())


def _same_shape(mine: Tensor, theirs: Tensor) -> None:
    if mine.shape != theirs.shape:
        raise UsageError(
            f"summaries of shape {tuple(mine.shape)} and {tuple(theirs.shape)} cannot be merged",
            "collect both from the same channels",
        )


def _degrees(n: int) -> int:
    if n < 2:
        raise UsageError(f"a variance of {n} sample was asked for", "collect at least two")
    return n - 1
