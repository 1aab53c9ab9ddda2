"""Do two feature spaces say the same of a GAN? A number from one space alone may be the space's, not the GAN's.

    told = agreement([readings_in_one, readings_in_other], curves=[curves_of_one, curves_of_other])
    told.agree, told.said                              # False, "... tells the samples apart, ... does not; ..."
    order([one_gan_here, one_gan_there], [other_gan_here, other_gan_there]).said

Distances of two spaces have no common scale. What can be compared: whether the samples are told apart from real ones at
all; as which severity of one disturbance of real samples each space reads the distance (`sanity.equivalent`); and which
of two GANs is nearer.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ganatomy.errors import UsageError
from ganatomy.evaluate.quality.disturbances import DISTURBANCES
from ganatomy.evaluate.quality.pairs import Readings
from ganatomy.evaluate.quality.sanity import Curve, Equivalent, equivalent, told_apart

FACTOR = 2.0  # between equivalents, from which on two spaces are said to differ
Curves = Sequence[Curve]
KIND = "noise"  # the disturbance they are compared in: every space answers to it


@dataclass(frozen=True)
class Agreement:
    """differ: a sentence for each way in which spaces differ. nearest: the disturbance that they read most alike.

    What separates spaces is often what a GAN fails at: `nearest` is a guess at what that is like, not a test.
    """

    agree: bool
    differ: tuple[str, ...]
    nearest: str | None
    said: str


def agreement(
    readings: Sequence[Readings],
    *,
    curves: Sequence[Curves] = (),
    kind: str = KIND,
    factor: float = FACTOR,
) -> Agreement:
    """One GAN: its readings in two spaces or more, and the sanity curves of each space in the same order."""
    if len(readings) < 2 or (curves and len(curves) != len(readings)) or factor <= 1:
        raise UsageError(
            f"readings in {len(readings)} spaces, curves in {len(curves)} and a factor of {factor:g} were given",
            "give readings in two spaces or more, curves in as many or none, and a factor above 1",
        )
    differ: list[str] = []
    nearest = None
    for which in itertools.combinations(range(len(readings)), 2):
        two = readings[which[0]], readings[which[1]]
        drawn = (curves[which[0]], curves[which[1]]) if curves else ((), ())
        differ += _seen(two, drawn, kind)
        both = list(_equivalents(two, drawn))
        spaces = [next(iter(each.values())).space or "" for each in two]
        differ += [_apart(*each, spaces) for each in both if each[0].kind == kind and ratio(*each) > factor]
        alike = [(_far(*each), each[0].kind) for each in both if _far(*each) < math.inf]
        nearest = min(alike)[1] if alike else nearest
    return _told(differ, nearest, len(readings), _both(readings))


def order(first: Sequence[Readings], second: Sequence[Readings]) -> Agreement:
    """Two GANs, each in the same spaces: differ where one space puts the first nearer and another the second.

    Only where, in either space, the intervals of the two GANs do not touch.
    """
    if len(first) != len(second) or len(first) < 2:
        raise UsageError(
            f"two GANs were measured in {len(first)} and {len(second)} spaces", "measure both in the same two or more"
        )
    nearer = [_nearer(one, other) for one, other in zip(first, second, strict=True)]
    differ = []
    for (here, a), (there, b) in itertools.combinations(zip(nearer, first, strict=True), 2):
        for name in here.keys() & there.keys():
            if here[name] != there[name]:
                sides = ("first", "second") if here[name] < 0 else ("second", "first")
                differ.append(
                    f"by {name} the {sides[0]} GAN is nearer in {a[name].space}, the {sides[1]} in {b[name].space}"
                )
    return _told(sorted(differ), None, len(first))


def ratio(one: Equivalent, other: Equivalent) -> float:
    """How many times more severe one is than the other, as far as their intervals are apart; 1 where they overlap."""
    lows, highs = (
        [math.inf if end is None else end for end in ends] for ends in ((one.low, other.low), (one.high, other.high))
    )
    below, over = min(highs), max(lows)
    if below >= over:
        return 1.0
    return math.inf if below == 0 else over / below


def _both(readings: Sequence[Readings]) -> str:
    """What spaces that agree agree on: agreement on a failure is no praise."""
    seen = {told_apart(each) for one in readings for name, each in one.items() if f"{name} less its bias" not in one}
    if len(seen) > 1:
        return ""
    return ": each tells the samples from real ones" if seen == {True} else ": none tells the samples from real ones"


def _told(differ: Sequence[str], nearest: str | None, spaces: int, both: str = "") -> Agreement:
    agree = not differ
    head = f"{spaces} spaces agree{both}" if agree else "Spaces disagree: " + "; ".join(differ)
    tail = "" if nearest is None else f"; both read the samples most alike as real ones with {nearest}"
    return Agreement(agree, tuple(differ), nearest, f"{head}{tail}.")


def _seen(two: tuple[Readings, Readings], curves: tuple[Curves, Curves], kind: str) -> Iterator[str]:
    """Where a distance is there with its bias and less it, the latter alone."""
    both = two[0].keys() & two[1].keys()
    shared = [name for name in two[0] if name in both and f"{name} less its bias" not in both]
    if not shared:
        raise UsageError("the spaces have no distance in common", "measure the same distances in both")
    for name in shared:
        spaces = [readings[name].space for readings in two]
        if spaces[0] == spaces[1]:
            raise UsageError(f"both readings are from {spaces[0]}", "give readings in two different spaces")
        apart = [told_apart(readings[name]) for readings in two]
        if apart[0] != apart[1]:
            seeing = apart.index(True)
            reach = _reach(two[seeing], curves[seeing], curves[1 - seeing], kind)
            yield f"by {name} {spaces[seeing]} tells the samples from real ones, {spaces[1 - seeing]} does not{reach}"


def _reach(seen: Readings, seeing: Curves, blind: Curves, kind: str) -> str:
    """Whether the blind space would have told so severe a disturbance apart; nothing where no curve says so."""
    mine = next((each for each in seeing if each.kind == kind and each.distance in seen), None)
    other = next((each for each in blind if each.kind == kind), None)
    if mine is None or mine.verdict != "responds" or other is None or other.first is None:
        return ""
    phrase = DISTURBANCES[kind].said.format(f"{other.first:g}")
    severity = equivalent(mine, seen[mine.distance]).severity
    if severity is None or severity >= other.first:
        return f", though {phrase}, which is no more, it tells apart"
    return f", nor would it tell apart so little {kind} (it does from {phrase} on)"


def _equivalents(
    two: tuple[Readings, Readings], curves: tuple[Curves, Curves]
) -> Iterator[tuple[Equivalent, Equivalent]]:
    """Of every disturbance that both spaces answer to, by a distance that was measured of the GAN."""
    first, second = (
        {each.kind: each for each in own if each.verdict == "responds" and each.distance in readings}
        for readings, own in zip(two, curves, strict=True)
    )
    for name in sorted(first.keys() & second.keys()):
        pairs = zip((first[name], second[name]), two, strict=True)
        one, other = (equivalent(curve, readings[curve.distance]) for curve, readings in pairs)
        yield one, other


def _far(one: Equivalent, other: Equivalent) -> float:
    """How unlike two severities are; what is beyond a curve, or not told apart, says nothing of likeness."""
    if not one.severity or not other.severity:
        return math.inf
    return abs(math.log(one.severity / other.severity))


def _apart(one: Equivalent, other: Equivalent, spaces: Sequence[str]) -> str:
    phrase = DISTURBANCES[one.kind].said

    def told(each: Equivalent) -> str:
        return "none that was tried" if each.severity is None else phrase.format(f"{each.severity:.2g}")

    return f"{spaces[0]} reads the distance as {told(one)}, {spaces[1]} as {told(other)}"


def _nearer(one: Readings, other: Readings) -> dict[str, int]:
    """-1 where the first GAN is clearly nearer to real samples, 1 where the second is, by distances."""
    found = {}
    for name in one.keys() & other.keys():
        one[name].comparable(other[name])
        first, second = one[name].interval, other[name].interval
        if first is not None and second is not None and (first.high < second.low or second.high < first.low):
            found[name] = -1 if first.high < second.low else 1
    return found
