"""Text as a page shows it: whole sentences, long names cut, signs that would turn or hide what follows made visible.

sentence("there were 12 samples")                 # "There were 12 samples."
shown("a\\u202eb")                                  # "a\\ufffdb"
heard(picture, part)                              # what a screen reader says of a figure
"""

from __future__ import annotations

import re
from typing import Any, Final

from ganatomy.report.facts import Claim, Part, Picture
from ganatomy.report.figures import END, first_sentence
from ganatomy.report.shown import SIGNS, line

MOST, CLASSES = 120, 12  # letters of a name and names of classes on the first screen
FOLDED = 160  # letters of a value, up to which it is not folded
PLAIN_WORD = re.compile(r"(?!ganatomy\b)[^\W\d_A-Z]+(?:[-'’][^\W\d_]+)*[,;:.]?(?=\s|$)")
# What moves, turns or hides text: controls but white space, those of direction, halves of a pair.
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
FOUND = re.compile(r"\d\.\d|\d ?%|\d of \d|\bnone?\b", re.IGNORECASE)
PERCENT = re.compile(r"(?<=\d) %")
ENDS: Final = (".", "?", ":", "!", "…", ".)")


def shown(value: Any) -> Any:
    """Every text of the page passes here, and a % clings to its number; pieces of the page do not change."""
    if hasattr(value, "__html__") or not isinstance(value, str):
        return value
    return PERCENT.sub("\u00a0%", UNSEEN.sub("\ufffd", value))


def stopped(text: str) -> str:
    """With a full stop, where it has no end of its own."""
    text = text.strip()
    return text if not text or text.endswith(ENDS) else f"{text}."


def sentence(text: str) -> str:
    """With a capital too, unless it begins with a name, a command or code."""
    text = stopped(text)
    return text[0].upper() + text[1:] if PLAIN_WORD.match(text) else text


def question(text: str) -> str:
    """As a heading: with a capital, and the mark that it asks with."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith(("?", ".")) else "?")


def brief(text: str) -> str:
    """For the first screen."""
    return text if len(text) <= MOST else text[: MOST - 1].rstrip() + "…"


def fact(value: str, name: str) -> str:
    """A line of what the GAN is, for the first screen: of many classes the first."""
    each = value.split(", ")
    if name != "classes" or len(each) <= CLASSES:
        return brief(value)
    return f"{brief(', '.join(each[:CLASSES]))} and {len(each) - CLASSES} more"


def folded(value: str) -> str:
    """The first line of a value that is too long for a table; "" of one that is not."""
    return brief(value.strip().splitlines()[0]) if len(value) > FOLDED or "\n" in value.strip() else ""


def heard(picture: Picture, part: Part | None = None) -> str:
    """Its own words, unless these tell no finding and the part has one."""
    own = picture.alt or first_sentence(picture.said)
    telling = next((each for each in END.split(picture.said) if FOUND.search(each)), "")
    if telling:
        return own if FOUND.search(own) else first_sentence(telling)
    if part is None or not part.claims:
        return own
    return f"{stopped(own)} {_claimed(part.claims[0])}"


def _claimed(claim: Claim) -> str:
    row = line(claim)
    beside = f", beside {row.control}" if row.control else ""
    judged = f"; {SIGNS[claim.verdict][0]}" if claim.verdict else ""
    return f"{claim.what}: {' '.join(filter(None, (row.value, row.interval)))}{beside}{judged}."
