"""The field is what training descends, its products are the dense Jacobian's, and the players stay as they were."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.games.game import Game
from ganatomy.games.named import GAMES, game_named
from ganatomy.games.penalties import r1
from ganatomy.games.players import Batch, Players
from ganatomy.games.weights import orthogonal
from ganatomy.numerics.random import Stream
from ganatomy.theory.field import Field

N = 6


def network(inputs: int, *middle: nn.Module, seed: int) -> nn.Sequential:
    with Stream(seed, "weights").module_rng(0):
        layers = nn.Sequential(nn.Linear(inputs, 5), *middle, nn.Tanh(), nn.Linear(5, 1)).double()
    for place, weight in enumerate(layers.parameters()):
        draws = Stream(seed, f"weights/{place}").normal(range(1), *weight.shape, dtype=torch.float64)[0]
        weight.data.copy_(0.5 * draws)
    return layers


def players(*middle: nn.Module) -> Players:
    return Players(network(1, *middle, seed=1), network(1, *middle, seed=2))


def batch() -> Batch:
    stream = Stream(0, "field")
    real, latent = (stream.child(name).normal(range(N), 1, dtype=torch.float64) for name in ("real", "latent"))
    return Batch(real, latent, stream=stream, indices=range(N))


def by_hand(game: Game, duo: Players, turn: Batch) -> Tensor:
    """Minus the gradient of each player's own loss, by the calls that training makes."""
    assert isinstance(duo.critic, nn.Module)
    assert isinstance(duo.generator, nn.Module)
    critic = torch.autograd.grad(game.critic_terms(duo, turn).total, list(duo.critic.parameters()), allow_unused=True)
    generator = torch.autograd.grad(game.generator_terms(duo, turn).total, list(duo.generator.parameters()))
    found = zip(list(duo.critic.parameters()) + list(duo.generator.parameters()), critic + generator, strict=True)
    return -torch.cat([(torch.zeros_like(w) if g is None else g).reshape(-1) for w, g in found])


@pytest.mark.parametrize("name", GAMES)
def test_the_field_is_what_training_descends(name: str) -> None:
    duo = players()
    field = Field(GAMES[name], duo, batch())
    torch.testing.assert_close(field(field.start), by_hand(GAMES[name], duo, batch()), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ["minimax", "ns-r1-r2", "wasserstein-gp", "r3"])
