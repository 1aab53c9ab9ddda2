"""What every promise of exact repetition rests on, tried out in a second; and what two options bring on this machine.

draws_are_golden(), play_repeats(), restore_repeats()
ratios()                                          # {"bfloat16": 0.7, "channels_last": 1.1}: times as fast
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from ganatomy.data.catalogue import load
from ganatomy.games.named import game_named
from ganatomy.games.players import Players
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.numerics.random import Stream
from ganatomy.results.provenance import Provenance
from ganatomy.training.pace import Pace
from ganatomy.training.play import Play, play
from ganatomy.training.runs.checkpoint import load_checkpoint, save_checkpoint
from ganatomy.training.runs.folder import new_run

GOLDEN = ((847, 44, 212, 239, 942, 296), (0, 3, 5, 6, 7, 4, 1, 2))  # Stream(0, "golden"): integers below 1000, an order
ROUNDS, MIDDLE = 20, 10
REPEATS = 5  # timings of each option, in turn; the fastest counts


def draws_are_golden() -> bool:
    """Whether addressed draws are the integers they are everywhere."""
    stream = Stream(0, "golden")
    found = tuple(stream.integers(range(6), 1000).tolist()), tuple(stream.permutation(3, 8).tolist())
    return found == GOLDEN


def play_repeats() -> bool:
    """Whether the same call plays the same game, bit for bit."""
    return same(played(_game()), played(_game()))


def restore_repeats() -> bool:
    """Whether a game that is saved to disk, read again and gone on with is the one that was not interrupted."""
    whole, first, second = _game(), _game(), _game()
    played(first, MIDDLE)
    with tempfile.TemporaryDirectory() as folder:
        run = new_run(Path(folder), "selftest", seed=0, config="", provenance=Provenance.here(seed=0))
        save_checkpoint(run, first.snapshot())
        second.restore(load_checkpoint(run).snapshot)
    return same(played(whole), played(second, ROUNDS - MIDDLE))


def played(game: Play, rounds: int = ROUNDS) -> dict[str, Tensor]:
    """All weights after so many rounds."""
    for _ in range(rounds):
        next(game)
    return game.snapshot().weights


def same(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def _game() -> Play:
    data, latent = load("ring8"), Normal(2)
    architecture = MLP(data.format, latent, hidden=(32,), critic_hidden=(32,), norm="batch", dropout=0.3)
    players = Players(architecture.generator(0), architecture.critic(0))
    return play(game_named("ns-r1"), players, data, latent, pace=Pace(batch=16, half_life=100.0))


def ratios() -> dict[str, float]:
    """How many times as fast a small convolution learns with each option of a recipe, on the CPU."""
    plain, halved, last = _convolutions(), _convolutions(), _convolutions().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    pictures = Stream(0, "selftest").normal(range(32), 16, 16, 16)
    beside = pictures.contiguous(memory_format=torch.channels_last)

    def in_half() -> None:
        with torch.autocast("cpu", torch.bfloat16):
            _learn(halved, pictures)

    ways: dict[str, Callable[[], None]] = {
        "plain": lambda: _learn(plain, pictures),
        "bfloat16": in_half,
        "channels_last": lambda: _learn(last, beside),
    }
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(REPEATS + 1):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            best[name] = min(best[name], time.perf_counter() - began)
    return {name: best["plain"] / best[name] for name in ways if name != "plain"}


def _convolutions() -> nn.Module:
    with Stream(0, "selftest/weights").module_rng(0):
        return nn.Sequential(
            nn.Conv2d(16, 32, 3, padding=1), nn.LeakyReLU(0.2), nn.Conv2d(32, 32, 3, padding=1), nn.LeakyReLU(0.2)
        )


def _learn(network: nn.Module, pictures: Tensor) -> None:
    torch.autograd.grad(network(pictures).float().square().mean(), list(network.parameters()))
