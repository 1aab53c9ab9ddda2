"""What a measurement says, for somebody who does not know its name: a literal table of sentences, the plainest first.

    reason(Claim("two-sample accuracy", 0.97, Interval(0.95, 0.99, 0.95, "t"), 0.5, n=359))
    # "a simple classifier tells its samples from real ones 97 % [95, 99] of the time, where guessing is right 50 %"

`it` is always the GAN. What the table does not know is said by its name and number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ganatomy.numerics.statistics.interval import Interval
from ganatomy.report.facts import Claim
from ganatomy.results.measurement import Measurement

PART = ": share over due"


@dataclass(frozen=True)
class Words:
    """`said`: a clause with {value}, {floor} and {name}; `controlled`: what the floor is; `share`: told in percent."""

    said: str
    controlled: str = ""
    share: bool = False


WORDS: dict[str, Words] = {
    "two-sample accuracy": Words(
        "a simple classifier tells its samples from real ones {value} of the time, where guessing is right {floor}",
        "guessing",
        share=True,
    ),
    "FID": Words(
        "its samples are {value} away from real ones (FID), where as many real ones are {floor} away",
        "as many real samples",
    ),
    "Fréchet distance": Words(
        "its samples are {value} away from real ones (Fréchet distance), where as many real ones are {floor} away",
        "as many real samples",
    ),
    "sliced Wasserstein distance": Words(
        "its samples are {value} away from real ones (sliced Wasserstein distance), "
        "where as many real ones are {floor} away",
        "as many real samples",
    ),
    "precision": Words(
        "{value} of its samples lie among real ones, where {floor} of other real ones do",
        "other real samples",
        share=True,
    ),
    "density": Words(
        "its samples lie among real ones with a density of {value}, where other real ones have {floor}",
        "other real samples",
    ),
    "recall": Words(
        "{value} of real samples lie among those it makes, where {floor} lie among other real ones",
        "other real samples",
        share=True,
    ),
    "coverage": Words(
        "{value} of real samples have one near that it makes, where {floor} have another real one near",
        "other real samples",
        share=True,
    ),
    "Vendi ratio": Words(
        "the variety of its samples is {value} of that of as many real ones", "as many real samples", share=True
    ),
    f"*{PART}": Words("samples called '{name}' are made {value} times as often as is due", "what is due"),
    "modes hit*": Words("{value} of the modes are met, of {floor}", "as many samples of the world"),
    "near-exact copies, excess": Words(
        "{value} of its samples are near-exact copies of training samples beyond what chance gives",
        "no copying",
        share=True,
    ),
    "exact copies, excess": Words(
        "{value} of its samples are exact copies of training samples beyond what chance gives", "no copying", share=True
    ),
    "copied at least": Words(
        "at least {value} of its samples are copies of training samples", "no copying", share=True
    ),
    "not finite": Words("{value} of its samples hold numbers that are not finite", "none", share=True),
    "not finite at least": Words(
        "at least {value} of its samples hold numbers that are not finite", "none", share=True
    ),
}


def claim_of(measured: Measurement, *, verdict: str | None = None, limit: str = "") -> Claim:
    """A row of a scorecard as a line of evidence."""
    return Claim(
        what=measured.name,
        effect=measured.value,
        interval=measured.interval,
        control=measured.floor,
        controlled="" if measured.floor is None else words_of(measured.name).controlled or "its floor",
        verdict=verdict,
        limit=limit,
        n=measured.n,
        method=measured.estimator,
        space=measured.space or "",
        better=measured.better,
    )


def reason(claim: Claim) -> str:
    """A clause, without a capital and without a full stop."""
    words = words_of(claim.what)
    value = valued(claim.effect, claim.interval, share=words.share)
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


def valued(value: float, within: Interval | None = None, *, share: bool = False) -> str:
    """The number and its interval, in as many digits as the interval can bear; a share in percent."""
    ends = () if within is None else (within.low, within.high)
    scale = 100.0 if share else 1.0
    numbers = [each * scale for each in (value, *ends)]
    if ends and all(map(math.isfinite, numbers)):
        width = numbers[2] - numbers[1]
        digits = max(0, min(6, 1 - math.floor(math.log10(width)))) if width > 0 else None
        told = [f"{each:.3g}" if digits is None else f"{round(each, digits) + 0.0:.{digits}f}" for each in numbers]
    else:
        told = [f"{each:.3g}" for each in numbers]
    first = told[0] + " %" * share
    return f"{first} [{told[1]}, {told[2]}]" if ends else first


def _filled(said: str, fields: dict[str, str]) -> str:
    """Each field once; what is put in is not looked through again, whatever somebody called a class."""
    out, rest = "", said
    while "{" in rest:
        before, _, after = rest.partition("{")
        name, _, rest = after.partition("}")
        out += before + fields["{" + name + "}"]
    return out + rest