def test_products_equal_the_jacobian_by_differences(name: str) -> None:
    field = Field(GAMES[name], players(), batch())
    here = field.at(field.start)
    eye, step = torch.eye(len(field.start), dtype=torch.float64), 1e-6
    columns = [(field(field.start + step * e) - field(field.start - step * e)) / (2 * step) for e in eye]
    dense = torch.stack(columns, dim=1)
    torch.testing.assert_close(here.jacobian(), dense, rtol=1e-5, atol=1e-7)
    draws = Stream(0, "draws").normal(range(2), len(eye), dtype=torch.float64)
    exact = here.jacobian()
    torch.testing.assert_close(here.pull(draws[0]), draws[0] @ exact, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(here.push(draws[1]), exact @ draws[1], rtol=1e-12, atol=1e-12)
    assert here.speed == pytest.approx(float(field(field.start).norm()), rel=1e-12)


def test_the_critics_loss_hangs_on_the_generator_and_the_other_way_round() -> None:
    field = Field(GAMES["minimax"], players(), batch())
    dense = field.at(field.start).jacobian()
    corner = dense[: field.split, field.split :]
    assert float(corner.norm()) > 1e-3
    torch.testing.assert_close(corner, -dense[field.split :, : field.split].T, rtol=1e-12, atol=1e-14)  # zero-sum


def test_a_lazy_penalty_counts_once_every_time() -> None:
    duo = players()
    lazy = Field(replace(GAMES["non-saturating"], terms=(r1(0.5, every=16),)), duo, replace(batch(), step=3))
    eager = Field(replace(GAMES["non-saturating"], terms=(r1(0.5),)), duo, batch())
    assert torch.equal(lazy(lazy.start), eager(eager.start))


def test_terms_that_want_modules_find_them_and_weights_come_by_their_names() -> None:
    duo = players()
    field = Field(replace(GAMES["hinge"], terms=(orthogonal(0.1),)), duo, batch())
    torch.testing.assert_close(field(field.start), by_hand(field.game, duo, batch()), rtol=1e-12, atol=1e-14)
    assert isinstance(duo.critic, nn.Module)
    assert isinstance(duo.generator, nn.Module)
    snapshot = {f"G.{k}": v for k, v in duo.generator.state_dict().items()}
    snapshot |= {f"D.{k}": 2 * v for k, v in duo.critic.state_dict().items()}
    flat = field.flat(snapshot)
    assert torch.equal(flat[: field.split], 2 * field.start[: field.split])
    assert torch.equal(flat[field.split :], field.start[field.split :])
    with pytest.raises(UsageError, match=r"without 'D\.0\.weight'"):
        field.flat({k: v for k, v in snapshot.items() if not k.startswith("D.0")})


class Breaking(nn.Module):
    """Fails when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.broken = False

    def forward(self, x: Tensor) -> Tensor:
        if self.broken:
            raise RuntimeError("broken")
        return x


def test_nothing_is_left_on_the_players() -> None:
    """Batch statistics, dropout and layers that both share among them; not even where a network fails half-way."""
    breaking = Breaking()
    duo, turn = players(nn.BatchNorm1d(5).double(), nn.Dropout(0.3), breaking), batch()
    assert isinstance(duo.critic, nn.Module)
    assert isinstance(duo.generator, nn.Module)
    duo.generator[1].eval()
    duo.critic[0].bias.requires_grad_(False)

    def state() -> list[object]:
        found: list[object] = [turn.real.clone() if turn.real is not None else None, turn.latent.clone()]
        for network in (duo.generator, duo.critic):
            assert isinstance(network, nn.Module)
            found += [tensor.clone() for tensor in network.state_dict().values()]
            found += [(id(p), p.requires_grad, p.grad) for p in network.parameters()]
            found += [(module.training, len(module._forward_hooks)) for module in network.modules()]
        return found

    before = state()
    field = Field(game_named("ns-r1"), duo, turn)
    first = field(field.start)
    here = field.at(field.start)
    here.push(here.pull(here.value))
    assert torch.equal(field(field.start), first)  # the same mask each time
    breaking.broken = True
    with pytest.raises(RuntimeError, match="broken"):
        field(field.start)
    for old, new in zip(before, state(), strict=True):
        assert torch.equal(old, new) if isinstance(old, Tensor) and isinstance(new, Tensor) else old == new


def test_power_iterations_begin_at_the_same_vectors_each_time() -> None:
    with Stream(0, "norm").module_rng(0):
        middle = nn.utils.parametrizations.spectral_norm(nn.Linear(5, 5).double())
    middle.parametrizations.weight[0]._u.copy_(torch.eye(5)[0])  # far from where the iterations end
    duo = Players(network(1, seed=1), network(1, middle, seed=2))
    assert isinstance(duo.critic, nn.Module)
    before = {name: tensor.clone() for name, tensor in duo.critic.state_dict().items()}
    field = Field(GAMES["hinge"], duo, batch())
    first = field(field.start)
    assert all(torch.equal(field(field.start), first) for _ in range(3))
    assert all(torch.equal(before[name], tensor) for name, tensor in duo.critic.state_dict().items())


class Tied(nn.Module):
    """Two layers with one weight."""

    def __init__(self) -> None:
        super().__init__()
        with Stream(3, "tied").module_rng(0):
            self.first, self.second = nn.Linear(5, 5).double(), nn.Linear(5, 5).double()
        self.second.weight = self.first.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.second(torch.tanh(self.first(x)))


def test_tied_weights_move_together() -> None:
    duo = Players(network(1, Tied(), seed=1), network(1, Tied(), seed=2))
    field = Field(GAMES["ns-r1"], duo, batch())
    torch.testing.assert_close(field(field.start), by_hand(field.game, duo, batch()), rtol=1e-12, atol=1e-14)
    assert isinstance(duo.critic, nn.Sequential)
    assert duo.critic[1].second.weight is duo.critic[1].first.weight
    moved = field.start + 0.1
    before = [weight.clone() for weight in duo.critic.parameters()]
    pushed = field(moved)
    for network_ in (duo.critic, duo.generator):
        assert isinstance(network_, nn.Module)
        for weight in network_.parameters():
            weight.data += 0.1
    torch.testing.assert_close(pushed, by_hand(field.game, duo, batch()), rtol=1e-12, atol=1e-14)
    assert not torch.equal(before[0], next(duo.critic.parameters()))


def test_what_has_no_weights_is_refused() -> None:
    with pytest.raises(UsageError, match="the critic has no weights"):
        Field(GAMES["minimax"], Players(network(1, seed=0), torch.sin), batch())
    with pytest.raises(UsageError, match="a player has no weights to move"):
        Field(GAMES["minimax"], Players(network(1, seed=0), nn.Identity()), batch())
    with pytest.raises(UsageError, match="without real samples"):
        Field(GAMES["minimax"], players(), replace(batch(), real=None))
