"""What the measures share: real samples, generated ones, a judge trained on data of its own, feature spaces, tables.

    material = Material(gan, train, held_out, how, progress)
    material.judge, material.spaces
    material.table(space, "made"), material.table(space, "real")     # features (n, d), made once

Real samples are the held-out ones, in the one random order of `explain.critic.lots`, since files are often sorted by
class. The judge learns from one half of the training samples (`half_places`: by chance, groups whole); `spare` real
samples, which stand in for generated ones where a floor is read, come from the other half. Samples are made, looked at
and dropped block by block: of n samples only features stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.data.decode import FolderOptions
from ganatomy.errors import GanatomyError, UsageError
from ganatomy.evaluate.quality.distances import DISTANCES, distances
from ganatomy.evaluate.quality.pairs import Readings, pair
from ganatomy.explain.concepts.classes import examples, half_places
from ganatomy.explain.critic.lots import places
from ganatomy.features.classifier import Judge, train_classifier
from ganatomy.features.defaults import default_spaces, named_space
from ganatomy.features.fit import Plan
from ganatomy.features.space import BLOCK, FeatureSpace
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.training import judge as training_judge
from ganatomy.verbs.subject import Named

Sort = Literal["real", "made", "spare", "train", "many", "held"]
Progress = Callable[[int, int], None]
USUAL, THOROUGH = 2000, 10_000
REMEDY = "name them: --data digits, or --data folder:PATH"
LARGEST, DRAWN = 60_000, 10_000  # training and held-out samples where copies are looked for; of a set without end
UNTRAINED = ("pixels", "random-")
JUDGED = 10_000  # held-out samples that the judge is measured on
MADE: tuple[Sort, ...] = ("made", "many")
SMALL: tuple[Sort, ...] = ("real", "made", "spare")  # read once for all spaces; the others only for the space asked


@dataclass(frozen=True)
class How:
    """n: samples of each sort, by default as many as are held out up to a limit. spaces: names; default two.

    samples: generated ones that are judged one by one. unwanted: classes that should not be made.
    folder: how data that are named as folder:PATH are read. again: also what has been measured already.
    """

    n: int | None = None
    seed: int = 0
    thorough: bool = False
    spaces: tuple[str, ...] = ()
    samples: Sequence[int] = range(24)
    unwanted: tuple[str, ...] = ()
    data_dir: Path | None = None
    folder: FolderOptions | None = None
    again: bool = True

    def many(self, usual: int, thorough: int) -> int:
        return thorough if self.thorough else usual


class Material:
    """Made for one GAN and one call; what is asked for twice is worked out once.

    named: the run that the GAN is of, with the step that was asked for. lacking: why there are no real samples.
    """

    def __init__(
        self,
        gan: GAN,
        train: Dataset | None,
        held_out: Dataset | None,
        how: How,
        *,
        progress: Callable[[str], Progress],
        named: Named | None = None,
        lacking: GanatomyError | None = None,
    ) -> None:
        self.gan, self.how, self.progress = gan, how, progress
        self.named, self.lacking = named, lacking
        self._data = None if train is None or held_out is None else (train, held_out)
        self._distances: dict[str, Readings] = {}
        self._tables: dict[tuple[str, Sort], Tensor] = {}
        self._places: dict[Sort, Sequence[int]] = {}

    @property
    def run(self) -> Path | None:
        return None if self.named is None else self.named.path

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
        tell = self.progress("training a judge")
        return train_classifier(
            examples(self.train, half_places(self.train)[0]),
            self.train.format,
            classes=len(self.classes),
            held_out=examples(self.held_out, places(self.held_out, JUDGED)),
            plan=Plan(steps=training_judge.STEPS, rate=2e-3, seed=self.how.seed),
            progress=lambda step, steps, _loss: tell(step, steps),
        )

    @cached_property
    def spaces(self) -> tuple[FeatureSpace, ...]:
        if not self.how.spaces:
            return default_spaces(self.gan.format, self.judge if self.gan.format.kind == "picture" else None)
        found = {space.id: space for space in map(self._named, self.how.spaces)}
        return tuple(found.values())

    @cached_property
    def untrained(self) -> FeatureSpace:
        """The first space that surely no training sample has shaped: where copies are looked for."""
        own = [space for space in self.spaces if space.name.startswith(UNTRAINED)]
        usual = "random-convolution" if self.gan.format.kind == "picture" else "pixels"
        return own[0] if own else named_space(usual, self.gan.format, None)

    def distances(self, space: FeatureSpace) -> Readings:
        """All distances in one space, measured once."""
        if space.id not in self._distances:
            tell, order = self.progress(f"distances in {space.name}"), list(DISTANCES)
            both = pair(
                self.table(space, "real"),
                self.table(space, "made"),
                space=space.id,
                stream=self.stream("pair"),
                groups=self.groups("real"),
            )
            self._distances[space.id] = distances(both, progress=lambda name: tell(order.index(name) + 1, len(order)))
        return self._distances[space.id]

    def stream(self, name: str) -> Stream:
        return Stream(self.how.seed, f"evaluate/{name}")

    def indices(self, sort: Sort) -> Sequence[int]:
        """Which samples of their kind are meant, in the order of the rows of their table.

        many and held: generated and held-out samples where copies are looked for, more than elsewhere.
        """
        if sort in MADE:
            return range(self.n if sort == "made" else max(self.n, self.how.many(USUAL, THOROUGH)))
        if sort not in self._places:
            if sort == "spare":
                self._places[sort] = half_places(self.train)[1][: self.n]
            else:
                most = DRAWN if self._source(sort).endless else LARGEST
                self._places[sort] = places(self._source(sort), self.n if sort == "real" else most)
        return self._places[sort]

    def numbers(self, sort: Sort, rows: Tensor) -> list[int]:
        """Of the samples in these rows of a table: what `read` and `sample` take."""
        among = self.indices(sort)
        return [among[row] for row in rows.tolist()]

    def table(self, space: FeatureSpace, sort: Sort) -> Tensor:
        """Features (n, width) in float32, on the CPU."""
        if sort == "many" and self.indices(sort) == self.indices("made"):
            sort = "made"
        if (space.id, sort) not in self._tables:
            among = {each.id: each for each in (*(self.spaces if sort in SMALL else ()), space)}
            found: dict[str, list[Tensor]] = {name: [] for name in among}
            for block in self.samples(sort):
                for name, each in among.items():
                    found[name].append(each(block, self.gan.format).cpu())
            self._tables |= {(name, sort): torch.cat(blocks) for name, blocks in found.items()}
        return self._tables[space.id, sort]

    def samples(self, sort: Sort) -> Iterator[Tensor]:
        """In blocks that are always cut alike, since the last bits of a sample hang on them."""
        indices = self.indices(sort)
        tell = self.progress(f"{'making' if sort in MADE else 'reading'} samples")
        for first in range(0, len(indices), BLOCK):
            block = indices[first : first + BLOCK]
            yield self.gan.sample(self.how.seed, block) if sort in MADE else self._source(sort).read(block)
            tell(first + len(block), len(indices))

    def labels(self, sort: Literal["real", "train", "spare"]) -> Tensor:
        found = self._source(sort).labels(self.indices(sort))
        if found is None:
            raise UsageError("labels of data without classes were asked for", "name data whose samples have classes")
        return found

    def groups(self, sort: Literal["real", "train", "spare", "held"]) -> Tensor | None:
        """Of the rows of a table, where the data know groups."""
        known = self._source(sort).groups
        return None if known is None else known[torch.as_tensor(self.indices(sort))]

    def pooled_groups(self) -> tuple[Tensor, Tensor] | None:
        """Of training and held-out samples, which share none; on a side without groups each sample is its own."""
        found = [self.groups("train"), self.groups("held")]
        if found[0] is None and found[1] is None:
            return None
        sizes = len(self.indices("train")), len(self.indices("held"))
        known, other = (torch.arange(n) if ids is None else ids for n, ids in zip(sizes, found, strict=True))
        return known, other + int(known.max()) + 1

    def beside(self, gan: GAN) -> Material:
        """For another GAN, in the same spaces and against the same real samples."""
        train, held_out = self._data or (None, None)
        other = Material(gan, train, held_out, self.how, progress=self.progress)
        other.__dict__ |= {"spaces": self.spaces} | {name: self.judge for name in ("judge",) if name in self.__dict__}
        other._tables = {key: table for key, table in self._tables.items() if key[1] not in MADE}
        return other

    def require_data(self, name: str) -> None:
        if self._data is None and self.lacking is not None:
            raise type(self.lacking)(f"{name!r} looks at real samples: {self.lacking.said}", self.lacking.remedy)
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
        return self.held_out if sort in ("real", "held") else self.train

    def _both(self) -> tuple[Dataset, Dataset]:
        if self._data is None:
            raise UsageError("real samples are needed, and none were named", REMEDY)
        return self._data

    def _named(self, name: str) -> FeatureSpace:
        from ganatomy.intake.feature_space import space_from

        if name.startswith("inception:") or ".py:" in name:
            return space_from(name, self.gan.format)
        return named_space(name, self.gan.format, self.judge if name == "classifier" else None)
