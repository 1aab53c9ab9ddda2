"""What an explainer is asked, and what it tells: the types between `explain` and the table of explainers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ganatomy.data.dataset import Dataset
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.generator.sites import SiteShape, named_sites
from ganatomy.explain.passes import Progress, draws
from ganatomy.models.gan import GAN
from ganatomy.results.explanation import Explanation
from ganatomy.results.finding import Finding
from ganatomy.results.measurement import Measurement

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Record = Explanation | Finding | Measurement


class How(Protocol):
    """What of `explain.Wanted` concerns an explainer."""

    @property
    def seed(self) -> int: ...
    @property
    def thorough(self) -> bool: ...
    @property
    def sites(self) -> tuple[str, ...] | None: ...
    @property
    def own(self) -> tuple[str, ...]: ...
    @property
    def smallest(self) -> float: ...
    @property
    def permute_labels(self) -> int | None: ...
    @property
    def data_dir(self) -> Path | None: ...


@dataclass(frozen=True, eq=False)
class Asked:
    """Of whom, by which concepts (trained when first asked for), beside which real pictures, and how."""

    gan: GAN
    concepts: Callable[[], Sequence[Measurer]]
    train: Dataset | None
    held_out: Dataset | None
    how: How
    progress: Progress
    earlier: Callable[[], Mapping[str, GAN]] = dict  # of the same run, by what they are called
    # The GAN with its score the right way round, and a sentence if it was not.
    turned: Callable[[], tuple[GAN, str]] | None = None
    run: Path | None = None  # the folder of the run that it is a checkpoint of

    def many(self, usual: int, thorough: int) -> int:
        return thorough if self.how.thorough else usual

    @property
    def measurers(self) -> Sequence[Measurer]:
        return self.concepts()

    @property
    def places(self) -> tuple[SiteShape, ...]:
        """Those that were named, or those of the rule; of more than one unit."""
        found = named_sites(self.gan, next(draws(self.gan, 2, seed=self.how.seed)), self.how.sites)
        return tuple(place for place in found if place.channels > 1) or found

    @property
    def sites(self) -> tuple[str, ...]:
        return tuple(str(place.site) for place in self.places)


@dataclass(frozen=True, eq=False)
class Told:
    """A result, what it says in a sentence, and its figure."""

    name: str
    record: Record
    said: str
    figure: Callable[[], Figure] | None = None
    aside: bool = False  # kept and listed, but not worth a line on a terminal


@dataclass(frozen=True)
class Explainer:
    summary: str
    answer: Callable[[Asked], Iterator[Told]]
    needs_data: bool = False
    needs_critic: bool = False
    by_default: bool = True
    needs_run: bool = False
    needs_plane: bool = False  # samples are points of the plane

    def applies(self, gan: GAN, run: Path | None) -> bool:
        """Whether it is worth calling where nothing was named."""
        return (run is not None or not self.needs_run) and (gan.format.shape == (2,) or not self.needs_plane)
