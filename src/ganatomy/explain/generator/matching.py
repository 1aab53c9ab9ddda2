"""Random sets to hold a searched set against: of the same size, as active, none of its units, no two the same.

    others = sets_apart((3, 4), mass, 39, stream=Stream(0, "controls"))
    others.sets, others.matched                     # ((0, 11), ...), True where their activation is that of the set

A searched set of five redundant units would else be compared with parts of itself. There may be none as active; then
only the size is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream

WITHIN = 0.3  # the total activation of a control may differ from that of the set by this share
TRIES = 20  # draws for each control wanted, before more distant units are let in


@dataclass(frozen=True)
class Apart:
    """There may be fewer than were asked for; not `matched`: no set was as active, and only the size is the same."""

    sets: tuple[tuple[int, ...], ...]
    matched: bool

    @property
    def how(self) -> str:
        return "size and activation" if self.matched else "size only, since none were as active"


def sets_apart(chosen: Sequence[int], mass: Tensor, count: int, *, stream: Stream) -> Apart:
    """For each chosen unit one of those nearest in activation; farther ones are let in until there are enough sets."""
    others = [unit for unit in range(len(mass)) if unit not in set(chosen)]
    if not chosen or len(others) < len(chosen):
        raise UsageError(
            f"controls for {len(chosen)} of {len(mass)} units were asked for",
            "choose one or more units, and at most half of those there are",
        )
    wanted = float(mass[list(chosen)].sum())
    found: dict[tuple[int, ...], None] = {}  # in the order of drawing
    near = 2 * len(chosen) + 2
    while len(found) < count:
        for units in _drawn(chosen, others, mass, near, stream.child(str(near)), TRIES * count):
            if len(found) < count and abs(float(mass[list(units)].sum()) - wanted) <= WITHIN * abs(wanted):
                found.setdefault(units)
        if near >= len(others):
            break
        near *= 2
    if found:
        return Apart(tuple(found), True)
    loose = dict.fromkeys(_drawn(chosen, others, mass, len(others), stream.child("any"), TRIES * count))
    return Apart(tuple(loose)[:count], False)


def _drawn(
    chosen: Sequence[int], others: list[int], mass: Tensor, near: int, stream: Stream, draws: int
) -> list[tuple[int, ...]]:
    """Sets of one unit for each chosen one, drawn from the `near` nearest to it that are not yet in the set."""
    pool = torch.tensor(others)
    ranked = [pool[(mass[pool] - mass[unit]).abs().argsort(stable=True)].tolist() for unit in chosen]
    chances = stream.uniform(range(draws), len(chosen), dtype=torch.float64).tolist()
    sets = []
    for chance in chances:
        units: list[int] = []
        for row, share in zip(ranked, chance, strict=True):
            free = [unit for unit in row if unit not in units][:near]
            units.append(free[int(share * len(free))])
        sets.append(tuple(sorted(units)))
    return sets
