"""Differentiable augmentation: real and generated samples are changed alike before the critic sees them.

    game = replace(game_named("ns-r1"), presentation=Presentation(augment=Augment(("translation", "cutout"))))

With few pictures a critic learns them by heart; it cannot learn what it never sees twice. Gradients flow through every
change to the generator. Zhao et al. 2020 (DiffAugment); every draw has the address of its sample.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ganatomy.errors import UsageError, choose
from ganatomy.numerics.random import Stream
from ganatomy.numerics.schedule import Value, at, ends, said

Kind = Literal["colour", "translation", "cutout"]
SHIFT = 1 / 8  # largest shift, as a share of the side
HOLE = 1 / 2  # side of the square that is cut out, as a share of the side


@dataclass(frozen=True)
class Augment:
    """Each kind of change befalls a picture with this probability (a number, or a schedule over images seen)."""

    kinds: tuple[Kind, ...] = ("colour", "translation", "cutout")
    probability: Value = 1.0

    def __post_init__(self) -> None:
        for kind in self.kinds:
            choose(CHANGES, kind, "augmentation")
        low, high = min(ends(self.probability)), max(ends(self.probability))
        if not 0.0 <= low <= high <= 1.0:
            raise UsageError(f"augmentation with probability {said(self.probability)} was asked for", "from 0 to 1")

    def describe(self) -> str:
        return f"{', '.join(self.kinds)} on what the critic sees, probability {said(self.probability)}"

    def __call__(self, samples: Tensor, seen: int, *, stream: Stream, indices: Sequence[int]) -> Tensor:
        """The pictures, some of them changed; with probability 0 the pictures themselves."""
        probability = at(self.probability, seen)
        if probability == 0.0 or not len(samples):
            return samples
        if samples.ndim != 4:
            raise UsageError(f"samples of shape {tuple(samples.shape[1:])} cannot be augmented", "pictures can")
        for kind in self.kinds:
            draws = stream.child(kind).uniform(indices, DRAWS + 1).to(samples)
            change, identity = CHANGES[kind]
            struck = draws[:, :1] < probability
            samples = change(samples, torch.where(struck, draws[:, 1:], identity))
        return samples


def coloured(pictures: Tensor, draws: Tensor) -> Tensor:
    """Brightness by -1/2 to 1/2, saturation by 0 to 2, contrast by 1/2 to 3/2, each uniform; draws (n, 3) in [0, 1)."""
    brightness, saturation, contrast = (draws[:, place, None, None, None] for place in range(3))
    pictures = pictures + (brightness - 0.5)
    grey = pictures.mean(dim=1, keepdim=True)
    pictures = grey + (pictures - grey) * (2.0 * saturation)
    middle = pictures.mean(dim=(1, 2, 3), keepdim=True)
    return middle + (pictures - middle) * (contrast + 0.5)


def translated(pictures: Tensor, draws: Tensor) -> Tensor:
    """Shifted by whole pixels, up to an eighth of the side either way, each shift as likely; what comes in is 0."""
    n, channels, height, width = pictures.shape
    down, right = (
        _whole(draws[:, place], 2 * reach + 1) - reach
        for place, reach in enumerate((round(height * SHIFT), round(width * SHIFT)))
    )
    rows = torch.arange(height, device=pictures.device) - down[:, None]  # where each row comes from
    columns = torch.arange(width, device=pictures.device) - right[:, None]
    inside = _within(rows, height)[:, :, None] & _within(columns, width)[:, None, :]
    flat = rows.clamp(0, height - 1)[:, :, None] * width + columns.clamp(0, width - 1)[:, None, :]
    taken = pictures.flatten(2).gather(2, flat.flatten(1)[:, None].expand(n, channels, -1)).view_as(pictures)
    return taken * inside[:, None]


def cut_out(pictures: Tensor, draws: Tensor) -> Tensor:
    """A square of half the side set to 0, its centre uniform over the picture; a third draw of 1 leaves it whole."""
    height, width = pictures.shape[2:]
    masks = []
    for place, side in enumerate((height, width)):
        hole = max(1, round(side * HOLE))
        first = _whole(draws[:, place], side) - hole // 2
        ticks = torch.arange(side, device=pictures.device)
        masks.append((ticks >= first[:, None]) & (ticks < first[:, None] + hole))
    gone = masks[0][:, :, None] & masks[1][:, None, :] & (draws[:, 2] < 1.0)[:, None, None]
    return pictures * ~gone[:, None]


def _whole(draws: Tensor, high: int) -> Tensor:
    """Integers below `high`, equally likely."""
    return (draws * high).long().clamp(max=high - 1)


def _within(places: Tensor, size: int) -> Tensor:
    return (places >= 0) & (places < size)


DRAWS = 3
# What each kind does, and the draws that make it do nothing.
CHANGES: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], float]] = {
    "colour": (coloured, 0.5),
    "translation": (translated, 0.5),
    "cutout": (cut_out, 1.0),
}
