"""Sets of units for a concept, searched on training latents: step by step, or by optimising a mask over all units.

    found = greedy(target, latents, size=4)             # ordered: found.units[:2] is the best start of two
    found = optimised(target, latents, size=4)          # found.weights: the mask, one number in [0, 1] a unit

Greedy takes units one by one, and pairs where two together take more away than twice the best single one: units that
stand in for each other show nothing alone. The mask is that of "ACE" (Bau et al. 2019) with two changes: what is
inserted is read where it was put, and the mask starts near 1, where units that stand in for each other have a slope.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.generator.concept_at import ConceptAt, Latents, windowed
from ganatomy.explain.generator.matching import require_others
from ganatomy.explain.passes import Draw
from ganatomy.models.evaluating import evaluating, home
from ganatomy.numerics.random import Stream
from ganatomy.tracing.edit import Edit, edit

SHORTLIST = 8  # units that pairs are made of: those with the largest effect of insertion
PAIRS = SHORTLIST * (SHORTLIST - 1) // 2
LEAST = 0.25  # of the smallest effect of interest: less than this for a further unit ends the search
START = 0.9  # of the mask
RATE = 0.02
SPARSITY = 0.02  # the price of a unit, as a share of the whole concept
BATCH = 32
STEPS = 200


@dataclass(frozen=True, eq=False)
class Found:
    """`units` in the order of their choice; `single`: each unit's own effect; `weights`: the mask, if any."""

    units: tuple[int, ...]
    single: Tensor
    weights: Tensor | None = None

    def top(self, size: int) -> tuple[int, ...]:
        """The units that take most away alone."""
        return tuple(self.single.argsort(stable=True)[:size].tolist())


def single_effects(target: ConceptAt, latents: Latents) -> Tensor:
    """Mean change of the concept when each unit alone is ablated, (channels,)."""
    return target.without([(unit,) for unit in range(target.place.channels)], latents).mean(0)


def greedy(target: ConceptAt, latents: Latents, *, size: int) -> Found:
    """Up to `size` units whose joint ablation takes the most of the concept away; fewer where nothing more goes."""
    _check(target, size)
    channels = range(target.place.channels)
    single = single_effects(target, latents)
    puts = target.inserted([(unit,) for unit in channels], latents).mean(0)
    shortlist = puts.argsort(descending=True, stable=True)[:SHORTLIST].tolist()
    chosen: tuple[int, ...] = ()
    so_far = 0.0
    while len(chosen) < size:
        more: list[tuple[int, ...]] = [(unit,) for unit in channels if unit not in chosen]
        if len(chosen) + 2 <= size:
            more += [pair for pair in combinations(sorted(shortlist), 2) if not set(pair) & set(chosen)]
        if not more:
            break
        fresh = more if chosen else more[len(single) :]  # what each unit does alone is known
        after = target.without([(*chosen, *units) for units in fresh], latents).mean(0) if fresh else single[:0]
        gains = so_far - (after if chosen else torch.cat([single, after]))
        each = gains / torch.tensor([len(units) for units in more])
        best = int(each.argmax())  # among equals the first: a single unit before a pair
        if float(each[best]) <= LEAST * target.smallest:
            break
        so_far -= float(gains[best])
        chosen = (*chosen, *more[best])
    return Found(chosen, single)


