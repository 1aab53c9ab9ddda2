"""The coordinates of z, one by one: what each changes in the pictures, in every concept, and in every layer.

    result = coordinates(gan, measurers_for(gan.format))
    result.arrays["nothing"]                       # (d,): which of them do nothing
    result.arrays["units up1.act"]                 # (d, channels): mean change in standard deviations of each unit

A coordinate is a direction like any other, so `steering` does most of it. A prior that looks the same from all sides
gives its axes no meaning: that a coordinate has an effect is no wonder, that it beats random directions would be one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.generator.sites import generator_sites
from ganatomy.explain.latent.directions import Directions, axes, spoken
from ganatomy.explain.latent.moving import moved, strips
from ganatomy.explain.latent.responses import Plan
from ganatomy.explain.latent.steering import explained, steer
from ganatomy.explain.passes import Draw, Progress, draws, made
from ganatomy.explain.spread import varies
from ganatomy.models.gan import GAN
from ganatomy.numerics.running import Moments
from ganatomy.results.explanation import Explanation
from ganatomy.tracing.trace import watch

LISTED = 8  # idle coordinates in a sentence
NOTHING = 0.01  # of what a coordinate changes in the pictures on average (root mean square)
WATCHED = 32  # latents on which the units are looked at
BY_DEFAULT = Plan(n=48, controls=49, samples=0)


def coordinates(
    gan: GAN,
    measurers: Sequence[Measurer],
    *,
    sites: Sequence[str] | None = None,
    plan: Plan = BY_DEFAULT,
    latents: int = 3,
    progress: Progress | None = None,
) -> Explanation:
    """Every coordinate's strip, effects on concepts, and on the units of `sites` (all inner places by default)."""
    found = axes(gan)
    if sites is None:
        sites = [str(place.site) for place in generator_sites(gan, next(draws(gan, 2, seed=plan.seed)))]
    steered = steer(gan, found, measurers, plan=plan, progress=progress)
    drawn = (
        strips(gan, found, latents=latents, seed=plan.seed, start=plan.start, progress=progress) if latents else None
    )
    result = explained(gan, steered, strip=drawn, progress=progress)
    change = steered.seen.jolt.amax(1)
    nothing = change <= NOTHING * float(change.square().mean().sqrt())
    arrays: dict[str, Any] = {**result.arrays, "nothing": nothing}
    for site, (mean, size) in unit_changes(gan, found, sites, plan=plan, progress=progress).items():
        arrays |= {f"units {spoken(site)}": mean, f"units {spoken(site)} size": size}
    return replace(result, method="coordinates", arrays=arrays, note=f"{result.note} {_idle(found, nothing.numpy())}")


def unit_changes(
    gan: GAN, found: Directions, sites: Sequence[str], *, plan: Plan, progress: Progress | None = None
) -> dict[str, tuple[Tensor, Tensor]]:
    """Of each unit's mean activation over a picture, in its standard deviations over the prior, (k, channels).

    Half the difference of one step forwards and backwards: the mean over latents, and the root mean square, which is
    large too where the sign depends on the latent. A unit that never varies has no standard deviation and reads 0.
    """
    if not sites:
        return {}
    n, size = min(plan.n, WATCHED), plan.sizes[0]
    usual: list[Moments] = []
    total: list[Tensor] = []
    squares: list[Tensor] = []
    for number, draw in enumerate(draws(gan, n, seed=plan.seed, start=plan.start)):
        with watch(gan.generator, sites) as trace:
            made(gan.generator, draw)
        still = [Moments.of(_means(trace[site])) for site in sites]
        usual = [before + more for before, more in zip(usual, still, strict=True)] if number else still
        odd = []
        for place in range(len(found)):
            odd.append(_odd(gan, draw, found, sites=sites, place=place, size=size))
            if progress is not None:
                before = (draw.indices.start - plan.start) * len(found)
                progress(before + (place + 1) * len(draw), n * len(found))
        sums = [torch.stack([each[at].sum(0) for each in odd]) for at in range(len(sites))]
        pairs = [torch.stack([each[at].square().sum(0) for each in odd]) for at in range(len(sites))]
        total = [before + more for before, more in zip(total, sums, strict=True)] if number else sums
        squares = [before + more for before, more in zip(squares, pairs, strict=True)] if number else pairs
    out = {}
    for at, site in enumerate(sites):
        sd = usual[at].variance().sqrt()
        scale = torch.where(varies(usual[at].mean, sd), 1 / sd.clamp(min=1e-300), torch.zeros_like(sd))
        out[site] = (total[at] / n * scale, (squares[at] / n).sqrt() * scale)
    return out


def _odd(gan: GAN, draw: Draw, found: Directions, *, sites: Sequence[str], place: int, size: float) -> list[Tensor]:
    ends = []
    for each in (size, -size):
        with watch(gan.generator, sites) as trace:
            moved(gan, draw, found, place=place, steps=each)
        ends.append([_means(trace[site]) for site in sites])
    return [(ahead - back) / 2 for ahead, back in zip(*ends, strict=True)]


def _means(activation: Tensor) -> Tensor:
    """(n, channels), float64."""
    return activation.cpu().double().flatten(2).mean(2) if activation.ndim > 2 else activation.cpu().double()


def _idle(found: Directions, nothing: np.ndarray[Any, Any]) -> str:
    names = [name for name, idle in zip(found.names, nothing, strict=True) if idle]
    if not names:
        return "Every coordinate changes the pictures."
    verb = "does" if len(names) == 1 else "do"
    said = ", ".join(names[:LISTED]) + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")
    return f"{said} {verb} nothing (less than {NOTHING:.0%} of what a coordinate changes on average)."
