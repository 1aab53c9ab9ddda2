"""What a game adds to the adversarial loss: a `Term` for one or both players, and the `Turn` it is worked out from.

    quiet = Term("quiet", "Samples stay small.", 0.1, generator=lambda turn: turn.noisy_fake.square().mean())
    game = replace(game_named("hinge"), terms=(quiet,))

A term is strength * value(turn) and sees samples as the critic is shown them. One that is due every k turns counts
k-fold when it is: its mean over turns stays the same, whatever k.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.games.players import Batch, Players
from ganatomy.games.presentation import Presentation
from ganatomy.games.scores import read_scores
from ganatomy.games.slopes import differentiable, in_full
from ganatomy.numerics.random import Stream
from ganatomy.numerics.schedule import Value, at, ends, said
from ganatomy.results.formats import Score, Side


@dataclass(frozen=True, eq=False)
class Turn:
    """One player's turn. `noisy_fake` hangs on the generator only in the generator's turn (or where asked to).

    Both sides are scored once, for the loss and for the penalties on them: a side in `sloped`, whose slope is wanted,
    in full precision.
    """

    players: Players
    batch: Batch
    presentation: Presentation
    wanted: Score
    stream: Stream
    noisy_real: Tensor  # without rows in a generator's turn that has no reals
    noisy_fake: Tensor
    sloped: frozenset[Side]

    @cached_property
    def real(self) -> Tensor:
        """Real samples as shown, packed."""
        return self._points(self.noisy_real, "real")

    @cached_property
    def fake(self) -> Tensor:
        """Generated samples as shown, packed."""
        return self._points(self.noisy_fake, "fake")

    @cached_property
    def real_scores(self) -> Tensor:
        return self._scores(self.real, self.batch.labels, "real")

    @cached_property
    def fake_scores(self) -> Tensor:
        return self._scores(self.fake, self.batch.fake_labels, "fake")

    def judge(self, packs: Tensor, labels: Tensor | None) -> Tensor:
        """Scores (n,) that rise with realness, as the loss takes them."""
        raw = self.players.rate(self.presentation.scored(packs), labels)
        if raw.ndim == 0 or raw.shape[0] != packs.shape[0]:
            raise UsageError(
                f"the critic made scores of shape {tuple(raw.shape)} for {packs.shape[0]} inputs",
                "a score is one number per input; average patch scores in the critic",
            )
        return read_scores(raw, declared=self.players.score, wanted=self.wanted)

    def features(self, packs: Tensor, labels: Tensor | None) -> Tensor:
        return self.players.features(self.presentation.scored(packs), labels)

    def generate(self, latent: Tensor) -> Tensor:
        """Fresh samples, without noise, from other latents under the labels of this turn."""
        return self.players.generate(latent, self.batch.fake_labels)

    def _points(self, samples: Tensor, side: Side) -> Tensor:
        packs = self.presentation.packed(samples)
        return differentiable(packs) if side in self.sloped else packs

    def _scores(self, points: Tensor, labels: Tensor | None, side: Side) -> Tensor:
        with in_full(points) if side in self.sloped else nullcontext():
            return self.judge(points, labels)

    @property
    def pack_indices(self) -> Sequence[int]:
        """The address of each pack: that of its first sample."""
        return self.batch.indices[:: self.presentation.packing]


Formula = Callable[[Turn], Tensor]
Place = Callable[[Turn], tuple[Tensor, Tensor | None]]
Demand = Callable[[Players, Batch], None]


@dataclass(frozen=True)
class Term:
    """strength * value, a scalar that the named player minimises; `sentence` says what for.

    The strength is a number or a schedule over images seen. A term is a mean over samples, so the gradients of shards
    average to that of the whole, unless it is `coupled`: then it needs the whole batch at once. `per_sample` terms
    cannot read packs. `demands` raise for what is missing, before anything is stepped.
    """

    name: str
    sentence: str
    strength: Value = 1.0
    every: int = 1
    critic: Formula | None = None
    generator: Formula | None = None
    coupled: bool = False
    per_sample: bool = False
    slope_of: Side | None = None  # the side whose scores it differentiates in their points
    needs_real: bool = False  # in the generator's turn
    demands: tuple[Demand, ...] = ()

    def __post_init__(self) -> None:
        if not all(math.isfinite(end) and end >= 0.0 for end in ends(self.strength)):
            raise UsageError(f"{self.name} of strength {said(self.strength)} was asked for", "a strength is 0 or more")
        if self.every < 1:
            raise UsageError(f"{self.name} every {self.every} turns was asked for", "give 1 (always) or more")

    def weigh(self, value: Formula, turn: Turn) -> Tensor:
        return at(self.strength, turn.batch.seen) * self.every * value(turn)


@dataclass(frozen=True, eq=False)
class Terms:
    """The named parts of one player's loss, and the scores they came from (detached, for watching)."""

    parts: Mapping[str, Tensor]
    scores: Mapping[str, Tensor]

    @property
    def total(self) -> Tensor:
        """The loss: the sum of its parts."""
        return torch.stack(list(self.parts.values())).sum()


def at_real(turn: Turn) -> tuple[Tensor, Tensor | None]:
    """Where a term looks: at the real samples, with their labels."""
    return turn.real, turn.batch.labels


def at_fake(turn: Turn) -> tuple[Tensor, Tensor | None]:
    return turn.fake, turn.batch.fake_labels


def features_of_critic(players: Players, _batch: Batch) -> None:
    players.feature_reader()


def labels_of_both(_players: Players, batch: Batch) -> None:
    if batch.fake_labels is None or (batch.labels is None and batch.real is not None):
        raise UsageError("a term reads classes and the batch has none", "give the batch labels and fake_labels")
