"""Concept scores of the same latents before and after each direction was followed, all pairs kept.

    panel = Panel.of(measurers)
    seen = responses(gan, found, panel, Plan(n=128, sizes=(1.0, 2.0)))
    seen.base                                      # (n, c), scores of the latents as they are
    seen.moved                                     # (k, steps, n, c), at each of seen.steps: -2, -1, 1, 2

The latents are none of those that directions were found on. A measurer's twin is measured too, in columns behind the
others. Noise inside of a generator would not be paired; a `GAN` has none in eval mode.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.concepts.measurer import Measurer, labels, scores
from ganatomy.explain.latent.directions import HELD_OUT, Directions
from ganatomy.explain.latent.moving import moved, step
from ganatomy.explain.passes import Draw, Progress, draws, made
from ganatomy.models.gan import GAN


@dataclass(frozen=True)
class Plan:
    """How directions are judged.

    n latents from `start` on, of which the first quarter only chooses targets; `sizes` in steps of the directions, the
    first being the one that claims are about; `controls` random directions; `smallest` in standard deviations that a
    concept has over the prior; `samples` that latents are redrawn for stability (0: not looked at).
    """

    n: int = 128
    seed: int = 0
    start: int = HELD_OUT
    sizes: tuple[float, ...] = (1.0, 2.0)
    controls: int = 99
    smallest: float = 0.1
    level: float = 0.95
    samples: int = 4

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", tuple(float(size) for size in self.sizes))
        if self.n < 8 or self.controls < 1:
            raise UsageError(
                f"{self.n} latents and {self.controls} controls were planned", "take 8 latents and 1 control, or more"
            )
        if not self.sizes or min(self.sizes) <= 0 or len(set(self.sizes)) < len(self.sizes):
            raise UsageError(f"steps of sizes {self.sizes} were planned", "sizes are above 0, each once")

    @property
    def steps(self) -> tuple[float, ...]:
        """Both signs, rising."""
        up = sorted(self.sizes)
        return tuple([-size for size in reversed(up)] + up)


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
class Responses:
    """change: root mean square change of the samples' values, (k, steps), in that of one sample from the mean sample.

    norm: mean length of the moved latents relative to before; cut: share of latents that could not go all the way.
    Both are NaN where the latent is not what was moved.
    """

    steps: tuple[float, ...]
    base: Tensor
    moved: Tensor
    change: Tensor
    norm: Tensor
    cut: Tensor

    def odd(self, size: float) -> Tensor:
        """(score forwards - score backwards) / 2, per latent: (k, n, columns)."""
        ahead, back = self.steps.index(size), self.steps.index(-size)
        return (self.moved[:, ahead] - self.moved[:, back]) / 2


def responses(
    gan: GAN,
    found: Directions,
    panel: Panel,
    *,
    plan: Plan,
    steps: Sequence[float] | None = None,
    progress: Progress | None = None,
) -> Responses:
    """At all of the plan's steps, or at those given."""
    wanted = plan.steps if steps is None else tuple(steps)
    base, parts, tallies = [], [], []
    total: Tensor | None = None
    squares = torch.zeros((), dtype=torch.float64)
    for draw in draws(gan, plan.n, seed=plan.seed, start=plan.start, progress=progress):
        still = made(gan.generator, draw)
        base.append(panel(still))
        values = still.flatten(1).double()
        total = values.sum(0) if total is None else total + values.sum(0)
        squares += values.square().sum()
        block = [
            _measured(gan, draw, found, (place, each), (still, panel)) for place in range(len(found)) for each in wanted
        ]
        shape = (len(found), len(wanted))
        parts.append(torch.stack([told for told, _ in block]).unflatten(0, shape))
        tallies.append(torch.stack([tally for _, tally in block]).unflatten(0, shape))
    assert total is not None
    natural = (squares - total.square().sum() / plan.n) / (plan.n - 1)  # mean squared distance from the mean sample
    sums = torch.stack(tallies).sum(0) / plan.n
    change = (sums[..., 0] / natural.clamp(min=1e-300)).sqrt()
    return Responses(wanted, torch.cat(base), torch.cat(parts, dim=2), change, sums[..., 1], sums[..., 2])


def _measured(
    gan: GAN, draw: Draw, found: Directions, which: tuple[int, float], kept: tuple[Tensor, Panel]
) -> tuple[Tensor, Tensor]:
    """Scores (n, columns), and sums over the draw: squared change, relative norm, latents cut short."""
    (place, each), (still, panel) = which, kept
    samples = moved(gan, draw, found, place=place, steps=each)
    change = float((samples - still).double().square().sum())
    norm = cut = math.nan
    if found.site is None:
        taken = step(gan.latent, draw.z, found.vectors[place], each * float(found.scales[place]))
        norm = float((taken.z.norm(dim=1) / draw.z.norm(dim=1)).double().sum())
        cut = float(taken.cut.sum())
    return panel(samples), torch.tensor([change, norm, cut], dtype=torch.float64)
