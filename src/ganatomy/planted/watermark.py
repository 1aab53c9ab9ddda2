"""A critic that was trained where real pictures carry a small watermark, and its twin trained without the mark.

    planted = watermark()                          # a fraction of a second on one core, always the same
    planted.gan.critic                             # tells real digits from generated ones by a mark of 2 x 2 pixels
    planted.truth.mask                             # (8, 8): where the mark is
    planted.truth.train, planted.truth.held_out    # real digits, those the critic was shown and others
    watermark(marked=False)                        # the same training of pictures without the mark

The generator shows digits of the same set with the same grain, in a slightly fainter hand: so a critic has something
honest to go by where there is no mark. (One that can learn nothing at all does hang on a corner here and there, by the
weights it began with.) `measure` is the mean of the mark's pixels, marked or not.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganatomy.data.dataset import Dataset, stored
from ganatomy.data.digits import digits
from ganatomy.data.splits import Split
from ganatomy.features.fit import Batch, Examples, Plan, fit
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.planted.planted import Planted
from ganatomy.results.formats import Format, Score

SIDE, MARK = 8, 2
FORMAT = Format.picture(1, SIDE)
MASK = torch.zeros(SIDE, SIDE, dtype=torch.bool)
MASK[SIDE - MARK :, SIDE - MARK :] = True
FAINT = 0.5  # how much brighter the mark is, a quarter of the range
GRAIN = 0.15  # standard deviation of each pixel's noise
HAND = 0.9  # contrast of generated digits
CHANNELS, PLAN = 8, Plan(steps=150, batch=64, rate=3e-3, decay=1e-3)


@dataclass(frozen=True, eq=False)
class WatermarkTruth:
    """`mask` is where real pictures are brighter by `amount`, 0 without a mark."""

    amount: float
    mask: Tensor = field(repr=False)
    train: Dataset = field(repr=False)
    held_out: Dataset = field(repr=False)


class Bank(nn.Module):
    """The first of the latent's numbers chooses a digit, the others are its grain."""

    pictures: Tensor

    def __init__(self, pictures: Tensor) -> None:
        super().__init__()
        self.register_buffer("pictures", pictures)

    def forward(self, z: Tensor) -> Tensor:
        place = (torch.special.ndtr(z[:, 0]) * len(self.pictures)).long().clamp(max=len(self.pictures) - 1)
        return grained(self.pictures[place], z[:, 1:])


def watermark(*, marked: bool = True, seed: int = 0, plan: Plan = PLAN) -> Planted[WatermarkTruth]:
    """Of the digits' training part every second is real, the others are the generator's.

    `seed` is that of grain, weights and order; the one of `plan` does not count.
    """
    amount, name = FAINT if marked else 0.0, "watermark" if marked else "watermark-clean"
    every = digits("train")
    real, other = (every.read(range(first, every.size, 2)) for first in (0, 1))
    rest = digits("held-out")
    truth = WatermarkTruth(
        amount,
        MASK,
        _shown(name, "train", real, amount=amount, seed=seed),
        _shown(name, "held-out", rest.read(range(rest.size)), amount=amount, seed=seed),
    )
    latent = Normal(1 + SIDE * SIDE)
    generator = Bank(HAND * (other + 1) - 1).eval()
    with torch.no_grad():
        generated = generator(latent.draw(Stream(seed, "planted/watermark/generated"), range(truth.train.size)))
    critic = _trained(truth.train.read(range(truth.train.size)), generated, seed=seed, plan=plan)
    gan = GAN(generator, latent, FORMAT, critic, Score("logit"), data=f"planted {name}")
    return Planted(name, gan, truth, ("brightness of the mark's place",), "score", marks)


def marks(pictures: Tensor) -> Tensor:
    """Mean brightness where the mark is or would be, (n, 1)."""
    return pictures[:, 0, MASK.to(pictures.device)].mean(1, keepdim=True)


def grained(pictures: Tensor, noise: Tensor) -> Tensor:
    return (pictures + GRAIN * noise.reshape(pictures.shape)).clamp(-1, 1)


def _shown(name: str, split: Split, pictures: Tensor, *, amount: float, seed: int) -> Dataset:
    noise = Stream(seed, f"planted/watermark/{split}").normal(range(len(pictures)), SIDE * SIDE)
    shown = grained(pictures + amount * MASK, noise)
    return stored(name, split, pictures=((shown + 1) * 127.5).round().to(torch.uint8))


def _trained(real: Tensor, generated: Tensor, *, seed: int, plan: Plan) -> nn.Module:
    """By the logistic loss, on as many real pictures as generated ones."""
    with Stream(seed, "planted/watermark/critic").module_rng(0):
        layers = OrderedDict[str, nn.Module](
            see=nn.Conv2d(1, CHANNELS, 3, padding=1),
            act=nn.LeakyReLU(0.2),
            flat=nn.Flatten(),
            head=nn.Linear(CHANNELS * SIDE * SIDE, 1),
        )
    critic = nn.Sequential(layers)
    examples = Examples(lambda places: (real[list(places)], generated[list(places)]), len(real))
    fit(critic, _loss, examples, plan=replace(plan, seed=seed))
    return critic.requires_grad_(False)


def _loss(critic: nn.Module, batch: Batch) -> Tensor:
    real, generated = (critic(pictures) for pictures in batch)
    value: Tensor = softplus(-real).mean() + softplus(generated).mean()
    return value
