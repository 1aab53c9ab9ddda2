"""Readings of a run as named numbers: free ones from a `Step`, and a probe now and then that looks at fixed samples.

    gauge = Gauge(game)
    signals = gauge.light(step)                        # every log line: losses, shares, norms
    probe = Probe(game, train, held_out, latent, seed=3)
    signals = probe(step, seconds)                     # the same and more; training goes on bit for bit as without

A reading that does not apply is absent; one that is not finite is absent, too, and `nonfinite.NAME` is 1 beside it.
The docs page `health` says what each reading means.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Protocol

import torch
from torch import Tensor, nn

from ganatomy.data.dataset import Dataset
from ganatomy.games.game import ADVERSARIAL, Game
from ganatomy.games.players import Players
from ganatomy.games.scores import read_scores
from ganatomy.models.evaluating import evaluating, home, passed
from ganatomy.models.latent import Latent
from ganatomy.numerics.random import Stream
from ganatomy.training.gap import Ruler, addresses

Signals = dict[str, float]
PENALTIES = ("r1", "r2", "gradient-penalty", "zero-centred", "consistency")
FOLLOWED = 64  # samples whose drift is followed from probe to probe
SURE = 40.0  # a score beyond which no loss changes what it says
TWIN = 0.05  # two samples are near-duplicates when nearer than half of what this share of real ones are to any other


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
    def norms(self) -> Mapping[str, Tensor]: ...
    @property
    def players(self) -> Players: ...
    @property
    def average(self) -> nn.Module: ...


class Gauge:
    """What the numbers of a game are read against: its equilibrium, the best loss a critic can have, its penalties."""

    def __init__(self, game: Game) -> None:
        self.game = game
        self.penalties = {term.name: term.every for term in game.terms if term.name in PENALTIES}
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

    def light(self, step: Played, skipped: Mapping[str, int] | None = None) -> Signals:
        """From what training has anyway. `skipped` counts, by parameter, the updates left out since the last line."""
        signals: Signals = {"step": float(step.count), "seen": float(step.seen)}
        critic = {name: float(value) for name, value in step.critic.items()}
        put(signals, "critic.adversarial", critic.get(ADVERSARIAL))
        put(signals, "generator.adversarial", _number(step.generator.get(ADVERSARIAL)))
        for player, norm in step.norms.items():
            put(signals, f"norm.{player}", float(norm))
        if signals.get("norm.critic", 0.0) > 0.0 and "norm.generator" in signals:
            put(signals, "norm.ratio", signals["norm.generator"] / signals["norm.critic"])
        if "real" in step.scores and "fake" in step.scores:
            put(signals, "pairs.batch", _above(step.scores["real"], step.scores["fake"]))
        if self.won is not None and "critic.adversarial" in signals:
            put(
                signals,
                "critic.relative",
                (critic[ADVERSARIAL] - self.won) / (self.game.equilibrium[0] - self.won),
            )
            self._share(signals, critic)
        for name, times in (skipped or {}).items():
            signals[f"skipped.{name}"] = float(times)
        return signals

    def _share(self, signals: Signals, critic: Mapping[str, float]) -> None:
        """Penalties in the critic's loss. One that is due every k turns counts k-fold then, which is taken off."""
        due = [critic[name] / every for name, every in self.penalties.items() if name in critic]
        whole = sum(due) + abs(critic[ADVERSARIAL])
        if self.penalties and len(due) == len(self.penalties) and whole > 0.0:
            put(signals, "penalty.share", sum(due) / whole)


