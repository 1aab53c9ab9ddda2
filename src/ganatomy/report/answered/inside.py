"""Whether it is known what its units and directions do: told, and not judged.

    known(everything)       # Answer("Is it known what its units and directions do?", "Shown to act: 0 of ...", None)

Counts are those of the sections, over all that were tested: what was found stands beside what was looked for.
"""

from __future__ import annotations

import numpy as np

from ganatomy.report.answered.limited import UNJUDGED
from ganatomy.report.claims.cells import Family
from ganatomy.report.claims.evidence import gathered
from ganatomy.report.claims.latent import COORDINATES, DIRECTIONS
from ganatomy.report.claims.units import ALONE, TOGETHER
from ganatomy.report.facts import Answer
from ganatomy.report.found import Everything, Found
from ganatomy.results.explanation import Explanation

QUESTION, KEY = "Is it known what its units and directions do?", "units"


def known(everything: Everything) -> Answer:
    if everything.why_no_samples:
        said = f"{UNJUDGED}it gives no samples ({everything.why_no_samples})."
        return Answer(QUESTION, said, None, None, KEY)
    units = everything.found.get("dissection", ())
    alone, several = _family(units, ALONE), _family(units, TOGETHER)
    ways = {
        "coordinate": _family(everything.found.get("coordinates", ()), COORDINATES),
        "direction": _family(everything.found.get("directions", ()), DIRECTIONS),
    }
    beyond = None if alone is None else _beyond(units, alone)
    brief = (
        _counted("Shown to act", (_single(alone, beyond), _several(several))),
        _counted("More than random directions", [_beside(each, what) for what, each in ways.items()]),
    )
    if not any(brief):
        looked = any(map(everything.found.get, ("dissection", *(f"{what}s" for what in ways))))
        why = "of units and directions nothing was tested" if looked else "neither units nor directions were looked at"
        return Answer(QUESTION, f"{UNJUDGED}{why}.", None, None, KEY)
    more = (_units(alone, beyond), _together(several), *(_moving(each, what) for what, each in ways.items()))
    return Answer(QUESTION, " ".join(filter(None, brief)), None, None, KEY, " ".join(filter(None, more)))


def _family(found: tuple[Found, ...], noun: str) -> Family | None:
    """Of all that was tested of one kind, as its section counts it."""
    families = gathered(found).families if found else ()
    return next((each for each in families if each.noun == noun and each.judged), None)


def _beyond(found: tuple[Found, ...], alone: Family) -> int | None:
    """Causes that do more than every unit of like activation; None where not all of them were held beside such."""
    causes = count = 0
    for each in found:
        record = each.record
        if not isinstance(record, Explanation) or each.aside or not {"claim", "effect"} <= record.arrays.keys():
            continue
        if not {"specificity", "controls"} <= record.arrays.keys():
            return None
        cause = (record.arrays["claim"] > 0) & np.isfinite(record.arrays["effect"][:, 0])
        least = 1 / (1 + record.arrays["controls"].astype(float))[:, None]
        causes += int(cause.sum())
        count += int((cause & (record.arrays["specificity"] <= least * (1 + 1e-9))).sum())
    return count if causes == alone.present else None


def _counted(lead: str, pieces: tuple[str, ...] | list[str]) -> str:
    there = [each for each in pieces if each]
    return f"{lead}: {', '.join(there)}." if there else ""


def _single(alone: Family | None, beyond: int | None) -> str:
    if alone is None:
        return ""
    if beyond is None or not alone.present:
        return f"{alone.present:,} of {alone.judged:,} effects of single units"
    return f"{beyond:,} of {alone.judged:,} effects of single units above like ones ({alone.present:,} in all)"


def _several(several: Family | None) -> str:
    return "" if several is None else f"{several.present:,} of {several.judged:,} of several together"


def _beside(found: Family | None, what: str) -> str:
    return "" if found is None else f"{found.beside[0]:,} of {found.beside[1]:,} {what}s"


def _units(alone: Family | None, beyond: int | None) -> str:
    if alone is None:
        return ""
    said = f"Units: of {alone.judged:,} pairs of unit and concept tested together, {alone.present:,} are causes"
    if alone.present and beyond is not None:
        said += f" ({beyond:,} of them do more than every unit of like activation)"
    return f"{said}, {alone.absent:,} are shown not to be, {alone.undetermined:,} are undetermined."


def _together(several: Family | None) -> str:
    if several is None:
        return ""
    return (
        f"Several units together: of {several.judged:,} effects tested, {several.present:,} are present, "
        f"{several.absent:,} absent, {several.undetermined:,} undetermined."
    )


def _moving(found: Family | None, what: str) -> str:
    if found is None:
        return ""
    beats, many = found.beside
    return (
        f"{what.capitalize()}s: {beats:,} of {many:,} move a concept more than random directions as long do; "
        f"of {found.judged:,} pairs of {what} and concept tested, {found.present:,} are present."
    )
