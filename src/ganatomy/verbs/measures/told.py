"""What a measure tells: a section of the scorecard, and its figure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ganatomy.evaluate.scorecard.card import Section
from ganatomy.results.measurement import Measurement
from ganatomy.verbs.measures.material import Material

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Readings = Mapping[str, Measurement]


@dataclass(frozen=True, eq=False)
class Told:
    """`kept`: what else is worth keeping, as JSON: which samples were meant, and so on."""

    section: Section
    figure: Callable[[], Figure] | None = None
    kept: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Measure:
    """`applies`: whether it is worth asking where nothing was named; `by_default`: whether it is asked then at all."""

    summary: str
    answer: Callable[[Material], Iterator[Told]]
    needs_data: bool = True
    applies: Callable[[Material], bool] = lambda _material: True
    by_default: bool = True


def section(name: str, title: str, measured: Readings | Iterable[Measurement], said: str = "") -> Section:
    rows = measured.values() if isinstance(measured, Mapping) else measured
    return Section(name, title, tuple(rows), said)
