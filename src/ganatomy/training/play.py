"""The game, played: an iterator that yields a `Step` after every round; the caller's loop logs, saves and stops.

    for step in play(game, players, data, latent, pace=Pace(rate=5e-4, seed=3)):
        if step.count == 2000: break
    step.average                                      # the averaged generator

A round is one or more turns of the critic and a turn of the generator, each on its own addressed batch. A player's
gradient is taken with respect to its own weights only, so the other is frozen without a flag being touched. Everything
drawn depends on (seed, turn), so the same call plays the same game, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganatomy.data.dataset import Dataset
from ganatomy.data.order import batch_indices
from ganatomy.errors import DivergedError, UsageError
from ganatomy.games.game import Game
from ganatomy.games.players import Batch, Players
from ganatomy.games.terms import Terms
from ganatomy.models.evaluating import home
from ganatomy.models.latent import Latent
from ganatomy.models.probe import check_critic, check_generator
from ganatomy.numerics.random import Stream
from ganatomy.training.average import Average


@dataclass(frozen=True)
class Pace:
    """How fast: Adam for both, the critic's rate as a multiple of the generator's and its turns in a round (Wasserstein
    games want about five), and the half-life of the average in images.
    """

    batch: int = 64
    rate: float = 2e-4
    critic_speed: float = 1.0
    critic_turns: int = 1
    betas: tuple[float, float] = (0.5, 0.99)
    half_life: float = 10_000.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("batch", "rate", "critic_speed", "critic_turns", "half_life"):
            if not getattr(self, name) > 0:
                raise UsageError(f"a pace with {name} = {getattr(self, name)} was asked for", f"{name} must be above 0")


@dataclass(frozen=True, eq=False)
class Step:
    """One round: rounds so far, images the critic has seen, both players' terms, the players and the average."""

    count: int
    seen: int
    critic: Mapping[str, Tensor]
    generator: Mapping[str, Tensor]
    players: Players
    average: nn.Module


def play(game: Game, players: Players, data: Dataset, latent: Latent, *, pace: Pace) -> Iterator[Step]:
    """Endless; the modules of `players` are trained in place, where they are: samples are brought to their device.

    What does not fit together (shapes, ranges, labels, the critic's score) is an error before the first round, and a
    term that is not finite one before the step.
    """
    _check(game, players, data, latent)
    generator, critic = _module(players.generator), _module(players.critic)
    heads = [_module(head) for head in players.heads.values()]
    device = home(generator)[0]
    generator_optimizer = _adam([generator], pace.rate, pace)
    critic_optimizer = _adam([critic, *heads], pace.rate * pace.critic_speed, pace)
    average = Average(generator, pace.half_life)
    for module in (generator, critic, *heads):
        module.train()
    count = 0
    while True:
        with Stream(pace.seed, "play/inside").module_rng(count):
            for turn in range(count * pace.critic_turns, (count + 1) * pace.critic_turns):
                critic_terms = game.critic_terms(players, _batch(data, latent, pace, "critic", turn, device))
                _descend(critic_optimizer, critic_terms, count)
                game.after_critic_step(players)
            generator_terms = game.generator_terms(players, _batch(data, latent, pace, "generator", count, device))
            _descend(generator_optimizer, generator_terms, count)
        average.follow(generator, pace.batch)
        count += 1
        seen = count * pace.critic_turns * pace.batch
        yield Step(count, seen, _values(critic_terms), _values(generator_terms), players, average.network)


def _check(game: Game, players: Players, data: Dataset, latent: Latent) -> None:
    """The generator makes what the data are, and the critic takes what the game shows it."""
    for what, given, kind in (("game", game, Game), ("players", players, Players), ("latent", latent, Latent)):
        if not isinstance(given, kind):
            raise UsageError(f"the {what} is a {type(given).__name__}", f"give a {kind.__name__}")
    if latent.classes and latent.classes != len(data.classes):
        raise UsageError(
            f"a latent of {latent.classes} classes was given with data of {len(data.classes)}",
            "give the latent as many classes as the data, or none",
        )
    generator, critic = _module(players.generator), _module(players.critic)
    check_generator(generator, latent, format=data.format)
    shown = torch.zeros(2, *game.critic_format(data.format).shape)
    labels = torch.zeros(2, dtype=torch.int64) if players.labelled_critic else None
    check_critic(critic, shown, labels=labels, score=players.score)


def _batch(data: Dataset, latent: Latent, pace: Pace, player: str, turn: int, device: torch.device) -> Batch:
    """The batch of a player's turn: the data in epochs, the latents by address, never shared between players."""
    stream = Stream(pace.seed, f"play/{player}")
    chosen = batch_indices(stream.child("order"), turn, batch=pace.batch, size=data.size)
    addresses = range(turn * pace.batch, (turn + 1) * pace.batch)
    return Batch(
        real=data.read(chosen).to(device),
        latent=latent.draw(stream.child("latent"), addresses).to(device),
        stream=stream,
        indices=addresses,
        labels=_there(data.labels(chosen) if latent.classes else None, device),
        fake_labels=_there(latent.draw_labels(stream.child("label"), addresses), device),
        seen=addresses.start,
        step=turn,
    )


def _there(labels: Tensor | None, device: torch.device) -> Tensor | None:
    return None if labels is None else labels.to(device)


def _descend(optimizer: torch.optim.Optimizer, terms: Terms, count: int) -> None:
    for name, value in terms.parts.items():
        if not bool(torch.isfinite(value)):
            raise DivergedError(
                f"the term {name!r} of round {count} is {float(value.detach())}",
                "lower the rate or the penalty; the weights are those before this round",
            )
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    for weight, gradient in zip(weights, torch.autograd.grad(terms.total, weights, allow_unused=True), strict=True):
        weight.grad = gradient
    optimizer.step()
    for weight in weights:
        weight.grad = None


def _adam(modules: Iterable[nn.Module], rate: float, pace: Pace) -> torch.optim.Optimizer:
    weights = [weight for module in modules for weight in module.parameters()]
    return torch.optim.Adam(weights, lr=rate, betas=pace.betas, fused=True)


def _values(terms: Terms) -> dict[str, Tensor]:
    return {name: value.detach() for name, value in terms.parts.items()}


def _module(player: object) -> nn.Module:
    if not isinstance(player, nn.Module):
        raise UsageError(f"{type(player).__name__} cannot be trained", "give modules as generator, critic and heads")
    return player
