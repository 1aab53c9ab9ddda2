"""The causal pass: what changing a unit does to every concept, paired per image, with what it must be held against.

    measured = measure_effects(gan, panel, shapes, plan=Plan(), progress=None)
    measured.means                    # a running mean for every unit x intervention x told concept
    measured.natural[0].size          # of each unit, to match controls by

An effect is the concept after less the concept before, of the same latent, in standard deviations of the concept over
natural samples. Under `mean` and `resample` it is turned to where the unit's activation falls (see `values`), so that
all three ablations of a unit that draws a concept are below 0. Streams: memory grows with units, not with images.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.explain.generator.manifold import Place
from ganatomy.explain.generator.panel import Panel
from ganatomy.explain.generator.plan import Plan
from ganatomy.explain.generator.sites import SiteShape
from ganatomy.explain.generator.suffix import Start, Suffix
from ganatomy.explain.generator.values import (
    INTERVENTIONS,
    Block,
    Natural,
    block_of,
    changes,
    falls,
    natural_of,
    pooled,
)
from ganatomy.explain.passes import Progress, draws, made
from ganatomy.models.gan import GAN
from ganatomy.numerics.running import Moments
from ganatomy.numerics.statistics.interval import Mean
from ganatomy.tracing.trace import watch

UNITS = 32  # set in turn before their effects are put together
HELD = 2**24  # bytes of values that units are set to, under one intervention; large maps go fewer at a time
WIDEST = 2**20  # more units than any site has
TURNED = ("mean", "resample")
MOST = 0.75  # of what all units at zero do: a unit that does more alone may carry a concept


@dataclass(frozen=True, eq=False)
class Measured:
    """By site: `moments` over units x INTERVENTIONS x told, then all units off x told; `unlike` by unit and change.

    `spread`: the standard deviations that effects are measured in; where it is 0, effects are 0 and mean nothing.
    `rest` over units x told: what zero does less MOST of what all units at zero do, paired per image.
    """

    sites: tuple[SiteShape, ...]
    natural: tuple[Natural, ...]
    spread: Tensor
    moments: tuple[Moments, ...]
    rest: tuple[Moments, ...]
    unlike: tuple[Tensor, ...]

    def means(self, place: int) -> list[Mean]:
        """Of one site: units x INTERVENTIONS x told in order, and then what all its units off do to each."""
        return means_of(self.moments[place])


def means_of(found: Moments) -> list[Mean]:
    """As `mean_of` takes them from the single values; equal values have no error."""
    flat = found.high - found.low <= 1e-12 * torch.maximum(found.high.abs(), found.low.abs())
    error = torch.where(flat, 0.0, (found.variance() / found.n).sqrt())
    return [
        Mean(value, each, found.n - 1, found.n) for value, each in zip(found.mean.tolist(), error.tolist(), strict=True)
    ]


def measure_effects(
    gan: GAN, panel: Panel, sites: Sequence[SiteShape], *, plan: Plan, progress: Progress | None = None
) -> Measured:
    natural, spread = natural_of(gan, sites, panel, plan=plan)
    steps = _steps(progress, plan.images * sum(each.channels for each in sites))
    found = [
        _at_site(gan, _Judge(panel, spread), site, seen, plan=plan, steps=steps)
        for site, seen in zip(sites, natural, strict=True)
    ]
    return Measured(tuple(sites), tuple(natural), spread, *(tuple(each) for each in zip(*found, strict=True)))


def _steps(progress: Progress | None, total: int) -> Callable[[int], None]:
    done = [0]

    def step(more: int) -> None:
        done[0] += more
        if progress is not None:
            progress(done[0], total)

    return step


@dataclass(frozen=True, eq=False)
class _Judge:
    """What changed pictures show less what the unchanged show, in standard deviations."""

    panel: Panel
    spread: Tensor

    def __call__(self, start: Start, told: Tensor, *, address: int) -> Tensor:
        """Of (versions, n, told); with shuffled labels every picture, unchanged or not, has another one's."""
        table = torch.cat([self.panel.told(start.pictures)[None], told])
        order = self.panel.order(start.draw.indices.start * WIDEST + address, table.shape[0] * table.shape[1])
        table = table.flatten(0, 1)[order].reshape(table.shape)
        return torch.where(self.spread > 0, (table[1:] - table[0]) / self.spread.clamp(min=1e-300), 0.0)


