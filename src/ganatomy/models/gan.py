"""The subject: a generator, its prior, the format of its samples and, where there is one, the critic.

    gan = GAN(generator, Normal(64), Format.picture(1, 28), critic, Score("logit", high="real"))
    gan.sample(seed=0, indices=range(64))           # (64, 1, 28, 28), the same today, tomorrow and one by one
    gan.realness(samples)                           # (64,), larger is more real, whatever the critic's convention

Any pair of modules will do: `generator(z)` and `critic(x)`, or `generator(z, labels)` and `critic(x, labels)` when the
latent has classes. Everything is computed in eval mode and without gradients, and leaves the modules as they were.
What does not fit together is an error when the GAN is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import shorten
from typing import Any

import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.models.architectures import Architecture
from ganatomy.models.evaluating import BLOCK, home, passed
from ganatomy.models.latent import Latent
from ganatomy.models.parts import check_types
from ganatomy.models.probe import check_critic, check_generator, check_labels
from ganatomy.models.weights import weights_of
from ganatomy.numerics.fingerprint import fingerprint, named
from ganatomy.results.formats import Format, Score

LOGIT = Score("logit", high="real")


@dataclass(frozen=True, eq=False)
class GAN:
    """A frozen bundle; `classes` names the labels of a conditional latent, `architecture` is None for foreign networks.

    `data` names what it was trained on; `provenance` is anything that JSON can hold.
    """

    generator: nn.Module
    latent: Latent
    format: Format
    critic: nn.Module | None = None
    score: Score = LOGIT
    classes: tuple[str, ...] = ()
    data: str | None = None
    architecture: Architecture | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_types(vars(self))
        object.__setattr__(self, "classes", tuple(self.classes))
        if self.classes and len(self.classes) != self.latent.classes:
            raise UsageError(
                f"{len(self.classes)} class names were given for a latent of {self.latent.classes} classes",
                "name every class of the latent, or none",
            )
        if self.architecture and (self.architecture.latent, self.architecture.format) != (self.latent, self.format):
            raise UsageError(
                f"the architecture is declared for {self.architecture.latent} and {self.architecture.format}, "
                f"the GAN for {self.latent} and {self.format}",
                "give both the same latent and format, or leave the architecture out",
            )
        samples, labels = check_generator(self.generator, self.latent, format=self.format)
        if self.critic is not None:
            check_critic(self.critic, samples, labels=labels, score=self.score)

    @classmethod
    def fresh(
        cls,
        architecture: Architecture,
        seed: int,
        *,
        score: Score = LOGIT,
        classes: tuple[str, ...] = (),
        data: str | None = None,
    ) -> GAN:
        """Both players of an architecture with their first weights."""
        return cls(
            architecture.generator(seed),
            architecture.latent,
            architecture.format,
            architecture.critic(seed),
            score,
            classes=classes,
            data=data,
            architecture=architecture,
        )

    def __repr__(self) -> str:
        parts = [type(self.generator).__name__, str(self.latent), str(self.format)]
        if self.critic is not None:
            parts.append(f"critic {type(self.critic).__name__} ({self.score.kind}, {self.score.high} is high)")
        if self.classes:
            parts.append("classes " + shorten(", ".join(self.classes), 60, placeholder=" ..."))
        if self.data is not None:
            parts.append(f"data {self.data}")
        return f"GAN({'; '.join(parts)})"

    @property
    def device(self) -> torch.device:
        """Where the generator's weights are."""
        return home(self.generator)[0]

    def sample(
        self, seed: int, indices: Sequence[int], *, labels: Tensor | int | None = None, block: int = BLOCK
    ) -> Tensor:
        """Samples number `indices` of `seed`, on the generator's device.

        A conditional generator takes the prior's labels unless others are given, one for each index or one for all.
        With another split into blocks a sample may differ in its last bits (<= 1e-5).
        """
        z = self.latent.sample(seed, indices)
        if isinstance(labels, int):
            labels = torch.full((len(indices),), labels)
        return self.decode(z, self.latent.labels(seed, indices) if labels is None else labels, block=block)

    def decode(self, z: Tensor, labels: Tensor | None = None, *, block: int = BLOCK) -> Tensor:
        """The generator's samples for given latents."""
        self.latent.check(z)
        check_labels(labels, self.latent, n=len(z))
        if not bool(torch.isfinite(z).all()):
            raise UsageError("the latents hold NaN or infinite values", "check where they come from")
        if len(z) == 0:
            return torch.empty(0, *self.format.shape, device=self.device)
        return passed(self.generator, z, labels=labels, block=block)

    def score_of(self, x: Tensor, labels: Tensor | None = None, *, block: int = BLOCK) -> Tensor:
        """The critic's raw scores, shape (n,), for samples in this GAN's format."""
        if self.critic is None:
            raise UsageError("a score was asked of a GAN without a critic", "give the GAN its critic")
        self.format.check(x)
        check_labels(labels, self.latent, n=len(x))
        if len(x) == 0:
            return torch.empty(0, device=self.device)
        return passed(self.critic, x, labels=labels, block=block).reshape(len(x))

    def realness(self, x: Tensor, labels: Tensor | None = None, *, block: int = BLOCK) -> Tensor:
        """The scores turned so that larger means more real."""
        return self.score.realness(self.score_of(x, labels, block=block))

    def check_data(self, data: Format) -> None:
        """Refuse data of another shape or range than the samples."""
        if data.shape != self.format.shape:
            raise UsageError(f"the data are {data}, the GAN makes {self.format}", "give both one shape")
        if data.bounds != self.format.bounds:
            raise UsageError(
                f"the data are {data}, the GAN makes {self.format}",
                "rescale the data with Format.rescale, or build the generator for their range",
            )

    def digest(self) -> str:
        """A hash of all weights and buffers of both networks, by name, type, shape and value."""
        return fingerprint(*named(weights_of(self.generator, self.critic)))
