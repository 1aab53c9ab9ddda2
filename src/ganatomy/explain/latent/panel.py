"""Concepts side by side, and what they say of a block of latents before and after directions were followed.

    panel = Panel.of(measurers)
    seen = scored(gan, draw, found, panel, steps=(-1.0, 1.0))
    seen.base                                      # (n, columns), scores of the latents as they are
    seen.moved                                     # (k, steps, n, columns)

A measurer's twin is measured too, in columns behind the others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.concepts.measurer import Measurer, labels, scores
from ganatomy.explain.latent.directions import Directions
from ganatomy.explain.latent.moving import moved, step
from ganatomy.explain.passes import Draw, Progress, made
from ganatomy.models.gan import GAN


@dataclass(frozen=True, eq=False)
class Panel:
    """Measurers side by side; `twins[c]` is the column of concept c's twin, or -1."""

    measurers: tuple[Measurer, ...]
    concepts: tuple[str, ...]
    twins: tuple[int, ...]

    @classmethod
    def of(cls, measurers: Sequence[Measurer]) -> Panel:
        if not measurers:
            raise UsageError("no measurers were given", "give at least one, as in measurers_for(gan.format)")
        concepts, twins = labels(measurers), []
        column = len(concepts)
        for measurer in measurers:
            for _ in measurer.concepts:
                twins.append(-1 if measurer.twin is None else column)
                column += measurer.twin is not None
        return cls(tuple(measurers), concepts, tuple(twins))

    def __call__(self, samples: Tensor) -> Tensor:
        """(n, columns), float64: the concepts, then the twins."""
        seconds = [other for measurer in self.measurers if (other := measurer.other()) is not None]
        return torch.cat([scores(measurer, samples) for measurer in [*self.measurers, *seconds]], dim=1)


@dataclass(frozen=True, eq=False)
class Scored:
    """A block of latents: base (n, columns), moved (k, steps, n, columns), tally (k, steps, 4).

    The tally holds sums over the block: squared change of the samples, squared norms of the latents after the step and
    before it, latents cut short.
    """

    base: Tensor
    moved: Tensor
    tally: Tensor


def scored(
    gan: GAN,
    draw: Draw,
    found: Directions,
    panel: Panel,
    *,
    steps: Sequence[float],
    still: Tensor | None = None,
    progress: Progress | None = None,
) -> Scored:
    """Every latent of a draw with its own scores before and after."""
    still = made(gan.generator, draw) if still is None else still
    scores_of, tallies = [], []
    for place in range(len(found)):
        block = [_measured(gan, draw, found, (place, each), (still, panel)) for each in steps]
        scores_of.append(torch.stack([told for told, _ in block]))
        tallies.append(torch.stack([tally for _, tally in block]))
        if progress is not None:
            progress((place + 1) * len(draw), len(found) * len(draw))
    return Scored(panel(still), torch.stack(scores_of), torch.stack(tallies))


def within(progress: Progress | None, before: int, whole: int) -> Progress | None:
    """A progress for a part of some work, that counts on from what was done before."""
    return None if progress is None else lambda done, _total: progress(before + done, whole)


def _measured(
    gan: GAN, draw: Draw, found: Directions, which: tuple[int, float], kept: tuple[Tensor, Panel]
) -> tuple[Tensor, Tensor]:
    """Scores (n, columns), and the sums of a tally."""
    (place, each), (still, panel) = which, kept
    samples = moved(gan, draw, found, place=place, steps=each)
    change = float((samples - still).double().square().sum())
    after = before = cut = math.nan
    if found.site is None:
        taken = step(gan.latent, draw.z, found.vectors[place], each * float(found.scales[place]))
        after, before = float(taken.z.double().square().sum()), float(draw.z.double().square().sum())
        cut = float(taken.cut.sum())
    return panel(samples), torch.tensor([change, after, before, cut], dtype=torch.float64)
