"""What people ask first, each answered by the worst of its evidence, and what to do about it in a sentence or two.

    rows = answers(everything)              # at most six Answers, in the order in which people ask
    verdict, headline = overall(rows)       # "fail", "Do not rely on its samples: 12 % [9, 15] of them are ..."

The headline is never stronger than the rows: what was not judged is said, and so is how little was looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ganatomy.evaluate.scorecard.limits import Verdict
from ganatomy.report.answered import ended, inside, score
from ganatomy.report.answered.limited import COPIED, LIKE, UNJUDGED, WHOLE, like_real, not_copied, nothing_missing
from ganatomy.report.answered.words import reason, words_of
from ganatomy.report.facts import Answer
from ganatomy.report.found import Everything

NEEDED = (LIKE, WHOLE, COPIED)  # without one of these nothing can be said of the whole
# question -> what not to do where it fails, and what is in doubt where it warns or is not judged
ADVICE: Mapping[str, tuple[str, str]] = {
    LIKE: ("Do not take its samples for real ones", "whether its samples are like real ones"),
    WHOLE: ("Do not rely on its samples to show all that the data hold", "whether anything is missing"),
    COPIED: ("Do not rely on its samples: it repeats training samples", "whether it repeats training samples"),
    ended.QUESTION: ("Do not rely on it: its training did not end well", "how its training ended"),
    score.QUESTION: ("Do not rely on its critic's score", "whether its critic's score may be believed"),
}


def answers(everything: Everything) -> tuple[Answer, ...]:
    asked = (like_real, nothing_missing, not_copied, ended.ended, score.believed, inside.known)
    return tuple(each(everything) for each in asked)


def overall(answers: Sequence[Answer]) -> tuple[Verdict | None, str]:
    """fail where one fails; else None where one of the first three is not judged; else the worst of all."""
    failed, doubted = ([each for each in answers if each.verdict == verdict] for verdict in ("fail", "warn"))
    unjudged = [each for each in answers if each.question in NEEDED and each.verdict is None]
    if failed:
        return "fail", _told(ADVICE[failed[0].question][0], failed[0], failed[1:], doubted)
    if unjudged:
        return None, _told("It cannot be said whether to trust it", unjudged[0], (), [*unjudged[1:], *doubted])
    if doubted:
        return "warn", _told("Usable with care", doubted[0], (), doubted[1:])
    return "pass", _unopposed(answers)


def _told(lead: str, first: Answer, also: Sequence[Answer], doubted: Sequence[Answer]) -> str:
    """The reason that comes first in words, what else there is by name."""
    said = f"{lead} ({_reason(first)})." if ":" in lead else f"{lead}: {_reason(first)}."
    if also:
        said += f" Nor is this all: {'; '.join(_lowered(ADVICE[each.question][0]) for each in also)}."
    if doubted:
        said += f" Also in doubt: {', '.join(ADVICE[each.question][1] for each in doubted)}."
    return said


def _reason(answer: Answer) -> str:
    """In the words of its measurement; where it has none, in the answer's own."""
    if answer.claim is not None and words_of(answer.claim.what).said:
        return reason(answer.claim)
    return _lowered(answer.said.removeprefix(UNJUDGED)).rstrip(".")


def _unopposed(answers: Sequence[Answer]) -> str:
    sizes = [each.claim.n for each in answers if each.question in NEEDED and each.claim is not None and each.claim.n]
    said = (
        "Nothing measured here speaks against it: its samples stay within the limits that are set for being like real "
        "ones, for missing nothing and for repeating nothing"
    )
    if sizes:
        few = min(sizes)
        said += f". This rests on as few as {few:,} samples"
        said += f": what fewer than 1 in {few // 3:,} of them show may have gone unseen" if few >= 6 else ""
    left = [ADVICE[each.question][1] for each in answers if each.verdict is None and each.question in ADVICE]
    return f"{said}. Not judged: {', '.join(left)}." if left else f"{said}."


def _lowered(text: str) -> str:
    """The first letter small, unless the word is a name that is all capitals."""
    return text if text[:2].isupper() else text[:1].lower() + text[1:]
