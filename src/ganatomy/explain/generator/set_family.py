"""Sets of several concepts or places: judged together, and seen side by side.

found = as_family(list(unit_sets(gan, "up1.act", measurers, seed=0)))
overview(found).arrays["effect"]              # (sets, concepts): what each does to all concepts when set to zero
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ganatomy.explain.generator.conclude import IN_WORDS
from ganatomy.numerics.statistics.multiplicity import holm
from ganatomy.results.explanation import Explanation
from ganatomy.results.finding import Finding

CODES = {word: code for code, word in IN_WORDS.items()}


def as_family(found: Sequence[Finding]) -> tuple[Finding, ...]:
    """Both claims are corrected by Holm, and a verdict stands only where its claim does."""
    present, absent = (holm([each.arrays["p_claims"][claim] for each in found]).tolist() for claim in (0, 1))
    return tuple(
        _corrected(each, p, a, f"{len(found)} sets, Holm; {each.family}")
        for each, p, a in zip(found, present, absent, strict=True)
    )


def _corrected(found: Finding, present: float, absent: float, family: str) -> Finding:
    p = absent if found.verdict == "absent" else present
    sure = p <= 1 - found.interval.level
    return replace(found, p=p if sure else present, verdict=found.verdict if sure else "undetermined", family=family)


def overview(found: Sequence[Finding]) -> Explanation:
    """A row for each set, named by the concept that it was searched for and its units."""
    concepts = tuple(str(name) for name in found[0].arrays["concepts"])
    own = [int(each.arrays["concept"]) for each in found]
    names = tuple(
        f"{concepts[at]}: {each.treatment.partition(' set to')[0]}" for at, each in zip(own, found, strict=True)
    )
    verdicts = [each.verdict for each in found]
    claim = np.stack([each.arrays["claim"] for each in found])
    claim[np.arange(len(found)), own] = [CODES[verdict] for verdict in verdicts]  # on target as corrected
    off = [_changed(each, at) for each, at in zip(found, own, strict=True) if each.verdict == "present"]
    also = f" (which change {np.mean(off):.1f} other concepts on average)" if off else ""
    return Explanation(
        "unit sets",
        subject=found[0].provenance.digests["gan"] if found[0].provenance else "",
        target="; ".join(concepts),
        units=names,
        arrays={
            **{name: np.stack([each.arrays[name][0] for each in found]) for name in ("effect", "low", "high")},
            "claim": claim,
            "verdict": np.array([CODES[verdict] for verdict in verdicts], dtype=np.int8),
            "concept": np.array(own),
            "off_manifold": np.stack([each.arrays["off_manifold"] for each in found]),
        },
        note=f"Of {len(found)} searched sets {verdicts.count('present')} carry their concept{also},"
        f" {verdicts.count('absent')} are shown not to. Effects of setting to zero, in standard deviations of a"
        f" concept, smallest of interest {found[0].smallest_effect:g}; a claim needs zero, mean and resample.",
        provenance=found[0].provenance,
    )


def _changed(found: Finding, own: int) -> int:
    claim = found.arrays["claim"]
    return int((claim > 0).sum()) - int(claim[own] > 0)
