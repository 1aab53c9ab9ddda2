"""How evenly samples answer to the latent: perceptual path length, |J^T y| and its spread, Hessian penalty.

    found = smoothness(gan, 512, seed=0, space=judge.space())       # Measurements by name
    perceptual(gan, 512, Walk(ends=True, trim=True), space=space)   # one, as StyleGAN's `ppl2_wend` trims it

Everything is read in floating point, on a copy of the generator in float64 where there can be one. The floor is what
rounding alone reads: the same latents moved by one step of their type. For the spread of |J^T y| it is the spread that
the noise y has at one latent, which a linear generator has too. The little noise that a GAN's generator may draw inside
is the same for latents that are compared. Units are independent latents, or pairs of them; path lengths have heavy
tails, for which an interval by Student's t is somewhat narrow below a few hundred.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.quality.pairs import BLOCKS, FEWEST, Readings
from ganatomy.evaluate.quality.plug_in import jackknifed
from ganatomy.explain.latent.paths import OWN, How, path
from ganatomy.explain.latent.surface import Surface, surface
from ganatomy.explain.passes import BLOCK, Progress
from ganatomy.features.space import FeatureSpace, pixels
from ganatomy.games.latent_terms import mixed_curvature, path_lengths
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import Interval, Mean, mean_of, t_interval
from ganatomy.results.measurement import Better, Measurement

ROOT = 1e-6  # what `path_lengths` reads where nothing moves: its 1e-12 inside the root
DRAWS = 2  # noises y at each latent
WAYS = 2  # directions of the Hessian penalty, and its step: as Peebles et al. 2020
STEP = 0.1
TRIMMED = (0.01, 0.99)


@dataclass(frozen=True)
class Walk:
    """A short step from t to t + eps on the way between two latents: t in [0, 1], or with `ends` at 0.

    how: the way, else the prior's own. trim: leave out what lies below the 1st or above the 99th percentile.
    """

    eps: float = 1e-4
    ends: bool = False
    how: How | None = None
    trim: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.eps <= 0.1:
            raise UsageError(f"a step of {self.eps} was asked for", "eps lies above 0 and at most at 0.1")


@dataclass(frozen=True, eq=False)
class _Block:
    """Consecutive units, and the generator as a function of latents alone that draws the same each time it is asked."""

    units: range
    z: Tensor
    make: Callable[[Tensor], Tensor]


def smoothness(
    gan: GAN, n: int = 512, *, seed: int = 0, space: FeatureSpace | None = None, progress: Progress | None = None
) -> Readings:
    """All of them; without gradients those that need none. Path lengths in `space`, by default pixels."""
    tasks: list[Callable[[Progress | None], Readings]] = [
        lambda more: perceptual(gan, n, Walk(), seed=seed, space=space, progress=more),
        lambda more: perceptual(gan, n, Walk(ends=True), seed=seed, space=space, progress=more),
        lambda more: hessian(gan, n, seed=seed, progress=more),
    ]
    if _seen(gan, None).backward:
        tasks.append(lambda more: pulled(gan, n, seed=seed, progress=more))
    found: Readings = {}
    for place, task in enumerate(tasks):
        found |= task(_within(progress, place, len(tasks)))
    return found


def perceptual(
    gan: GAN,
    n: int = 512,
    walk: Walk | None = None,
    *,
    seed: int = 0,
    space: FeatureSpace | None = None,
    progress: Progress | None = None,
) -> Readings:
    """PPL[D] = E D(x(t), x(t + eps)) / eps^2 over n pairs of latents, D the squared distance in the space.

    Karras et al. 2019, section 4.1. A conditional generator is asked for one class at both ends.
    """
    walk = walk or Walk()
    seen = _seen(gan, space)
    stream, how = Stream(seed, "smoothness/perceptual"), walk.how or OWN[gan.latent.kind]
    apart, rounded = [], []
    for block in _blocks(seen, n, seed=seed, latents=2, progress=progress):
        t = torch.zeros(len(block.units)) if walk.ends else stream.uniform(block.units, dtype=torch.float64)
        steps = torch.stack([t, t + walk.eps], dim=1).to(block.z)
        ways = [path(gan.latent, *ends, how=how) for ends in block.z]
        z = torch.stack([way(both) for way, both in zip(ways, steps, strict=True)])
        with torch.no_grad():
            start = block.make(z[:, 0])
            apart.append(_squared(block.make(z[:, 1]), start) / walk.eps**2)
            rounded.append(_squared(block.make(_next(z[:, 0])), start) / walk.eps**2)
    values = _finite(torch.cat(apart))
    mean = trimmed(values) if walk.trim else mean_of(values)
    name = f"PPL[{(space or pixels(gan.format)).name}], {'ends' if walk.ends else 'full'}"
    said = f"{how} way, eps {walk.eps:g}, {'trimmed at 1 and 99 %' if walk.trim else 'all pairs'}, {_type(seen)}"
    return {name: _told(name, mean, said, float(torch.cat(rounded).mean()), _id(gan, space))}


def pulled(gan: GAN, n: int = 512, *, seed: int = 0, progress: Progress | None = None) -> Readings:
    """The mean of |J^T y| (Karras et al. 2020, section 3.2), and its standard deviation over the mean."""
    seen, stream = _seen(gan, None), Stream(seed, "smoothness/pulled")
    if not seen.backward:
        raise UsageError(
            "path lengths |J^T y| of a generator without gradients were asked for",
            "take `perceptual`, whose steps need none, or a generator that torch can differentiate",
        )
    rows = []
    for block in _blocks(seen, n, seed=seed, progress=progress):
        make, z = block.make, block.z[:, 0]
        noise = stream.normal(block.units, DRAWS, *gan.format.shape, dtype=torch.float64).to(z)
        shaped = _shaped(make, gan)
        rows.append(torch.stack([path_lengths(shaped, z, each).detach() for each in noise.unbind(1)], dim=1))
    lengths = _finite(torch.cat(rows))
    return _lengths(lengths, said=f"{DRAWS} noises a latent, {_type(seen)}", space=_id(gan, None))


def hessian(gan: GAN, n: int = 512, *, seed: int = 0, progress: Progress | None = None) -> Readings:
    """Peebles et al. 2020: by how much latent numbers act together, 0 where each acts for itself; in pixels.

    Latents are taken in equal lots, `BLOCKS` or more, whose means are the units of the interval; n is rounded up to
    fill them.
    """
    seen, stream = _seen(gan, None), Stream(seed, "smoothness/hessian")
    each = min(-(-_enough(n) // BLOCKS), BLOCK)
    lots, step = -(-n // each), 1 + torch.finfo(seen.dtype).eps
    values: list[Tensor] = []
    rounded: list[Tensor] = []
    for block in _blocks(seen, each * lots, seed=seed, size=each, progress=progress):
        ways = (2 * stream.integers(block.units, 2, WAYS, gan.latent.dim) - 1).to(block.z)
        same = torch.stack([ways[:, 0], ways[:, 0] * step], dim=1)  # differ by rounding alone
        with torch.no_grad():
            for read, directions in ((values, ways), (rounded, same)):
                read.append(mixed_curvature(block.make, block.z[:, 0], directions, step=STEP))
    name, floor = "Hessian penalty", float(torch.stack(rounded).double().mean())
    said = f"{WAYS} directions, step {STEP:g}, {lots} lots of {each} latents, {_type(seen)}"
    told = _told(name, mean_of(_finite(torch.stack(values))), said, floor, _id(gan, None))
    return {name: replace(told, n=each * lots)}


def _lengths(lengths: Tensor, *, said: str, space: str) -> Readings:
    """From a table (latents, noises): both readings, each latent a unit."""
    n = len(lengths)
    cut = list((torch.arange(n) * BLOCKS // n).unique_consecutive(return_counts=True)[1].tolist())
    parts = lengths.split(cut)

    def relative(which: Sequence[int]) -> float:
        some = torch.cat([parts[j] for j in which])
        return float(some.std() / some.mean())

    seen = jackknifed(relative, [size / n for size in cut])
    noise = float(lengths.var(dim=1).mean().sqrt() / lengths.mean())
    names = ("path length", "path length, relative spread")
    within = seen.interval(seen.value, low=0.0)
    spread = Measurement(names[1], seen.value, n, f"standard deviation over mean, {said}", "low", within, noise, space)
    return {names[0]: _told(names[0], mean_of(lengths.mean(1)), said, ROOT, space, better="neither"), names[1]: spread}


def _told(name: str, mean: Mean, said: str, floor: float, space: str, *, better: Better = "low") -> Measurement:
    within = t_interval(mean)
    within = Interval(max(within.low, 0.0), within.high, within.level, within.method)
    return Measurement(name, mean.value, mean.n, said, better, within, floor, space)


def trimmed(values: Tensor) -> Mean:
    """Between StyleGAN's lower and higher percentile; the error from winsorised values (Tukey & McLaughlin 1963)."""
    low, high = (
        torch.quantile(values, q, interpolation=way) for q, way in zip(TRIMMED, ("lower", "higher"), strict=True)
    )
    kept = values[(values >= low) & (values <= high)]
    if bool((kept == kept[0]).all()):
        return mean_of(kept)
    spread = float(values.clamp(low, high).std())
    left = len(kept) / len(values)
    return Mean(float(kept.mean()), spread / (left * math.sqrt(len(values))), len(kept) - 1, len(values))


