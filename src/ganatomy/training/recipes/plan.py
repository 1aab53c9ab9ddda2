"""What a run would do, in plain lines, before it does it: `--dry-run`.

print(plan(set_up(read_recipe("digits-mlp"))))
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from ganatomy.data.dataset import Dataset
from ganatomy.games.players import Players
from ganatomy.models.evaluating import evaluating
from ganatomy.numerics.schedule import said
from ganatomy.training.pace import ROLES, Optimiser, Pace
from ganatomy.training.recipes.compare import digest
from ganatomy.training.setup import Setup, Stage

FLOAT = 4  # bytes
COPIES = {"adam": 4, "rmsprop": 3, "sgd": 2}  # weights, gradients and what the optimiser remembers, at most
GRAPHS = 3  # real and fake in the critic, and what a penalty keeps beside them: roughly


def plan(setup: Setup) -> str:
    """Data, players, game, pace, length and memory."""
    players = setup.fresh_players()
    lines = [f"recipe     {setup.recipe.name}, hash {digest(setup.recipe)}, seed {setup.recipe.seed}"]
    lines += [_data(setup), f"latent     {setup.latent}", *_players(setup, players)]
    for stage in setup.stages:
        lines += _stage(stage, setup.train)
    lines.append(f"memory     about {_memory(setup, players) / 2**20:,.0f} MiB for weights and one batch")
    lines.append("threads    " + ("torch's own number" if setup.threads is None else str(setup.threads)))
    return "\n".join(lines)


def parameters(network: object) -> int:
    """How many numbers are learned."""
    return sum(weight.numel() for weight in network.parameters()) if isinstance(network, nn.Module) else 0


def _data(setup: Setup) -> str:
    train, held_out = setup.train, setup.held_out
    sizes = "endless" if train.endless else f"{train.size:,} to train on, {held_out.size:,} held out"
    return f"data       {train.name}: {sizes}; {train.format}"


def _players(setup: Setup, players: Players) -> list[str]:
    generator, critic = parameters(players.generator), parameters(players.critic)
    name = setup.recipe.players.architecture
    told = ", told the labels" if setup.labelled_critic else ""
    lines = [
        f"generator  {name}, {generator:,} parameters",
        f"critic     {name}, {critic:,} parameters, {critic / generator:.2f} times the generator's"
        f"; sees a {setup.critic_architecture.format}{told}",
    ]
    lines += [f"head       {head}, {outputs} outputs" for head, outputs in setup.heads.items()]
    return lines


def _stage(stage: Stage, train: Dataset) -> list[str]:
    pace = stage.pace
    game = stage.game.describe().split("\n")
    lines = [f"stage      {stage.name}: trains {' and '.join(pace.trains)}", f"game       {game[0]}"]
    lines += [f"           {line}" for line in game[1:]]
    lines += [f"{role:<9}  {_optimiser(pace.optimiser(role))}" for role in pace.trains]
    turns = f"{pace.critic_turns} critic : {pace.generator_turns} generator turns a step"
    average = f"average over {pace.half_life:g} images" if pace.half_life else "no average"
    lines.append(f"pace       batch {pace.batch}, {turns}, {average}, {pace.precision}")
    lines.append(f"until      {'; '.join(stage.end.goals())}{_length(stage, pace, train)}")
    return lines


def _optimiser(chosen: Optimiser) -> str:
    parts = [chosen.kind, f"rate {said(chosen.rate)}"]
    if chosen.kind == "adam":
        parts.append(f"betas {said(chosen.betas[0])} and {said(chosen.betas[1])}")
    if chosen.clip is not None:
        parts.append(f"gradients clipped at {chosen.clip:g}")
    parts += [word for word in ("normalise", "optimistic") if getattr(chosen, word)]
    return ", ".join(parts)


def _length(stage: Stage, pace: Pace, train: Dataset) -> str:
    """Images that the critic sees, and how often it sees all."""
    end, a_step = stage.end, pace.critic_turns * pace.batch
    images = [end.steps * a_step] if end.steps is not None else []
    images += [end.images] if end.images is not None else []
    if not images:
        return ""
    seen = min(images)
    epochs = (
        "" if train.endless else f", {train.size / pace.batch:.1f} batches an epoch, {seen / train.size:,.1f} epochs"
    )
    return f" ({-(-seen // a_step):,} steps, {seen:,} images{epochs})"


def _memory(setup: Setup, players: Players) -> int:
    """Bytes of weights, gradients, optimisers and average, and of the activations of one batch."""
    weights, batch = 0, 0
    for stage in setup.stages:
        pace = stage.pace
        copies = {role: COPIES[pace.optimiser(role).kind] for role in ROLES}
        here = copies["critic"] * parameters(players.critic) + (copies["generator"] + 1) * parameters(players.generator)
        weights, batch = max(weights, here), max(batch, pace.batch // pace.micro_batches)
    return FLOAT * (weights + batch * GRAPHS * _activations(setup, players))


def _activations(setup: Setup, players: Players) -> int:
    """Numbers that all layers of both networks put out for one sample."""
    counts: list[int] = []

    def count(_module: nn.Module, _inputs: Any, output: Any) -> None:
        if isinstance(output, Tensor):
            counts.append(output.numel())

    labels = torch.zeros(1, dtype=torch.int64)
    latent = setup.latent.sample(0, range(1))
    sample = torch.zeros(1, *setup.critic_architecture.format.shape)
    _watched(players.generator, count, latent, labels if setup.latent.classes else None)
    _watched(players.critic, count, sample, labels if setup.labelled_critic else None)
    return sum(counts) + prod(setup.train.format.shape)


def _watched(network: object, hook: Callable[..., None], given: Tensor, labels: Tensor | None) -> None:
    """Run once with a hook on every layer; the network is left as it was."""
    assert isinstance(network, nn.Module), "built by an architecture"
    handles = [
        module.register_forward_hook(hook) for module in network.modules() if not any(True for _ in module.children())
    ]
    try:
        with evaluating(network), torch.no_grad():
            network(given, labels)
    finally:
        for handle in handles:
            handle.remove()
