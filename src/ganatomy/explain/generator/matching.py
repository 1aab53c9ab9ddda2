"""Random sets to hold a searched set against: of the same size, as active, none of its units, no two the same.

    others = sets_apart((3, 4), mass, 39, stream=Stream(0, "controls"))
    others.sets, others.matched                     # ((0, 11), ...), True where their activation is that of the set

A searched set of five redundant units would else be compared with parts of itself. There may be too few as active;
then only the size is the same.
"""

from __future__ import annotations

import math
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
    """There may be fewer than were asked for; not `matched`: too few sets were as active, only the size is the same."""

    sets: tuple[tuple[int, ...], ...]
    matched: bool
    alike: int = 0  # how many were as active, where that was too few

    @property
    def how(self) -> str:
        if self.matched:
            return "size and activation"
        return f"size only, since {f'no more than {self.alike}' if self.alike else 'none'} were as active"


def require_others(site: object, size: int, channels: int, *, upto: str = "") -> None:
    """Can a set be held against others of its size?"""
    if channels < 2:
        raise UsageError(
            f"units of '{site}' were asked for: this place has one unit, so there is nothing to compare it with",
            "name a place with two units or more",
        )
    if not 1 <= size <= channels // 2:
        raise UsageError(
            f"a set of {upto}{size} of {channels} units was asked for",
            f"choose from 1 to {channels // 2}, so that as many others are left to compare with",
        )


def comparable(sets: Sequence[tuple[int, ...]], channels: int, needed: int) -> list[tuple[int, ...]]:
    """Those that so many other sets of their size can be held against; all where none can."""
    enough = [each for each in sets if math.comb(channels - len(each), len(each)) >= needed]
    return enough or list(sets)


def sets_apart(chosen: Sequence[int], mass: Tensor, count: int, *, stream: Stream, least: int = 1) -> Apart:
    """For each chosen unit one of those nearest in activation; farther ones are let in until there are enough sets.

    Where fewer than `least` are as active, and there are more of the same size, these stand.
    """
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
    if len(found) < min(least, count):
        loose = tuple(dict.fromkeys(_drawn(chosen, others, mass, len(others), stream.child("any"), TRIES * count)))
        if len(loose) > len(found):
            return Apart(loose[:count], False, len(found))
    return Apart(tuple(found), True)


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
