"""Principal components of a layer as directions of the latent space, with the quality of that step.

    found = pca(gan, "start.act", k=8)             # found.fit: held-out R^2; found.facts["share"]: of the variance
    found = pca(gan, "start.act", at_site=True)    # the components themselves, to be added to the activation
    found = pca(gan, None)                         # of the latent itself, which has no axes of its own

A component's coordinate c is regressed on z; the direction is the slope. R^2 says how much of c is linear in z: near 1
the direction is the component, near 0 it has little to do with it, however pretty the strip (GANSpace does not tell).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.latent.directions import Directions, in_latent, spoken
from ganatomy.explain.latent.sketch import NARROW, Leading, exact, together
from ganatomy.explain.passes import Draw, Progress, draws, made
from ganatomy.models.gan import GAN
from ganatomy.numerics.running import Covariance, Moments
from ganatomy.tracing.trace import watch

SPARE = 64  # directions that a sketch carries beside those asked for, at the least
JOINED = 256  # rows that are added to a sketch at once: the eigenvectors of more take longer than they spare


def pca(
    gan: GAN,
    site: str | None,
    *,
    k: int = 8,
    n: int = 4000,
    seed: int = 0,
    at_site: bool = False,
    progress: Progress | None = None,
) -> Directions:
    """The k leading components over n samples; R^2 is taken on n / 4 more."""
    if k < 1 or n < 2 * gan.latent.dim + 2 * k:
        raise UsageError(
            f"{k} components of {n} samples were asked for", f"take k >= 1 and {2 * gan.latent.dim + 2 * k} or more"
        )
    total = (1 if site is None else 2) * n + max(n // 4, 2)
    walk = _Walk(gan, site, seed, progress, total)
    centre = _centre(walk, k, n)

    def again(other: int) -> Directions:
        return pca(gan, site, k=k, n=n, seed=other, at_site=at_site)

    line = _regressed(walk, centre, n)
    r2 = _held_out(walk, centre, line=line, n=n)
    share = centre.values / centre.variance
    facts = {"variance": centre.values, "share": share, "gain": line.slopes.norm(dim=1) / centre.values.sqrt()}
    names = tuple(f"{spoken(site).removeprefix('the ')} pc{place}" for place in range(k))
    says = "held-out R^2 of the component's coordinate on z"
    where = f"PCA of {spoken(site)} over {n} samples: {k} components hold {float(share.sum()):.1%} of variance."
    if at_site and site is not None:
        found = Directions("pca", names, centre.vectors, centre.values.sqrt(), r2, says, site=site)
    else:
        found = in_latent(gan.latent, line.slopes, names=names, method="pca", fit=r2)
    return replace(found, fit_says=says, facts=facts, note=" ".join([where, *_warnings(gan, site, r2)]), again=again)


def components(gan: GAN, site: str | None, *, k: int = 8, n: int = 4000, seed: int = 0) -> tuple[Tensor, Tensor]:
    """The fit alone, without what it says of z: variances, falling, and unit vectors (k, width)."""
    centre = _centre(_Walk(gan, site, seed, None, n), k, n)
    return centre.values, centre.vectors


def mapped(gan: GAN, found: Directions, *, n: int = 4000, seed: int = 0) -> Directions:
    """Directions at a site as directions of the latent: the slope of their coordinates there on z, with its R^2."""
    if found.site is None:
        return found
    walk = _Walk(gan, found.site, seed, None, n)
    mean = _mean(walk, n)
    centre = _Centre(mean, found.vectors, found.scales.square(), float("nan"))
    line = _regressed(walk, centre, n)
    r2 = _held_out(walk, centre, line=line, n=n)
    latent = in_latent(gan.latent, line.slopes, names=found.names, method=f"{found.method}, in z", fit=r2)
    again = found.again
    return replace(
        latent,
        fit_says="held-out R^2 of the coordinate at the site on z",
        facts=found.facts,
        targets=found.targets,
        note=f"{found.note} Carried from {spoken(found.site)} to the latent by least squares.".strip(),
        again=None if again is None else lambda other: mapped(gan, again(other), n=n, seed=other),
    )


@dataclass(frozen=True, eq=False)
class _Centre:
    mean: Tensor
    vectors: Tensor
    values: Tensor
    variance: float

    def coordinates(self, rows: Tensor) -> Tensor:
        return (rows - self.mean) @ self.vectors.T


@dataclass(frozen=True, eq=False)
class _Line:
    """c ~ offset + z slopes^T."""

    offset: Tensor
    slopes: Tensor

    def at(self, z: Tensor) -> Tensor:
        return self.offset + z @ self.slopes.T


@dataclass(eq=False)
class _Walk:
    """Latents and flat activations of consecutive samples, as often as they are needed; counts for the progress."""

    gan: GAN
    site: str | None
    seed: int
    progress: Progress | None
    total: int
    done: int = 0

    def parts(self, n: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        for draw in draws(self.gan, n, seed=self.seed, start=start):
            yield draw.z.double(), activations(self.gan, draw, self.site)
            self.done += len(draw)
            if self.progress is not None:
                self.progress(min(self.done, self.total), self.total)


def activations(gan: GAN, draw: Draw, site: str | None) -> Tensor:
    """Flat activations of a site, or the latents, (n, width), float64 on the CPU."""
    if site is None:
        return draw.z.double()
    with watch(gan.generator, [site]) as trace:
        made(gan.generator, draw)
    return trace[site].flatten(1).cpu().double()


def _centre(walk: _Walk, k: int, n: int) -> _Centre:
    covariance: Covariance | None = None
    sketch: Leading | None = None
    for batch in together((rows for _, rows in walk.parts(n)), JOINED):
        if batch.shape[1] <= NARROW:
            more = Covariance.of(batch)
            covariance = more if covariance is None else covariance + more
        else:
            leading = Leading.of(batch, rank=max(4 * k, k + SPARE))
            sketch = leading if sketch is None else sketch + leading
    if covariance is not None:
        values, vectors = exact(covariance, k)
        return _Centre(covariance.mean, vectors, values, float(covariance.matrix().trace()))
    assert sketch is not None
    values, vectors = sketch.components(k)
    return _Centre(sketch.mean, vectors, values, sketch.variance())


def _mean(walk: _Walk, n: int) -> Tensor:
    total: Moments | None = None
    for _, rows in walk.parts(n):
        total = Moments.of(rows) if total is None else total + Moments.of(rows)
    assert total is not None
    return total.mean


def _regressed(walk: _Walk, centre: _Centre, n: int) -> _Line:
    """Least squares with an offset, from the joint moments of z and c."""
    total: Covariance | None = None
    for z, rows in walk.parts(n) if walk.site is not None else _latents(walk, n):
        more = Covariance.of(torch.cat([z, centre.coordinates(rows)], dim=1))
        total = more if total is None else total + more
    assert total is not None
    dim = walk.gan.latent.dim
    within, across = total.scatter[:dim, :dim], total.scatter[:dim, dim:]
    slopes = torch.linalg.solve(within, across).T
    return _Line(total.mean[dim:] - slopes @ total.mean[:dim], slopes)


def _latents(walk: _Walk, n: int) -> Iterator[tuple[Tensor, Tensor]]:
    for draw in draws(walk.gan, n, seed=walk.seed):
        yield draw.z.double(), draw.z.double()


def _held_out(walk: _Walk, centre: _Centre, *, line: _Line, n: int) -> Tensor:
    """1 - sum of squared misses over sum of squares, of samples that nothing was fitted to."""
    missed: Moments | None = None
    whole: Moments | None = None
    for z, rows in walk.parts(max(n // 4, 2), start=n):
        c = centre.coordinates(rows)
        miss, all_of_it = Moments.of(c - line.at(z)), Moments.of(c)
        missed = miss if missed is None else missed + miss
        whole = all_of_it if whole is None else whole + all_of_it
    assert missed is not None
    assert whole is not None
    return 1 - (missed.squares + missed.n * missed.mean.square()) / whole.squares


def _warnings(gan: GAN, site: str | None, r2: Tensor) -> list[str]:
    if site is None:
        return [f"A {gan.latent.kind} latent has the same variance along all axes: these are an accident of sampling."]
    weak = int((r2 < 0.5).sum())
    return [f"{weak} of {len(r2)} are less than half linear in z (R^2 < 0.5)."] if weak else []
