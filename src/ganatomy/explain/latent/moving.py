"""Latents moved along directions without leaving the prior, and the samples of moved latents.

    taken = step(gan.latent, z, vector, 2.0)       # taken.z; taken.cut: which could not go all the way
    moved(gan, draw, found, place=3, steps=-1.5)   # samples, with direction 3 followed 1.5 steps backwards
    strips(gan, found, latents=4)                  # (k, 4, 7, ...), ready to be drawn

A normal latent moves on a straight line, and its norm is for the caller to report. A spherical one moves along the
great circle through it and the direction, and stops at the pole. A uniform one is clamped to [-1, 1].
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import choose
from ganatomy.explain.latent.directions import HELD_OUT, Directions
from ganatomy.explain.passes import Draw, Progress, draws, made, ran
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Latent
from ganatomy.tracing.edit import Edit, edit

STEPS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)


@dataclass(frozen=True, eq=False)
class Taken:
    """Where the step led, (n, dim), and for which latents the prior ended before it did, (n,)."""

    z: Tensor
    cut: Tensor


def step(latent: Latent, z: Tensor, vector: Tensor, length: float) -> Taken:
    """`vector` has unit length; a spherical latent moves by an arc of `length`."""
    latent.check(z)
    law = choose(LAWS, latent.kind, "latent prior")
    taken = law(z.double(), vector.double(), length)
    return Taken(taken.z.to(z.dtype), taken.cut)


def _line(z: Tensor, vector: Tensor, length: float) -> Taken:
    return Taken(z + length * vector, torch.zeros(len(z), dtype=torch.bool))


def _clamped(z: Tensor, vector: Tensor, length: float) -> Taken:
    far = z + length * vector
    near = far.clamp(-1, 1)
    return Taken(near, (far != near).any(1))


def _circle(z: Tensor, vector: Tensor, length: float) -> Taken:
    """z cos a + r t sin a, t the unit tangent at z towards the direction; the pole is where z is the direction."""
    radius = math.sqrt(z.shape[1])
    towards = vector if length >= 0 else -vector
    along = z @ towards / radius
    tangent = towards - along[:, None] * z / radius
    size = tangent.norm(dim=1)
    there = size < 1e-9  # at a pole, where there is no tangent
    tangent = tangent / size.clamp(min=1e-9)[:, None]
    to_pole = torch.acos(along.clamp(-1, 1))
    angle = torch.minimum(torch.full_like(to_pole, abs(length) / radius), to_pole)
    moved_z = z * angle.cos()[:, None] + radius * tangent * angle.sin()[:, None]
    return Taken(torch.where(there[:, None], z, moved_z), (abs(length) / radius > to_pole) | there)


LAWS: dict[str, Callable[[Tensor, Tensor, float], Taken]] = {"normal": _line, "uniform": _clamped, "sphere": _circle}


def moved(gan: GAN, draw: Draw, found: Directions, *, place: int, steps: float) -> Tensor:
    """Samples of a draw, with one direction followed so many of its steps."""
    length, vector = steps * float(found.scales[place]), found.vectors[place]
    if steps == 0:
        return made(gan.generator, draw)
    if found.site is None:
        return ran(gan.generator, step(gan.latent, draw.z, vector, length).z, draw.labels)
    with edit(gan.generator, {found.site: shifted(length * vector)}):
        return made(gan.generator, draw)


def shifted(by: Tensor) -> Edit:
    """An edit that adds a flat vector to every sample's activation."""
    return lambda activation: activation + by.to(activation).reshape(activation.shape[1:])


def strips(
    gan: GAN,
    found: Directions,
    *,
    latents: int = 4,
    steps: Sequence[float] = STEPS,
    seed: int = 0,
    start: int = HELD_OUT,
    progress: Progress | None = None,
) -> Tensor:
    """Samples of some latents at several steps along each direction, (k, latents, steps, ...), in the GAN's format."""
    taken = list(draws(gan, latents, seed=seed, start=start))
    still = torch.cat([made(gan.generator, draw) for draw in taken])
    out = still.new_empty(len(found), latents, len(steps), *still.shape[1:])
    for place in range(len(found)):
        for column, each in enumerate(steps):
            whole = [moved(gan, draw, found, place=place, steps=each) for draw in taken] if each else [still]
            out[place, :, column] = torch.cat(whole)
        if progress is not None:
            progress(place + 1, len(found))
    return out
