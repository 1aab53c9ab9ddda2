"""Terms and bounds on the weights themselves."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from oracles_games import batch, built, players
from torch import nn

from ganatomy.errors import UsageError
from ganatomy.games.named import GAMES
from ganatomy.games.players import Players
from ganatomy.games.weights import WeightClip, _weights, misalignment, orthogonal
from ganatomy.numerics.random import Stream

W = Stream(0, "w").normal(range(3), 2, 2, 2, dtype=torch.float64)


@pytest.mark.parametrize("off_diagonal", [True, False])
def test_misalignment_written_out(off_diagonal: bool) -> None:
    rows, slow = W.flatten(1).tolist(), 0.0
    for i in range(3):
        for j in range(3):
            product = sum(a * b for a, b in zip(rows[i], rows[j], strict=True))
            if i == j:
                slow += 0.0 if off_diagonal else (product - 1) ** 2
            else:
                slow += product**2
    assert float(misalignment(W, off_diagonal=off_diagonal)) == pytest.approx(slow)


def test_orthonormal_rows_cost_nothing_and_lengths_are_free_where_said() -> None:
    rows = torch.linalg.qr(W.flatten(1).T).Q.T
    assert float(misalignment(rows, off_diagonal=False)) == pytest.approx(0.0, abs=1e-25)
    assert float(misalignment(3 * rows)) == pytest.approx(0.0, abs=1e-25)
    assert float(misalignment(3 * rows, off_diagonal=False)) == pytest.approx(3 * 64)


def test_the_term_sums_over_the_generators_weights_and_skips_biases() -> None:
    pair = players()
    slow = sum(misalignment(layer.weight).item() for layer in pair.generator.modules() if isinstance(layer, nn.Linear))
    game = replace(GAMES["hinge"], terms=(orthogonal(0.5),))
    found = game.generator_terms(pair, batch()).parts["orthogonal"]
    assert found.item() == pytest.approx(0.5 * slow)
    biases = [parameter for parameter in pair.generator.parameters() if parameter.ndim == 1]
    assert torch.autograd.grad(found, biases, allow_unused=True) == (None, None)


def test_a_generator_without_weights_is_said_in_the_first_turn() -> None:
    pair = replace(players(), generator=lambda latent: latent[:, :2])
    with pytest.raises(UsageError, match="generator that has none"):
        replace(GAMES["hinge"], terms=(orthogonal(),)).critic_terms(pair, batch())


def test_clipping_holds_every_parameter_and_moves_no_other() -> None:
    layer = built(nn.Linear, 3, 2)
    before = [parameter.detach().clone() for parameter in layer.parameters()]
    WeightClip(0.1).apply(layer)
    for old, new in zip(before, layer.parameters(), strict=True):
        assert torch.equal(new, old.clamp(-0.1, 0.1))
        assert new.requires_grad


def test_the_game_clips_after_the_critics_step() -> None:
    pair = players()
    weights = [parameter.detach().clone() for parameter in pair.critic.parameters()]  # type: ignore[attr-defined]
    GAMES["hinge"].after_critic_step(pair)
    assert all(map(torch.equal, weights, pair.critic.parameters()))  # type: ignore[attr-defined]
    GAMES["wasserstein-clip"].after_critic_step(pair)
    assert max(p.detach().abs().max().item() for p in pair.critic.parameters()) == 0.01  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match=r"no nn\.Module"):
        GAMES["wasserstein-clip"].after_critic_step(replace(pair, critic=lambda x: x[:, 0]))


@pytest.mark.parametrize("bound", [0.0, -1.0, math.nan])
def test_nonsense_bounds_are_refused(bound: float) -> None:
    with pytest.raises(UsageError, match="bound is above 0"):
        WeightClip(bound)


def test_the_filters_of_a_transposed_convolution_are_those_of_its_outputs() -> None:
    """Three inputs, five outputs: five filters in a space of 3 x 2 x 2 can be orthogonal, and then cost nothing."""
    layer = built(nn.ConvTranspose2d, 3, 5, 2)
    rows = torch.linalg.qr(torch.randn(12, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64))[0].T
    with torch.no_grad():
        layer.weight.copy_(rows.reshape(5, 3, 2, 2).transpose(0, 1))
    generator = nn.Sequential(nn.Unflatten(1, (3, 1, 1)), layer, nn.Flatten(), built(nn.Embedding, 2, 2))
    found = _weights(Players(generator, nn.Identity()))
    assert [tuple(weight.shape) for weight in found] == [(5, 3, 2, 2)]
    assert float(misalignment(found[0].detach())) == pytest.approx(0.0, abs=1e-20)
