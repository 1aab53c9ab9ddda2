"""What was last made of a tensor, kept for as long as that tensor lives: measurers share what they begin with.

    inked = remembered(lambda x: ...)
    inked(x)                                      # computed
    inked(x)                                      # the same tensor: not to be written into

Several measurers are asked of the same pictures, one after the other. An answer holds for one tensor, known by itself
and by torch's count of the writes into it; what needs gradients is never kept.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

Made = TypeVar("Made")


def remembered(make: Callable[[Tensor], Made]) -> Callable[[Tensor], Made]:
    """The answer to the last tensor only; it is let go together with that tensor."""
    kept: dict[int, tuple[weakref.ref[Tensor], int, Made]] = {}

    def forget(_gone: weakref.ref[Tensor]) -> None:
        kept.clear()

    def answered(x: Tensor) -> Made:
        if x.is_inference() or (x.requires_grad and torch.is_grad_enabled()):
            return make(x)
        last = kept.get(0)
        if last is not None and last[0]() is x and last[1] == x._version:
            return last[2]
        kept.clear()
        version, made = x._version, make(x)
        kept[0] = (weakref.ref(x, forget), version, made)
        return made

    return answered
