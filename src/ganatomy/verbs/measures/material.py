"""What the measures share: real samples, generated ones, a judge trained on data of its own, feature spaces, tables.

    material = Material(gan, train, held_out, how, progress)
    material.judge, material.spaces
    material.table(space, "made"), material.table(space, "real")     # features (n, d), made once

Real samples are the held-out ones. The judge learns from the first half of the training samples; `spare` real samples,
which stand in for generated ones where a floor is read, come from the other half. Samples are made, looked at in every
space and dropped block by block: of n samples only features stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError
from ganatomy.evaluate.quality.distances import DISTANCES, distances
from ganatomy.evaluate.quality.pairs import Readings, pair
from ganatomy.features.classifier import Judge
from ganatomy.features.defaults import default_spaces, named_space
from ganatomy.features.space import BLOCK, FeatureSpace
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.training.judge import judge_of

Sort = Literal["real", "made", "spare", "train"]
Progress = Callable[[int, int], None]
USUAL, THOROUGH = 2000, 10_000
REMEDY = "name them: --data digits, or --data folder:PATH"
LARGEST = 60_000  # samples that are ever read of a set, of one without end in particular


@dataclass(frozen=True)
class How:
    """n: samples of each sort, by default as many as are held out up to a limit. spaces: names; default two.

    samples: generated ones that are judged one by one. unwanted: classes that should not be made.
    """

    n: int | None = None
    seed: int = 0
    thorough: bool = False
    spaces: tuple[str, ...] = ()
    samples: Sequence[int] = range(24)
    unwanted: tuple[str, ...] = ()
    data_dir: Path | None = None

    def many(self, usual: int, thorough: int) -> int:
        return thorough if self.thorough else usual


class Material:
    """Made for one GAN and one call; what is asked for twice is worked out once."""

    def __init__(
        self,
        gan: GAN,
        train: Dataset | None,
        held_out: Dataset | None,
        how: How,
        *,
        progress: Callable[[str], Progress],
        run: Path | None = None,
    ) -> None:
        self.gan, self.how, self.run, self.progress = gan, how, run, progress
        self._data = None if train is None or held_out is None else (_cut(train, LARGEST), _cut(held_out, LARGEST))
        self._distances: dict[str, Readings] = {}
        self._tables: dict[tuple[str, Sort], Tensor] = {}

    @property
    def has_data(self) -> bool:
        return self._data is not None

    @property
    def train(self) -> Dataset:
        return self._both()[0]

    @property
    def held_out(self) -> Dataset:
        return self._both()[1]

    @property
    def classes(self) -> tuple[str, ...]:
        return self.train.classes if self._data is not None else ()

    @cached_property
    def n(self) -> int:
        """Samples of each sort."""
        wanted = self.how.n or self.how.many(USUAL, THOROUGH)
        return wanted if self._data is None else min(wanted, self.held_out.size)

    @cached_property
    def judge(self) -> Judge | None:
        """Of the classes of the data, if they have any."""
        if len(self.classes) < 2:
            return None
        return judge_of(self.train, self.held_out, seed=self.how.seed, progress=self.progress("training a judge"))

    @cached_property
    def spaces(self) -> tuple[FeatureSpace, ...]:
        if not self.how.spaces:
            return default_spaces(self.gan.format, self.judge if self.gan.format.kind == "picture" else None)
        return tuple(self._named(name) for name in dict.fromkeys(self.how.spaces))

    @property
    def untrained(self) -> FeatureSpace:
        """The first space that no training sample has shaped: where copies are looked for."""
        own = [space for space in self.spaces if space.name != "classifier"]
        return own[0] if own else named_space("random-projection", self.gan.format, None)

    def distances(self, space: FeatureSpace) -> Readings:
        """All distances in one space, measured once."""
        if space.id not in self._distances:
            tell, places = self.progress(f"distances in {space.name}"), list(DISTANCES)
            both = pair(
                self.table(space, "real"),
                self.table(space, "made"),
                space=space.id,
                stream=self.stream("pair"),
                groups=self.groups("real"),
            )
            self._distances[space.id] = distances(both, progress=lambda name: tell(places.index(name) + 1, len(places)))
        return self._distances[space.id]

    def stream(self, name: str) -> Stream:
        return Stream(self.how.seed, f"evaluate/{name}")

    def indices(self, sort: Sort) -> range:
        """Which samples of their kind are meant."""
        if sort in ("real", "made"):
            return range(self.n)
        half = self.train.size // 2
        return range(half, min(half + self.n, self.train.size)) if sort == "spare" else range(self.train.size)

    def table(self, space: FeatureSpace, sort: Sort) -> Tensor:
        """Features (n, width) in float32, on the CPU."""
        if (space.id, sort) not in self._tables:
            among = {each.id: each for each in (*self.spaces, space)}
            found: dict[str, list[Tensor]] = {name: [] for name in among}
            for block in self.samples(sort):
                for name, each in among.items():
                    found[name].append(each(block, self.gan.format).cpu())
            self._tables |= {(name, sort): torch.cat(blocks) for name, blocks in found.items()}
        return self._tables[space.id, sort]

    def samples(self, sort: Sort) -> Iterator[Tensor]:
        """In blocks that are always cut alike, since the last bits of a sample hang on them."""
        indices = self.indices(sort)
        tell = self.progress(f"{'making' if sort == 'made' else 'reading'} samples")
        for first in range(indices.start, indices.stop, BLOCK):
            block = range(first, min(first + BLOCK, indices.stop))
            yield self.gan.sample(self.how.seed, block) if sort == "made" else self._source(sort).read(block)
            tell(block.stop - indices.start, len(indices))

    def labels(self, sort: Literal["real", "train", "spare"]) -> Tensor:
        found = self._source(sort).labels(self.indices(sort))
        if found is None:
            raise UsageError("labels of data without classes were asked for", "name data whose samples have classes")
        return found

    def groups(self, sort: Literal["real", "train"]) -> Tensor | None:
        known = self._source(sort).groups
        return None if known is None else known[: len(self.indices(sort))]

    def beside(self, gan: GAN) -> Material:
        """For another GAN, in the same spaces and against the same real samples."""
        train, held_out = self._data or (None, None)
        other = Material(gan, train, held_out, self.how, progress=self.progress)
        other.__dict__ |= {"judge": self.judge, "spaces": self.spaces}
        other._tables = {key: table for key, table in self._tables.items() if key[1] != "made"}
        return other

    def require_data(self, name: str) -> None:
        if self._data is None:
            raise UsageError(f"{name!r} looks at real samples, and none were named", REMEDY)

    def described(self) -> str:
        if self._data is None:
            return "no real samples"
        return f"{self.held_out.name}, {self.n} held-out samples, training samples {self.train.fingerprint[:12]}"

    def digests(self) -> dict[str, str]:
        found = {"gan": self.gan.digest()}
        if self._data is not None:
            found |= {"train": self.train.fingerprint, "held out": self.held_out.fingerprint}
        return found

    def _source(self, sort: Sort) -> Dataset:
        return self.held_out if sort == "real" else self.train

    def _both(self) -> tuple[Dataset, Dataset]:
        if self._data is None:
            raise UsageError("real samples are needed, and none were named", REMEDY)
        return self._data

    def _named(self, name: str) -> FeatureSpace:
        from ganatomy.intake.feature_space import space_from

        if name.startswith("inception:") or ".py:" in name:
            return space_from(name, self.gan.format)
        return named_space(name, self.gan.format, self.judge if name == "classifier" else None)


def _cut(data: Dataset, most: int) -> Dataset:
    """The first samples of a set that may have no end; groups stay those of what is left."""
    if data.size <= most:
        return data
    return replace(data, size=most, groups=None if data.groups is None else data.groups[:most])
