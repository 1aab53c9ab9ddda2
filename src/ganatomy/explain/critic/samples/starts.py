"""Pictures and latents that something is done to, by address, and the margins by which the critic judges them.

    for begun in starts(gan, held_out, n=32, seed=0).values():
        begun.margin(gan, threshold)(begun.pictures)         # (n,), positive where a picture is called real
    random_step(pictures, size, norm="l2", room=room, noise=noise)     # as far, elsewhere

They are judging pictures of `boundary`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.explain.critic.lots import fakes, reals, together
from ganatomy.explain.critic.samples.boundary import judged_places, judging, parts
from ganatomy.explain.critic.samples.nearest import NORMS, Margin, Room, climbed
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.explain.latent.inversion import kept
from ganatomy.explain.latent.surface import Surface
from ganatomy.explain.passes import BLOCK
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Latent


@dataclass(frozen=True, eq=False)
class Starts:
    """Of one sort; `numbers` are indices of the data, or of the seed."""

    sort: str
    pictures: Tensor
    labels: Tensor | None
    z: Tensor | None
    numbers: Tensor

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def names(self) -> list[str]:
        return [f"{self.sort} {number}" for number in self.numbers.tolist()]

    def blocks(self) -> Iterator[Starts]:
        for first in range(0, len(self), BLOCK):
            yield self.of(slice(first, first + BLOCK))

    def of(self, rows: slice | Tensor) -> Starts:
        labels, z = (None if each is None else each[rows] for each in (self.labels, self.z))
        return Starts(self.sort, self.pictures[rows], labels, z, self.numbers[rows])


def starts(gan: GAN, real: Dataset | None, *, n: int, seed: int) -> dict[str, Starts]:
    """The first n judging pictures of each sort, fewer where the data end."""
    numbers = judging(n)
    made = together(judge for judge, _ in parts(fakes(gan, 2 * n, seed=seed)))
    z = gan.latent.sample(seed, numbers.tolist())
    found = {"generated": Starts("generated", made.pictures, made.labels, z, numbers)}
    if real is None:
        return found
    own = together(judge for judge, _ in parts(reals(gan, real, 2 * n)))
    here = judged_places(real, len(own))
    return {"real": Starts("real", own.pictures, own.labels, None, here), **found}


def picture_margin(scorer: Scorer, threshold: float, labels: Tensor | None) -> Margin:
    return lambda pictures: (scorer(pictures, labels) - threshold).to(pictures)


def latent_margin(scorer: Scorer, threshold: float, labels: Tensor | None, seen: Surface) -> Margin:
    """Of what the generator makes of latents."""
    shape = seen.gan.format.shape
    return lambda z: (scorer(seen(z, labels).reshape(-1, *shape), labels) - threshold).to(z)


def picture_room(gan: GAN) -> Room:
    return Room(bounds=gan.format.bounds)


def latent_room(latent: Latent) -> Room:
    """Where the prior is (see `inversion.kept`)."""
    return Room(bounds=(-1.0, 1.0)) if latent.kind == "uniform" else Room(keep=lambda z: kept(latent, z))


def random_step(points: Tensor, size: Tensor, *, norm: str, room: Room, noise: Tensor) -> Tensor:
    """Points moved by `size` (n,) in the directions of normal noise, within the room; what is cut is made up for.

    Of the largest change each value moves by all of it, inward where there is no room outward.
    """
    noise = noise.to(points)
    wide = size.to(points).reshape(-1, *([1] * (points.ndim - 1)))
    if norm == "linf":
        step = wide * torch.where(noise < 0, -1.0, 1.0).to(points)
        outside = (room.inside(points + step) - points).abs() < wide * (1 - 1e-6)
        return room.inside(points + torch.where(outside, -step, step))
    noise = noise / noise.flatten(1).norm(dim=1).reshape(wide.shape).clamp(min=1e-30)

    def moved(times: Tensor) -> Tensor:
        stepped = points + times.reshape(wide.shape) * noise
        return stepped if room.bounds is None else stepped.clamp(*room.bounds)

    length = NORMS[norm].size
    return room.inside(climbed(lambda times: length(moved(times) - points), size.to(points), size.to(points), moved))
