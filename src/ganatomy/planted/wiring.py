"""Which of the 24 units draws or erases which part, and what follows from it: the truth of `parts`.

    WIRING[(1, "B")]                               # 0.5: unit 1 draws half of B
    TRUTH.single[(11, "A")]                        # 0.8: the share of A that goes when unit 11 alone is ablated
    TRUTH.joint[((11, 12), "A")]                   # 0.0: together they cancel

| units | | |
|---|---|---|
| 0 | draws A | alone |
| 1, 2 | draw B | a half each |
| 3, 4 | draw C | either would do: what is drawn saturates at 1 |
| 5 | draws D | alone |
| 6 | erases D | fires in 18 % of the pictures with D |
| 7 to 10 | nothing | larger, blurred copies of 0, 1, 3 and 5: dead ends |
| 11, 12 | +0.8 and -0.8 of A | copies of 0 that cancel |
| 13 | nothing | fires everywhere where A is anywhere |
| 14, 15 | background, faintly | |
| 16 to 23 | nothing | noise, far larger than the others |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import torch
from torch import Tensor

UNITS = 24
PARTS = ("A", "B", "C", "D")
CHANNELS = (*PARTS, "background")
ERASED = 0.22 / 1.22  # share of the pictures with D in which unit 6 erases it, so that ablating 6 gives 0.22 of D more
COPIES = {7: 0, 8: 1, 9: 3, 10: 5}
FAINT = 0.1

WIRING: Mapping[tuple[int, str], float] = MappingProxyType(
    {
        (0, "A"): 1.0,
        (1, "B"): 0.5,
        (2, "B"): 0.5,
        (3, "C"): 1.0,
        (4, "C"): 1.0,
        (5, "D"): 1.0,
        (6, "D"): -1.0,
        (11, "A"): 0.8,
        (12, "A"): -0.8,
        (14, "background"): FAINT,
        (15, "background"): FAINT,
    }
)


@dataclass(frozen=True, eq=False)
class PartsTruth:
    """Of the units at `site`. An effect is the share of a part that goes when units are set to zero; below 0, it grows.

    Pairs that are not listed have the effect 0. `turn` is the rotation that the units went through (rows: what is seen
    in its place; None: none): then no unit has a truth of its own, and `single` and `joint` speak of the directions
    turn[:, unit].
    """

    site: str
    parts: tuple[str, ...]
    path: frozenset[tuple[int, str]]  # units with a way to a part, whether or not it shows
    single: Mapping[tuple[int, str], float]
    joint: Mapping[tuple[tuple[int, ...], str], float]
    dead_ends: Mapping[int, int]  # units that go to nothing, and the unit that each is a copy of
    idle: tuple[int, ...]  # all units that go to nothing
    redundant: tuple[int, int]
    cancelling: tuple[int, int]
    eraser: int
    reads: Tensor = field(repr=False)  # what each channel of the picture reads, (5, 24)
    fires: Tensor = field(repr=False)  # who fires together: for A, B, C, D and for the eraser, (5, 24), of length 1
    turn: Tensor | None = field(default=None, repr=False)

    def direction(self, unit: int) -> Tensor:
        """What unit `unit` would be without the rotation, (24,), of length 1."""
        return torch.eye(UNITS)[unit] if self.turn is None else self.turn[:, unit]


def reads() -> Tensor:
    """Weights of the units for each channel, (5, 24)."""
    table = torch.zeros(len(CHANNELS), UNITS)
    for (unit, channel), weight in WIRING.items():
        table[CHANNELS.index(channel), unit] = weight
    return table


def fires() -> Tensor:
    """Units that are one at the same cell for the same reason; blurred copies and noise are not among them."""
    together = ((0, 11, 12), (1, 2), (3, 4), (5,), (6,))
    table = torch.zeros(len(together), UNITS)
    for row, units in enumerate(together):
        table[row, list(units)] = len(units) ** -0.5
    return table


TRUTH = PartsTruth(
    site="units",
    parts=PARTS,
    path=frozenset((unit, channel) for unit, channel in WIRING if channel in PARTS),
    single=MappingProxyType(
        {(0, "A"): 1.0, (1, "B"): 0.5, (2, "B"): 0.5, (5, "D"): 1.0, (6, "D"): -0.22, (11, "A"): 0.8}
    ),
    joint=MappingProxyType(
        {((1, 2), "B"): 1.0, ((3, 4), "C"): 1.0, ((11, 12), "A"): 0.0, ((0, 11, 12), "A"): 1.0, ((5, 6), "D"): 1.0}
    ),
    dead_ends=MappingProxyType(COPIES),
    idle=(*COPIES, 13, *range(16, UNITS)),
    redundant=(3, 4),
    cancelling=(11, 12),
    eraser=6,
    reads=reads(),
    fires=fires(),
)
