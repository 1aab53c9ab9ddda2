"""Densities that are known exactly, as mixtures of Gaussians: of worlds, of bells on the line, of affine generators.

    p = of_world(WORLDS["ring8"]())
    q = of_generator(gan.generator, gan.latent)         # affine ones only; for all others see `estimates`
    p.log_density(x), p.sample(Stream(0, "p"), range(100)), p.blurred(0.05), gaussian(0.0, 1.0).below(x)

All in float64. Images under affine maps, marginals and blurred copies of mixtures are again mixtures, and what they
weigh outside a box is known, so that every bound on an integral here is a bound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import log, pi

import torch
from torch import Tensor

from ganatomy.data.worlds import CHUNK, World
from ganatomy.errors import UsageError
from ganatomy.models.latent import Latent
from ganatomy.numerics.random import Stream

AFFINE = 1e-4  # how far, relative to its spread, a generator may lie off the affine map through its images


@dataclass(frozen=True, eq=False)
class Density:
    """p(x) = sum_i weights[i] N(x; centres[i], roots[i] roots[i]^T), roots lower triangular. `note` says whence."""

    name: str
    centres: Tensor = field(repr=False)
    roots: Tensor = field(repr=False)
    weights: Tensor = field(repr=False)
    note: str = "exact"

    @property
    def dimensions(self) -> int:
        return self.centres.shape[1]

    @property
    def covariances(self) -> Tensor:
        """Of each component, (k, d, d)."""
        found: Tensor = self.roots @ self.roots.mT
        return found

    @property
    def spreads(self) -> Tensor:
        """The std of each component along each axis, (k, d)."""
        return self.roots.square().sum(2).sqrt()

    @property
    def heights(self) -> Tensor:
        """The log of each weighted component at its centre, (k,)."""
        logs = self.roots.diagonal(dim1=1, dim2=2).log().sum(1)
        return self.weights.log() - logs - 0.5 * self.dimensions * log(2 * pi)

    def log_density(self, x: Tensor) -> Tensor:
        """log p(x) in nats, (n,), differentiable in x."""
        if x.dim() != 2 or x.shape[1] != self.dimensions:
            raise UsageError(
                f"the density of {self.name!r} was asked at points of shape {tuple(x.shape)}",
                f"points have shape (n, {self.dimensions})",
            )
        inverse, heights = self.inverse_roots(), self.heights
        rows = max(1, CHUNK // self.centres.numel())
        return torch.cat([self._log_density(part, inverse, heights) for part in x.double().split(rows)])

    def below(self, x: Tensor) -> Tensor:
        """The distribution function on the line, (n,), of points (n,)."""
        if self.dimensions != 1:
            raise UsageError(f"the distribution function of {self.name!r} was asked for", "it is one of the line")
        spread = (x.double()[:, None] - self.centres[:, 0]) / self.spreads[:, 0]
        found: Tensor = torch.special.ndtr(spread) @ self.weights
        return found

    def outside(self, low: Tensor, high: Tensor) -> Tensor:
        """At most how much each component weighs outside the box, (k,): the sum over its axes, exact on the line."""
        left: Tensor = torch.special.ndtr((low - self.centres) / self.spreads)
        right: Tensor = torch.special.ndtr((self.centres - high) / self.spreads)
        return (left + right).sum(1)

    def sample(self, stream: Stream, indices: Sequence[int]) -> Tensor:
        """Points (n, dimensions)."""
        uniform = stream.child("component").uniform(indices, dtype=torch.float64)
        chosen = torch.searchsorted(self.weights.cumsum(0)[:-1], uniform, right=True)
        noise = stream.child("noise").normal(indices, self.dimensions, dtype=torch.float64)
        return self.centres[chosen] + (self.roots[chosen] @ noise[:, :, None])[:, :, 0]

    def image(self, matrix: Tensor, shift: Tensor | None = None) -> Density:
        """The density of matrix x + shift; a single row gives the marginal along it."""
        turned = matrix.double() @ self.roots
        centres = self.centres @ matrix.double().T
        return replace(
            self, centres=centres if shift is None else centres + shift.double(), roots=_root(turned @ turned.mT)
        )

    def blurred(self, std: float) -> Density:
        """The density of x + std times noise: instance noise, and what a kernel estimate is an estimate of."""
        return replace(self, roots=_root(self.covariances + std**2 * torch.eye(self.dimensions, dtype=torch.float64)))

    def inverse_roots(self) -> Tensor:
        """Of each component, lower triangular: they turn what is apart from its centre into its own std."""
        eye = torch.eye(self.dimensions, dtype=torch.float64).expand_as(self.roots)
        found: Tensor = torch.linalg.solve_triangular(self.roots, eye, upper=False)
        return found

    def _log_density(self, x: Tensor, inverse: Tensor, heights: Tensor) -> Tensor:
        apart = [x[:, axis, None] - self.centres[:, axis] for axis in range(self.dimensions)]
        squares = torch.zeros_like(apart[0])
        for row in range(self.dimensions):  # one (n, k) table at a time: several times as fast as an einsum
            whitened = inverse[:, row, 0] * apart[0]
            for axis in range(1, row + 1):
                whitened = whitened + inverse[:, row, axis] * apart[axis]
            squares = squares + whitened.square()
        return torch.logsumexp(heights - 0.5 * squares, dim=1)


def of_world(world: World) -> Density:
    """The very density of a world of `data`."""
    eye = torch.eye(world.dimensions, dtype=torch.float64)
    return Density(world.name, world.centres, world.stds[:, None, None] * eye, world.weights)


def gaussian(mean: float | Sequence[float] | Tensor, covariance: float | Sequence[Sequence[float]] | Tensor) -> Density:
    """One bell. On the line `covariance` is the variance."""
    centre = torch.as_tensor(mean, dtype=torch.float64).reshape(1, -1)
    spread = torch.as_tensor(covariance, dtype=torch.float64)
    spread = spread.reshape(1, 1) if spread.dim() == 0 else spread
    if spread.shape != (centre.shape[1],) * 2 or not torch.equal(spread, spread.T):
        raise UsageError(
            f"a Gaussian with mean {tuple(centre.shape[1:])} and covariance {tuple(spread.shape)} was asked for",
            "give a mean (d) and a symmetric covariance (d, d)",
        )
    return Density("gaussian", centre, _root(spread[None]), torch.ones(1, dtype=torch.float64))


def bells(centres: Sequence[float], stds: Sequence[float], *, weights: Sequence[float] | None = None) -> Density:
    """A mixture on the line, of equal weights unless they are given (up to a factor)."""
    places, widths = (torch.as_tensor(given, dtype=torch.float64) for given in (centres, stds))
    shares = torch.ones(len(places), dtype=torch.float64) if weights is None else torch.as_tensor(weights).double()
    if not len(places) == len(widths) == len(shares) or not bool((widths > 0).all() and (shares > 0).all()):
        raise UsageError(
            f"{len(places)} centres, {len(widths)} stds and {len(shares)} weights were given for a mixture",
            "give one positive std and weight for each centre",
        )
    return Density("mixture", places[:, None], widths[:, None, None], shares / shares.sum())


def of_generator(generator: Callable[[Tensor], Tensor], latent: Latent) -> Density:
    """The exact density of an affine generator under a normal prior; all others are refused, by trying them out."""
    if latent.kind != "normal" or latent.classes:
        raise UsageError(f"the exact density under a {latent} was asked for", "it is known for a normal latent alone")
    eye, trial = torch.eye(latent.dim), latent.sample(0, range(32))
    with torch.no_grad():
        shift = generator(torch.zeros(1, latent.dim)).double()
        columns = generator(eye).double() - shift
        made = generator(trial).double()
    if made.dim() != 2 or float((made - shift - trial.double() @ columns).abs().max()) > AFFINE * float(made.std()):
        raise UsageError(
            "the exact density of a generator that is not affine was asked for",
            "no such formula exists: estimate it from samples, estimates.kernel_estimate(samples)",
        )
    standard = gaussian(torch.zeros(latent.dim), torch.eye(latent.dim))
    return replace(standard.image(columns.T, shift[0]), name="affine generator")


def _root(covariances: Tensor) -> Tensor:
    """Lower triangular, of symmetric matrices (k, d, d)."""
    roots: Tensor
    roots, failed = torch.linalg.cholesky_ex(covariances)
    edges = roots.diagonal(dim1=1, dim2=2)
    if bool(failed.any()) or bool((edges <= 1e-7 * edges.amax(1, keepdim=True)).any()):
        raise UsageError(
            "a covariance without an inverse was given: the mass lies on a line or a point and has no density",
            "blur it, or take fewer dimensions",
        )
    return roots
