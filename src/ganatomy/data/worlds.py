"""Worlds on the line and in the plane whose densities are known exactly: the ground truth for toy games and theory.

    world = WORLDS["ring8"]()
    x = world.sample(Stream(0, "data"), range(1000))      # (1000, 2), float64
    world.log_density(x)                                  # in nats, normalised; differentiable in x
    count_modes(fakes, world.centres, world.mode_std)     # ganatomy.numerics.distances

Every world is a mixture of round Gaussians. The curves (moons, spiral) are fine ones: centres along the curve, equally
far apart and less than one std from each other, so the density shows no ripple and is exact all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import log, pi

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream

CHUNK = 2**22  # entries of a table (points, components, dimensions) held at once: 32 MiB of float64


@dataclass(frozen=True, eq=False)
class World:
    """p(x) = sum_i weights[i] N(x; centres[i], stds[i]^2 I), in float64; component i belongs to mode modes[i]."""

    name: str
    centres: Tensor = field(repr=False)
    stds: Tensor = field(repr=False)
    weights: Tensor = field(repr=False)
    modes: Tensor = field(repr=False)

    @property
    def dimensions(self) -> int:
        return self.centres.shape[1]

    @property
    def n_modes(self) -> int:
        return int(self.modes.max()) + 1

    @property
    def mode_std(self) -> float | None:
        """The std of a mode where modes are round blobs of one size and weight, as mode counts need; else None."""
        alike = bool((self.stds == self.stds[0]).all() and (self.weights == self.weights[0]).all())
        return float(self.stds[0]) if alike and self.n_modes == len(self.centres) else None

    def sample(self, stream: Stream, indices: Sequence[int]) -> Tensor:
        """Points (n, dimensions), float64."""
        chosen = self._components(stream, indices)
        noise = stream.child("noise").normal(indices, self.dimensions, dtype=torch.float64)
        return self.centres[chosen] + self.stds[chosen, None] * noise

    def labels(self, stream: Stream, indices: Sequence[int]) -> Tensor:
        """The mode each of these points was drawn from, int64."""
        return self.modes[self._components(stream, indices)]

    def log_density(self, x: Tensor) -> Tensor:
        """log p(x) in nats, (n,), float64, on the device of x."""
        if x.dim() != 2 or x.shape[1] != self.dimensions:
            raise UsageError(
                f"the density of {self.name!r} was asked at points of shape {tuple(x.shape)}",
                f"points have shape (n, {self.dimensions})",
            )
        rows = max(1, CHUNK // self.centres.numel())
        return torch.cat([self._log_density(part) for part in x.double().split(rows)])

    def _log_density(self, x: Tensor) -> Tensor:
        centres, stds, weights = (table.to(x.device) for table in (self.centres, self.stds, self.weights))
        squares = (x[:, None] - centres).square().sum(2)
        heights = weights.log() - self.dimensions * (stds.log() + 0.5 * log(2 * pi))
        return torch.logsumexp(heights - 0.5 * squares / stds.square(), dim=1)

    def _components(self, stream: Stream, indices: Sequence[int]) -> Tensor:
        edges = self.weights.cumsum(0)[:-1]  # the last edge is 1, and rounding must not put it below a draw
        return torch.searchsorted(edges, stream.child("component").uniform(indices, dtype=torch.float64), right=True)


def mixture(
    name: str,
    centres: Tensor | Sequence[Sequence[float]],
    *,
    std: float | Sequence[float],
    weights: Sequence[float] | None = None,
    modes: Tensor | None = None,
) -> World:
    """A world from its centres (k, d); one std or one each, weights up to a factor (equal), modes (each its own)."""
    places, stds, shares = (
        torch.as_tensor(given, dtype=torch.float64) for given in (centres, std, 1.0 if weights is None else weights)
    )
    k = len(places) if places.dim() == 2 else 0
    stds, shares = (table.repeat(k) if table.dim() == 0 else table for table in (stds, shares))
    if k == 0 or len(stds) != k or len(shares) != k or not bool((stds > 0).all() and (shares > 0).all()):
        raise UsageError(
            f"the mixture {name!r} has centres of shape {tuple(places.shape)}, {len(stds)} stds, {len(shares)} weights",
            "give centres (k, d), k at least 1, and one positive std and weight for each",
        )
    return World(name, places, stds, shares / shares.sum(), torch.arange(k) if modes is None else modes)


def ring8() -> World:
    """Eight modes on the unit circle, std 0.01 (the published protocol: PacGAN, Lin et al. 2018)."""
    angle = torch.arange(8, dtype=torch.float64) * (2 * pi / 8)
    return mixture("ring8", torch.stack([angle.cos(), angle.sin()], 1), std=0.01)


def grid25() -> World:
    """Twenty-five modes at {-4, -2, 0, 2, 4}^2, std 0.05 (same source)."""
    ticks = torch.arange(-4.0, 5.0, 2.0, dtype=torch.float64)
    return mixture("grid25", torch.cartesian_prod(ticks, ticks), std=0.05)


def moons() -> World:
    """Two half circles of radius 1 that reach into each other, blurred by std 0.1; each moon is a mode."""
    angle = (torch.arange(64, dtype=torch.float64) + 0.5) * (pi / 64)
    upper = torch.stack([angle.cos(), angle.sin()], 1)
    lower = torch.stack([1 - angle.cos(), 0.5 - angle.sin()], 1)
    return mixture("moons", torch.cat([upper, lower]), std=0.1, modes=torch.arange(2).repeat_interleave(64))


def spiral() -> World:
    """Two turns of an Archimedean spiral out to radius 2, equally dense along its length, blurred by std 0.05."""
    turns = torch.linspace(0.0, 4 * pi, 20_001, dtype=torch.float64)
    curve = (2 * turns / (4 * pi))[:, None] * torch.stack([turns.cos(), turns.sin()], 1)
    length = curve.diff(dim=0).norm(dim=1).cumsum(0)
    marks = (torch.arange(320, dtype=torch.float64) + 0.5) / 320 * length[-1]
    return mixture(
        "spiral", curve[torch.searchsorted(length, marks) + 1], std=0.05, modes=torch.zeros(320, dtype=torch.int64)
    )


def two_gaussians() -> World:
    """On the line: equal halves at -2 and 2, std 0.5."""
    return mixture("two-gaussians", [[-2.0], [2.0]], std=0.5)


def three_gaussians() -> World:
    """On the line: common and wide, rarer and narrower: shares 0.6, 0.3, 0.1 at -3, 0, 3, std 0.8, 0.4, 0.2."""
    return mixture("three-gaussians", [[-3.0], [0.0], [3.0]], std=[0.8, 0.4, 0.2], weights=[0.6, 0.3, 0.1])


WORLDS: dict[str, Callable[[], World]] = {
    "two-gaussians": two_gaussians,
    "three-gaussians": three_gaussians,
    "ring8": ring8,
    "grid25": grid25,
    "moons": moons,
    "spiral": spiral,
}
