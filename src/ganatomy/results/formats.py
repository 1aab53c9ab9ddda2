"""What a sample looks like and what a critic's score means: data, so that a mismatch is an error before the first step.

Format.picture(channels=1, size=28)            # tanh generator: values in [-1, 1]
Format.picture(3, 32, low=0.0, high=1.0)       # sigmoid generator
Format.point(2)                                # a world in the plane: no bounded range
Score("logit", high="real").realness(raw)      # larger always means "more real"
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from ganatomy.errors import UsageError

ScoreKind = Literal["logit", "probability", "unbounded"]
Side = Literal["real", "fake"]


@dataclass(frozen=True)
class Format:
    """Shape of one sample, without the batch axis, and the closed range of its values (None: unbounded).

    A picture has shape (channels, height, width); a point has shape (dimensions,).
    """

    shape: tuple[int, ...]
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(self.shape))
        if len(self.shape) not in (1, 3) or min(self.shape) < 1:
            raise UsageError(
                f"a sample of shape {self.shape} was declared",
                "a picture is (channels, height, width), a point is (dimensions,), each at least 1",
            )
        if (self.low is None) != (self.high is None):
            raise UsageError("only one end of the range was given", "give both low and high, or neither")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise UsageError(f"the range [{self.low}, {self.high}] is empty", "low must be below high")

    @classmethod
    def picture(cls, channels: int, size: int | tuple[int, int], *, low: float = -1.0, high: float = 1.0) -> Format:
        height, width = (size, size) if isinstance(size, int) else size
        return cls((channels, height, width), low, high)

    @classmethod
    def point(cls, dimensions: int) -> Format:
        return cls((dimensions,))

    @property
    def kind(self) -> Literal["picture", "point"]:
        return "picture" if len(self.shape) == 3 else "point"

    @property
    def bounds(self) -> tuple[float, float] | None:
        return None if self.low is None or self.high is None else (self.low, self.high)

    def rescale(self, samples: Tensor, target: Format) -> Tensor:
        """The same samples in the range of `target` (affine); unbounded formats stay as they are."""
        if self.bounds is None or target.bounds is None:
            if self.bounds != target.bounds:
                raise UsageError(f"cannot turn {self} into {target}", "give both formats a range, or neither")
            return samples
        if self.bounds == target.bounds:
            return samples
        (low, high), (new_low, new_high) = self.bounds, target.bounds
        return (samples - low) * ((new_high - new_low) / (high - low)) + new_low

    def check(self, samples: Tensor, what: str = "samples", *, tolerance: float = 1e-4) -> None:
        """Refuse what is no batch of floats of this shape, holds NaN or infinities, or leaves the range."""
        if not isinstance(samples, Tensor):
            raise UsageError(f"{what} are of type {type(samples).__name__}", "give a tensor: torch.as_tensor(...)")
        if not samples.is_floating_point():
            low, high = self.bounds or (0.0, 255.0)
            raise UsageError(
                f"{what} are of type {samples.dtype}, wanted are floats: {self}",
                f"bytes become such floats by samples / 255 * {high - low:g} + {low:g}",
            )
        if tuple(samples.shape[1:]) != self.shape:
            raise UsageError(
                f"{what} have shape {tuple(samples.shape[1:])} a sample, wanted was {self}",
                "give the data, the generator and the critic one format",
            )
        if not samples.numel():
            return
        if not bool(torch.isfinite(samples).all()):
            raise UsageError(f"{what} hold NaN or infinite values", "check the weights and the data they come from")
        if self.bounds is not None:
            low, high = float(samples.detach().min()), float(samples.detach().max())
            slack = tolerance * (self.bounds[1] - self.bounds[0])
            if low < self.bounds[0] - slack or high > self.bounds[1] + slack:
                raise UsageError(
                    f"{what} lie in [{low:.3g}, {high:.3g}], wanted was {self}",
                    "a tanh generator makes pictures in [-1, 1], a sigmoid one in [0, 1]: let the data follow it",
                )

    def __str__(self) -> str:
        size = " x ".join(str(side) for side in self.shape)
        values = "unbounded" if self.bounds is None else f"in [{self.bounds[0]:g}, {self.bounds[1]:g}]"
        return f"{self.kind} {size}, {values}"


@dataclass(frozen=True)
class Score:
    """How to read what a critic puts out: a logit, a probability or an unbounded number, and which side is high."""

    kind: ScoreKind = "logit"
    high: Side = "real"

    def __post_init__(self) -> None:
        if self.kind not in get_args(ScoreKind):
            raise UsageError(
                f"a score of kind {self.kind!r} was declared", "legal are: " + ", ".join(get_args(ScoreKind))
            )
        if self.high not in get_args(Side):
            raise UsageError(f"a score with {self.high!r} high was declared", "legal are: real, fake")

    def realness(self, raw: Tensor) -> Tensor:
        """The score turned so that larger means more real; a probability becomes the probability of real."""
        if self.high == "real":
            return raw
        return 1.0 - raw if self.kind == "probability" else -raw

    def logit(self, raw: Tensor) -> Tensor:
        """The score as a logit of real. A probability that rounds to 0 or 1 becomes a large finite logit, `ends`."""
        if self.kind == "unbounded":
            raise UsageError("a logit was asked of an unbounded score", "fit a calibration head on held-out data first")
        if self.kind == "logit":
            return self.realness(raw)
        seen = raw.detach()
        low, high = (float(seen.min()), float(seen.max())) if raw.numel() else (0.0, 1.0)
        if low < 0.0 or high > 1.0:
            raise UsageError(
                f"the critic's scores lie in [{low:.3g}, {high:.3g}] but were declared probabilities",
                "declare them as Score('logit') or Score('unbounded')",
            )
        odds = torch.logit(raw.clamp(*_inside(raw.dtype)))
        return odds if self.high == "real" else -odds  # not the logit of 1 - raw, which rounds near 0

    def ends(self, dtype: torch.dtype) -> tuple[float, float]:
        """The lowest and the highest logit that a probability of this type is read as: the true ones lie beyond."""
        low, high = torch.logit(torch.tensor(_inside(dtype), dtype=dtype)).tolist()
        return (low, high) if self.high == "real" else (-high, -low)


def _inside(dtype: torch.dtype) -> tuple[float, float]:
    """The smallest probability whose logit has a finite slope and curvature, 1 / p^2, and the largest below 1."""
    known = torch.finfo(dtype)
    return min(known.tiny**0.5, known.eps), 1 - known.eps / 2
