"""What attributions are graded on: pictures, the baseline that stands for nothing there, and the scores of both.

    case = case_of(target, pictures, baseline)          # target: pictures -> (n,)
    case.change                                         # f(x) - f(b), float64
    scores_of(case, count, changed)                     # (count, n): changed(j) is the j-th version of all pictures

Pictures are `addressed` from `start` on, so that one graded alone gets the draws that it gets among others. A critic
that looks at its batch as a whole gives other scores where versions are scored together: they have passes of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganatomy.errors import InputError, UsageError
from ganatomy.models.evaluating import BLOCK

Target = Callable[[Tensor], Tensor]  # pictures -> (n,)
Attribute = Callable[[nn.Module, Tensor], Tensor]  # network, pictures -> maps of the pictures' shape
APART = 2**40  # addresses from one draw of a picture to its next
COUPLED, ROUNDING = 1e-3, 1e-5  # of the scores' standard deviation, and of their size


@dataclass(frozen=True, eq=False)
class Case:
    """`scores` f(x) and `blank` f(b) are (n,), float64; `addresses` are those of the pictures' draws.

    `coupled`: a picture's score depends on the others in its pass.
    """

    target: Target
    pictures: Tensor
    baseline: Tensor
    scores: Tensor
    blank: Tensor
    addresses: range
    coupled: bool = False

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def change(self) -> Tensor:
        return self.scores - self.blank

    def draw(self, place: int) -> range:
        """The addresses of the `place`-th draw of each picture: no two pictures share one."""
        return range(place * APART + self.addresses.start, place * APART + self.addresses.stop)

    @property
    def pixels(self) -> int:
        """What is taken out in one piece: a pixel with all its channels, a coordinate of a point."""
        return self.pictures[0, 0].numel() if self.pictures.dim() == 4 else self.pictures[0].numel()

    def mixed(self, kept: Tensor) -> Tensor:
        """The pictures where `kept` (n, pixels), elsewhere the baseline."""
        there = kept.reshape(len(self), 1, *self.pictures.shape[2:]) if self.pictures.dim() == 4 else kept
        return torch.where(there, self.pictures, self.baseline)

    def pooled(self, maps: Tensor) -> Tensor:
        """(..., n, pixels) from (..., n, shape)."""
        return pooled(maps, channels=self.pictures.dim() == 4)


class Bound(nn.Module):
    """A conditional critic with the labels of a batch: it takes whole copies of the batch, one after the other.

    A method that splits or orders copies in another way takes both for itself: `unbound`.
    """

    def __init__(self, network: nn.Module, labels: Tensor) -> None:
        super().__init__()
        self.network, self.labels = network, labels

    def forward(self, pictures: Tensor) -> Tensor:
        copies, rest = divmod(len(pictures), len(self.labels))
        if rest:
            raise UsageError(
                f"{len(pictures)} pictures were scored with {len(self.labels)} labels",
                "give whole copies of the batch that the labels belong to",
            )
        scores: Tensor = self.network(pictures, self.labels.repeat(copies))
        return scores


def unbound(network: nn.Module) -> tuple[nn.Module, Tensor | None]:
    """A network and the labels that it was bound to, if any: for methods that hand out labels themselves."""
    return (network.network, network.labels) if isinstance(network, Bound) else (network, None)


def case_of(target: Target, pictures: Tensor, baseline: Tensor, *, start: int = 0) -> Case:
    """The baseline is one sample for all pictures, or one for each."""
    if pictures.dim() not in (2, 4) or not len(pictures):
        raise UsageError(
            f"pictures of shape {tuple(pictures.shape)} were given",
            "give one or more as (n, channels, height, width), or points as (n, dimensions)",
        )
    pictures = pictures.detach()
    try:
        empty = baseline.detach().to(pictures).expand_as(pictures)
    except RuntimeError as error:
        raise UsageError(
            f"a baseline of shape {tuple(baseline.shape)} was given for pictures of shape {tuple(pictures.shape)}",
            "give one sample for all, or one for each picture",
        ) from error
    addresses = range(start, start + len(pictures))
    scores, blank = scored(target, pictures), scored(target, empty)
    apart = torch.cat([scores, blank])
    moved = (scored(target, torch.cat([pictures, empty])) - apart).abs().max()
    coupled = bool(moved > COUPLED * apart.std() + ROUNDING * apart.abs().max())
    return Case(target, pictures, empty, scores, blank, addresses, coupled)


def scored(target: Target, pictures: Tensor) -> Tensor:
    """(n,), float64, on the CPU, without gradients; NaN is refused."""
    with torch.no_grad():
        # A copy, since a foreign network may work in place on what it is given.
        scores = target(pictures.clone())
    if not isinstance(scores, Tensor) or scores.numel() != len(pictures):
        shape = tuple(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
        raise UsageError(f"the target gave {shape} for {len(pictures)} pictures", "a target gives one number a picture")
    if not bool(torch.isfinite(scores).all()):
        raise InputError("the target's scores hold NaN or infinite values", "check its weights, and the pictures")
    return scores.reshape(-1).double().cpu()


def scores_of(case: Case, count: int, changed: Callable[[int], Tensor]) -> Tensor:
    """Scores (count, n) of versions 0 to count - 1 of all pictures, several to a pass where that is the same."""
    width, rows = 1 if case.coupled else max(1, BLOCK // len(case)), []
    for first in range(0, count, width):
        versions = [changed(place) for place in range(first, min(first + width, count))]
        rows.append(scored(case.target, torch.cat(versions)).reshape(len(versions), len(case)))
    return torch.cat(rows) if rows else torch.empty(0, len(case), dtype=torch.float64)


def maps_of(attribute: Attribute, network: nn.Module, pictures: Tensor) -> Tensor:
    """What a method says of these pictures, float64 on the CPU; the pictures are a copy of its own."""
    with torch.enable_grad():
        maps = attribute(network, pictures.detach().clone())
    return checked(maps, pictures)


def checked(maps: Tensor, pictures: Tensor) -> Tensor:
    if maps.shape != pictures.shape:
        raise UsageError(
            f"maps of shape {tuple(maps.shape)} were given for pictures of shape {tuple(pictures.shape)}",
            "an attribution has a value for every value of its picture",
        )
    if not bool(torch.isfinite(maps).all()):
        raise InputError("the attribution holds NaN or infinite values", "try another method or baseline")
    return maps.detach().double().cpu()


def pooled(maps: Tensor, *, channels: bool) -> Tensor:
    """Channels of a pixel are summed, since they are taken out together: (..., c, h, w) becomes (..., h w)."""
    return maps.flatten(-2).sum(-2) if channels else maps
