"""Three generators of one tiny world of classes: one that is honest, one that copies, one that leaves a class out.

    planted = copying(0.1)                          # a tenth of what it makes are its training samples
    planted.truth.train, planted.truth.held_out     # data of the world, with classes
    planted.truth.copied(z)                         # which training sample each latent brings back, -1 for none
    dropping(0), dropping(0, rate=0.1)              # class 0 never made, or a tenth as often as it is due
    planted.truth.world.log_density(x.flatten(1))   # exact

A sample is the 8 x 8 picture of its class, with a grain of its own: a mixture of round Gaussians of known density. The
honest generator draws from that law itself, and so does each of the others where it is not at fault.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor, nn

from ganatomy.data.dataset import Dataset, Rows
from ganatomy.data.splits import Split
from ganatomy.data.worlds import World, mixture
from ganatomy.errors import UsageError
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.fingerprint import fingerprint
from ganatomy.numerics.random import Stream
from ganatomy.planted.planted import Planted
from ganatomy.results.formats import Format

SIDE, GRAIN = 8, 0.3
SHAPE = (1, SIDE, SIDE)
PIXELS = SIDE * SIDE
CLASSES = ("top", "bottom", "left", "right", "middle")
SIZE = 100  # training samples, and as many held out
CHOICE, GRAINS, FAULT = 0, slice(1, 1 + PIXELS), 1 + PIXELS  # what the numbers of a latent are for
LATENT = 2 + PIXELS


class Blobs(nn.Module):
    """A latent's first number chooses the class, the last one whether a training sample, and which, comes instead."""

    centres: Tensor
    edges: Tensor
    samples: Tensor

    def __init__(self, world: World, weights: Tensor, samples: Tensor, *, share: float, noise: float) -> None:
        super().__init__()
        self.register_buffer("centres", world.centres.float())
        self.register_buffer("edges", (weights / weights.sum()).cumsum(0)[:-1].float())
        self.register_buffer("samples", samples.flatten(1))
        self.share, self.noise = share, noise

    def forward(self, z: Tensor) -> Tensor:
        place = torch.searchsorted(self.edges, torch.special.ndtr(z[:, CHOICE]).contiguous(), right=True)
        grains, which = z[:, GRAINS], self.copied(z)
        drawn = self.centres[place] + GRAIN * grains
        copies = self.samples[which.clamp(min=0)] + self.noise * grains
        made: Tensor = torch.where(which[:, None] >= 0, copies, drawn).unflatten(1, SHAPE)
        return made

    def copied(self, z: Tensor) -> Tensor:
        """The number of the training sample, or -1."""
        if not self.share:
            return torch.full((len(z),), -1, dtype=torch.int64, device=z.device)
        chance = torch.special.ndtr(z[:, FAULT])
        which = (chance / self.share * len(self.samples)).long().clamp(max=len(self.samples) - 1)
        return torch.where(chance < self.share, which, -1)


@dataclass(frozen=True, eq=False)
class BlobsTruth:
    """weights: of the classes in the data. made: in the generator, copies aside. share: of copies, with this noise."""

    world: World
    weights: tuple[float, ...]
    made: tuple[float, ...]
    share: float
    noise: float
    train: Dataset = field(repr=False)
    held_out: Dataset = field(repr=False)
    generator: Blobs = field(repr=False)

    def copied(self, z: Tensor) -> Tensor:
        """Which training sample each latent brings back, -1 for none."""
        return self.generator.copied(z)


def honest(*, seed: int = 0, size: int = SIZE) -> Planted[BlobsTruth]:
    """Draws from the law that its data were drawn from; `seed` and `size` are those of the data."""
    return _planted("honest", seed, size, made=(1.0,) * len(CLASSES))


def copying(share: float = 0.1, *, noise: float = 0.0, seed: int = 0, size: int = SIZE) -> Planted[BlobsTruth]:
    """That share of its samples are training samples, with Gaussian noise of this standard deviation in each pixel."""
    if not 0 < share <= 1 or not noise >= 0:
        raise UsageError(
            f"a share {share:g} of copies with noise {noise:g} was asked for",
            "a share lies above 0 and at most 1, noise is 0 or more",
        )
    return _planted("copies", seed, size, made=(1.0,) * len(CLASSES), share=share, noise=noise)


def dropping(dropped: int = 0, *, rate: float = 0.0, seed: int = 0, size: int = SIZE) -> Planted[BlobsTruth]:
    """One class is made `rate` times as often as it is due, beside the others."""
    if not 0 <= dropped < len(CLASSES) or not 0 <= rate < 1:
        raise UsageError(
            f"class {dropped} at a rate of {rate:g} was asked for",
            f"classes are numbered from 0 to {len(CLASSES) - 1}, a rate is 0 or more and below 1",
        )
    made = tuple(rate if place == dropped else 1.0 for place in range(len(CLASSES)))
    return _planted("dropped-class", seed, size, made=made)


def blobs() -> World:
    """The law of the data: classes of equal weight."""
    line = torch.linspace(-1, 1, SIDE, dtype=torch.float64)
    at = [(-0.6, 0.0), (0.6, 0.0), (0.0, -0.6), (0.0, 0.6), (0.0, 0.0)]  # row and column of each blob
    centres = [torch.exp(-((line[:, None] - y).square() + (line - x).square()) / 0.18) for y, x in at]
    return mixture("blobs", torch.stack(centres).flatten(1), std=GRAIN)


def _planted(
    name: str, seed: int, size: int, *, made: tuple[float, ...], share: float = 0.0, noise: float = 0.0
) -> Planted[BlobsTruth]:
    world = blobs()
    train, held_out = (_data(world, split, seed, size) for split in ("train", "held-out"))
    weights = torch.tensor(made, dtype=torch.float64)
    generator = Blobs(world, weights, train.read(range(size)), share=share, noise=noise).eval()
    truth = BlobsTruth(
        world,
        tuple(world.weights.tolist()),
        tuple((weights / weights.sum()).tolist()),
        share,
        noise,
        train,
        held_out,
        generator,
    )
    gan = GAN(generator, Normal(LATENT), Format(SHAPE), data=f"planted {name}")
    return Planted(name, gan, truth, CLASSES, "score", partial(_nearness, world))


def _data(world: World, split: Split, seed: int, size: int) -> Dataset:
    stream = Stream(seed, f"planted/blobs/{split}")
    pictures = world.sample(stream, range(size)).float().unflatten(1, SHAPE)
    labels = world.labels(stream, range(size))
    return Dataset(
        name="blobs",
        split=split,
        size=size,
        format=Format(SHAPE),
        native=Format(SHAPE),
        draw=Rows(pictures),
        draw_labels=Rows(labels),
        classes=CLASSES,
        fingerprint=fingerprint(pictures, labels),
        truth=world,
    )


def _nearness(world: World, pictures: Tensor) -> Tensor:
    """Minus the distance to the picture of each class, in grains: the largest names the class."""
    flat = pictures.flatten(1).double()
    away: Tensor = (flat[:, None] - world.centres.to(flat)).norm(dim=2)
    return -away / GRAIN
