"""How far two outputs are from each other, and which tensors a network really reads.

with Reads() as reads:
    network(reads.handed(7, lambda: tensor)())
reads.unread(output)          # {7} if nothing was computed from the tensor
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

SAME, CLOSE = 1e-6, 1e-5  # shares of the largest output: the same pass again, a pass of another batch size


def apart(found: Any, wanted: Tensor) -> float:
    """The largest difference as a share of the largest number wanted; for short types in steps of float32's."""
    if not isinstance(found, Tensor) or found.shape != wanted.shape or found.device != wanted.device:
        return float("inf")
    if not wanted.is_floating_point():
        return 0.0 if torch.equal(found, wanted) else float("inf")
    if not wanted.numel():
        return 0.0
    difference = (found.double() - wanted.double()).abs().max() / wanted.double().abs().max().clamp(min=1e-30)
    return float(difference) / max(1.0, torch.finfo(wanted.dtype).eps / torch.finfo(torch.float32).eps)


class Reads(TorchFunctionMode):
    """Notes what torch's functions are given while it is entered."""

    def __init__(self) -> None:
        super().__init__()
        self.by_place: dict[int, list[Tensor]] = {}  # kept, so that no other tensor gets their ids
        self.read: set[int] = set()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self._note((args, kwargs))
        return func(*args, **(kwargs or {}))

    def handed(self, place: int, answer: Callable[..., Any]) -> Callable[..., Any]:
        """The same answer, and it will be known whether anybody reads it."""

        def noted(*given: Any) -> Any:
            with torch._C.DisableTorchFunction():
                returned = answer(*given)
            self.by_place[place] = [leaf for leaf in tree_leaves(returned) if isinstance(leaf, Tensor)]
            return returned

        return noted

    def unread(self, output: Any) -> set[int]:
        self._note(output)
        return {place for place, handed in self.by_place.items() if not any(id(each) in self.read for each in handed)}

    def _note(self, tree: Any) -> None:
        self.read |= {id(leaf) for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)}
