"""Real samples as an intervention changes them: a class gone, noise upon them; every other sample stays as it was.

without(digits, ("7",), seed=3)           # where a seven stood, another digit stands
noisy(digits, 0.1, seed=3)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError, choose
from ganatomy.numerics.fingerprint import fingerprint
from ganatomy.numerics.random import Stream

TRIES = 64  # for a stand-in that is of a class that stays


def without(data: Dataset, classes: tuple[str, ...], *, seed: int) -> Dataset:
    """Each sample of those classes is replaced by one of the others, the same at every reading."""
    if data.draw_labels is None:
        raise UsageError(
            f"the class {classes[0]!r} of {data.name!r} was to be dropped", "it can be where data have labels"
        )
    names = {name: place for place, name in enumerate(data.classes)}
    gone = torch.tensor(sorted(choose(names, name, f"class of {data.name!r}") for name in classes))
    if len(set(gone.tolist())) >= len(data.classes):
        raise UsageError(f"all classes of {data.name!r} were to be dropped", "leave one")
    stand_in = _StandIn(data.draw_labels, gone, data.size, Stream(seed, f"without/{','.join(classes)}"))
    return replace(
        data,
        draw=_Elsewhere(data.draw, stand_in),
        draw_labels=_Elsewhere(data.draw_labels, stand_in),
        fingerprint=fingerprint(data.fingerprint, f"without {classes}", str(seed)),
    )


def noisy(data: Dataset, size: float, *, seed: int) -> Dataset:
    """With normal noise of that standard deviation, in units of the format, the same at every reading of a sample."""
    scale = 1.0
    if data.format.bounds is not None and data.native.bounds is not None:
        (low, high), (kept_low, kept_high) = data.format.bounds, data.native.bounds
        scale = (kept_high - kept_low) / (high - low)
    draw = _Noisy(data.draw, size * scale, Stream(seed, "data-noise"))
    return replace(data, draw=draw, fingerprint=fingerprint(data.fingerprint, f"noise {size}", str(seed)))


@dataclass(frozen=True, eq=False)
class _StandIn:
    """Which sample stands where one of the dropped classes stood."""

    labels: Callable[[Sequence[int]], Tensor]
    gone: Tensor
    size: int
    stream: Stream

    def __call__(self, places: Sequence[int]) -> Sequence[int]:
        found = list(places)
        left = self._dropped(found, range(len(found)))
        for attempt in range(TRIES):
            if not left:
                return found
            drawn = self.stream.child(str(attempt)).integers([places[row] for row in left], min(self.size, 2**32))
            for row, other in zip(left, drawn.tolist(), strict=True):
                found[row] = other
            left = self._dropped(found, left)
        raise UsageError("hardly any sample is of a class that was to stay", "drop fewer classes")

    def _dropped(self, places: Sequence[int], rows: Sequence[int]) -> list[int]:
        labels = self.labels([places[row] for row in rows])
        return [row for row, is_gone in zip(rows, torch.isin(labels, self.gone).tolist(), strict=True) if is_gone]


@dataclass(frozen=True, eq=False)
class _Elsewhere:
    draw: Callable[[Sequence[int]], Tensor]
    stand_in: _StandIn

    def __call__(self, places: Sequence[int]) -> Tensor:
        return self.draw(self.stand_in(places))


@dataclass(frozen=True, eq=False)
class _Noisy:
    draw: Callable[[Sequence[int]], Tensor]
    size: float
    stream: Stream

    def __call__(self, places: Sequence[int]) -> Tensor:
        samples = self.draw(places).float()
        return samples + self.size * self.stream.normal(places, *samples.shape[1:])
