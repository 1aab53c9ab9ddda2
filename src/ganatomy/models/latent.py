"""Priors: what a generator is fed. Latent i of a seed is the same whatever the batch, device or number of processes.

prior = Normal(64, classes=10)
prior.sample(seed=3, indices=range(17, 20))     # (3, 64), the 17th to 19th latent of seed 3
prior.labels(seed=3, indices=range(17, 20))     # (3,) int64; None without classes
Sphere(64).project(z)                           # the nearest point of the support

A uniform latent lies in [-1, 1] in each coordinate. A spherical one has norm sqrt(dim), so that its coordinates have
unit mean square like normal ones, and a network built for one kind is scaled for the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ganatomy.errors import UsageError, choose
from ganatomy.numerics.random import Stream

LatentKind = Literal["normal", "uniform", "sphere"]
ON_SPHERE = 1e-4  # the relative distance at which a float32 point still counts as lying on the sphere


@dataclass(frozen=True)
class Latent:
    """A prior over vectors of `dim` numbers, with equally likely labels below `classes` (0: no labels)."""

    kind: LatentKind
    dim: int
    classes: int = 0

    def __post_init__(self) -> None:
        choose(LAWS, self.kind, "latent prior")
        if self.dim < 1 or self.classes < 0:
            raise UsageError(
                f"a latent of {self.dim} dimensions and {self.classes} classes was asked for",
                "dim is at least 1; classes is 0 (unconditional) or more",
            )

    def sample(self, seed: int, indices: Sequence[int], *, dtype: torch.dtype = torch.float32) -> Tensor:
        """Latents number `indices` of `seed`, shape (len(indices), dim), on the CPU."""
        _check_indices(indices)
        return self.draw(Stream(seed, "latent"), indices, dtype=dtype)

    def labels(self, seed: int, indices: Sequence[int]) -> Tensor | None:
        """The labels that go with the latents, (len(indices),) int64, or None for an unconditional prior."""
        _check_indices(indices)
        return self.draw_labels(Stream(seed, "label"), indices)

    def draw(self, stream: Stream, indices: Sequence[int], *, dtype: torch.dtype = torch.float32) -> Tensor:
        """The same from any stream: training draws from its own, so that no sample one looks at was trained on."""
        return LAWS[self.kind].draw(stream, indices, self.dim).to(dtype)

    def draw_labels(self, stream: Stream, indices: Sequence[int]) -> Tensor | None:
        """The same for labels."""
        return stream.integers(indices, self.classes) if self.classes else None

    def log_density(self, z: Tensor) -> Tensor:
        """Logarithm of the density in nats, shape (n,); -inf off the support.

        With respect to Lebesgue measure; for the sphere, to its surface measure. Labels are not counted.
        """
        self.check(z)
        return LAWS[self.kind].log_density(z)

    def project(self, z: Tensor) -> Tensor:
        """The nearest point of the support: z itself, clamped to [-1, 1], or rescaled to norm sqrt(dim)."""
        self.check(z)
        return LAWS[self.kind].project(z)

    def check(self, z: Tensor) -> None:
        """Refuse anything but a batch of latents of this dimension."""
        if not isinstance(z, Tensor):
            raise UsageError(f"latents of type {type(z).__name__} were given", "give a tensor: torch.as_tensor(...)")
        if z.ndim != 2 or z.shape[1] != self.dim:
            raise UsageError(
                f"latents of shape {tuple(z.shape)} were given", f"wanted is a batch of latents, (n, {self.dim})"
            )

    def __str__(self) -> str:
        return f"{self.kind} latent of {self.dim}" + (f", {self.classes} classes" if self.classes else "")


def Normal(dim: int, classes: int = 0) -> Latent:
    """Independent standard normals."""
    return Latent("normal", dim, classes)


def Uniform(dim: int, classes: int = 0) -> Latent:
    """Independent and uniform in [-1, 1]."""
    return Latent("uniform", dim, classes)


def Sphere(dim: int, classes: int = 0) -> Latent:
    """Uniform on the sphere of radius sqrt(dim)."""
    return Latent("sphere", dim, classes)


def _check_indices(indices: object) -> None:
    if isinstance(indices, range):
        return
    if isinstance(indices, int):
        raise UsageError(f"indices = {indices} was given", f"give range({indices}) for the first {indices}")
    if isinstance(indices, Tensor) or not hasattr(indices, "__len__") or not hasattr(indices, "__getitem__"):
        raise UsageError(f"indices of type {type(indices).__name__} were given", "give a range, or a list of numbers")
    for index in indices:  # type: ignore[attr-defined]
        if isinstance(index, bool) or not isinstance(index, int | np.integer):
            raise UsageError(f"{index!r} was given as an index", "an index is a whole number, 0 or more")


@dataclass(frozen=True)
class _Law:
    draw: Callable[[Stream, Sequence[int], int], Tensor]  # in float64, cast once at the end
    log_density: Callable[[Tensor], Tensor]
    project: Callable[[Tensor], Tensor]


def _draw_normal(stream: Stream, indices: Sequence[int], dim: int) -> Tensor:
    return stream.normal(indices, dim, dtype=torch.float64)


def _draw_uniform(stream: Stream, indices: Sequence[int], dim: int) -> Tensor:
    return 2 * stream.uniform(indices, dim, dtype=torch.float64) - 1


def _draw_sphere(stream: Stream, indices: Sequence[int], dim: int) -> Tensor:
    return _to_sphere(_draw_normal(stream, indices, dim))


def _to_sphere(z: Tensor) -> Tensor:
    # A running sum adds one row in one order, however many rows there are; `sum` may split a lone row among threads.
    norm = z.square().cumsum(1)[:, -1:].sqrt()
    return z * (math.sqrt(z.shape[1]) / norm)


def _normal_log_density(z: Tensor) -> Tensor:
    return -0.5 * z.square().sum(1) - 0.5 * z.shape[1] * math.log(2 * math.pi)


def _uniform_log_density(z: Tensor) -> Tensor:
    inside = (z.abs() <= 1).all(1)
    return torch.full_like(z[:, 0], -z.shape[1] * math.log(2)).masked_fill(~inside, -math.inf)


def _sphere_log_density(z: Tensor) -> Tensor:
    """Minus the logarithm of the area 2 pi^(d/2) r^(d-1) / Gamma(d/2), r = sqrt(d)."""
    dim, radius = z.shape[1], math.sqrt(z.shape[1])
    log_area = math.log(2) + 0.5 * dim * math.log(math.pi) - math.lgamma(0.5 * dim) + (dim - 1) * math.log(radius)
    on = (z.norm(dim=1) - radius).abs() <= ON_SPHERE * radius
    return torch.full_like(z[:, 0], -log_area).masked_fill(~on, -math.inf)


LAWS: dict[str, _Law] = {
    "normal": _Law(_draw_normal, _normal_log_density, lambda z: z),
    "uniform": _Law(_draw_uniform, _uniform_log_density, lambda z: z.clamp(-1, 1)),
    "sphere": _Law(_draw_sphere, _sphere_log_density, _to_sphere),
}