def _at_site(
    gan: GAN, judge: _Judge, site: SiteShape, natural: Natural, *, plan: Plan, steps: Callable[[int], None]
) -> tuple[Moments, Moments, Tensor]:
    """Effects, rests, and the mean share of natural activations that lie nearer than the changed ones."""
    total, left, unlike = None, None, torch.zeros(site.channels, len(INTERVENTIONS), dtype=torch.float64)
    suffix = Suffix(gan.generator, site.site)
    for start, block in _blocks(gan, suffix, natural, site, plan=plan):
        place, rows, zero = natural.manifold.place(pooled(start.activation)), [], []
        step = _together(start.activation)
        for first in range(0, site.channels, step):
            channels = list(range(first, min(first + step, site.channels)))
            told, turned, shares = _changed(
                judge.panel, suffix, start, block, channels=channels, plan=plan, place=place
            )
            effects = judge(start, told.flatten(0, 1), address=first).unflatten(0, told.shape[:2]) * turned
            rows.append(effects.permute(2, 0, 1, 3).flatten(1))
            zero.append(effects[:, INTERVENTIONS.index("zero")])
            unlike[channels] += shares
            steps(len(channels) * len(start.draw))
        off = judge.panel.told(suffix.changed(start, [range(site.channels)], 0.0)[0])
        rows.append(judge(start, off[None], address=site.channels)[0])
        found = Moments.of(torch.cat(rows, 1))
        rest = Moments.of((torch.cat(zero) - MOST * rows[-1]).transpose(0, 1).flatten(1))
        total, left = (found, rest) if total is None or left is None else (total + found, left + rest)
    assert total is not None
    assert left is not None
    return total, left, unlike / plan.images


def _together(activation: Tensor) -> int:
    return max(1, min(UNITS, HELD // (4 * activation[:, 0].numel())))


def _blocks(
    gan: GAN, suffix: Suffix, natural: Natural, site: SiteShape, *, plan: Plan
) -> Iterator[tuple[Start, Block]]:
    own = draws(gan, len(plan.causal), seed=plan.seed, start=plan.causal.start)
    others = draws(gan, len(plan.donors), seed=plan.seed, start=plan.donors.start)
    for draw, donor in zip(own, others, strict=True):
        with watch(gan.generator, [site.site]) as trace:
            made(gan.generator, donor)
        start = suffix.begin(draw)
        yield start, block_of(natural, start.activation, trace[site.site], draw.indices, plan=plan)


def _changed(
    panel: Panel,
    suffix: Suffix,
    start: Start,
    block: Block,
    *,
    channels: list[int],
    plan: Plan,
    place: Place,
) -> tuple[Tensor, Tensor, Tensor]:
    """What is told (units, interventions, n, told), whereto it is turned (the same, told 1), shares summed over n."""
    told, turned, shares = [], [], []
    for name, change in changes(plan).items():
        values = change(block, channels)
        parts = [
            panel.told(pictures.flatten(0, 1)).unflatten(0, pictures.shape[:2])
            for pictures in suffix.each(start, channels, values)
        ]
        told.append(torch.cat(parts))
        fall = falls(block, values, channels)
        turned.append(fall if name in TURNED else torch.ones_like(fall))
        small = [pooled(each[:, None])[:, 0] for each in values]
        shares.append(torch.stack([place.after(unit, v).sum() for unit, v in zip(channels, small, strict=True)]))
    return torch.stack(told, 1), torch.stack(turned, 1)[..., None], torch.stack(shares, 1)
