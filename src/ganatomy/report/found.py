"""What a report is made of: the answers of explainers and the scorecard, as they lie on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ganatomy.evaluate.scorecard.card import Scorecard
from ganatomy.report.facts import Missing, Part
from ganatomy.results.record import Record


@dataclass(frozen=True, eq=False)
class Found:
    """One result of an explainer. `folder` is relative to the report; `svg`: its figure; `aside`: not worth a line."""

    explainer: str
    name: str
    record: Record
    said: str
    folder: str
    svg: str | None = None
    aside: bool = False


@dataclass(frozen=True, eq=False)
class Carded:
    """A scorecard, the figures of its sections by their names, and what else was kept of them."""

    card: Scorecard
    folder: str = ""
    svgs: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


@dataclass(frozen=True)
class Course:
    """How a run went: its state and why it ended, and its alarms as (rule, first step, sentence)."""

    state: str
    reason: str
    steps: int
    images: int | None
    alarms: tuple[tuple[str, int, str], ...]

    @property
    def standing(self) -> tuple[tuple[str, int, str], ...]:
        """The one that has stood longest comes first."""
        return tuple(sorted(self.alarms, key=lambda alarm: alarm[1]))


@dataclass(frozen=True, eq=False)
class Everything:
    """`found`: results by explainer, in their order. `missing`: by the name of an explainer or measure.

    questions: what each explainer and measure asks; commands: what makes its answer again. parts: made by hand, by
    section. course: None where no record of training is known. why_no_course: the reason.
    why_no_samples: why nothing can be asked of the networks, as after divergence.
    """

    subject: str
    found: Mapping[str, tuple[Found, ...]]
    carded: Carded | None
    missing: tuple[Missing, ...]
    questions: Mapping[str, str]
    commands: Mapping[str, str]
    parts: Mapping[str, tuple[Part, ...]]
    course: Course | None
    why_no_course: str = ""
    why_no_samples: str = ""
    has_critic: bool = True
    has_data: bool = True
    known_density: bool = False
