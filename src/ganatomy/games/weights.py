"""What a game asks of the weights themselves: orthogonal filters as a term, a bound after each critic step.

    game = replace(game_named("hinge"), terms=(orthogonal(1e-4),))
    game = replace(game_named("wasserstein-clip"), clip=WeightClip(0.03))

Neither depends on the batch. Clipping is the one thing in a game that writes: on the critic's parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.games.players import Batch, Players
from ganatomy.games.terms import Term, Turn
from ganatomy.numerics.schedule import Value


@dataclass(frozen=True)
class WeightClip:
    """Every parameter of the critic is held in [-bound, bound] after its step. Arjovsky et al. 2017, algorithm 1."""

    bound: float = 0.01

    def __post_init__(self) -> None:
        if not self.bound > 0.0:
            raise UsageError(f"weights were to be clipped at {self.bound}", "the bound is above 0; 0.01 is usual")

    def apply(self, critic: nn.Module) -> None:
        with torch.no_grad():
            for parameter in critic.parameters():
                parameter.clamp_(-self.bound, self.bound)


def misalignment(weight: Tensor, *, off_diagonal: bool = True) -> Tensor:
    """|W W^T - I|_F^2, rows of W the first axis of the weight; in [0, inf), no one-half, a sum.

    `off_diagonal` leaves the rows' lengths free: |W W^T * (1 - I)|_F^2. Brock et al. 2017; 2019 (BigGAN).
    """
    rows = weight.flatten(1)
    gram = rows @ rows.T
    identity = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    rest = gram * (1.0 - identity) if off_diagonal else gram - identity
    return rest.square().sum()


def orthogonal(strength: Value = 1e-4, *, off_diagonal: bool = True, every: int = 1) -> Term:
    """strength * misalignment, summed over the generator's linear and convolutional layers."""
    sentence = "The filters of a layer are kept apart, so that each does its own work."
    value = partial(_misalignment, off_diagonal=off_diagonal)
    return Term("orthogonal", sentence, strength, every, generator=value, demands=(_has_weights,))


def _misalignment(turn: Turn, *, off_diagonal: bool) -> Tensor:
    return torch.stack([misalignment(weight, off_diagonal=off_diagonal) for weight in _weights(turn.players)]).sum()


def _weights(players: Players) -> list[Tensor]:
    """One row for each output; a transposed convolution keeps its outputs on the second axis."""
    generator = players.generator
    layers = list(generator.modules()) if isinstance(generator, nn.Module) else []
    plain = [layer.weight for layer in layers if isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d)]
    turned = nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d
    return plain + [layer.weight.transpose(0, 1) for layer in layers if isinstance(layer, turned)]


def _has_weights(players: Players, _batch: Batch) -> None:
    if not _weights(players):
        raise UsageError(
            "orthogonal weights were asked of a generator that has none",
            "give an nn.Module with layers, or drop the term",
        )
