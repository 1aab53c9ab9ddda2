"""What a report says, as plain values: the page, the JSON and the model card are all written from these.

    Claim("Fréchet distance", 3.1, Interval(2.8, 3.4, 0.95, "jackknife"), 0.4, "other real samples", "fail")
    Report(subject="0001-digits-mlp-s0", ..., answers=(...), sections=(...), provenance={...})

Two equal reports differ in `provenance` alone: times, versions, commands and machines are nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ganatomy.errors import choose
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.measurement import Better
from ganatomy.results.record import Record

Media = Literal["image/svg+xml", "image/png", "image/webp"]
# Under a limit, then of a claim, then of two GANs; None: told, and not judged.
VERDICTS = ("pass", "warn", "fail", "present", "absent", "undetermined", "A", "B", "not told apart", "apart")
QUESTIONS: dict[str, str] = {
    "samples": "What does it make?",
    "training": "How was it trained, and what happened?",
    "units": "What do its units do?",
    "directions": "What do its directions do?",
    "critic": "What does its critic see, and may one believe it?",
    "failures": "How does it fail?",
    "copying": "Is it copying?",
    "quality": "How good and how diverse is it?",
    "theory": "What does theory say, and does it hold here?",
}


@dataclass(frozen=True)
class Claim(Record):
    """One line of evidence. `control` is what the same reading gives where there is nothing to see.

    controlled: what that is, as "as many real samples" or "99 random directions". limit: what the verdict hangs on.
    """

    what: str
    effect: float
    interval: Interval | None = None
    control: float | None = None
    controlled: str = ""
    verdict: str | None = None
    limit: str = ""
    n: int | None = None
    method: str = ""
    space: str = ""
    better: Better = "neither"

    def __post_init__(self) -> None:
        if self.verdict is not None:
            choose(dict.fromkeys(VERDICTS), self.verdict, "verdict")


@dataclass(frozen=True)
class Picture(Record):
    """`alt` and `said` tell what is found, not what is drawn; `source` is the file that it lies in, if it has one."""

    name: str
    media: Media
    data: bytes = field(repr=False)
    width: int
    height: int
    said: str
    alt: str = ""
    source: str = ""
    command: str = ""
    pixelated: bool = False  # few pixels, each of which is to be seen

    def to_dict(self) -> dict[str, Any]:
        """Its bytes are in the page; here is how many they are."""
        told = {key: value for key, value in vars(self).items() if key != "data"}
        return {"type": "Picture", **told, "bytes": len(self.data)}


@dataclass(frozen=True)
class Part(Record):
    """What one explainer or measure answered. `tally` says of how many claims those shown were chosen, and how.

    command: what makes it again; source: the folder or file in which all of it lies.
    """

    name: str
    question: str
    said: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    tally: str = ""
    pictures: tuple[Picture, ...] = ()
    command: str = ""
    source: str = ""


@dataclass(frozen=True)
class Missing(Record):
    """What could not be told, why, and what would help."""

    name: str
    said: str
    remedy: str


@dataclass(frozen=True)
class Section(Record):
    """One of QUESTIONS; `lead`: its answer in a sentence or two."""

    key: str
    lead: str
    parts: tuple[Part, ...] = ()
    missing: tuple[Missing, ...] = ()

    @property
    def question(self) -> str:
        return QUESTIONS[self.key]


@dataclass(frozen=True)
class Answer(Record):
    """A row of the verdict: what people ask first, the worst of its evidence, and the section that holds the rest.

    said: short enough to be read at a glance; more: what stands behind it.
    """

    question: str
    said: str
    verdict: Literal["pass", "warn", "fail"] | None
    claim: Claim | None
    key: str
    more: str = ""


@dataclass(frozen=True)
class Method(Record):
    """How a thing is done and who proposed it: for those who were used."""

    name: str
    said: str
    reference: str = ""


@dataclass(frozen=True)
class Report(Record):
    """`about` says what the GAN is, name by name; `samples` are drawn in order of their address, none left out.

    subject: short; name: as commands are given it, empty where the GAN has none.
    """

    subject: str
    against: str
    about: Mapping[str, str]
    verdict: Literal["pass", "warn", "fail"] | None
    headline: str
    answers: tuple[Answer, ...]
    samples: Picture | None
    sections: tuple[Section, ...]
    methods: tuple[Method, ...]
    limits: str
    provenance: Mapping[str, Any]
    name: str = ""

    def section(self, key: str) -> Section:
        return next(section for section in self.sections if section.key == key)


@dataclass(frozen=True)
class Difference(Record):
    """The same reading of two GANs, and how far apart: B less A."""

    what: str
    key: str
    a: Claim
    b: Claim
    effect: float
    interval: Interval | None
    verdict: str | None


@dataclass(frozen=True)
class Comparison(Record):
    """Two reports side by side. `unlike`: what was read of one alone, or in another way, with the reason."""

    a: Report
    b: Report
    headline: str
    differences: tuple[Difference, ...]
    unlike: tuple[Missing, ...]
    provenance: Mapping[str, Any]
