"""The parts every architecture shares: how latents and labels enter, how samples and scores come out.

generator(z, labels=None) -> samples          critic(x, labels=None) -> (n,) scores, no final sigmoid
critic.features(x, labels=None) -> (n, critic.feature_width), what the last linear layer sees

Labels are needed exactly when the latent has classes: a generator sees an embedding beside z, a critic adds the
projection <features, class vector> to its score (Miyato and Koyama 2018). Every layer is a named module, activations
included and never in place, so that each can be read and edited.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.models.initialise import LEAK
from ganatomy.models.latent import Latent
from ganatomy.results.formats import Format

OUTPUTS: dict[tuple[float, float] | None, type[nn.Module]] = {
    (-1.0, 1.0): nn.Tanh,
    (0.0, 1.0): nn.Sigmoid,
    None: nn.Identity,
}
CriticNorm = Literal["none", "batch", "layer", "spectral"]
STARTS = {8: 4, 14: 7, 16: 4, 28: 7, 32: 4, 56: 7, 64: 4}  # picture size: size at which a generator starts to double


def chain(layers: Mapping[str, nn.Module | None]) -> nn.Sequential:
    """Named layers in order; None leaves one out."""
    return nn.Sequential(OrderedDict((name, layer) for name, layer in layers.items() if layer is not None))


def leaky() -> nn.Module:
    return nn.LeakyReLU(LEAK)


def doubled() -> nn.Module:
    """Twice the size by bilinear interpolation."""
    return nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)


def dropped(share: float) -> nn.Module | None:
    """A dropout layer, or none for a share of 0."""
    return nn.Dropout(share) if share else None


def output_activation(wanted: Format) -> nn.Module:
    """The activation whose range is that of the format."""
    if wanted.bounds not in OUTPUTS:
        raise UsageError(
            f"no output activation reaches {wanted}", "ranges that can be built: [-1, 1] (tanh), [0, 1] (sigmoid), none"
        )
    return OUTPUTS[wanted.bounds]()


def doublings(wanted: Format, name: str) -> tuple[int, int]:
    """Where a convolutional generator starts (4 or 7) and how often it doubles to reach the size of the format."""
    if wanted.kind != "picture" or wanted.shape[1] != wanted.shape[2] or wanted.shape[1] not in STARTS:
        raise UsageError(
            f"{name} cannot make a {wanted}",
            f"it makes square pictures of size {', '.join(map(str, STARTS))}; mlp makes any shape",
        )
    start = STARTS[wanted.shape[1]]
    return start, (wanted.shape[1] // start).bit_length() - 1


def require_labels(labels: Tensor | None, classes: int) -> None:
    """Labels exactly when there are classes."""
    if classes and labels is None:
        raise UsageError("no labels were given to a conditional network", f"give one label below {classes} a sample")
    if labels is not None and not classes:
        raise UsageError("labels were given to an unconditional network", "leave them out, or give the latent classes")


class LatentInput(nn.Module):
    """z, and for a conditional latent the embedding of its label beside it."""

    def __init__(self, latent: Latent) -> None:
        super().__init__()
        self.latent = latent
        self.embedding = nn.Embedding(latent.classes, latent.dim) if latent.classes else None
        self.width = 2 * latent.dim if latent.classes else latent.dim

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        self.latent.check(z)
        require_labels(labels, self.latent.classes)
        return z if self.embedding is None else torch.cat([z, self.embedding(labels)], dim=1)


class Generator(nn.Module):
    """An entry for the latent, then named layers in order."""

    def __init__(self, entry: LatentInput, layers: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.input = entry
        self.path = tuple(layers)
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        x: Tensor = self.input(z, labels)
        for name in self.path:
            x = self.get_submodule(name)(x)
        return x


class Critic(nn.Module):
    """Named layers in order down to a vector of features, a linear head, and a projection when there are classes."""

    def __init__(self, layers: Mapping[str, nn.Module], *, feature_width: int, classes: int) -> None:
        super().__init__()
        self.path = tuple(layers)
        self.feature_width = feature_width
        self.classes = classes
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.head = nn.Linear(feature_width, 1)
        # One row a class: the class vectors, as a layer, so that schemes and spectral norms treat them as weights.
        self.projection = nn.Linear(feature_width, classes, bias=False) if classes else None

    def features(self, x: Tensor, labels: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """What the head sees, (n, feature_width); here it does not depend on the labels."""
        for name in self.path:
            x = self.get_submodule(name)(x)
        return x

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        require_labels(labels, self.classes)
        features = self.features(x, labels)
        score: Tensor = self.head(features).squeeze(1)
        if self.projection is not None and labels is not None:
            score = score + self.projection(features).gather(1, labels[:, None]).squeeze(1)
        return score
