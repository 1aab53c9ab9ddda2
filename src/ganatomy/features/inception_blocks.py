"""The blocks of Inception v3 as tables, with the names that its published weights bear.

    Block(192, A(32))(x)                       # branches side by side, then one beside the other in the channels

A branch is a chain of layers, each (name, maps, kernel, stride). Inside of a block a layer of stride 1 keeps the size,
one of stride 2 takes no border. Where a chain ends in two layers, both read what comes before them. Every block has one
more branch, which pools and, where the size is kept, goes through `branch_pool`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

Size = tuple[int, int]
Row = tuple[str, int, Size, int]  # name, maps, kernel, stride

ONE, THREE, FIVE = (1, 1), (3, 3), (5, 5)
WIDE, HIGH = (1, 7), (7, 1)


@dataclass(frozen=True)
class Plan:
    """chains: rows one after the other; a row in `ends` reads what the chain before it gives, beside the others there.

    pool: mean or maximum of 3 x 3. maps: of the layer after the pool, 0 where there is none and the size is halved.
    """

    chains: tuple[tuple[Row, ...], ...]
    pool: str
    maps: int = 0
    ends: tuple[str, ...] = ()


def A(maps: int) -> Plan:
    five = (("branch5x5_1", 48, ONE, 1), ("branch5x5_2", 64, FIVE, 1))
    three = (("branch3x3dbl_1", 64, ONE, 1), ("branch3x3dbl_2", 96, THREE, 1), ("branch3x3dbl_3", 96, THREE, 1))
    return Plan(((("branch1x1", 64, ONE, 1),), five, three), "mean", maps)


B = Plan(
    (
        (("branch3x3", 384, THREE, 2),),
        (("branch3x3dbl_1", 64, ONE, 1), ("branch3x3dbl_2", 96, THREE, 1), ("branch3x3dbl_3", 96, THREE, 2)),
    ),
    "maximum",
)


def C(inner: int) -> Plan:
    short = (("branch7x7_1", inner, ONE, 1), ("branch7x7_2", inner, WIDE, 1), ("branch7x7_3", 192, HIGH, 1))
    kernels = (ONE, HIGH, WIDE, HIGH)
    long = tuple((f"branch7x7dbl_{number}", inner, kernel, 1) for number, kernel in enumerate(kernels, 1))
    last = ("branch7x7dbl_5", 192, WIDE, 1)
    return Plan(((("branch1x1", 192, ONE, 1),), short, (*long, last)), "mean", 192)


D = Plan(
    (
        (("branch3x3_1", 192, ONE, 1), ("branch3x3_2", 320, THREE, 2)),
        (
            ("branch7x7x3_1", 192, ONE, 1),
            ("branch7x7x3_2", 192, WIDE, 1),
            ("branch7x7x3_3", 192, HIGH, 1),
            ("branch7x7x3_4", 192, THREE, 2),
        ),
    ),
    "maximum",
)


def E(pool: str) -> Plan:
    short = (("branch3x3_1", 384, ONE, 1),)
    long = (("branch3x3dbl_1", 448, ONE, 1), ("branch3x3dbl_2", 384, THREE, 1))
    ends = ("branch3x3_2", "branch3x3dbl_3")
    both = tuple(
        (*chain, (f"{end}a", 384, (1, 3), 1), (f"{end}b", 384, (3, 1), 1))
        for chain, end in zip((short, long), ends, strict=True)
    )
    forked = tuple(f"{end}{side}" for end in ends for side in "ab")
    return Plan(((("branch1x1", 320, ONE, 1),), *both), pool, 192, forked)


STEM: dict[str, tuple[int, int, Size, int, Size]] = {
    "Conv2d_1a_3x3": (3, 32, THREE, 2, (0, 0)),
    "Conv2d_2a_3x3": (32, 32, THREE, 1, (0, 0)),
    "Conv2d_2b_3x3": (32, 64, THREE, 1, (1, 1)),
    "Conv2d_3b_1x1": (64, 80, ONE, 1, (0, 0)),
    "Conv2d_4a_3x3": (80, 192, THREE, 1, (0, 0)),
}
BLOCKS: dict[str, tuple[int, Plan]] = {
    "Mixed_5b": (192, A(32)),
    "Mixed_5c": (256, A(64)),
    "Mixed_5d": (288, A(64)),
    "Mixed_6a": (288, B),
    "Mixed_6b": (768, C(128)),
    "Mixed_6c": (768, C(160)),
    "Mixed_6d": (768, C(160)),
    "Mixed_6e": (768, C(192)),
    "Mixed_7a": (768, D),
    "Mixed_7b": (1280, E("mean")),
    "Mixed_7c": (2048, E("maximum")),
}


class Layer(nn.Module):
    """Convolution, batch normalisation, ReLU."""

    def __init__(self, inputs: int, maps: int, *, kernel: Size, stride: int = 1, border: Size = (0, 0)) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, maps, kernel, stride=stride, padding=border, bias=False)
        self.bn = nn.BatchNorm2d(maps, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.relu(self.bn(self.conv(x)))


class Block(nn.Module):
    """Its layers lie in it by name, so that weights are found."""

    def __init__(self, inputs: int, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        for chain in plan.chains:
            before = inputs
            for name, maps, kernel, stride in chain:
                border = (kernel[0] // 2, kernel[1] // 2) if stride == 1 else (0, 0)
                self.add_module(name, Layer(before, maps, kernel=kernel, stride=stride, border=border))
                before = before if name in plan.ends else maps
        if plan.maps:
            self.branch_pool = Layer(inputs, plan.maps, kernel=ONE)

    def forward(self, x: Tensor) -> Tensor:
        found = []
        for chain in self.plan.chains:
            y = x
            for name, _, _, _ in chain:
                if name in self.plan.ends:
                    found.append(self.get_submodule(name)(y))
                else:
                    y = self.get_submodule(name)(y)
            if chain[-1][0] not in self.plan.ends:
                found.append(y)
        return torch.cat([*found, self._pooled(x)], 1)

    def _pooled(self, x: Tensor) -> Tensor:
        if not self.plan.maps:
            return nn.functional.max_pool2d(x, 3, stride=2)
        if self.plan.pool == "maximum":
            pooled = nn.functional.max_pool2d(x, 3, stride=1, padding=1)
        else:
            pooled = nn.functional.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
        out: Tensor = self.branch_pool(pooled)
        return out
