"""Critics and generators by hand, small enough to know every answer."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ganatomy.data.dataset import Dataset, stored
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Latent, Normal
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format, Score

SIDE, DIM = 6, 5
SMALL = Format.picture(1, SIDE)
PIXELS = SIDE * SIDE


class Linear(nn.Module):
    """Pictures around grey, linear in the latent; a conditional one is brighter by 0.02 a class."""

    def __init__(self, size: float = 0.03) -> None:
        super().__init__()
        self.weight = nn.Parameter(size * Stream(1, "tiny/generator").normal(range(PIXELS), DIM))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        made = (z @ self.weight.T).reshape(-1, 1, SIDE, SIDE)
        return made if labels is None else made + 0.02 * labels.to(made)[:, None, None, None]


class Looks(nn.Module):
    """A score from any function of pictures, times a weight that is a parameter."""

    def __init__(self, look: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.look, self.weight = look, nn.Parameter(torch.tensor(2.0))

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.weight * self.look(x)


def direction() -> Tensor:
    """The slope of `linear`, without zeros."""
    return Stream(2, "tiny/critic").normal(range(1), PIXELS)[0] + 0.01


def linear(x: Tensor) -> Tensor:
    return x.flatten(1) @ direction().to(x) + 0.1


def brightness(x: Tensor) -> Tensor:
    return x.mean((1, 2, 3))


def tiny(
    look: Callable[[Tensor], Tensor] = linear,
    *,
    score: Score | None = None,
    latent: Latent | None = None,
    size: float = 0.03,
    classes: tuple[str, ...] = (),
) -> GAN:
    return GAN(Linear(size), latent or Normal(DIM), SMALL, Looks(look), score or Score("unbounded"), classes=classes)


def greys(n: int, *, shift: float = 0.2, seed: int = 5, split: str = "held-out", classes: bool = False) -> Dataset:
    """Smooth greys, brighter than what the generator makes; labels go round."""
    x = 0.1 * Stream(seed, "tiny/data").normal(range(n), 1, SIDE, SIDE) + shift
    x = x + 0.1 * Stream(seed, "tiny/levels").normal(range(n), 1, 1, 1)
    labels = torch.arange(n) % 3 if classes else None
    kept = ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return stored("greys", split, pictures=kept, labels=labels, classes=("a", "b", "c") if classes else ())  # type: ignore[arg-type]
