"""Concept scores of the same latents before and after each direction was followed, paired and added up.

    panel = Panel.of(measurers)
    seen = responses(gan, found, panel, plan=Plan(n=128, sizes=(1.0, 2.0)))
    seen.odd(place, column)                        # mean and error of (score one step on - one step back) / 2
    seen.change.mean                               # (k * steps * columns,), at each of seen.steps: -2, -1, 1, 2

The latents are none of those that directions were found on. A measurer's twin is measured too, in columns behind the
others. Noise inside of a generator would not be paired; a `GAN` has none in eval mode. Pairs are taken within a block
of latents, of which only moments are kept: a pass over a million latents holds what one over a block holds, k x steps
x 64 x columns float64.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.latent.directions import HELD_OUT, Directions
from ganatomy.explain.latent.monotone import one_way, spearman
from ganatomy.explain.latent.panel import Panel, Scored, scored, within
from ganatomy.explain.passes import Draw, Progress, draws, made
from ganatomy.models.gan import GAN
from ganatomy.numerics.running import Moments
from ganatomy.numerics.statistics.interval import Mean


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
    def aiming(self) -> int:
        """How many latents only choose targets."""
        return self.n // 4

    @property
    def steps(self) -> tuple[float, ...]:
        """Both signs, rising."""
        up = sorted(self.sizes)
        return tuple([-size for size in reversed(up)] + up)


@dataclass(frozen=True, eq=False)
class Responses:
    """Sums over all latents, of directions x steps x columns in this order.

    base: scores as they are, over all latents. odds, change: of those that judge, (forwards - backwards) / 2 at the
    plan's first size, and after less before at each step. aimed: mean (k, columns) of the former over those that only
    choose targets. one_way: share of latents whose score goes one way through all steps, that of most, and spearman
    their mean rank correlation with the step, (k, columns).
    jolt: root mean square change of the samples' values, (k, steps), in that of one sample from the mean sample.
    norm: root mean square length of the moved latents relative to before; cut: share of latents that could not go all
    the way. Both are NaN where the latent is not what was moved.
    """

    steps: tuple[float, ...]
    base: Moments
    odds: Moments
    change: Moments
    aimed: Tensor
    one_way: Tensor
    spearman: Tensor
    jolt: Tensor
    norm: Tensor
    cut: Tensor

    @property
    def columns(self) -> int:
        return len(self.base.mean)

    @property
    def odd_means(self) -> Tensor:
        """(k, columns)."""
        return self.odds.mean.reshape(-1, self.columns)

    def odd(self, place: int, column: int, *, unit: float = 1.0) -> Mean:
        """The paired effect of one direction on one column, in units of so much."""
        at, n, seen = place * self.columns + column, self.odds.n, self.odds
        low, high = float(seen.low[at]), float(seen.high[at])
        same = high - low <= 1e-12 * max(abs(low), abs(high))  # rounding, not spread
        error = 0.0 if same else math.sqrt(float(seen.variance()[at]) / n)
        return Mean(float(seen.mean[at]) / unit, error / unit, n - 1, n)


@dataclass(frozen=True, eq=False)
class _Part:
    """What a block adds."""

    base: Moments
    samples: tuple[Tensor, Tensor]
    judging: tuple[Moments, Moments] | None
    sums: tuple[Tensor, Tensor, Tensor, Tensor, Tensor]

    def __add__(self, other: _Part) -> _Part:
        judging = self.judging or other.judging
        if self.judging is not None and other.judging is not None:
            judging = self.judging[0] + other.judging[0], self.judging[1] + other.judging[1]
        first, second, third, fourth, fifth = (a + b for a, b in zip(self.sums, other.sums, strict=True))
        samples = self.samples[0] + other.samples[0], self.samples[1] + other.samples[1]
        return _Part(self.base + other.base, samples, judging, (first, second, third, fourth, fifth))


def responses(
    gan: GAN,
    found: Directions,
    panel: Panel,
    *,
    plan: Plan,
    steps: Sequence[float] | None = None,
    progress: Progress | None = None,
) -> Responses:
    """At all of the plan's steps, or at those given, the first size among them; progress counts latents times k."""
    wanted = plan.steps if steps is None else tuple(steps)
    total = functools.reduce(operator.add, _parts(gan, found, panel, plan=plan, wanted=wanted, progress=progress))
    assert total.judging is not None
    odds, change = total.judging
    aimed, up, down, ranks, tally = total.sums
    values, squares = total.samples
    natural = (squares - values.square().sum() / plan.n) / (plan.n - 1)  # mean squared distance from the mean sample
    tally = tally / plan.n
    return Responses(
        wanted,
        total.base,
        odds,
        change,
        aimed=aimed / max(1, plan.aiming),
        one_way=torch.maximum(up, down) / odds.n,
        spearman=ranks / odds.n,
        jolt=(tally[..., 0] / natural.clamp(min=1e-300)).sqrt(),
        norm=(tally[..., 1] / tally[..., 2]).sqrt(),
        cut=tally[..., 3],
    )


def _parts(
    gan: GAN, found: Directions, panel: Panel, *, plan: Plan, wanted: tuple[float, ...], progress: Progress | None
) -> Iterator[_Part]:
    whole, done = plan.n * len(found), 0
    for draw in draws(gan, plan.n, seed=plan.seed, start=plan.start):
        still = made(gan.generator, draw)
        inner = within(progress, done, whole)
        seen = scored(gan, draw, found, panel, steps=wanted, still=still, progress=inner)
        values = still.flatten(1).double()
        yield _added(seen, (values.sum(0), values.square().sum()), plan, draw, wanted)
        done += len(draw) * len(found)


def _added(seen: Scored, samples: tuple[Tensor, Tensor], plan: Plan, draw: Draw, wanted: tuple[float, ...]) -> _Part:
    """The first latents of a plan only aim, the others judge; a block may hold both."""
    size, split = plan.sizes[0], min(max(plan.start + plan.aiming - draw.indices.start, 0), len(draw))
    odd = (seen.moved[:, wanted.index(size)] - seen.moved[:, wanted.index(-size)]) / 2
    aimed = odd[:, :split].sum(1)
    judging, up, down, ranks = None, *(torch.zeros_like(aimed) for _ in range(3))
    if split < len(draw):
        after, still = seen.moved[:, :, split:], seen.base[split:]
        judging = Moments.of(_flat(odd[:, split:])), Moments.of(_flat(after - still))
        middle = sum(each < 0 for each in wanted)
        here = still.expand(len(after), 1, -1, -1)
        path = torch.cat([after[:, :middle], here, after[:, middle:]], dim=1)
        rising, falling = one_way(path)
        up, down, ranks = rising.double().sum(1), falling.double().sum(1), spearman(path).sum(1)
    return _Part(Moments.of(seen.base), samples, judging, (aimed, up, down, ranks, seen.tally))


def _flat(values: Tensor) -> Tensor:
    """(..., n, columns) -> (n, all else)."""
    return values.movedim(-2, 0).flatten(1)
