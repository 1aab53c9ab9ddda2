"""Ways of stepping through a game, and the update operator that each is.

    rule = RULES["alternating"]
    state = rule.state(field.start)
    state = rule.step(field, state, 0.1)                     # one round
    multipliers(field, rule, 0.1)                            # eigenvalues of d(next state) / d(state), by autograd

A round shrinks what is off the equilibrium by the largest |multiplier|, its radius: it converges where that is below 1.
Training plays `alternating`, `extragradient` and `optimistic` (in turn); the others are the textbook's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganatomy.theory.field import Field

Complex = NDArray[np.complex128]
CONSENSUS = 0.3  # weight of the pull towards stillness


@dataclass(frozen=True)
class Rule:
    """step(field, state, h) -> the next state; `memories` vectors beside the weights are kept from round to round."""

    name: str
    sentence: str
    move: Callable[[Field, Tensor, float, bool], Tensor]
    memories: int = 0

    def state(self, weights: Tensor) -> Tensor:
        """Where a run begins."""
        return torch.cat([weights.detach().double(), *[torch.zeros_like(weights).double()] * self.memories])

    def step(self, field: Field, state: Tensor, h: float) -> Tensor:
        """One round, without a graph."""
        return self.move(field, state.detach().requires_grad_(), h, False).detach()


def multipliers(field: Field, rule: Rule, h: float, *, weights: Tensor | None = None) -> Complex:
    """The eigenvalues of the update operator at `weights` (the field's start), by falling size."""
    state = rule.state(field.start if weights is None else weights).requires_grad_()
    after = rule.move(field, state, h, True)
    rows = [torch.autograd.grad(entry, state, retain_graph=True, materialize_grads=True)[0] for entry in after]
    found = np.linalg.eigvals(torch.stack(rows).numpy()).astype(np.complex128)
    return found[np.argsort(-np.abs(found), kind="stable")]


def trajectory(field: Field, rule: Rule, *, start: Tensor, h: float, rounds: int) -> Tensor:
    """The weights after 0 .. rounds rounds, one row each."""
    state = rule.state(start)
    states = [state, *[state := rule.step(field, state, h) for _ in range(rounds)]]
    return torch.stack([each[: len(start)] for each in states])


def turned(critic_turns: int, generator_turns: int) -> Rule:
    """Alternating with several turns of each player a round."""

    def move(field: Field, state: Tensor, h: float, graph: bool) -> Tensor:
        for _ in range(critic_turns):
            state = _critic_step(field, state, h, graph)
        for _ in range(generator_turns):
            state = _added(field, state, "generator", h * field.part("generator", state, graph=graph))
        return state

    sentence = f"The critic steps {critic_turns} times, then the generator {generator_turns} times."
    return Rule(f"alternating {critic_turns}:{generator_turns}", sentence, move)


def _simultaneous(field: Field, state: Tensor, h: float, graph: bool) -> Tensor:
    return _held(field, state + h * field.slope(state, graph=graph))


def _alternating(field: Field, state: Tensor, h: float, graph: bool) -> Tensor:
    state = _critic_step(field, state, h, graph)
    return _added(field, state, "generator", h * field.part("generator", state, graph=graph))


def _extragradient(field: Field, state: Tensor, h: float, graph: bool) -> Tensor:
    """Step from here by what is seen a step ahead. Korpelevich 1976; Gidel et al. 2019."""
    ahead = _held(field, state + h * field.slope(state, graph=graph))
    return _held(field, state + h * field.slope(_leaf(ahead, graph), graph=graph))


def _optimistic(field: Field, state: Tensor, h: float, graph: bool) -> Tensor:
    """w + 2 u(t) - u(t-1), u = h v, in turn. Daskalakis et al. 2018."""
    weights, last = state.chunk(2)
    own = h * field.part("critic", weights, graph=graph)
    weights = _held(field, _added(field, weights, "critic", 2 * own - last[: field.split]))
    other = h * field.part("generator", weights, graph=graph)
    weights = _added(field, weights, "generator", 2 * other - last[field.split :])
    return torch.cat([weights, own, other])


def _consensus(field: Field, state: Tensor, h: float, graph: bool) -> Tensor:
    """v - gamma d(|v|^2 / 2)/dw. Mescheder et al. 2017."""
    value = field.slope(state, graph=True)
    (still,) = torch.autograd.grad(value.square().sum() / 2, state, create_graph=graph, materialize_grads=True)
    return _held(field, state + h * (value - CONSENSUS * still))


def _critic_step(field: Field, state: Tensor, h: float, graph: bool) -> Tensor:
    return _held(field, _added(field, state, "critic", h * field.part("critic", state, graph=graph)))


def _added(field: Field, weights: Tensor, role: str, step: Tensor) -> Tensor:
    critic, generator = weights[: field.split], weights[field.split :]
    return torch.cat([critic + step, generator] if role == "critic" else [critic, generator + step])


def _held(field: Field, weights: Tensor) -> Tensor:
    """The critic's weights inside the game's bound, if it has one, as after every step of training."""
    if field.game.clip is None:
        return weights
    bound = field.game.clip.bound
    return torch.cat([weights[: field.split].clamp(-bound, bound), weights[field.split :]])


def _leaf(weights: Tensor, graph: bool) -> Tensor:
    """The place a step is taken from: with a graph as it is, without one cut loose."""
    return weights if graph else weights.detach().requires_grad_()


RULES: dict[str, Rule] = {
    "simultaneous": Rule("simultaneous", "Both players step at once from where they are.", _simultaneous),
    "alternating": Rule("alternating", "The critic steps, then the generator answers.", _alternating),
    "extragradient": Rule("extragradient", "Both step by what they see one step ahead.", _extragradient),
    "optimistic": Rule("optimistic", "In turn, the last step taken back and the new made twice.", _optimistic, 1),
    "consensus": Rule("consensus", "Both also pull towards where nothing moves.", _consensus),
}
