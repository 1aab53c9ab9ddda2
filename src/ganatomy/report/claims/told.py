"""Claims from results that are one number each: findings, measurements, and the grades of an explanation."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ganatomy.report.claims.cells import Family, family_of_claims
from ganatomy.report.facts import Claim
from ganatomy.results.explanation import Explanation
from ganatomy.results.finding import Finding
from ganatomy.results.measurement import Measurement

# Of maps: how well they find what the score hangs on, and whether the critic's weights matter to them.
MAPS = {
    "insertion - deletion": "random attributions",
    "similarity with random weights": "maps that have nothing in common",
}
# Of a score as a probability.
PROBABILITY = {
    "ECE": "a calibrated score with these very probabilities",
    "Brier score": "a calibrated score with these very probabilities",
    "JSD, at least": "a score that knows nothing",
    "effective sample size": "a score that knows nothing",
}


def of_finding(found: Finding) -> Claim:
    control = found.negative_control
    there = math.isfinite(control.value)
    return Claim(
        what=found.claim,
        effect=found.effect,
        interval=found.interval,
        control=control.value if there else None,
        controlled=control.name if there else "",
        verdict=found.verdict,
        limit=f"smallest effect of interest {found.smallest_effect:.3g}",
        method="; ".join(each for each in (found.estimand, found.treatment, found.population, found.family) if each),
    )


def of_findings(found: Sequence[Finding]) -> Family:
    """Tested together where all name one correction; "one set" and the like were tested by themselves."""
    noun = "finding" if len(found) == 1 else "findings"
    named = {each.family for each in found}
    together = len(named) == 1 and not any(not each or each.startswith("one ") for each in named)
    return family_of_claims(noun, [of_finding(each) for each in found], together=together)


def of_measurement(found: Measurement, controlled: str = "") -> Claim:
    return Claim(
        what=found.name,
        effect=found.value,
        interval=found.interval,
        control=found.floor,
        controlled=(controlled or "where there is nothing to see") if found.floor is not None else "",
        n=found.n,
        method=found.estimator,
        space=found.space or "",
        better=found.better,
    )


def of_grades(record: Explanation) -> list[Family]:
    """A family for each grade that is shown, so that each method's comes before any method's second."""
    if record.method.startswith("attribution, "):
        name = record.method.removeprefix("attribution, ")
        rows = [(key, f"{name}: {key}", said) for key, said in MAPS.items() if key in record.grades]
    else:
        rows = [
            (f"{head}: {key}", f"{key} (head {head})", said)
            for key, said in PROBABILITY.items()
            for head in record.units
            if f"{head}: {key}" in record.grades
        ]
    found = [(of_measurement(record.grades[key], said), what) for key, what, said in rows]
    claims = [Claim(**{**vars(claim), "what": what}) for claim, what in found]
    return [family_of_claims("grades", claims)] if claims else []
