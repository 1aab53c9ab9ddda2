"""How fast each player learns, and in which order: everything about training that is not the game, as data.

    Pace(batch=64, critic=Optimiser(rate=5e-4), generator=Optimiser(rate=5e-4), seed=3)
    Pace(critic_turns=5, critic=Optimiser("rmsprop", rate=5e-5))
    Optimiser(rate=Schedule(2e-3, 2e-5, begin=400_000, until=800_000), clip=1.0)

Rates are functions of the images the critic has seen, not of steps or seconds, so that another batch size learns alike
and a resumed run needs no state for them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, get_args

from ganatomy.errors import UsageError, nearest
from ganatomy.numerics.schedule import Value, ends, said

Role = Literal["critic", "generator"]
Kind = Literal["adam", "rmsprop", "sgd"]
Precision = Literal["float32", "bfloat16"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True)
class Optimiser:
    """One player's way downhill; each field concerns the kinds named beside it."""

    kind: Kind = "adam"
    rate: Value = 2e-4
    betas: tuple[Value, Value] = (0.5, 0.99)  # adam: memory of the slope and of its square
    momentum: float = 0.0  # sgd, rmsprop
    smoothing: float = 0.99  # rmsprop: memory of the square
    clip: float | None = None  # largest norm of the whole gradient
    normalise: bool = False  # a gradient of norm 1, whatever its length
    noise: float = 0.0  # added to each gradient, as a share of its length
    optimistic: bool = False  # the last step is taken back and the new one made twice: Daskalakis et al. 2018

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise UsageError(f"there is no optimiser called {self.kind!r}", nearest(str(self.kind), get_args(Kind)))
        if min(ends(self.rate)) < 0 or max(ends(self.rate)) <= 0 or not math.isfinite(max(ends(self.rate))):
            raise UsageError(f"a rate of {said(self.rate)} was asked for", "a rate is above 0; 2e-4 is usual")
        memories = {"betas": [*ends(self.betas[0]), *ends(self.betas[1])]}
        memories |= {"momentum": [self.momentum], "smoothing": [self.smoothing]}
        for name, values in memories.items():
            if not all(0.0 <= value < 1.0 for value in values):
                raise UsageError(f"{name} of {getattr(self, name)} was asked for", f"{name} lies in [0, 1)")
        if not 0 <= self.noise < math.inf:
            raise UsageError(
                f"gradient noise of {self.noise} was asked for", "a share of the gradient's length, from 0"
            )
        if self.clip is not None and not self.clip > 0:
            raise UsageError(f"gradients clipped at {self.clip} were asked for", "the bound is above 0; None for none")


@dataclass(frozen=True)
class Pace:
    """A round is `critic_turns` of the critic and `generator_turns` of the generator, each on its own batch.

    extragradient: both players look one step ahead, and step from where they were by what they saw there (Korpelevich
        1976; Gidel et al. 2019); a round then has one turn of each, at the same time.
    micro_batches: a batch is sent through in so many parts, for memory; the gradient is that of the whole.
    half_life: of the averaged generator, in images; 0 for no average. It is brought up to date every `average_every`
        rounds.
    trains: the players that move; the other keeps its weights.
    """

    batch: int = 64
    critic: Optimiser = field(default_factory=Optimiser)
    generator: Optimiser = field(default_factory=Optimiser)
    critic_turns: int = 1
    generator_turns: int = 1
    extragradient: bool = False
    micro_batches: int = 1
    half_life: float = 10_000.0
    average_every: int = 1
    trains: tuple[Role, ...] = ROLES
    precision: Precision = "float32"
    channels_last: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("batch", "critic_turns", "generator_turns", "micro_batches", "average_every"):
            if getattr(self, name) < 1:
                raise UsageError(f"a pace with {name} = {getattr(self, name)} was asked for", f"{name} is at least 1")
        if not self.half_life >= 0:
            raise UsageError(f"a pace with half_life = {self.half_life} was asked for", "0 (no average) or more images")
        if self.precision not in get_args(Precision):
            raise UsageError(
                f"precision {self.precision!r} was asked for", nearest(self.precision, get_args(Precision))
            )
        if not self.trains or not set(self.trains) <= set(ROLES):
            raise UsageError(f"{self.trains} were to be trained", "name the critic, the generator, or both")
        if self.extragradient and (self.critic_turns, self.generator_turns) != (1, 1):
            raise UsageError(
                f"extragradient with {self.critic_turns} and {self.generator_turns} turns a round was asked for",
                "both players look ahead together: one turn each",
            )

    def optimiser(self, role: Role) -> Optimiser:
        return self.critic if role == "critic" else self.generator

    def turns(self, role: Role) -> int:
        """Of a player in a round."""
        return self.critic_turns if role == "critic" else self.generator_turns
