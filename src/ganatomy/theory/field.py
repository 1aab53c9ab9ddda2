"""Where a game pushes its players: v(w) = (-dL_critic/dcritic, -dL_generator/dgenerator), and its Jacobian's products.

    field = Field(game, players, batch)         # one batch, so that v is a function of the weights alone
    here = field.at(field.start)
    here.speed, here.pull(u), here.push(d)      # |v|, J^T u, J d; J is never formed

w holds the critic's weights (and its heads'), then the generator's, flat, in float64. The losses are those that
training minimises, and the fakes in the critic's loss hang on the generator. Terms that are due now and then count
every time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.games.game import ADVERSARIAL, Game
from ganatomy.games.players import Batch, Players
from ganatomy.games.terms import Terms


class Field:
    """v for one game on one batch; the players' modules are left as they are, whatever happens."""

    def __init__(self, game: Game, players: Players, batch: Batch) -> None:
        if batch.real is None:
            raise UsageError("the field of a game was asked for without real samples", "give the batch `real`")
        self.game = replace(game, terms=tuple(replace(term, every=1) for term in game.terms))
        self.round = _Round(self.game, players, replace(batch, real=batch.real.double(), latent=batch.latent.double()))
        weights = {name: weight for name, weight in self.round.named_parameters() if weight.requires_grad}
        self.names = sorted(weights, key=lambda name: name.startswith("G."))  # stable: the critic's first
        self.shapes = [weights[name].shape for name in self.names]
        self.split = sum(weights[name].numel() for name in self.names if not name.startswith("G."))
        self.start = self.flat(weights)
        if not 0 < self.split < len(self.start):
            raise UsageError("a player has no weights to move", "give modules with parameters that require gradients")
        names = {id(weight): name for name, weight in weights.items()}
        places = _places(self.round)
        self.moved = {place: names[id(tensor)] for place, tensor in places.items() if id(tensor) in names}
        self.rest = {place: _double(tensor) for place, tensor in places.items() if place not in self.moved}

    def flat(self, weights: Mapping[str, Tensor]) -> Tensor:
        """Weights by their names in a snapshot ("D.x", "H.head.x", "G.x") as one vector."""
        if missing := [name for name in self.names if name not in weights]:
            raise UsageError(
                f"weights without {missing[0]!r} were given", "give those of both players, as in a snapshot"
            )
        return torch.cat([weights[name].detach().double().reshape(-1) for name in self.names])

    def __call__(self, weights: Tensor) -> Tensor:
        """v, without a graph."""
        return self.slope(weights.detach().requires_grad_()).detach()

    def at(self, weights: Tensor) -> Here:
        return Here(self, weights)

    def slope(self, weights: Tensor, *, graph: bool = False) -> Tensor:
        """v at weights that require gradients; with `graph` it can be differentiated again."""
        return torch.cat([self.part(role, weights, graph=graph) for role in ("critic", "generator")])

    def part(self, role: str, weights: Tensor, *, graph: bool = False) -> Tensor:
        """One player's part of v."""
        with torch.enable_grad():
            parts = {"critic": weights[: self.split], "generator": weights[self.split :]}
            loss = self._run(role, torch.cat(list(parts.values()))).total
            (slope,) = torch.autograd.grad(loss, parts[role], create_graph=graph, materialize_grads=True)
        return -slope

    def read(self, weights: Tensor) -> tuple[float, float]:
        """The critic's adversarial loss, and how far its mean score of reals lies above that of fakes."""
        terms = self._run("critic", weights)
        gap = terms.scores["real"].mean() - terms.scores["fake"].mean()
        return float(terms.parts[ADVERSARIAL].detach()), float(gap)

    def _run(self, role: str, weights: Tensor) -> Terms:
        parts = weights.split([shape.numel() for shape in self.shapes])
        found = {name: part.view(shape) for name, part, shape in zip(self.names, parts, self.shapes, strict=True)}
        tensors = {place: found[name] for place, name in self.moved.items()}
        tensors |= {place: tensor.clone() for place, tensor in self.rest.items()}  # batch statistics are written to
        terms: Terms = torch.func.functional_call(self.round, tensors, (role,), tie_weights=False)
        return terms


class Here:
    """v and its Jacobian at one place, from one graph."""

    def __init__(self, field: Field, weights: Tensor) -> None:
        self.weights = weights.detach().clone().requires_grad_()
        self._value = field.slope(self.weights, graph=True)
        self.value = self._value.detach()
        self.split = field.split

    @property
    def speed(self) -> float:
        """|v|: eigenvalues speak of what happens next only where it is small."""
        return float(torch.linalg.vector_norm(self.value))

    def pull(self, weights: Tensor) -> Tensor:
        """J^T u: one backward pass."""
        (found,) = torch.autograd.grad(
            self._value, self.weights, weights.to(self.value), retain_graph=True, materialize_grads=True
        )
        return found

    def push(self, direction: Tensor) -> Tensor:
        """J d, as the derivative of u -> J^T u, which is linear, along d."""
        blank = torch.zeros_like(self.value, requires_grad=True)
        (pulled,) = torch.autograd.grad(self._value, self.weights, blank, create_graph=True, materialize_grads=True)
        if not pulled.requires_grad:
            return torch.zeros_like(self.value)
        (found,) = torch.autograd.grad(pulled, blank, direction.to(pulled), materialize_grads=True)
        return found

    def jacobian(self) -> Tensor:
        """The whole of J, for small games: row i is J^T e_i."""
        return torch.stack([self.pull(row) for row in torch.eye(len(self.value), dtype=self.value.dtype)])


class _Round(nn.Module):
    """Both players under the names that their weights bear in files, so that all terms find modules."""

    def __init__(self, game: Game, players: Players, batch: Batch) -> None:
        super().__init__()
        for what, network in (("generator", players.generator), ("critic", players.critic), *players.heads.items()):
            if not isinstance(network, nn.Module):
                raise UsageError(f"the {what} has no weights to differentiate in", "give modules as players")
        self.G, self.D, self.H = players.generator, players.critic, nn.ModuleDict(dict(players.heads))  # type: ignore[arg-type]
        self.game, self.players, self.batch = game, players, batch

        self.still: set[tuple[str, tuple[bool, ...]]] = set()  # whose turns, in which modes, draw nothing inside

    def forward(self, role: str) -> Terms:
        """Dropout drops the same at every place; minding that takes a third of the time where nothing draws."""
        modes = role, tuple(module.training for module in self.modules())
        if modes in self.still:
            return self._terms(role)
        with self.batch.stream.module_rng(self.batch.indices[0]):
            before = torch.get_rng_state()
            found = self._terms(role)
            if torch.equal(before, torch.get_rng_state()):
                self.still.add(modes)
        return found

    def _terms(self, role: str) -> Terms:
        if role == "critic":
            return self.game.critic_terms(self.players, self.batch, detach=False)
        return self.game.generator_terms(self.players, self.batch)


def _places(network: nn.Module) -> dict[str, Tensor]:
    """Every place that holds a tensor, each module once: `functional_call` would not put back those of shared ones."""
    return {
        f"{prefix}.{name}": tensor
        for prefix, module in network.named_modules()
        for kept in (module._parameters, module._buffers)
        for name, tensor in kept.items()
        if tensor is not None
    }


def _double(tensor: Tensor) -> Tensor:
    return tensor.detach().double() if tensor.is_floating_point() else tensor.detach().clone()
