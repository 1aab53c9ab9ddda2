"""Pictures that excite a unit most: among samples, and as far as optimisation in the latent space gets.

    best = exciting_samples(gan, "up1.act", 10_000, seed=0, k=9)
    best.arrays["indices"]                          # (units, 9): gan.sample(0, best.arrays["indices"][7]) draws them
    far = exciting_latents(gan, "up1.act", [7, 12], seed=0, best=best)
    far.arrays["gain"], far.arrays["norm_rank"]     # in standard deviations above the best sample; how rare its norm is

Random directions of the same site stand beside the units: their top pictures look alike, too, and a unit's have to be
more alike than theirs to mean anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ganatomy.errors import UsageError, choose
from ganatomy.explain.generator.sites import SiteShape, named_sites
from ganatomy.explain.passes import BLOCK, Progress, draws, made
from ganatomy.models.evaluating import evaluating, home
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Latent
from ganatomy.numerics.random import Stream
from ganatomy.numerics.running import Moments, TopK, rows
from ganatomy.results.explanation import Explanation
from ganatomy.results.provenance import Provenance
from ganatomy.tracing.site import Site
from ganatomy.tracing.trace import watch

LOW = 0.1  # of the random directions may be as alike as a unit that is said to have a taste
WITHIN = 0.99  # an optimised normal latent stays in the ball that holds this share of the prior
STEP = 0.3  # of the ascent at first, a coordinate; it falls to 0


def exciting_samples(
    gan: GAN,
    site: str | Site,
    n: int = 1000,
    *,
    seed: int,
    k: int = 9,
    randoms: int = 16,
    progress: Progress | None = None,
) -> Explanation:
    """Peaks over the map, the k largest of n samples for each unit and for `randoms` random directions.

    values and indices are (units, k); `mean` and `sd` are of the peak over all samples; `spread` is the mean distance
    between the k pictures as a share of that between any samples, below 1 for alike ones; `spread_rank` the share of
    random directions (`random` marks their rows) whose top pictures are at least as alike, the unit itself counted.
    """
    (place,) = named_sites(gan, next(draws(gan, min(n, 2), seed=seed)), [site])
    if not 2 <= k <= n:
        raise UsageError(f"the top {k} of {n} samples were asked for", "k lies between 2 and the number of samples")
    top, moments = _streamed(
        gan, place, n, seed=seed, k=k, directions=_directions(place, randoms, seed), progress=progress
    )
    spread = _spreads(gan, top.indices, seed=seed, n=n)
    units = (
        *(f"{place.site}:{number}" for number in range(place.channels)),
        *(f"{place.site}:random{number}" for number in range(randoms)),
    )
    arrays = {"values": top.values.T, "indices": top.indices.T, "mean": moments.mean, "sd": _sd(moments)}
    is_random = torch.arange(len(units)) >= place.channels
    rank = (1 + (spread[is_random][None] <= spread[:, None]).sum(1)) / (1.0 + randoms)
    rank = torch.where(spread.isnan(), math.nan, rank)
    note = f"peaks of {n} samples, top {k}."
    if randoms:
        note += _likeness(spread[is_random].sort().values, int((rank[~is_random] <= LOW).sum()), place.channels)
    arrays |= {"spread": spread, "spread_rank": rank, "random": is_random}
    return _told(gan, "exciting samples", place, units=units, note=note, seed=seed, arrays=arrays)


def _likeness(band: Tensor, alike: int, channels: int) -> str:
    """Of the top pictures, where samples differ at all. `band`: random directions, from the most alike."""
    if bool(band.isnan().any()):
        return " All samples are the same picture, so that none are more alike than others."
    return (
        f" Top pictures of random directions differ by {band[0]:.2f} to {band[-1]:.2f} of what any samples do;"
        f" those of {alike} of {channels} units are more alike than all but {LOW:.0%} of these."
    )


def exciting_latents(
    gan: GAN,
    site: str | Site,
    channels: Sequence[int],
    *,
    seed: int,
    best: Explanation | None = None,
    restarts: int = 8,
    steps: int = 100,
) -> Explanation:
    """Steepest ascent of each unit's peak from `restarts` draws of the prior, kept on the prior after each step.

    On the prior: on the sphere, in the cube, and for a normal prior within the ball that holds WITHIN of it. The best
    of all steps and restarts is kept: z (units, dim), labels where there are any, `value`, `start` (the best restart
    before any step), `norm`, `norm_rank` (the share of the prior with a smaller norm), `largest` (coordinate). With
    `best` of `exciting_samples`: `gain`, in standard deviations of the unit over samples above its best sample.
    """
    (place,) = named_sites(gan, next(draws(gan, 2, seed=seed)), [site])
    if not channels or not all(0 <= channel < place.channels for channel in channels):
        raise UsageError(
            f"units {list(channels)} of '{place.site}' were asked for", f"its units are 0 to {place.channels - 1}"
        )
    stream = Stream(seed, "features/restarts")
    z = gan.latent.draw(stream, range(len(channels) * restarts))
    labels = gan.latent.draw_labels(stream.child("labels"), range(len(z)))
    target = torch.tensor(list(channels)).repeat_interleave(restarts)
    reached, where, start = _climbed(gan, place, z, target=target, labels=labels, steps=steps)
    rows_of = reached.reshape(len(channels), restarts)
    chosen = rows_of.argmax(1) + restarts * torch.arange(len(channels))
    found = where[chosen]
    norm = found.double().norm(dim=1)
    arrays = {
        "z": found,
        "value": reached[chosen],
        "start": start.reshape(len(channels), restarts).amax(1),
        "restart_values": rows_of,
        "norm": norm,
        "norm_rank": _norm_rank(gan.latent, norm),
        "largest": found.abs().amax(1),
    }
    if labels is not None:
        arrays["labels"] = labels[chosen]
    units = tuple(f"{place.site}:{channel}" for channel in channels)
    note = f"{restarts} restarts of {steps} steps."
    if best is not None:
        arrays["gain"] = _gain(best, units, arrays["value"])
        gain = float(arrays["gain"].median())
        side = "below" if gain < 0 else "above"
        note += f" The best of them lie {abs(gain):.2g} standard deviations {side} the best sample (median)."
    return _told(gan, "exciting latents", place, units=units, note=note, seed=seed, arrays=arrays)


def _directions(place: SiteShape, randoms: int, seed: int) -> Tensor:
    """Random weights over the channels, (channels, randoms); each channel is later divided by its spread."""
    if not randoms:
        return torch.zeros(place.channels, 0)
    drawn = Stream(seed, f"features/random/{place.site}").normal(range(randoms), place.channels)
    unit: Tensor = drawn / drawn.norm(dim=1, keepdim=True)
    return unit.T


def _streamed(
    gan: GAN, place: SiteShape, n: int, *, seed: int, k: int, directions: Tensor, progress: Progress | None
) -> tuple[TopK, Moments]:
    """Over units and random directions side by side; the scale of the channels is that of the first block."""
    top: TopK | None = None
    moments: Moments | None = None
    scaled = directions
    for draw in draws(gan, n, seed=seed, progress=progress):
        with watch(gan.generator, [place.site]) as trace:
            made(gan.generator, draw)
        maps = trace[place.site].float().cpu().reshape(len(draw), place.channels, -1)
        if top is None:
            sd = rows(maps).std(0, correction=0)
            scaled = directions / sd.clamp(min=1e-6 * float(sd.max()) + 1e-30)[:, None]
        both = torch.cat([maps, torch.einsum("ncp,cr->nrp", maps, scaled)], dim=1)
        peaks = both.amax(2)
        best = TopK.of(peaks, torch.tensor(list(draw.indices)), k)
        top = best if top is None else top + best
        now = Moments.of(peaks)
        moments = now if moments is None else moments + now
    assert top is not None
    assert moments is not None
    return top, moments


def _spreads(gan: GAN, indices: Tensor, *, seed: int, n: int) -> Tensor:
    """Mean distance between the k pictures of each column, as a share of that between any samples."""
    usual = _apart(gan.sample(seed, range(min(n, BLOCK))))
    each = [_apart(gan.sample(seed, column.tolist())) for column in indices.T]
    return torch.tensor(each) / usual if usual > 0 else torch.full((len(each),), math.nan)


def _apart(samples: Tensor) -> float:
    flat = samples.flatten(1).double().cpu()
    return float(torch.pdist(flat).mean())


def _climbed(
    gan: GAN, place: SiteShape, z: Tensor, *, target: Tensor, labels: Tensor | None, steps: int
) -> tuple[Tensor, Tensor, Tensor]:
    """The best value of each row, where it was, and the value at the start; block by block."""
    parts = [
        _climb(
            gan,
            place,
            z[first : first + BLOCK],
            target=target[first : first + BLOCK],
            labels=None if labels is None else labels[first : first + BLOCK],
            steps=steps,
        )
        for first in range(0, len(z), BLOCK)
    ]
    reached, where, start = (torch.cat(part) for part in zip(*parts, strict=True))
    return reached, where, start


def _climb(
    gan: GAN, place: SiteShape, z: Tensor, *, target: Tensor, labels: Tensor | None, steps: int
) -> tuple[Tensor, Tensor, Tensor]:
    device, dtype = home(gan.generator)
    keep = _keeper(gan.latent)
    at = keep(z.to(device, dtype)).requires_grad_()
    given = () if labels is None else (labels.to(device),)
    every, target = torch.arange(len(z), device=device), target.to(device)
    start: Tensor | None = None
    best, where = torch.full((len(z),), -math.inf, device=device, dtype=dtype), at.detach().clone()
    with evaluating(gan.generator), torch.enable_grad():
        for step in range(steps + 1):
            with watch(gan.generator, [place.site], graph=True) as trace:
                gan.generator(at.clone(), *given)
            if not trace[place.site].requires_grad:
                raise UsageError(f"what '{place.site}' gave has no gradient", "take torch.no_grad out of the generator")
            values = trace[place.site][every, target].reshape(len(z), -1).amax(1)
            (slope,) = torch.autograd.grad(values.sum(), [at])
            values, here = values.detach(), at.detach()
            start = values if start is None else start
            where = torch.where((values > best)[:, None], here, where)
            best = torch.maximum(best, values)
            ahead = here + STEP * (1 - step / max(steps, 1)) * _steepest(gan.latent, slope)
            at = keep(ahead).requires_grad_()
    assert start is not None
    return best.float().cpu(), where.float().cpu(), start.float().cpu()


def _steepest(latent: Latent, slope: Tensor) -> Tensor:
    """The way up in the prior's own geometry: each coordinate by 1 in a cube, else of root mean square 1."""
    if latent.kind == "uniform":
        return slope.sign()
    along: Tensor = slope / slope.square().mean(1, keepdim=True).sqrt().clamp(min=1e-30)
    return along


