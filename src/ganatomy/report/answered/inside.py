"""Whether it is known what its units and directions do: told, and not judged.

    known(everything)       # Answer("Is it known what its units and directions do?", "Units: of 9,600 pairs ...", None)

Counts are over all that were tested together, so that what was found stands beside what was looked for.
"""

from __future__ import annotations

import numpy as np

from ganatomy.report.answered.limited import UNJUDGED
from ganatomy.report.facts import Answer
from ganatomy.report.found import Everything, Found
from ganatomy.results.explanation import Explanation

QUESTION, KEY = "Is it known what its units and directions do?", "units"


def known(everything: Everything) -> Answer:
    told = [
        _units(everything.found.get("dissection", ())),
        _ways(everything.found.get("coordinates", ()), "coordinate"),
        _ways(everything.found.get("directions", ()), "direction"),
    ]
    brief = ", ".join(brief for brief, _ in told if brief)
    if not brief:
        return Answer(QUESTION, f"{UNJUDGED}neither units nor directions were looked at.", None, None, KEY)
    return Answer(QUESTION, f"Shown: {brief}.", None, None, KEY, " ".join(said for _, said in told if said))


def _units(found: tuple[Found, ...]) -> tuple[str, str]:
    """At a glance and in full. A cause beats its controls where no unit of like activation does as much."""
    tables = (each for each in _told(found) if {"claim", "effect"} <= each.arrays.keys())
    record = next((each for each in tables if each.arrays["claim"].ndim == 2), None)
    if record is None:
        return "", ""
    tested = np.isfinite(record.arrays["effect"][:, 0])  # a concept that never varies was asked nothing
    claim, many = np.where(tested, record.arrays["claim"], 0), int(tested.sum())
    causes, out = int((claim > 0).sum()), int((claim < 0).sum())
    said = f"Units: of {many:,} pairs of unit and concept tested together, {causes:,} are causes"
    if causes and {"specificity", "controls"} <= record.arrays.keys():
        least = 1 / (1 + record.arrays["controls"].astype(float))[:, None]
        alone = int(((claim > 0) & (record.arrays["specificity"] <= least * (1 + 1e-9))).sum())
        said += f" ({alone:,} of them do more than every unit of like activation)"
    whole = f"{said}, {out:,} are shown not to be, {many - causes - out:,} are undetermined."
    return f"{causes:,} of {many:,} unit effects", whole


def _ways(found: tuple[Found, ...], what: str) -> tuple[str, str]:
    records = [each for each in _told(found) if {"verdict", "beats_random"} <= each.arrays.keys()]
    if not records:
        return "", ""
    verdicts = np.concatenate([each.arrays["verdict"].ravel() for each in records])
    measured = np.concatenate([np.isfinite(each.arrays["effect"]).ravel() for each in records])
    present, tested = int((verdicts[measured] == "present").sum()), int(measured.sum())
    beats = sum(int(each.arrays["beats_random"].sum()) for each in records)
    many = sum(len(each.units) for each in records)
    return f"{beats:,} of {many:,} {what}s beat random ones", (
        f"{what.capitalize()}s: {beats:,} of {many:,} move a concept more than random directions as long do; "
        f"of {tested:,} pairs of {what} and concept tested, {present:,} are present."
    )


def _told(found: tuple[Found, ...]) -> list[Explanation]:
    """What is told again in another form is not counted twice."""
    return [each.record for each in found if isinstance(each.record, Explanation) and not each.aside]
