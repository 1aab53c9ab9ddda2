"""Readings under a limit in a sentence or two: how many pass, and one of the worst, as the first screen tells it.

limits_told(parts, everything)      # "Of 9 readings under a limit 2 pass, 3 warn and 4 fail. One that fails: ..."
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase

from ganatomy.report.answered.limited import like_real, not_copied, nothing_missing
from ganatomy.report.claims.spaces import in_words
from ganatomy.report.facts import Claim, Part
from ganatomy.report.found import Everything

WORST = ("fail", "warn")


def limits_told(parts: Sequence[Part], everything: Everything, *, besides: str = "") -> str:
    """Of readings under a limit how many pass, and one that does worst; nothing where only `besides` are."""
    judged = [claim for part in parts for claim in part.claims if claim.verdict in ("pass", *WORST)]
    if all(fnmatchcase(claim.what, besides) for claim in judged):
        return ""
    counts = {word: sum(claim.verdict == word for claim in judged) for word in ("pass", "warn", "fail")}
    named = _named(judged, everything)
    many = f"{len(judged)} readings" if len(judged) > 1 else "1 reading"
    return f"Of {many} under a limit {_listed(counts)}.{named}"


def _named(judged: Sequence[Claim], everything: Everything) -> str:
    """The one that the first screen tells, where it is one of these and of the worst of them."""
    worst = next((word for word in WORST if any(claim.verdict == word for claim in judged)), None)
    told = [each(everything).claim for each in (like_real, nothing_missing, not_copied)] if worst else []
    for first in told:
        for claim in judged:
            if first is not None and claim.verdict == worst and _same(first, claim):
                return f" One that {worst}s: {f'{claim.what} {in_words(claim.space)}'.rstrip()}."
    return ""


def _same(first: Claim, claim: Claim) -> bool:
    """Whether a line of a table is this reading: it may carry the name of its section besides."""
    alike = (first.effect, first.interval, first.space, first.n) == (
        claim.effect,
        claim.interval,
        claim.space,
        claim.n,
    )
    return alike and claim.what.startswith(first.what)


def _listed(counts: Mapping[str, int]) -> str:
    verbs: Mapping[str, Callable[[int], str]] = {
        "pass": lambda n: "passes" if n == 1 else "pass",
        "warn": lambda n: "warns" if n == 1 else "warn",
        "fail": lambda n: "fails" if n == 1 else "fail",
    }
    said = [f"{count} {verbs[word](count)}" for word, count in counts.items()]
    return f"{', '.join(said[:-1])} and {said[-1]}"
