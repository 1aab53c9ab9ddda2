"""A claim of a method about a subject, not yet graded: what each unit got, where, and how it was made.

    Explanation("dissection", subject=gan.digest(), target="stroke width", units=("layer1:3", "layer1:7"),
                arrays={"iou": iou})

`grades` stays empty until `evaluate` fills it: a method does not grade itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ganatomy.errors import UsageError
from ganatomy.results.measurement import Measurement
from ganatomy.results.provenance import Provenance
from ganatomy.results.record import Array, Arrays, Record, flat


@dataclass(frozen=True, eq=False)
class Explanation(Record):
    """The first axis of every array runs over `units`, unless there are none."""

    method: str
    subject: str
    target: str
    units: tuple[str, ...]
    arrays: Mapping[str, Array]
    grades: Mapping[str, Measurement] = field(default_factory=dict)
    note: str = ""
    provenance: Provenance | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "units", tuple(self.units))
        object.__setattr__(self, "arrays", Arrays(self.arrays))
        for name, values in self.arrays.items():
            if self.units and (values.ndim == 0 or len(values) != len(self.units)):
                raise UsageError(
                    f"{self.method}: the array {name!r} has shape {values.shape} for {len(self.units)} units",
                    "the first axis of every array runs over the units",
                )

    def graded(self, grades: Mapping[str, Measurement]) -> Explanation:
        """The same explanation with more grades."""
        return replace(self, grades={**self.grades, **grades})

    def rows(self) -> list[dict[str, Any]]:
        """A row for each unit with the values that are one number a unit; without units a single row."""
        shared = {"type": "Explanation", "method": self.method, "subject": self.subject, "target": self.target}
        shared |= flat({"grades": {name: grade.value for name, grade in self.grades.items()}})
        singles = {name: values.tolist() for name, values in self.arrays.items() if self.units and values.ndim == 1}
        if not self.units:
            return [shared]
        return [
            {**shared, "unit": unit, **{name: values[place] for name, values in singles.items()}}
            for place, unit in enumerate(self.units)
        ]
