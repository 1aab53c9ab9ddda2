"""What every layer shows for given samples, from noise to picture, and what each unit does over many.

    strip = film_strip(gan, range(8), seed=0)           # one Explanation a place: latent, up1.act, ..., picture
    strip[1].units, strip[1].arrays["maps"]             # ("start.act:mean", "start.act:7", ...), (units, 8, 7, 7)
    for place in unit_statistics(gan, 1000, seed=0):    # one Explanation a site, a row a unit
        place.arrays["dead"], place.arrays["on_rate_high"]

A unit is on in a sample when it is above zero anywhere. Whether it is dead can only be said of the samples seen:
`on_rate_high` is the largest on-rate that still goes with them (Wilson, 95 %).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.generator.sites import SiteShape, named_sites
from ganatomy.explain.passes import BLOCK, Draw, Progress, draws, made
from ganatomy.models.gan import GAN
from ganatomy.numerics.running import Moments, Quantiles, rows
from ganatomy.numerics.statistics.interval import wilson
from ganatomy.results.explanation import Explanation
from ganatomy.results.provenance import Provenance
from ganatomy.tracing.site import Site
from ganatomy.tracing.trace import watch

SHARES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
NEAR = 0.01  # of a bounded range: what is nearer to an end than this lies at the bound
ALWAYS = 0.95  # a unit at a bound in more places than this is saturated
FLAT = ("Relu", "Threshold")  # nothing of a unit below zero comes through these
STILL = 1e-6  # of the largest size: a unit that moves by less is constant
Chosen = int | Mapping[str, Sequence[int]]


def film_strip(
    gan: GAN, indices: Sequence[int], *, seed: int, sites: Sequence[str | Site] | None = None, units: Chosen = 8
) -> tuple[Explanation, ...]:
    """Latent, places, picture. `units`: so many of the largest variance over these samples, or channels by site.

    The first row of a place is its mean map over all channels; rows of a place without height and width are numbers.
    """
    if len(indices) < 1:
        raise UsageError("a film strip of no samples was asked for", "give the numbers of one or more samples")
    draw = Draw(range(len(indices)), gan.latent.sample(seed, indices), gan.latent.labels(seed, indices))
    places = named_sites(gan, draw, sites)
    with watch(gan.generator, [place.site for place in places]) as trace:
        pictures = made(gan.generator, draw)
    made_here = Provenance.here(seed=seed, digests={"gan": gan.digest()})
    shown = [_plain("latent", draw.z, made_here)]
    for place in places:
        maps = trace[place.site].float().cpu()
        picked = _picked(maps, place, units)
        names = (f"{place.site}:mean", *(f"{place.site}:{number}" for number in picked))
        frames = torch.cat([maps.mean(1, keepdim=True), maps[:, picked]], dim=1).transpose(0, 1)
        shown.append(_strip(str(place.site), names, maps=frames, provenance=made_here))
    return (*shown, _plain("picture", pictures, made_here))


def _plain(name: str, values: Tensor, provenance: Provenance) -> Explanation:
    """All channels of a latent or a picture, without a mean."""
    units = tuple(f"{name}:{number}" for number in range(values.shape[1]))
    return _strip(name, units, maps=values.transpose(0, 1), provenance=provenance)


def _strip(target: str, units: tuple[str, ...], *, maps: Tensor, provenance: Provenance) -> Explanation:
    subject = provenance.digests["gan"]
    return Explanation("film strip", subject, target, units, {"maps": maps.numpy()}, provenance=provenance)


def _picked(maps: Tensor, place: SiteShape, units: Chosen) -> list[int]:
    """Channels by falling variance over samples and places; among equals the first."""
    if isinstance(units, int):
        spread = rows(maps).double().var(0, correction=0)
        return sorted(range(len(spread)), key=lambda number: (-float(spread[number]), number))[: max(units, 0)]
    picked = list(units.get(str(place.site), ()))
    for number in picked:
        if not 0 <= number < place.channels:
            raise UsageError(
                f"unit {number} of '{place.site}' was asked for", f"its units are 0 to {place.channels - 1}"
            )
    return picked


def unit_statistics(
    gan: GAN,
    n: int = 1000,
    *,
    seed: int,
    sites: Sequence[str | Site] | None = None,
    block: int = BLOCK,
    progress: Progress | None = None,
) -> tuple[Explanation, ...]:
    """One Explanation a site; memory does not grow with n.

    Over all places of all samples: mean, sd, low, high, quantiles (in the order of SHARES), on_rate_places (above
    zero), sparsity 1 - (E|a|)^2 / E a^2 (0 for a constant size, near 1 where few places carry all; Treves and Rolls
    1991). Over samples: on_rate with its bounds. bound_rate: the share of places at an end of the range (NaN: it has
    none). stuck_rate: the share of samples with nearly all of the unit's places there, and the least it can be.
    """
    places = named_sites(gan, next(draws(gan, min(n, 2), seed=seed)), sites)
    total: dict[Site, _Seen] = {}
    for draw in draws(gan, n, seed=seed, block=block, progress=progress):
        with watch(gan.generator, [place.site for place in places]) as trace:
            made(gan.generator, draw)
        for place in places:
            seen = _Seen.of(trace[place.site].float().cpu(), place)
            total[place.site] = total[place.site] + seen if place.site in total else seen
    provenance = Provenance.here(seed=seed, digests={"gan": gan.digest()})
    return tuple(_told(place, seen=total[place.site], provenance=provenance) for place in places)


@dataclass(frozen=True)
class _Seen:
    """What one pass keeps of a place."""

    values: Moments
    sizes: Moments
    quantiles: Quantiles
    on: Tensor  # samples in which the unit was above zero anywhere
    on_places: Tensor
    at_bound: Tensor
    stuck: Tensor  # samples with more than ALWAYS of the unit's places at an end of its range
    low: Tensor  # of each place of each unit
    high: Tensor

    @classmethod
    def of(cls, maps: Tensor, place: SiteShape) -> _Seen:
        flat = rows(maps)
        above = maps.flatten(2) > 0 if maps.ndim > 2 else maps[:, :, None] > 0
        low, high = place.bounds or (-math.inf, math.inf)
        margin = NEAR * (high - low) if place.bounds else 0.0
        # A rectifier's zero is off, not saturated.
        at = flat >= high - margin if place.rectified else (flat >= high - margin) | (flat <= low + margin)
        return cls(
            Moments.of(flat),
            Moments.of(flat.abs()),
            Quantiles.of(flat),
            above.any(2).sum(0),
            above.sum((0, 2)),
            at.sum(0),
            (at.reshape(len(maps), -1, maps.shape[1]).double().mean(1) > ALWAYS).sum(0),
            maps.amin(0),
            maps.amax(0),
        )

    def __add__(self, other: _Seen) -> _Seen:
        return _Seen(
            self.values + other.values,
            self.sizes + other.sizes,
            self.quantiles + other.quantiles,
            self.on + other.on,
            self.on_places + other.on_places,
            self.at_bound + other.at_bound,
            self.stuck + other.stuck,
            torch.minimum(self.low, other.low),
            torch.maximum(self.high, other.high),
        )


def _told(place: SiteShape, *, seen: _Seen, provenance: Provenance) -> Explanation:
    count = seen.values.n
    n = count // math.prod(place.space)
    square = seen.values.squares / count + seen.values.mean.square()
    sparsity = torch.where(square > 0, 1 - seen.sizes.mean.square() / square.clamp(min=1e-300), square)
    moved = (seen.high - seen.low).reshape(place.channels, -1).amax(1).double()
    size = torch.maximum(seen.values.low.abs(), seen.values.high.abs()).clamp(min=1e-30)
    constant = (moved <= STILL * size) if n > 1 else torch.zeros_like(moved, dtype=torch.bool)
    never = (seen.values.high <= 0) & (place.after in FLAT or (place.bounds is not None and place.bounds[0] == 0))
    at = seen.at_bound.double() / count if place.bounds else torch.full_like(square, math.nan)
    spans = [wilson(int(hits), n) for hits in seen.on]
    stuck = [wilson(int(hits), n) for hits in seen.stuck]
    dead = constant | never
    arrays = {
        "mean": seen.values.mean,
        "sd": (seen.values.squares / count).sqrt(),
        "low": seen.values.low,
        "high": seen.values.high,
        "quantiles": torch.stack([seen.quantiles.at(share) for share in SHARES], dim=1),
        "sparsity": sparsity,
        "on_rate": seen.on.double() / n,
        "on_rate_low": torch.tensor([span.low for span in spans]),
        "on_rate_high": torch.tensor([span.high for span in spans]),
        "on_rate_places": seen.on_places.double() / count,
        "bound_rate": at,
        "stuck_rate": seen.stuck.double() / n,
        "stuck_rate_low": torch.tensor([span.low for span in stuck]),
        "constant": constant,
        "dead": dead,
        "saturated": at > ALWAYS,
    }
    units = tuple(f"{place.site}:{number}" for number in range(place.channels))
    note = _note(place, n, dead=int(dead.sum()), saturated=int((at > ALWAYS).sum()))
    return Explanation(
        "unit statistics",
        provenance.digests["gan"],
        str(place.site),
        units,
        {name: values.numpy() for name, values in arrays.items()},
        note=note,
        provenance=provenance,
    )


def _note(place: SiteShape, n: int, *, dead: int, saturated: int) -> str:
    said = [f"{n} samples.", f"{dead} of {place.channels} units are dead: they never changed"]
    said[-1] += " or were never above zero" if place.rectified else ""
    said[-1] += f"; a unit that is on in up to {wilson(0, n).high:.2g} of the samples can look so (Wilson, 95 %)."
    if place.bounds:
        said.append(
            f"{saturated} are saturated: more than {ALWAYS:.0%} of their places lie within {NEAR:.0%} of an end of"
            f" [{place.bounds[0]:g}, {place.bounds[1]:g}]."
        )
    return " ".join(said)