def optimised(target: ConceptAt, latents: Latents, *, size: int, steps: int = STEPS) -> Found:
    """A mask by Adam: ablated by it the concept goes, inserted by it it comes, and each unit has a price.

    loss = E score(ablated) / E score - E score(read where put) / its largest change + SPARSITY * sum(mask).
    The units are those above one half, at most `size`, the heaviest first (of equal ones that with the
    larger single effect), without those that the rest can do without.
    """
    _check(target, size)
    blocks = [Latents(latents.seed, part) for part in _parts(latents.indices)]
    every = tuple(range(target.place.channels))
    scale = abs(float(target.inserted([every], blocks[0]).mean())) or 1.0
    order = Stream(latents.seed, "unit sets/order").integers(range(steps), len(blocks)).tolist()
    mask = torch.full((target.place.channels,), START, device=home(target.gan.generator)[0])
    mean, square = torch.zeros_like(mask), torch.zeros_like(mask)
    for step in range(steps):
        slope = _slope(target, mask, next(blocks[order[step]].draws(target.gan)), seed=latents.seed, scale=scale)
        # Adam (Kingma & Ba 2015) by hand: torch.optim takes seconds to load.
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope.square()
        size_of = (square / (1 - 0.999 ** (step + 1))).sqrt() + 1e-8
        mask = (mask - RATE * mean / (1 - 0.9 ** (step + 1)) / size_of).clamp(0, 1)
    weights, single = mask.cpu(), single_effects(target, latents)
    rank = sorted(range(len(weights)), key=lambda unit: (-round(float(weights[unit]), 2), float(single[unit])))
    heavy = [unit for unit in rank if weights[unit] > 0.5][:size]
    return Found(_needed(target, heavy, latents), single, weights)


def _slope(target: ConceptAt, mask: Tensor, draw: Draw, *, seed: int, scale: float) -> Tensor:
    """Of the loss, at the mask."""
    target.tally(2 * len(draw))
    with evaluating(target.gan.generator), torch.enable_grad():
        mask = mask.detach().requires_grad_()
        gone = _score(target, draw, _blend(target.off, mask), None).mean() / max(abs(target.mean), 1e-12)
        cells = target.cells(draw, seed)
        put = _score(target, draw, _blend(target.on, mask, target=target, cells=cells), cells).mean() / scale
        (slope,) = torch.autograd.grad(gone - put + SPARSITY * mask.sum(), [mask])
    return slope


def _needed(target: ConceptAt, units: list[int], latents: Latents) -> tuple[int, ...]:
    """Units are let go, the lightest first, as long as the others take as much of the concept away."""
    if not units:
        return ()
    whole = float(target.without([units], latents).mean())
    for unit in reversed(units):
        rest = [other for other in units if other != unit]
        if rest and float(target.without([rest], latents).mean()) <= whole + LEAST * target.smallest:
            units = rest
    return tuple(units)


def _blend(level: Tensor, mask: Tensor, *, target: ConceptAt | None = None, cells: Tensor | None = None) -> Edit:
    """(1 - mask) activation + mask level, at the cells or everywhere."""

    def change(activation: Tensor) -> Tensor:
        shape = (1, -1, *[1] * (activation.ndim - 2))
        share = mask.to(activation.dtype).reshape(shape)
        if target is not None and cells is not None:
            share = share * target.at(cells).to(activation)
        return activation + share * (level.to(activation).reshape(shape) - activation)

    return change


def _score(target: ConceptAt, draw: Draw, change: Edit, cells: Tensor | None) -> Tensor:
    """The concept with its gradient; of a mask the mean over the picture, or over each sample's cell."""
    device, dtype = home(target.gan.generator)
    given = () if draw.labels is None else (draw.labels.to(device),)
    with edit(target.gan.generator, {str(target.place.site): change}):
        pictures = target.gan.generator(draw.z.to(device, dtype, copy=True), *given)
    told = target.measurer.measure(pictures.float().cpu())[:, target.concept]
    if not told.requires_grad:
        raise UsageError(
            f"the measurer {target.measurer.name!r} gives no gradient, and a mask was to be optimised",
            "search with greedy, which needs none",
        )
    if target.measurer.kind == "score":
        return told
    return told.mean((1, 2)) if cells is None or target.windows is None else windowed(told, target.windows[cells])


def _parts(indices: range) -> list[range]:
    return [indices[first : first + BATCH] for first in range(0, len(indices), BATCH)]


def _check(target: ConceptAt, size: int) -> None:
    require_others(target.place.site, size, target.place.channels)
