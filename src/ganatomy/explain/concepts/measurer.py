"""Concepts: anything that can be told of a picture by a number, or by a mask where it is.

    edges = Measurer("edges", ("edges",), "mask", lambda pictures: ...)       # masks (n, 1, h, w) in [0, 1]
    scores(edges, pictures)                       # (n, 1), float64: the share of each picture that it covers
    masks(edges, pictures)                        # (n, 1, h, w), checked
    labels([edges, classes])                      # ("edges", "classes: 0", "classes: 1", ...)

A concept may be told wrongly of an edited picture. Where it was learnt, `twin` tells the same concepts by a measurer
that was trained apart, on other data; a claim needs both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError

Kind = Literal["score", "mask"]
Measure = Callable[[Tensor], Tensor]
SLACK = 1e-4  # by how much a mask may leave [0, 1] before it counts as wrong


@dataclass(frozen=True, eq=False)
class Measurer:
    """`measure` takes samples in the format of a GAN and gives scores (n, k), or masks (n, k, h, w) in [0, 1].

    What is told of one sample must not depend on those beside it.
    """

    name: str
    concepts: tuple[str, ...]
    kind: Kind
    measure: Measure
    twin: Measure | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "concepts", tuple(self.concepts))
        if self.kind not in get_args(Kind):
            raise UsageError(f"a measurer of kind {self.kind!r} was given", "legal are: " + ", ".join(get_args(Kind)))
        if not self.concepts or len(set(self.concepts)) < len(self.concepts):
            raise UsageError(f"the measurer {self.name!r} has the concepts {self.concepts}", "name each once")

    def other(self) -> Measurer | None:
        """The twin as a measurer of its own."""
        return None if self.twin is None else replace(self, measure=self.twin, twin=None)


def scores(measurer: Measurer, pictures: Tensor) -> Tensor:
    """One number for each sample and concept, (n, k), float64; of a mask, the share of the picture it covers."""
    if measurer.kind == "mask":
        return masks(measurer, pictures).double().mean((2, 3))
    return _measured(measurer, pictures, 2).double()


def masks(measurer: Measurer, pictures: Tensor) -> Tensor:
    """(n, k, h, w), float32 in [0, 1], of a measurer that gives masks."""
    if measurer.kind != "mask":
        raise UsageError(f"masks were asked of {measurer.name!r}, which gives scores", "use scores(measurer, pictures)")
    found = _measured(measurer, pictures, 4).float()
    if found.shape[2:] != pictures.shape[2:]:
        raise InputError(
            f"the masks of {measurer.name!r} are {tuple(found.shape[2:])}, the pictures {tuple(pictures.shape[2:])}",
            "let it give masks of the pictures' size",
        )
    if found.numel() and not (float(found.min()) >= -SLACK and float(found.max()) <= 1 + SLACK):
        raise InputError(
            f"the masks of {measurer.name!r} lie in [{float(found.min()):.3g}, {float(found.max()):.3g}]",
            "let it give masks from 0 to 1: a logit becomes one by .sigmoid()",
        )
    return found.clamp(0, 1)


def labels(measurers: Sequence[Measurer]) -> tuple[str, ...]:
    """A name for each concept of several measurers, in the order of their scores side by side."""
    return tuple(
        concept if concept == measurer.name else f"{measurer.name}: {concept}"
        for measurer in measurers
        for concept in measurer.concepts
    )


def _measured(measurer: Measurer, pictures: Tensor, axes: int) -> Tensor:
    with torch.no_grad():
        found = measurer.measure(pictures.float())
    wanted = f"wanted is a tensor (n, {len(measurer.concepts)}{', height, width' if axes == 4 else ''})"
    if not isinstance(found, Tensor):
        raise InputError(f"the measurer {measurer.name!r} gave a {type(found).__name__}", wanted)
    if found.ndim != axes or found.shape[:2] != (len(pictures), len(measurer.concepts)):
        raise InputError(
            f"the measurer {measurer.name!r} gave shape {tuple(found.shape)} for {len(pictures)} pictures", wanted
        )
    if not bool(torch.isfinite(found).all()):
        raise InputError(
            f"the measurer {measurer.name!r} gave NaN or infinite values", "let it give a number for any picture"
        )
    return found
