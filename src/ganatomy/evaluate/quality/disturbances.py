"""Real samples made worse in known ways and steps: what a feature space ought to answer to.

    real = Reals.of(dataset, 2000, stream=Stream(0, "sanity"))
    DISTURBANCES["noise"].apply(real, 0.1, Stream(0, "noise"))       # samples, the same noise at every severity

noise: normal, its sd a share of the range of pictures (values are cut to the range) or of the spread of points.
blur: with a Gaussian, its sd in pixels.
dropped classes: so many classes are left out. Without labels, so many of ten clusters of the samples themselves.
shuffled pixels: so large a share of the places, other ones for every picture, trade their colours.
shuffled coordinates: for points, so large a share of them trade each coordinate on its own, which leaves all marginals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError
from ganatomy.numerics.distances import neighbours
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.groups import Ids, split, units
from ganatomy.results.formats import Format

CLUSTERS = 10
ROUNDS = 8  # of k-means
OF_CLASSES = (0.1, 0.2, 0.3, 0.5, 0.7)


@dataclass(frozen=True, eq=False)
class Reals:
    """Real samples in memory. groups: ids of those that belong together."""

    samples: Tensor
    format: Format
    labels: Tensor | None = None
    groups: Ids | None = None

    def __post_init__(self) -> None:
        self.format.check(self.samples, "real samples")
        if self.labels is not None and self.labels.shape != (len(self.samples),):
            raise UsageError(
                f"labels of shape {tuple(self.labels.shape)} were given for {len(self.samples)} samples",
                "give one each",
            )

    @classmethod
    def of(cls, data: Dataset, n: int, *, stream: Stream) -> Reals:
        """So many of the data set's samples, at random, or all that there are."""
        places = torch.arange(n) if data.endless else stream.permutation(0, data.size)[:n].sort().values
        groups = None if data.groups is None else data.groups[places]
        return cls(data.read(places), data.format, data.labels(places), groups)

    def halves(self, *, stream: Stream) -> tuple[Reals, Reals]:
        """No group is in both."""
        first, second = split(len(self.samples), (0.5, 0.5), stream=stream, groups=self.groups)
        return self.rows(first), self.rows(second)

    def rows(self, places: Tensor) -> Reals:
        codes = None if self.groups is None else units(self.groups, len(self.samples)).codes[places]
        labels = None if self.labels is None else self.labels[places]
        return replace(self, samples=self.samples[places], labels=labels, groups=codes)


Apply = Callable[[Reals, float, Stream], Tensor]


@dataclass(frozen=True)
class Disturbance:
    """steps: the severities tried. said: a phrase for one. whole: they are counts, and steps are shares of all."""

    unit: str
    said: str
    steps: tuple[float, ...]
    apply: Apply
    whole: bool = False


def noise(real: Reals, severity: float, stream: Stream) -> Tensor:
    x, bounds = real.samples, real.format.bounds
    drawn = stream.normal(range(len(x)), *real.format.shape).to(x)
    if bounds is None:
        return x + severity * float(x.std(0).mean()) * drawn
    return (x + severity * (bounds[1] - bounds[0]) * drawn).clamp(*bounds)


def blur(real: Reals, severity: float, _: Stream) -> Tensor:
    """Edges are carried on; the weights of one axis are exp(-k^2 / 2 sd^2), to four sds, summing to 1."""
    x = real.samples
    if severity <= 0:
        return x.clone()
    reach = max(1, round(4 * severity))
    weights = torch.exp(-0.5 * (torch.arange(-reach, reach + 1).to(x) / severity) ** 2)
    weights = weights / weights.sum()
    for axis in (2, 3):
        places = torch.arange(x.shape[axis])
        moved = [(places + step).clamp(0, x.shape[axis] - 1) for step in range(-reach, reach + 1)]
        x = sum((w * x.index_select(axis, at) for w, at in zip(weights, moved, strict=True)), torch.zeros_like(x))
    return x


def dropped(real: Reals, severity: float, stream: Stream) -> Tensor:
    """Which ones go first is drawn; what went at one severity is gone at the next."""
    kinds = real.labels if real.labels is not None else clusters(real.samples, stream=stream.child("clusters"))
    there = kinds.unique()
    if not 0 <= severity < len(there):
        raise UsageError(f"{severity:g} of {len(there)} classes were to be left out", "at least one must stay")
    gone = there[stream.permutation(0, len(there))[: round(severity)]]
    return real.samples[~torch.isin(kinds, gone)]


