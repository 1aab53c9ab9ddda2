"""Small networks that are hard to trace, and what must be as it was once a block is left."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ganatomy.numerics.random import Stream


def normal(*shape: int, seed: int = 0) -> Tensor:
    """Of an address, since torch's global generator must stay as it is."""
    return Stream(seed, "tests").normal(range(shape[0]), *shape[1:])


def seeded(make: Any, seed: int = 0) -> Any:
    """A network in eval mode with weights of a seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make().eval()


def hooks(network: nn.Module) -> int:
    """How many hooks there are, and how many calls are replaced."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return sum(
        sum(len(getattr(module, kind)) for kind in kinds)
        + len(module._forward_hooks_with_kwargs)
        + ("forward" in vars(module))
        + ("_compiled_call_impl" in vars(module))
        for module in network.modules()
        if not isinstance(module, torch.jit.ScriptModule)
    )


def plain(*, inplace: bool = False) -> nn.Sequential:
    """Sites fc1, act, fc2, act2, out."""
    names = ("fc1", "act", "fc2", "act2", "out")
    layers = (nn.Linear(4, 6), nn.ReLU(inplace=inplace), nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 3))
    return nn.Sequential(OrderedDict(zip(names, layers, strict=True)))


class Repeated(nn.Module):
    """One block called three times, and known under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.block = nn.Linear(4, 4)
        self.alias = self.block
        self.out = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(3):
            x = torch.tanh(self.block(x))
        out: Tensor = self.out(x)
        return out


class Pair(NamedTuple):
    mean: Tensor
    scale: Tensor


class Parts(nn.Module):
    """Returns what it is told to make of x + 1 and x * 2."""

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, x: Tensor) -> Any:
        return self.kind(x + 1, x * 2)


class Branching(nn.Module):
    """Adds up the two parts that its inner module returns."""

    def __init__(self, kind: Any, read: Any) -> None:
        super().__init__()
        self.parts = Parts(kind)
        self.read = read

    def forward(self, x: Tensor) -> Tensor:
        first, second = self.read(self.parts(x))
        return first + 10 * second  # type: ignore[no-any-return]


class Lazy(nn.Module):
    """`unused` never runs; `weights` gives only its weights."""

    def __init__(self) -> None:
        super().__init__()
        self.used = nn.Linear(4, 4)
        self.unused = nn.Linear(4, 4)
        self.weights = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.used(x) @ self.weights.weight