def _blocks(
    seen: Surface, n: int, *, seed: int, latents: int = 1, size: int = BLOCK, progress: Progress | None = None
) -> Iterator[_Block]:
    """Units of so many consecutive latents of the seed each, with the label of the first; z (units, latents, dim)."""
    inside = Stream(seed, "smoothness/inside")
    for first in range(0, _enough(n), size):
        units = range(first, min(first + size, n))
        places = range(latents * units.start, latents * units.stop)
        z = seen.latents(seed, places).reshape(len(units), latents, -1)
        labels = seen.gan.latent.labels(seed, places)
        yield _Block(units, z, _maker(seen, None if labels is None else labels[::latents], inside, first))
        if progress is not None:
            progress(units.stop, n)


def _maker(seen: Surface, labels: Tensor | None, inside: Stream, index: int) -> Callable[[Tensor], Tensor]:
    def make(z: Tensor) -> Tensor:
        with inside.module_rng(index):
            return seen(z, labels)

    return make


def _shaped(make: Callable[[Tensor], Tensor], gan: GAN) -> Callable[[Tensor], Tensor]:
    return lambda z: make(z).reshape(len(z), *gan.format.shape)


def _seen(gan: GAN, space: FeatureSpace | None) -> Surface:
    """In float64 where the generator and the space can; a space without slopes would read its own steps."""
    with Stream(0, "smoothness/probe").module_rng(0):
        for double in (True, False):
            seen = surface(gan, space, double=double)
            if space is None or seen.space is not None:
                return seen
    raise UsageError(
        f"path lengths in the space {space.name if space else ''} were asked for, through which no gradients come",
        "take pixels, or a space that does not round and a generator with gradients",
    )


def _next(z: Tensor) -> Tensor:
    """The next number of its type in each place."""
    return torch.nextafter(z, torch.full_like(z, math.inf))


def _squared(one: Tensor, other: Tensor) -> Tensor:
    return (one - other).double().square().sum(1).cpu()


def _finite(values: Tensor) -> Tensor:
    if not bool(torch.isfinite(values).all()):
        raise InputError("the generator makes NaN or infinite values, or has such slopes", "check its weights")
    return values.double().cpu()


def _enough(n: int) -> int:
    if n < FEWEST:
        raise UsageError(f"the smoothness at {n} latents was asked for", f"give {FEWEST} or more")
    return n


def _type(seen: Surface) -> str:
    return str(seen.dtype).removeprefix("torch.")


def _id(gan: GAN, space: FeatureSpace | None) -> str:
    return (space or pixels(gan.format)).id


def _within(progress: Progress | None, place: int, of: int) -> Progress | None:
    return None if progress is None else lambda done, n: progress(place * n + done, of * n)
