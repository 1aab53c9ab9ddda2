"""What a picture is held against when its score is explained: a literal table, and nothing is chosen silently.

    plain = baseline("black", gan.format)               # the lowest value of the format
    mean = baseline("mean", gan.format, train)          # the mean of up to 1,000 real pictures
    mean.of(pictures)                                   # (n, 1, *shape); (n, 16, *shape) of "reals"
    Plan(baseline=baseline("blurred", gan.format))      # each picture's own blur

Rankings of pixels change with the baseline, so results name theirs and careful people try two. A black baseline says
nothing of what is black already; a mean or a blurred one is nearer to the data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError, choose
from ganatomy.explain.passes import BLOCK
from ganatomy.results.formats import Format

AVERAGED = 1000  # real pictures in their mean
SET = 16  # real pictures that are baselines one by one
BLUR = 1 / 8  # of a picture's side: the width (sd) of the blur


@dataclass(frozen=True, eq=False)
class Baseline:
    """`rows` of n samples: (n, count, *shape), on their device and in their type."""

    name: str
    rows: Callable[[Tensor], Tensor]
    count: int = 1

    def of(self, samples: Tensor) -> Tensor:
        made = self.rows(samples)
        if made.shape != (len(samples), self.count, *samples.shape[1:]):
            raise UsageError(
                f"the baseline '{self.name}' has shape {tuple(made.shape[2:])}, a sample {tuple(samples.shape[1:])}",
                "give the baseline of this format: baseline(name, gan.format, data)",
            )
        return made


@dataclass(frozen=True)
class Rule:
    """How a baseline is made of a format and, where it `needs_data`, of real samples."""

    make: Callable[[Format, Dataset | None], Baseline]
    needs_data: bool
    summary: str


def baseline(name: str, format: Format, data: Dataset | None = None) -> Baseline:
    rule = choose(BASELINES, name, "baseline")
    if rule.needs_data and data is None:
        without = ", ".join(other for other, each in BASELINES.items() if not each.needs_data)
        raise UsageError(f"the baseline '{name}' was asked for without real data", f"give data, or choose {without}")
    return rule.make(format, data)


def fixed(name: str, values: Tensor) -> Baseline:
    """The same for every sample: values (count, *shape)."""
    return Baseline(name, lambda samples: values.to(samples).expand(len(samples), *values.shape), len(values))


def zero() -> Baseline:
    return Baseline("zero", lambda samples: torch.zeros_like(samples)[:, None])


def _black(format: Format, _data: Dataset | None) -> Baseline:
    if format.low is None:
        raise UsageError("a black baseline was asked for samples without a range", "choose zero, or the mean real one")
    return fixed("black", torch.full((1, *format.shape), format.low, dtype=torch.float64))


def _zero(_format: Format, _data: Dataset | None) -> Baseline:
    return zero()


def _blurred(format: Format, _data: Dataset | None) -> Baseline:
    if format.kind != "picture":
        raise UsageError("a blurred baseline was asked for points", "choose zero, or the mean real one")
    down, across = (blur(side) for side in format.shape[1:])
    return Baseline("blurred", lambda samples: (down.to(samples) @ samples @ across.to(samples).T)[:, None])


def _mean(format: Format, data: Dataset | None) -> Baseline:
    assert data is not None
    ready, places = data.in_format(format), _spread(data, AVERAGED)
    total = torch.zeros(format.shape, dtype=torch.float64)
    for first in range(0, len(places), BLOCK):
        total += ready.read(places[first : first + BLOCK]).double().sum(0)
    return fixed(f"mean of {len(places)} real", total[None] / len(places))


def _reals(format: Format, data: Dataset | None) -> Baseline:
    assert data is not None
    places = _spread(data, SET)
    return fixed(f"{len(places)} real, one by one", data.in_format(format).read(places))


def _spread(data: Dataset, n: int) -> Sequence[int]:
    """Evenly over the data, since files are often sorted by class."""
    if data.endless:
        return range(n)
    return range(0, data.size, -(-data.size // n))


def blur(side: int) -> Tensor:
    """(side, side): a Gaussian over each line of pixels, cut at the border; rows add up to 1."""
    place = torch.arange(side, dtype=torch.float64)
    weights = torch.exp(-0.5 * ((place[:, None] - place) / (BLUR * side)).square())
    return weights / weights.sum(1, keepdim=True)


BASELINES: dict[str, Rule] = {
    "mean": Rule(_mean, True, f"the mean of up to {AVERAGED:,} real samples"),
    "blurred": Rule(_blurred, False, "each picture's own blur, an eighth of its side wide"),
    "black": Rule(_black, False, "the lowest value of the format"),
    "zero": Rule(_zero, False, "zeros: the middle of a normal latent, grey in [-1, 1]"),
    "reals": Rule(_reals, True, f"{SET} real samples one by one, for the SHAP methods"),
}