class Probe:
    """Built once for a run; everything it looks at has an address, and nothing it does changes training.

    The one thing it remembers, the samples of the last probe, is in `memory()` for an exact resume.
    """

    def __init__(self, game: Game, train: Dataset, held_out: Dataset, latent: Latent, *, seed: int) -> None:
        self.game, self.gauge, self.seed = game, Gauge(game), seed
        self.ruler = _ruler(train, held_out, seed)
        n = self.ruler.n
        self.z, self.labels = latent.sample(seed, range(n)), latent.labels(seed, range(n))
        stream, shown = Stream(seed, "probe"), n - n % game.presentation.block
        places = {"real": addresses(train, stream.child("train"), shown)}
        places["held_out"] = addresses(held_out, stream.child("held-out"), shown)
        parts = {"real": train, "held_out": held_out}
        self.real = {side: parts[side].read(places[side]) for side in parts}
        self.real_labels = {side: parts[side].labels(places[side]) if latent.classes else None for side in parts}
        self.shown = shown
        table = _table(self.real["held_out"])
        self.spread = max(_mean_distance(table), 1e-12)
        self.twin = float(_nearest(table).quantile(TWIN)) / 2
        self.reference = _mean_distance(_table(self.ruler.space(self.real["held_out"], train.format)))
        self.floor: Signals = {
            "gap.floor": self.ruler.floor.mean,
            "gap.upper": self.ruler.floor.upper,
            "coverage.floor": self.ruler.floor.coverage,
            "fidelity.floor": self.ruler.floor.fidelity,
            "duplicates.floor": _share_below(_nearest(_table(self.real["real"])), self.twin),
        }
        self._before: Tensor | None = None

    def __call__(self, step: Played, seconds: float, skipped: Mapping[str, int] | None = None) -> Signals:
        signals = self.gauge.light(step, skipped) | {"seconds": seconds}
        generator, critic = step.players.generator, step.players.critic
        assert isinstance(generator, nn.Module)
        assert isinstance(critic, nn.Module)
        with Stream(self.seed, "probe/inside").module_rng(step.count), torch.no_grad():
            shown = self._generated(step.average, self.ruler.n)
            raw = self._generated(generator, max(self.shown, FOLLOWED))
            if bool(torch.isfinite(shown).all() and torch.isfinite(raw).all()):
                self._samples(signals, shown, raw)
                self._scores(signals, step.players, raw)
                put(signals, "critic.slope", self._slope(step.players, raw))
            else:
                signals["nonfinite.samples"] = 1.0
        if self.game.clip is not None:
            weights = torch.cat([weight.detach().abs().flatten() for weight in critic.parameters()])
            signals["clip.share"] = float((weights >= self.game.clip.bound * (1 - 1e-6)).double().mean())
        return signals

    def memory(self) -> dict[str, Tensor]:
        return {} if self._before is None else {"before": self._before.clone()}

    def recall(self, memory: Mapping[str, Tensor]) -> None:
        self._before = memory["before"].clone() if "before" in memory else None

    def _generated(self, generator: nn.Module, n: int) -> Tensor:
        labels = None if self.labels is None else self.labels[:n]
        return passed(generator, self.z[:n], labels=labels, role="generator").cpu().float()

    def _samples(self, signals: Signals, shown: Tensor, raw: Tensor) -> None:
        features = self.ruler.space(shown, self.ruler.space.format)
        reading = self.ruler.read(shown, features)
        signals |= {"gap": reading.gap, "coverage": reading.coverage, "fidelity": reading.fidelity} | self.floor
        table = _table(shown)
        put(signals, "diversity.samples", _mean_distance(table) / self.spread)
        if shown.ndim == 4 and self.reference > 0.0:
            put(signals, "diversity.features", _mean_distance(_table(features)) / self.reference)
        put(signals, "duplicates", _share_below(_nearest(table), self.twin))
        put(signals, "average.distance", _moved(raw, shown) / self.spread)
        if self._before is not None:
            put(signals, "drift", _moved(self._before, shown) / self.spread)
        self._before = shown[:FOLLOWED].clone()

    def _scores(self, signals: Signals, players: Players, raw: Tensor) -> None:
        if not self.shown:
            return
        labels = {**self.real_labels, "fake": None if self.labels is None else self.labels[: self.shown]}
        sides = {**self.real, "fake": raw[: self.shown]}
        found = {side: self._judged(players, samples, labels[side]) for side, samples in sides.items()}
        for side, scores in found.items():
            put(signals, f"score.{side}", float(scores.mean()))
            put(signals, f"score.{side}.spread", float(scores.std()))
            if self.gauge.undecided is not None:
                right = scores < self.gauge.undecided if side == "fake" else scores > self.gauge.undecided
                signals[f"accuracy.{side}"] = float(right.double().mean())
        real, held_out = found["real"], found["held_out"]
        signals["pairs.fake"] = _above(real, found["fake"])
        signals["pairs.held_out"] = _above(real, held_out)
        spread = math.sqrt((float(real.var()) + float(held_out.var())) / 2)
        if spread > 0.0:
            put(signals, "memory.excess", (float(real.mean()) - float(held_out.mean())) / spread)
            signals["memory.noise"] = math.sqrt(1 / len(real) + 1 / len(held_out))

    def _judged(self, players: Players, samples: Tensor, labels: Tensor | None) -> Tensor:
        """Scores that rise with realness, of clean samples: without the noise and the changes of training."""
        presentation, critic = self.game.presentation, players.critic
        assert isinstance(critic, nn.Module)
        given = presentation.scored(presentation.packed(samples))
        raw = passed(critic, given, labels=labels if players.labelled_critic else None, role="critic")
        return read_scores(raw, declared=players.score, wanted=self.game.score).double().cpu()

    def _slope(self, players: Players, raw: Tensor) -> float:
        """How much the score changes across the data, were it as steep everywhere as it is at generated samples."""
        n = min(FOLLOWED, self.shown) // self.game.presentation.block * self.game.presentation.block
        critic = players.critic
        assert isinstance(critic, nn.Module)
        device, dtype = home(critic)
        labels = self.labels[:n].to(device) if self.labels is not None and players.labelled_critic else None
        with evaluating(critic), torch.enable_grad():
            x = raw[:n].to(device, dtype, copy=True).requires_grad_()
            given = self.game.presentation.scored(self.game.presentation.packed(x))
            scores = read_scores(players.rate(given, labels), declared=players.score, wanted=self.game.score)
            (slopes,) = torch.autograd.grad(scores.sum(), x)
        return float(slopes.flatten(1).norm(dim=1).mean()) * self.spread


