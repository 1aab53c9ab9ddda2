"""All concepts side by side: what several measurers tell of pictures, their twins after them, shuffled if one wants.

    panel = Panel(measurers)
    panel.names                                   # ("edges", "classes: 0", ...)
    masks, scores = panel.seen(pictures)          # (n, panel.masked, h, w) of the mask concepts, (n, concepts)
    panel.told(pictures)                          # (n, concepts + twins), scores and then the twins' scores

`shuffle` is the seed of a permutation of labels: which measurement belongs to which picture of a block, edited pictures
among them, before anything is done with it. Every claim that then comes out is false.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.concepts.measurer import Measurer, labels, masks, scores
from ganatomy.numerics.random import Stream


@dataclass(frozen=True, eq=False)
class Panel:
    """Concepts keep the order of their measurers."""

    measurers: tuple[Measurer, ...]
    shuffle: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "measurers", tuple(self.measurers))
        if not self.measurers:
            raise UsageError("no measurer was given", "give at least one, as in measurers_for(gan.format)")

    @property
    def names(self) -> tuple[str, ...]:
        return labels(self.measurers)

    @property
    def masked(self) -> list[int]:
        """Which concepts have masks."""
        return self._places([each.kind == "mask" for each in self.measurers])

    @property
    def twinned(self) -> list[int]:
        """Which concepts have a twin, in the order in which `told` gives the twins."""
        return self._places([each.twin is not None for each in self.measurers])

    def seen(self, pictures: Tensor) -> tuple[Tensor | None, Tensor]:
        """Masks of the concepts that have them (None: none has), and the scores of all."""
        maps, numbers = [], []
        for each in self.measurers:
            if each.kind == "mask":
                maps.append(masks(each, pictures))
                numbers.append(maps[-1].double().mean((2, 3)))
            else:
                numbers.append(scores(each, pictures))
        return (torch.cat(maps, 1) if maps else None), torch.cat(numbers, 1)

    def told(self, pictures: Tensor) -> Tensor:
        twins = [other for each in self.measurers if (other := each.other()) is not None]
        return torch.cat([scores(each, pictures) for each in (*self.measurers, *twins)], 1)

    def order(self, address: int, n: int) -> Tensor:
        """Whose measurement each of n pictures gets; its own unless labels are shuffled."""
        return torch.arange(n) if self.shuffle is None else Stream(self.shuffle, "labels").permutation(address, n)

    def _places(self, wanted: Sequence[bool]) -> list[int]:
        each = [want for want, m in zip(wanted, self.measurers, strict=True) for _ in m.concepts]
        return [place for place, want in enumerate(each) if want]
