"""Readings that cost nothing, of a round: losses, shares of penalties, gradient norms, updates left out.

    gauge = Gauge(game)
    gauge.follow(step)                                 # every round: penalties are due in some turns only
    signals = gauge.light(step)                        # every log line

A reading that does not apply is absent; one that is not finite is absent, too, and `nonfinite.NAME` is 1 beside it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor, nn

from ganatomy.games.game import ADVERSARIAL, Game
from ganatomy.games.players import Players

Signals = dict[str, float]
PENALTIES = ("r1", "r2", "gradient-penalty", "zero-centred", "consistency")
SURE = 40.0  # a score beyond which no loss changes what it says
DUE = "due/"  # penalties in the memory of a gauge


class Played(Protocol):
    """What is read of a `Step`."""

    @property
    def count(self) -> int: ...
    @property
    def seen(self) -> int: ...
    @property
    def critic(self) -> Mapping[str, Tensor]: ...
    @property
    def generator(self) -> Mapping[str, Tensor]: ...
    @property
    def scores(self) -> Mapping[str, Tensor]: ...
    @property
    def gradients(self) -> Mapping[str, Mapping[str, Tensor]]: ...
    @property
    def norms(self) -> Mapping[str, Tensor]: ...
    @property
    def players(self) -> Players: ...
    @property
    def average(self) -> nn.Module: ...


class Gauge:
    """What the numbers of a game are read against: its equilibrium, the best loss a critic can have, its penalties.

    It remembers each penalty from the last turn in which it was due; `memory()` is for an exact resume.
    """

    def __init__(self, game: Game) -> None:
        self.game = game
        self.penalties = {term.name: term.every for term in game.terms if term.name in PENALTIES}
        self._due: dict[str, Tensor] = {}
        loss = game.loss
        values = {float(loss.critic(torch.tensor([c]), torch.tensor([c]))) for c in (-1.0, 0.0, 1.0)}
        # A loss that is the same at any common score leaves the scores no zero: Wasserstein, pairing.
        self.undecided = None if len(values) == 1 else loss.undecided

    @cached_property
    def won(self) -> float | None:
        """The critic's loss where it is sure of everything; None where there is no such bound (Wasserstein)."""

        def lost(real: float, fake: float) -> float:
            pair = (torch.tensor([score], dtype=torch.float64) for score in (real, fake))
            return float(self.game.loss.critic(*pair))

        if lost(2 * SURE, -2 * SURE) < lost(SURE, -SURE) < -1.0:
            return None
        scores = [place / 4 for place in range(round(-4 * SURE), round(4 * SURE) + 1)]
        real = min(scores, key=lambda score: lost(score, -SURE))
        return min(lost(real, fake) for fake in scores)

    def follow(self, step: Played) -> None:
        """Costs nothing: values are kept where they are."""
        self._due |= {name: step.critic[name] for name in self.penalties if name in step.critic}

    def memory(self) -> dict[str, Tensor]:
        return {DUE + name: value.detach().cpu().clone() for name, value in self._due.items()}

    def recall(self, memory: Mapping[str, Tensor]) -> None:
        self._due = {name.removeprefix(DUE): value for name, value in memory.items() if name.startswith(DUE)}

    def light(self, step: Played, skipped: Mapping[str, int] | None = None) -> Signals:
        """From what training has anyway. `skipped` counts, by parameter, the updates left out since the last line."""
        signals: Signals = {"step": float(step.count), "seen": float(step.seen)}
        self.follow(step)
        critic = {name: float(value) for name, value in step.critic.items()}
        put(signals, "critic.adversarial", critic.get(ADVERSARIAL))
        put(signals, "generator.adversarial", _number(step.generator.get(ADVERSARIAL)))
        self._above(signals)
        for player, norm in step.norms.items():
            put(signals, f"norm.{player}", float(norm))
        if signals.get("norm.critic", 0.0) > 0.0 and "norm.generator" in signals:
            put(signals, "norm.ratio", signals["norm.generator"] / signals["norm.critic"])
        if "real" in step.scores and "fake" in step.scores:
            put(signals, "pairs.batch", pairs_above(step.scores["real"], step.scores["fake"]))
        if self.won is not None and "critic.adversarial" in signals:
            put(
                signals,
                "critic.relative",
                (critic[ADVERSARIAL] - self.won) / (self.game.equilibrium[0] - self.won),
            )
            self._share(signals, critic[ADVERSARIAL])
        return signals | skipped_signals(skipped or {})

    def _above(self, signals: Signals) -> None:
        """Losses above their values at the equilibrium: which the generator's has only where the scores have a zero."""
        at_rest = dict(zip(("critic", "generator"), self.game.equilibrium, strict=True))
        if self.undecided is None and not self.game.loss.needs_real:
            del at_rest["generator"]
        for player, value in at_rest.items():
            if f"{player}.adversarial" in signals:
                put(signals, f"{player}.above", signals[f"{player}.adversarial"] - value)

    def _share(self, signals: Signals, adversarial: float) -> None:
        """Penalties in the critic's loss. One that is due every k turns counts k-fold then, which is taken off."""
        due = [float(self._due[name]) / every for name, every in self.penalties.items() if name in self._due]
        whole = sum(due) + abs(adversarial)
        if self.penalties and len(due) == len(self.penalties) and whole > 0.0:
            put(signals, "penalty.share", sum(due) / whole)


def count_skipped(tally: Counter[str], skipped: Mapping[str, tuple[str, ...]]) -> None:
    """Add a step's skipped parameters to a count that is read, and cleared, at the next log line."""
    tally.update(f"{player}.{name}" for player, names in skipped.items() for name in names)


def skipped_signals(tally: Mapping[str, int]) -> Signals:
    return {f"skipped.{name}": float(times) for name, times in tally.items()}


def put(signals: Signals, name: str, value: float | None) -> None:
    """Set a reading, or say that it is not finite; None leaves it absent."""
    if value is None:
        return
    if math.isfinite(value):
        signals[name] = value
    else:
        signals[f"nonfinite.{name}"] = 1.0


def _number(value: Tensor | None) -> float | None:
    return None if value is None else float(value)


def pairs_above(real: Tensor, fake: Tensor) -> float:
    """The share of pairs in which the real score is the higher; ties count one half."""
    more = real.flatten()[:, None] - fake.flatten()[None, :]
    return float(((more > 0).double() + 0.5 * (more == 0).double()).mean())
