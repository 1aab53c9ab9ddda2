"""One player's way downhill: its weights, its optimiser and what the optimiser remembers.

    descent = Descent({"G.output.weight": weight, ...}, Optimiser(rate=5e-4))
    descent.step(gradients, seen=64_000)          # gradients in the order of the weights; a step with NaN is not taken
    descent.moments()                             # named tensors, for a checkpoint

Adam, RMSprop and stochastic gradients are torch's own. An optimistic step is w + 2 u(t) - u(t-1), u being the step
that the optimiser would have made.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ganatomy.errors import InputError
from ganatomy.numerics.random import Stream
from ganatomy.numerics.schedule import Value, at
from ganatomy.training.pace import Optimiser

PREVIOUS = "previous"  # the last step of an optimistic optimiser
STEP = "step"  # how many steps were made


class Descent:
    """The weights are changed in place; `gradients` are never kept."""

    def __init__(self, weights: Mapping[str, Tensor], how: Optimiser, noise: Stream | None = None) -> None:
        self.names = list(weights)
        self.weights: list[Tensor] = list(weights.values())
        self.how = how
        self.noise = noise or Stream(0, "noise")
        self.made = 0  # steps
        self.optimiser = _torch_optimiser(self.weights, how)
        self.previous: list[Tensor] = [torch.zeros_like(w) for w in self.weights] if how.optimistic else []

    def step(self, gradients: Sequence[Tensor], seen: int) -> Tensor:
        """Move, unless an entry of the gradient is not finite; returns the gradient's norm before it was bounded."""
        norm = torch.nn.utils.get_total_norm(gradients)
        length = float(norm)
        if not length < torch.inf:
            return norm
        self._set_rates(seen)
        gradients = self._bounded(self._shaken(gradients, length), length)
        before = [weight.detach().clone() for weight in self.weights] if self.how.optimistic else []
        for weight, gradient in zip(self.weights, gradients, strict=True):
            # The fused kernel reads memory in order: a gradient laid out otherwise, as those of penalties on
            # convolutions are, would move the wrong weights.
            weight.grad = gradient if gradient.stride() == weight.stride() else torch.empty_like(weight).copy_(gradient)
        self.optimiser.step()
        self.made += 1
        for weight in self.weights:
            weight.grad = None
        if self.how.optimistic:
            self._make_optimistic(before)
        return norm

    def odd(self, gradients: Sequence[Tensor]) -> tuple[str, ...]:
        """The names of the weights whose gradients are not finite, or too large to be squared."""
        found = (
            name
            for name, gradient in zip(self.names, gradients, strict=True)
            if not bool(torch.isfinite(torch.linalg.vector_norm(gradient)))
        )
        return tuple(found) or tuple(self.names)

    def moments(self) -> dict[str, Tensor]:
        """What the optimiser remembers, by weight; copies on the CPU."""
        state = self.optimiser.state_dict()["state"]
        found = {f"{self.names[place]}/{key}": value for place, kept in state.items() for key, value in kept.items()}
        found |= {
            f"{name}/{PREVIOUS}": value for name, value in zip(self.names, self.previous, strict=bool(self.previous))
        }
        return {name: value.detach().cpu().clone() for name, value in found.items() if isinstance(value, Tensor)}

    def retuned(self, how: Optimiser, noise: Stream) -> Descent:
        """The same weights on another way. What was remembered goes along where the new way remembers the same."""
        found = Descent(dict(zip(self.names, self.weights, strict=True)), how, noise)
        if self.made and _remembered(how) == _remembered(self.how) and how.optimistic == self.how.optimistic:
            found.remember(self.moments(), made=self.made)
        return found

    def remember(self, moments: Mapping[str, Tensor], *, made: int) -> None:
        """The inverse of `moments`; see `check_moments`."""
        self.made = made
        places = {name: place for place, name in enumerate(self.names)}
        state: dict[int, dict[str, Tensor]] = {}
        for address, value in moments.items():
            name, _, key = address.rpartition("/")
            if key == PREVIOUS:
                self.previous[places[name]].copy_(value)
            else:
                state.setdefault(places[name], {})[key] = value.clone()
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": state})

    def check_moments(self, moments: Mapping[str, Tensor], *, begun: bool) -> None:
        """They are all that this optimiser keeps, and nothing else; `begun` where it has made a step."""
        keys = [*(_remembered(self.how) if begun else ()), *([PREVIOUS] if self.how.optimistic else ())]
        wanted = {
            f"{name}/{key}": () if key == STEP else tuple(weight.shape)
            for name, weight in zip(self.names, self.weights, strict=True)
            for key in keys
        }
        given = {address: tuple(value.shape) for address, value in moments.items()}
        odd = sorted(address for address in wanted.keys() | given.keys() if wanted.get(address) != given.get(address))
        if odd:
            raise InputError(
                f"the optimiser keeps {wanted.get(odd[0], 'nothing')} as {odd[0]}, the snapshot holds "
                f"{given.get(odd[0], 'nothing')} ({len(odd)} tensors differ)",
                "resume with the recipe that the run began with",
            )

    def _set_rates(self, seen: int) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = at(self.how.rate, seen)
            if self.how.kind == "adam":
                group["betas"] = (at(self.how.betas[0], seen), at(self.how.betas[1], seen))

    def _shaken(self, gradients: Sequence[Tensor], length: float) -> Sequence[Tensor]:
        """With normal noise of an expected length of `noise` times that of the gradient, each step at its address."""
        if self.how.noise == 0.0:
            return gradients
        size = self.how.noise * length / math.sqrt(sum(gradient.numel() for gradient in gradients))
        at = range(self.made, self.made + 1)
        drawn = [self.noise.child(n).normal(at, *g.shape)[0].to(g) for n, g in zip(self.names, gradients, strict=True)]
        return torch._foreach_add(list(gradients), drawn, alpha=size)

    def _bounded(self, gradients: Sequence[Tensor], length: float) -> Sequence[Tensor]:
        bound = 1.0 if self.how.normalise else self.how.clip
        if bound is None or length == 0.0 or (length <= bound and not self.how.normalise):
            return gradients
        return torch._foreach_mul(list(gradients), bound / length)

    @torch.no_grad()
    def _make_optimistic(self, before: list[Tensor]) -> None:
        steps = [weight - old for weight, old in zip(self.weights, before, strict=True)]
        for weight, step, last in zip(self.weights, steps, self.previous, strict=True):
            weight.add_(step - last)
        self.previous = steps


def _torch_optimiser(weights: list[Tensor], how: Optimiser) -> torch.optim.Optimizer:
    rate = at(how.rate, 0)
    if how.kind == "adam":
        betas: tuple[Value, Value] = (at(how.betas[0], 0), at(how.betas[1], 0))
        return torch.optim.Adam(weights, lr=rate, betas=betas, fused=True)  # type: ignore[arg-type]
    if how.kind == "rmsprop":
        return torch.optim.RMSprop(weights, lr=rate, alpha=how.smoothing, momentum=how.momentum)
    return torch.optim.SGD(weights, lr=rate, momentum=how.momentum)


def _remembered(how: Optimiser) -> tuple[str, ...]:
    """What torch's optimiser keeps for each weight, once it has made a step."""
    if how.kind == "adam":
        return STEP, "exp_avg", "exp_avg_sq"
    return (*((STEP, "square_avg") if how.kind == "rmsprop" else ()), *(("momentum_buffer",) if how.momentum else ()))
