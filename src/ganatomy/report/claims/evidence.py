"""What one explainer found, as lines of evidence: by the kind of each of its results.

    evidence(record, explainer="coordinates", name="effects").tally
    gathered(everything.found["dissection"]).claims       # all results of one explainer, as one table

A kind that is not in the table gives no claims: pictures, maps and strips are looked at, and claim nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ganatomy.report.claims.cells import Cells, Evidence, Family, family_of, family_of_claims, merged
from ganatomy.report.claims.critic import CRITIC
from ganatomy.report.claims.latent import LATENT
from ganatomy.report.claims.pictures import PICTURES
from ganatomy.report.claims.told import of_findings, of_grades, of_measurement
from ganatomy.report.claims.training import TRAINING
from ganatomy.report.claims.units import UNITS
from ganatomy.report.found import Found
from ganatomy.results.explanation import Explanation
from ganatomy.results.finding import Finding
from ganatomy.results.measurement import Measurement
from ganatomy.results.record import Record

READERS: Mapping[str, Callable[[Explanation, str], Iterator[Cells]]] = UNITS | LATENT | CRITIC | PICTURES | TRAINING
# Findings that say again what a table of the same explainer says, by how they begin.
SAID_AGAIN: Mapping[str, tuple[str, ...]] = {
    "dissection": ("unit *causes*",),
    "carriers": ("*hangs on unit*", "unit *works against*"),
    "cues": ("*the score of*",),
}


def evidence(record: Record, *, explainer: str, name: str) -> Evidence:
    return gathered((Found(explainer, name, record, "", ""),))


def gathered(found: Sequence[Found]) -> Evidence:
    """A result that lies there twice, for two figures, counts once."""
    tables: dict[Any, list[Family]] = {}
    for each in found:
        if isinstance(each.record, Explanation):
            tables.setdefault(_kind(each.record), _families(each.record, each.name))
    families = [family for table in tables.values() for family in table]
    judged = any(family.judged for family in families)
    findings = [each.record for each in found if isinstance(each.record, Finding) and not (judged and _again(each))]
    measured = [of_measurement(each.record) for each in found if isinstance(each.record, Measurement)]
    families += [of_findings(findings)] if findings else []
    families += [family_of_claims("measurements", measured)] if measured else []
    return merged(families)


def _families(record: Explanation, name: str) -> list[Family]:
    reader = READERS.get(record.method)
    if reader is None:
        reader = next((each for kind, each in READERS.items() if fnmatchcase(record.method, kind)), None)
    try:
        found = [] if reader is None else [family_of(cells) for cells in reader(record, name)]
    except KeyError:  # another version of ganatomy kept other arrays: what it said still stands beside its figure
        found = []
    return found + of_grades(record)


def _kind(record: Explanation) -> tuple[object, ...]:
    shapes = tuple((name, values.shape) for name, values in record.arrays.items())
    return record.method, record.target, record.units, record.note, shapes


def _again(found: Found) -> bool:
    assert isinstance(found.record, Finding)
    return any(fnmatchcase(found.record.claim, each) for each in SAID_AGAIN.get(found.explainer, ()))
