"""What a planted GAN comes with: an exact measure of its concepts and the truth about its causes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from torch import Tensor

from ganatomy.models.gan import GAN

Truth = TypeVar("Truth", covariant=True)


@dataclass(frozen=True, eq=False)
class Planted(Generic[Truth]):
    """`measure` gives scores (n, k) of samples, or masks (n, k, h, w), by construction without error."""

    name: str
    gan: GAN
    truth: Truth
    concepts: tuple[str, ...]
    kind: Literal["score", "mask"]
    measure: Callable[[Tensor], Tensor]
