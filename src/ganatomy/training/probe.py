"""Readings of a run that cost something, now and then: what a probe sees of samples that are always the same.

    probe = Probe(game, train, held_out, latent, seed=3)
    signals = probe(step, seconds)             # with those of its gauge; training goes on bit for bit as without

The docs page `health` says what each reading means.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import torch
from torch import Tensor, nn

from ganatomy.data.dataset import Dataset
from ganatomy.games.game import Game
from ganatomy.games.players import Players
from ganatomy.games.scores import read_scores
from ganatomy.models.evaluating import passed
from ganatomy.models.latent import Latent
from ganatomy.numerics.random import Stream
from ganatomy.training.gap import Ruler, addresses
from ganatomy.training.gauge import Gauge, Played, Signals, pairs_above, put
from ganatomy.training.watching.averaged import weights_apart
from ganatomy.training.watching.gradients import gradient_signals
from ganatomy.training.watching.likeness import cka, grams
from ganatomy.training.watching.modes import mode_signals
from ganatomy.training.watching.slopes import steepness
from ganatomy.training.watching.spectra import spectrum_signals

FOLLOWED = 64  # samples whose drift, slopes and features are followed from probe to probe
GRAM = "gram/"  # what layers computed at the last probe, in the memory
TWIN = 0.05  # two samples are near-duplicates when nearer than half of what this share of real ones are to any other


class Probe:
    """Built once for a run; everything it looks at has an address, and nothing it does changes training.

    What it remembers, the samples and features of the last probe and its gauge's penalties, is in `memory()` for an
    exact resume.
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
        self.shown, self.followed = shown, min(FOLLOWED, shown) // game.presentation.block * game.presentation.block
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
        self.truth = train.truth
        self._before: Tensor | None = None
        self._grams: dict[str, Tensor] = {}

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
                self._slopes(signals, step.players, raw)
            else:
                signals["nonfinite.samples"] = 1.0
        self._layers(signals, step)
        if self.game.clip is not None:
            weights = torch.cat([weight.detach().abs().flatten() for weight in critic.parameters()])
            signals["clip.share"] = float((weights >= self.game.clip.bound * (1 - 1e-6)).double().mean())
        return signals

    def regard(self, game: Game) -> None:
        """From now on this is played, and readings are taken against it."""
        if game is not self.game:
            self.game, self.gauge = game, Gauge(game)

    def memory(self) -> dict[str, Tensor]:
        before = {} if self._before is None else {"before": self._before.clone()}
        return before | {GRAM + name: table.clone() for name, table in self._grams.items()} | self.gauge.memory()

    def recall(self, memory: Mapping[str, Tensor]) -> None:
        self._before = memory["before"].clone() if "before" in memory else None
        self._grams = {name.removeprefix(GRAM): memory[name].clone() for name in memory if name.startswith(GRAM)}
        self.gauge.recall(memory)

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
        signals |= mode_signals(shown, self.truth)
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
        signals["pairs.fake"] = pairs_above(real, found["fake"])
        signals["pairs.held_out"] = pairs_above(real, held_out)
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

    def _slopes(self, signals: Signals, players: Players, raw: Tensor) -> None:
        """How much the score changes across the data, were it as steep everywhere as it is at generated samples; and
        what R1 and R2 would be, without their strengths.
        """
        n, labels = self.followed, self.real_labels["real"]
        if not n:
            return
        fake = steepness(self.game, players, raw[:n], None if self.labels is None else self.labels[:n])
        real = steepness(self.game, players, self.real["real"][:n], None if labels is None else labels[:n])
        put(signals, "critic.slope", float(fake.mean()) * self.spread)
        put(signals, "r1.data", float(real.square().mean()))
        put(signals, "r2.data", float(fake.square().mean()))

    def _layers(self, signals: Signals, step: Played) -> None:
        """Gradients, weights and features, layer by layer."""
        players = step.players
        everyone = {"G.": players.generator, "D.": players.critic}
        heads = {f"H.{name}.": head for name, head in players.heads.items()}
        modules = {prefix: each for prefix, each in (everyone | heads).items() if isinstance(each, nn.Module)}
        both = {prefix: modules[prefix] for prefix in everyone}
        signals |= gradient_signals(step.gradients, modules) | spectrum_signals(both)
        put(signals, "average.weights", weights_apart(step.average, both["G."]))
        now = self._features(players, both)
        for name, table in now.items():
            if name in self._grams:
                put(signals, f"cka.{name}", cka(self._grams[name], table))
        self._grams = now

    def _features(self, players: Players, both: Mapping[str, nn.Module]) -> dict[str, Tensor]:
        """What the layers of both make of the same latents and the same held-out samples, under the same noise."""
        n, held_out = self.followed, self.real["held_out"]
        labels = self.real_labels["held_out"]
        runs = {
            "G.": lambda: self._generated(both["G."], FOLLOWED),
            "D.": lambda: self._judged(players, held_out[:n], None if labels is None else labels[:n]),
        }
        if not n:
            del runs["D."]
        with Stream(self.seed, "probe/features").module_rng(0):
            return {
                prefix + name: table for prefix in runs for name, table in grams(both[prefix], runs[prefix]).items()
            }


@lru_cache(maxsize=2)  # the stages of a run, and its sittings in one process, measure alike
def _ruler(train: Dataset, held_out: Dataset, seed: int) -> Ruler:
    return Ruler.between(train, held_out, seed=seed)


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
