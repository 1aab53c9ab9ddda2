"""What people ask first, each answered by the worst of its evidence, and what to do about it in a sentence or two.

    rows = answers(everything)              # at most six Answers, in the order in which people ask
    verdict, headline = overall(rows)       # "fail", "Do not rely on its samples: 12 % [9, 15] of them are ..."

The headline is never stronger than the rows: what was not judged is said, and so is how little was looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ganatomy.evaluate.scorecard.limits import Verdict
from ganatomy.report.answered import ended, inside, score
from ganatomy.report.answered.limited import (
    COPIED,
    LIKE,
    UNJUDGED,
    WHOLE,
    like_real,
    not_copied,
    nothing_missing,
)
from ganatomy.report.answered.words import beyond, reason, words_of
from ganatomy.report.facts import Answer
from ganatomy.report.found import Everything

NEEDED = (LIKE, WHOLE, COPIED)  # without one of these nothing can be said of the whole


@dataclass(frozen=True)
class Advice:
    """never: what not to do where it fails; what: of what there is doubt; whose: what misses its limit."""

    never: str
    what: str
    whose: str


ADVICE: Mapping[str, Advice] = {
    LIKE: Advice(
        "Do not take its samples for real ones",
        "whether its samples are like real ones",
        "its likeness to real ones",
    ),
    WHOLE: Advice(
        "Do not rely on its samples to show all that the data hold", "whether anything is missing", "what is missing"
    ),
    COPIED: Advice(
        "Do not rely on its samples: it repeats training samples",
        "whether it repeats training samples",
        "how much it repeats",
    ),
    ended.QUESTION: Advice(
        "Do not rely on it: its training did not end well", "how its training ended", "how its training ended"
    ),
    score.QUESTION: Advice(
        "Do not rely on its critic's score",
        "whether its critic's score may be believed",
        "what its critic's score may be used for",
    ),
}


def answers(everything: Everything) -> tuple[Answer, ...]:
    asked = (like_real, nothing_missing, not_copied, ended.ended, score.believed, inside.known)
    return tuple(each(everything) for each in asked)


def overall(answers: Sequence[Answer]) -> tuple[Verdict | None, str]:
    """fail where samples or training fail; else None where one of the first three is not judged; else the worst.

    A critic that may not be believed is no reason to give up samples that are fine: it is a warning.
    """
    failed, doubted = ([each for each in answers if each.verdict == verdict] for verdict in ("fail", "warn"))
    judges = [each for each in failed if each.question != score.QUESTION]
    unjudged = [each for each in answers if each.question in NEEDED and each.verdict is None]
    if judges:
        return "fail", _told(ADVICE[judges[0].question].never, judges[0], _but(failed, judges[0]), doubted)
    if unjudged:
        return None, _told("It cannot be said whether to trust it", unjudged[0], failed, [*unjudged[1:], *doubted])
    if failed:
        return "warn", _told(f"Usable with care: {_lowered(ADVICE[failed[0].question].never)}", failed[0], (), doubted)
    if doubted:
        return "warn", _told("Usable with care", doubted[0], (), doubted[1:])
    return "pass", _unopposed(answers)


def _but(answers: Sequence[Answer], without: Answer) -> list[Answer]:
    return [each for each in answers if each is not without]


def _told(lead: str, first: Answer, also: Sequence[Answer], others: Sequence[Answer]) -> str:
    """The reason that comes first in words, what else there is by name."""
    said = f"{lead} ({_reason(first)})." if ":" in lead else f"{lead}: {_reason(first)}."
    if also:
        said += f" Nor is this all: {'; '.join(_lowered(ADVICE[each.question].never) for each in also)}."
    needed = [each for each in others if each.question in NEEDED]
    over = [ADVICE[each.question].whose for each in needed if _over(each)]
    doubt = [ADVICE[each.question].what for each in needed if not _over(each) and each.verdict is not None]
    open_ = [ADVICE[each.question].what for each in needed if each.verdict is None]
    rest = [ADVICE[each.question].whose for each in others if each.question not in NEEDED]
    said += f" Nor could be judged: {_listed(open_)}." if open_ else ""
    said += f" Also beyond what passes: {_listed(over)}." if over else ""
    said += f" Also in doubt: {_listed(doubt)}." if doubt else ""
    return said + (f" See too {_listed(rest)}." if rest else "")


def _over(answer: Answer) -> bool:
    """Surely beyond what passes, and not so far as what fails."""
    return answer.verdict == "warn" and answer.claim is not None and beyond(answer.claim)


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _reason(answer: Answer) -> str:
    """In the words of its measurement; where it has none, in the answer's own."""
    if answer.claim is not None and words_of(answer.claim.what).said:
        warned = ", which is beyond what passes" if _over(answer) else ", which may or may not pass"
        return reason(answer.claim) + (warned if answer.verdict == "warn" else "")
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
    left = [ADVICE[each.question].what for each in answers if each.verdict is None and each.question in ADVICE]
    return f"{said}. Not judged: {', '.join(left)}." if left else f"{said}."


def _lowered(text: str) -> str:
    """The first letter small, unless the word is a name that is all capitals."""
    return text if text[:2].isupper() else text[:1].lower() + text[1:]