def _keeper(latent: Latent) -> Callable[[Tensor], Tensor]:
    """Back onto the prior: its support, and for a normal prior the ball that holds WITHIN of it."""
    if latent.kind != "normal":
        return latent.project
    from scipy.special import gammaincinv

    radius = math.sqrt(2 * float(gammaincinv(latent.dim / 2, WITHIN)))  # chi square with dim degrees of freedom
    return lambda z: z * (radius / z.norm(dim=1, keepdim=True).clamp(min=1e-12)).clamp(max=1.0)


def _norm_rank(latent: Latent, norm: Tensor) -> Tensor:
    """The share of the prior with a smaller norm, from 4,096 draws; a sphere has one norm, and this says nothing."""
    if latent.kind == "sphere":
        return torch.full_like(norm, math.nan)
    usual = latent.sample(0, range(4096), dtype=torch.float64).norm(dim=1)
    smaller: Tensor = (usual[None] < norm[:, None]).double().mean(1)
    return smaller


def _gain(best: Explanation, units: Sequence[str], values: Tensor) -> Tensor:
    table = {unit: row for row, unit in enumerate(best.units)}
    rows_of = [choose(table, unit, "unit of the best samples") for unit in units]
    top, sd = (torch.as_tensor(best.arrays[name].copy())[rows_of] for name in ("values", "sd"))
    gain: Tensor = (values.double() - top[:, 0]) / sd.clamp(min=1e-12)
    return gain


def _sd(moments: Moments) -> Tensor:
    return (moments.squares / moments.n).sqrt()


def _told(
    gan: GAN, method: str, place: SiteShape, *, units: tuple[str, ...], note: str, seed: int, arrays: dict[str, Tensor]
) -> Explanation:
    provenance = Provenance.here(seed=seed, digests={"gan": gan.digest()})
    plain = {name: values.numpy() for name, values in arrays.items()}
    return Explanation(
        method, provenance.digests["gan"], str(place.site), units, plain, note=note, provenance=provenance
    )