@lru_cache(maxsize=2)  # the stages of a run, and its sittings in one process, measure alike
def _ruler(train: Dataset, held_out: Dataset, seed: int) -> Ruler:
    return Ruler.between(train, held_out, seed=seed)


def count_skipped(tally: Counter[str], skipped: Mapping[str, tuple[str, ...]]) -> None:
    """Add a step's skipped parameters to a count that is read, and cleared, at the next log line."""
    tally.update(f"{player}.{name}" for player, names in skipped.items() for name in names)


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


def _above(real: Tensor, fake: Tensor) -> float:
    """The share of pairs in which the real score is the higher; ties count one half."""
    more = real.flatten()[:, None] - fake.flatten()[None, :]
    return float(((more > 0).double() + 0.5 * (more == 0).double()).mean())


def _table(samples: Tensor) -> Tensor:
    flat = samples.flatten(1).double()
    return torch.cdist(flat, flat).fill_diagonal_(0.0)


def _mean_distance(table: Tensor) -> float:
    n = len(table)
    return float(table.sum()) / max(n * (n - 1), 1)


def _nearest(table: Tensor) -> Tensor:
    return table.clone().fill_diagonal_(torch.inf).min(1).values


def _share_below(distances: Tensor, bound: float) -> float:
    return float((distances <= bound).double().mean())


def _moved(before: Tensor, now: Tensor) -> float:
    """The mean distance of as many samples as both have."""
    n = min(len(before), len(now))
    return float((before[:n] - now[:n]).flatten(1).norm(dim=1).mean())
