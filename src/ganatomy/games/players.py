"""Who plays and with what: the two networks, and one batch with the addresses of its draws.

    players = Players(generator, critic)                          # modules or plain callables
    batch = Batch(real, latent, stream=Stream(seed, "game"), indices=range(seen, seen + 64), seen=seen, step=step)

Nothing here is changed by a game: parameters are read, tensors are never written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from ganatomy.errors import UsageError, choose
from ganatomy.games.scores import at_least_float32
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Score


@dataclass(frozen=True, eq=False)
class Players:
    """generator(z) or generator(z, labels); critic(x) or, where `labelled_critic`, critic(x, labels).

    `score` says what the critic puts out. `heads` read the critic's features, (n, f) from `critic.features`, which
    takes what the critic takes; they belong to the critic and are trained in its turn.
    """

    generator: Callable[..., Tensor]
    critic: Callable[..., Tensor]
    heads: Mapping[str, Callable[[Tensor], Tensor]] = field(default_factory=dict)
    score: Score = field(default_factory=Score)
    labelled_critic: bool = False

    def generate(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        own = latent.clone()  # a network may work in place, and the caller's tensors are not touched
        return self.generator(own) if labels is None else self.generator(own, labels)

    def rate(self, samples: Tensor, labels: Tensor | None) -> Tensor:
        """The critic's output as it is: shape, sign and scale are read elsewhere."""
        return self._ask(self.critic, samples, labels)

    def features(self, samples: Tensor, labels: Tensor | None) -> Tensor:
        """The critic's last features, (n, f), in float32 at least."""
        found = self._ask(self.feature_reader(), samples, labels)
        if found.ndim != 2 or found.shape[0] != samples.shape[0]:
            raise UsageError(
                f"the critic's features have shape {tuple(found.shape)} for {samples.shape[0]} inputs",
                "critic.features returns one flat vector each: (n, f), before the last linear layer",
            )
        return at_least_float32(found)

    def feature_reader(self) -> Callable[..., Tensor]:
        reader: Callable[..., Tensor] | None = getattr(self.critic, "features", None)
        if not callable(reader):
            raise UsageError(
                f"a term reads the critic's features, and {type(self.critic).__name__} offers none",
                "give the critic a method features(x) -> (n, f), before its last linear layer, or drop the term",
            )
        return reader

    def _ask(self, network: Callable[..., Tensor], samples: Tensor, labels: Tensor | None) -> Tensor:
        samples = samples.clone()
        if not self.labelled_critic:
            return network(samples)
        if labels is None:
            raise UsageError("the critic takes labels and the batch has none", "give the batch labels and fake_labels")
        return network(samples, labels)

    def head(self, name: str) -> Callable[[Tensor], Tensor]:
        return choose(self.heads, name, "head")


@dataclass(frozen=True, eq=False)
class Batch:
    """One player's turn of data: sample i has the address indices[i], used once in a run for each player.

    `labels` are those of `real`, `fake_labels` those asked of the generator. `seen` counts images, for schedules;
    `step` counts turns, for terms that are due every so often. `real` may be None in a generator's turn that does
    not read it.
    """

    real: Tensor | None
    latent: Tensor
    stream: Stream
    indices: Sequence[int]
    labels: Tensor | None = None
    fake_labels: Tensor | None = None
    seen: int = 0
    step: int = 0

    def __post_init__(self) -> None:
        sizes = {
            name: len(part)
            for name in ("real", "latent", "labels", "fake_labels")
            if (part := getattr(self, name)) is not None
        }
        if not self.indices or set(sizes.values()) != {len(self.indices)}:
            given = ", ".join(f"{size} {name}" for name, size in sizes.items())
            raise UsageError(
                f"a batch of {given} and {len(self.indices)} indices was given", "give as many of each, at least 1"
            )
        for name in ("real", "latent"):
            part = getattr(self, name)
            if part is not None and not part.is_floating_point():
                raise UsageError(f"{name} has type {part.dtype}", "bring the samples to floats in the format's range")
