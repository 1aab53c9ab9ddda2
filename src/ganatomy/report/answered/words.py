"""What a measurement says, for somebody who does not know its name: a literal table of sentences, the plainest first.

    reason(Claim("two-sample accuracy", 0.97, Interval(0.95, 0.99, 0.95, "t"), 0.5, n=359))
    # "a simple classifier tells its samples from real ones 97 % [95, 99] of the time, where guessing is right 50 %"

`it` is always the GAN. What the table does not know is said by its name and number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ganatomy.evaluate.scorecard.limits import SIGNS, WRITTEN, Bound
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.report.facts import Claim

PART = ": share over due"
MORE = 4  # digits beyond those that an interval bears, where fewer would hide on which side of a bound it lies


@dataclass(frozen=True)
class Words:
    """`said`: a clause with {value}, {floor} and {name}; `share`: told in percent."""

    said: str
    share: bool = False


WORDS: dict[str, Words] = {
    "two-sample accuracy": Words(
        "a simple classifier tells its samples from real ones {value} of the time, where guessing is right {floor}",
        share=True,
    ),
    "FID": Words(
        "its samples are {value} away from real ones (FID), where as many real ones are {floor} away",
    ),
    "Fréchet distance": Words(
        "its samples are {value} away from real ones (Fréchet distance), where as many real ones are {floor} away",
    ),
    "sliced Wasserstein distance": Words(
        "its samples are {value} away from real ones (sliced Wasserstein distance), "
        "where as many real ones are {floor} away",
    ),
    "precision": Words(
        "{value} of its samples lie among real ones, where {floor} of other real ones do",
        share=True,
    ),
    "density": Words(
        "its samples lie among real ones with a density of {value}, where other real ones have {floor}",
    ),
    "recall": Words(
        "{value} of real samples lie among those it makes, where {floor} lie among other real ones",
        share=True,
    ),
    "coverage": Words(
        "{value} of real samples have one near that it makes, where {floor} have another real one near",
        share=True,
    ),
    "Vendi ratio": Words("the variety of its samples is {value} of that of as many real ones", share=True),
    f"*{PART}": Words("samples called '{name}' are made {value} times as often as is due"),
    "modes hit*": Words("{value} of the modes are met, of {floor}"),
    "near-exact copies, excess": Words(
        "{value} of its samples are near-exact copies of training samples beyond what chance gives",
        share=True,
    ),
    "exact copies, excess": Words(
        "{value} of its samples are exact copies of training samples beyond what chance gives", share=True
    ),
    "copied at least": Words("at least {value} of its samples are copies of training samples", share=True),
    "not finite": Words("{value} of its samples hold numbers that are not finite", share=True),
    "not finite at least": Words("at least {value} of its samples hold numbers that are not finite", share=True),
}


def reason(claim: Claim) -> str:
    """A clause, without a capital and without a full stop."""
    words = words_of(claim.what)
    value = valued(claim.effect, claim.interval, share=words.share, beside=places(claim))
    if "{floor}" in words.said and claim.control is None:
        return f"{claim.what} is {value}"
    floor = "" if claim.control is None else valued(claim.control, share=words.share)
    fields = {"{value}": value, "{floor}": floor, "{name}": claim.what.removesuffix(PART)}
    return _filled(words.said, fields) if words.said else f"{claim.what} is {value}" + (floor and f" (floor {floor})")


def words_of(name: str) -> Words:
    return next((words for pattern, words in WORDS.items() if fnmatchcase(name, pattern)), Words(""))


def plainness(name: str) -> int:
    """The place in the table, which begins with what needs least explaining; what is not in it comes last."""
    return next((place for place, pattern in enumerate(WORDS) if fnmatchcase(name, pattern)), len(WORDS))


def bounds(limit: str) -> tuple[Bound, ...]:
    """Of "<= 0.6", or of "passes <= 0.6, fails > 0.8"; none of what is no bound in plain numbers."""
    whole = [WRITTEN.fullmatch(each) for each in re.split("^passes |, fails ", limit) if each]
    try:
        return tuple(Bound(found[1], float(found[2]), found[3] is not None) for found in whole if found)
    except ValueError:  # of several points
        return ()


def places(claim: Claim) -> tuple[float, ...]:
    """The numbers that its verdict hangs on, where its limit is a bound."""
    found = (bound.at(claim.control) for bound in bounds(claim.limit))
    return tuple(each for each in found if each is not None)


def misses(claim: Claim) -> bool:
    """Whether its value lies beyond what its limit lets pass."""
    return _missed(claim, claim.effect, claim.effect)


def beyond(claim: Claim) -> bool:
    """Whether all of its interval does, or its value where it has none."""
    ends = (claim.effect,) * 2 if claim.interval is None else (claim.interval.low, claim.interval.high)
    return _missed(claim, *ends)


def _missed(claim: Claim, low: float, high: float) -> bool:
    bound = next(iter(bounds(claim.limit)), None)
    place = None if bound is None else bound.at(claim.control)
    if bound is None or place is None:
        return False
    return not SIGNS[bound.sign](low if bound.upper else high, place)


def valued(value: float, within: Interval | None = None, *, share: bool = False, beside: Sequence[float] = ()) -> str:
    """The number and its interval, in as many digits as the interval can bear; a share in percent.

    beside: bounds that it is held against: a number that rounding would put on one, or beyond, has more digits.
    """
    ends = () if within is None else (within.low, within.high)
    scale = 100.0 if share else 1.0
    numbers, marks = ([each * scale for each in given] for given in ((value, *ends), beside))
    if ends and all(map(math.isfinite, numbers)) and numbers[2] > numbers[1]:
        fewest = max(0, min(6, 1 - math.floor(math.log10(numbers[2] - numbers[1]))))
        ways = [[f"{round(each, digits) + 0.0:.{digits}f}" for each in numbers] for digits in _more(fewest)]
    else:
        ways = [[f"{each:.{digits}g}" for each in numbers] for digits in _more(3)]
    told = next((way for way in ways if _same_side(way, numbers, marks)), ways[0])
    first = told[0] + " %" * share
    return f"{first} [{told[1]}, {told[2]}]" if ends else first


def _more(fewest: int) -> range:
    return range(fewest, fewest + MORE + 1)


def _same_side(told: Sequence[str], numbers: Sequence[float], marks: Sequence[float]) -> bool:
    """Whether each number as it is written lies on the same side of each mark, or on it, as it truly does."""
    pairs = [(float(said), true) for said, true in zip(told, numbers, strict=True)]
    return all(_side(said, mark) == _side(true, mark) for said, true in pairs for mark in marks)


def _side(number: float, mark: float) -> int:
    """-1 below, 0 on it (but for rounding of the machine), 1 above."""
    return 0 if math.isclose(number, mark, rel_tol=1e-9, abs_tol=1e-12) else 1 if number > mark else -1


def _filled(said: str, fields: dict[str, str]) -> str:
    """Each field once; what is put in is not looked through again, whatever somebody called a class."""
    out, rest = "", said
    while "{" in rest:
        before, _, after = rest.partition("{")
        name, _, rest = after.partition("}")
        out += before + fields["{" + name + "}"]
    return out + rest
