"""An answered question: what was claimed about whom, what was done, against which controls, and what came out.

Finding(claim="unit layer1:3 draws the upper loop", estimand="mean change of ink in the upper half",
        population="latents of the prior, seed 7", replication="latent", treatment="ablate layer1:3 by its mean",
        positive_control=..., negative_control=..., smallest_effect=0.01, family="512 units x 12 concepts, Holm",
        effect=-0.08, interval=Interval(-0.09, -0.07, 0.95, "t"), p=1e-6, verdict="present")
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ganatomy.errors import UsageError
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.measurement import Measurement
from ganatomy.results.provenance import Provenance
from ganatomy.results.record import Array, Arrays, Record

VERDICTS = ("present", "absent", "undetermined")


@dataclass(frozen=True, eq=False)
class Finding(Record):
    """`family` says with which other tests p was corrected; the controls are measured the same way as the effect."""

    claim: str
    estimand: str
    population: str
    replication: str
    treatment: str
    positive_control: Measurement
    negative_control: Measurement
    smallest_effect: float
    family: str
    effect: float
    interval: Interval
    p: float
    verdict: str
    arrays: Mapping[str, Array] = field(default_factory=dict)
    note: str = ""
    provenance: Provenance | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "arrays", Arrays(self.arrays))
        if self.verdict not in VERDICTS:
            raise UsageError(f"a finding ended as {self.verdict!r}", "legal are: " + ", ".join(VERDICTS))
        if not (math.isnan(self.p) or 0 <= self.p <= 1):
            raise UsageError(f"a finding has p = {self.p}", "p lies between 0 and 1")
        if not self.smallest_effect >= 0:
            raise UsageError(f"a smallest effect of {self.smallest_effect} was declared", "it is a size, 0 or more")

    def __str__(self) -> str:
        low, high = self.interval.low, self.interval.high
        return (
            f"{self.claim}: {self.verdict} (effect {self.effect:.4g} [{low:.4g}, {high:.4g}], "
            f"p {self.p:.2g}, smallest effect of interest {self.smallest_effect:g}, {self.family})"
        )