def shuffled_pixels(real: Reals, severity: float, stream: Stream) -> Tensor:
    """The first so many places of a random order, each with the colour of the one before it there."""
    flat = real.samples.flatten(2)
    places = flat.shape[2]
    count = round(severity * places)
    if count < 2:
        return real.samples.clone()
    keys = stream.uniform(range(len(flat)), places, dtype=torch.float64).argsort(1)[:, :count].to(flat.device)
    at, source = (order[:, None].expand(-1, flat.shape[1], -1) for order in (keys, keys.roll(1, 1)))
    return flat.scatter(2, at, flat.gather(2, source)).reshape(real.samples.shape)


def shuffled_coordinates(real: Reals, severity: float, stream: Stream) -> Tensor:
    x = real.samples.clone()
    rows = stream.permutation(0, len(x))[: round(severity * len(x))]
    for axis in range(1, x.shape[1]):
        x[rows, axis] = real.samples[rows[stream.permutation(axis, len(rows))], axis]
    return x


def clusters(samples: Tensor, *, stream: Stream, count: int = CLUSTERS) -> Tensor:
    """k-means of the samples as they are, whatever the space: Lloyd's rounds from centres drawn far apart."""
    x = samples.flatten(1).double()
    chosen = [int(stream.integers(range(1), len(x))[0])]
    for turn in range(1, count):  # k-means++
        weight = neighbours(x, x[chosen])[0][:, 0].square().cumsum(0)
        drawn = float(stream.uniform(range(turn, turn + 1), dtype=torch.float64)[0]) * weight[-1]
        chosen.append(min(int(torch.searchsorted(weight, drawn, right=True)), len(x) - 1))
    centres = x[chosen]
    for _ in range(ROUNDS):
        own = neighbours(x, centres)[1][:, 0]
        sums, sizes = torch.zeros_like(centres).index_add_(0, own, x), torch.bincount(own, minlength=count)
        centres = torch.where(sizes[:, None] > 0, sums / sizes.clamp(min=1)[:, None], centres)
    return neighbours(x, centres)[1][:, 0]


SHARES = (0.1, 0.2, 0.4, 0.6, 1.0)
DISTURBANCES: dict[str, Disturbance] = {
    "noise": Disturbance(
        "sd of the noise, share of range or spread", "noise of sd {}", (0.02, 0.05, 0.1, 0.2, 0.4), noise
    ),
    "blur": Disturbance("sd of the blur, pixels", "a blur of sd {} pixels", (0.35, 0.5, 0.75, 1.0, 2.0), blur),
    "dropped classes": Disturbance("classes left out", "{} of the classes left out", OF_CLASSES, dropped, whole=True),
    "dropped clusters": Disturbance(
        "clusters left out", "{} of the clusters left out", OF_CLASSES, dropped, whole=True
    ),
    "shuffled pixels": Disturbance(
        "share of the pixels shuffled", "a share {} of the pixels shuffled", SHARES, shuffled_pixels
    ),
    "shuffled coordinates": Disturbance(
        "share of points with shuffled coordinates", "coordinates of a share {} shuffled", SHARES, shuffled_coordinates
    ),
}
FITTING: dict[str, tuple[str, ...]] = {
    "picture": ("noise", "blur", "dropped classes", "dropped clusters", "shuffled pixels"),
    "point": ("noise", "dropped classes", "dropped clusters", "shuffled coordinates"),
}


def fitting(real: Reals) -> dict[str, tuple[float, ...]]:
    """The disturbances that these samples can be given, with the severities to try."""
    other = "dropped clusters" if real.labels is not None else "dropped classes"
    names = [name for name in FITTING[real.format.kind] if name != other]
    if real.format.shape == (1,):
        names.remove("shuffled coordinates")
    kinds = CLUSTERS if real.labels is None else len(real.labels.unique())
    found = {}
    for name in names:
        steps = DISTURBANCES[name].steps
        if DISTURBANCES[name].whole:
            steps = tuple(
                sorted({float(max(1, round(share * kinds))) for share in steps if share * kinds < kinds - 0.5})
            )
        if steps and (kinds > 1 or not DISTURBANCES[name].whole):
            found[name] = steps
    return found
