"""What callers hand in, made float64 tensors once and checked: numeric, not empty, finite.

x = sample(features, "features")        # any shape, first dimension counts the samples
d = vector(differences, "differences")  # one number a sample, on the CPU
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganatomy.errors import InputError, UsageError

Given = Tensor | NDArray[Any] | Sequence[float]


def sample(given: Given, name: str) -> Tensor:
    """As a float64 tensor (n, ...) on its own device; the caller's values are never written to."""
    x = _tensor(given, name)
    if x.dim() == 0:
        raise UsageError(f"{name} is a single number", "give one value (or row) for each sample")
    if x.numel() == 0:
        raise UsageError(f"{name} is empty", "give at least one sample")
    if not bool(torch.isfinite(x).all()):
        raise InputError(f"{name} holds NaN or infinite values", "leave those samples out, and say how many they were")
    return x


def vector(given: Given, name: str) -> Tensor:
    """The same with one number a sample, (n,)."""
    x = sample(given, name)
    if x.dim() != 1:
        raise UsageError(f"{name} has shape {tuple(x.shape)}", "give one number for each sample")
    return x.cpu()


def miss(level: float) -> float:
    """The share of times an interval of this level may miss, 1 - level."""
    if not 0 < level < 1:
        raise UsageError(f"a level of {level} was asked for", "a level lies between 0 and 1, as in 0.95")
    return 1 - level


def _tensor(given: Given, name: str) -> Tensor:
    if isinstance(given, Tensor):
        return given.detach().double()
    try:
        return torch.from_numpy(np.array(given, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} cannot be read as numbers", "give a tensor, an array or a list of numbers") from error
