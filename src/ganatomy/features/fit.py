"""The one supervised loop: classifier, autoencoder, encoder and dictionary are all fitted here.

    fitted = fit(model, loss, examples, plan=Plan(steps=2000, rate=1e-3), held_out=others, folder="fits/judge")

`loss(model, batch)` is a scalar; `Examples` reads a batch (a tuple of tensors) at given indices. Which example comes
when, and what a dropout layer draws, depends on (seed, step) alone, so a killed fit that finds its folder again ends in
the same weights, bit for bit (CPU, same number of threads). The model is trained in place and left in eval mode, with
the weights that did best on the held-out examples when there are some.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ganatomy.errors import DivergedError, UsageError
from ganatomy.features.bookmark import Bookmark, Entry, recall, remember
from ganatomy.numerics.fingerprint import fingerprint
from ganatomy.numerics.random import Stream

Batch = tuple[Tensor, ...]
Loss = Callable[[nn.Module, Batch], Tensor]
Progress = Callable[[int, int, float], None]


@dataclass(frozen=True)
class Examples:
    """Something to learn from: `read(indices)` gives a tuple of tensors with one row for each index."""

    read: Callable[[Sequence[int]], Batch]
    size: int


@dataclass(frozen=True)
class Plan:
    """How to fit: Adam at `rate`, decayed to zero along a cosine; looked at every `every` steps."""

    steps: int = 1000
    batch: int = 64
    rate: float = 1e-3
    decay: float = 0.0
    every: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "every", "rate"):
            if not getattr(self, name) > 0:
                raise UsageError(f"a fit with {name} = {getattr(self, name)} was asked for", f"{name} must be above 0")


@dataclass(frozen=True)
class Fitted:
    """What happened, entry by entry, and the step whose weights were kept."""

    history: tuple[Entry, ...]
    kept: int


def fit(
    model: nn.Module,
    loss: Loss,
    examples: Examples,
    *,
    plan: Plan,
    held_out: Examples | None = None,
    folder: str | Path | None = None,
    progress: Progress | None = None,
) -> Fitted:
    """Train `model` in place; in `folder` a bookmark is kept, and one of the same fit continued."""
    for given in (examples, held_out):
        if given is not None and given.size < 1:
            raise UsageError("a fit to no examples was asked for", "give at least one example, or no held-out set")
    optimizer = torch.optim.Adam(model.parameters(), lr=plan.rate, weight_decay=plan.decay)
    identity = _identity(plan, loss, examples)
    mark = recall(folder, model, optimizer, identity) or Bookmark()
    order = _Order(plan, examples.size)
    total, since = 0.0, 0
    for step in range(mark.step + 1, plan.steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = plan.rate * 0.5 * (1 + torch.cos(torch.tensor(torch.pi * (step - 1) / plan.steps)).item())
        total, since = total + _step(model, loss, examples.read(order(step)), optimizer, plan, step), since + 1
        if step % plan.every and step != plan.steps:
            continue
        score = None if held_out is None else held_out_loss(model, loss, held_out)
        mark = mark.seen(step, total / since, score, copy.deepcopy(model.state_dict()))
        total, since = 0.0, 0
        remember(folder, mark, model=model, optimizer=optimizer, identity=identity)
        if progress is not None:
            progress(step, plan.steps, mark.history[-1][1])
    model.load_state_dict(mark.best)
    model.eval()
    return Fitted(mark.history, mark.kept)


def _identity(plan: Plan, loss: Loss, examples: Examples) -> dict[str, str | int | float]:
    """What a bookmark must agree with to be continued: the plan, the loss by name, and the examples by a first look."""
    first = fingerprint(*examples.read(range(min(plan.batch, examples.size))))
    name = getattr(loss, "__qualname__", type(loss).__name__)
    return {**asdict(plan), "loss": name, "examples": f"{examples.size}, {first}"}


@torch.no_grad()
def held_out_loss(model: nn.Module, loss: Loss, examples: Examples, *, batch: int = 256) -> float:
    """Mean loss over all examples, in eval mode."""
    model.eval()
    total = 0.0
    for first in range(0, examples.size, batch):
        indices = range(first, min(first + batch, examples.size))
        total += float(loss(model, examples.read(indices))) * len(indices)
    return total / examples.size


def _step(model: nn.Module, loss: Loss, batch: Batch, optimizer: torch.optim.Optimizer, plan: Plan, step: int) -> float:
    model.train()
    with Stream(plan.seed, "fit/inside").module_rng(step):
        value = loss(model, batch)
    if value.dim() != 0 or not bool(torch.isfinite(value)):
        raise DivergedError(
            f"the loss of step {step} is {value.tolist()}", "the loss must be one finite number: check data and rate"
        )
    optimizer.zero_grad(set_to_none=True)
    value.backward()
    optimizer.step()
    return float(value.detach())


class _Order:
    """Indices of a step's batch: every example once an epoch, in a new order each epoch."""

    def __init__(self, plan: Plan, size: int) -> None:
        self.plan, self.size = plan, size
        self.stream = Stream(plan.seed, "fit/order")
        self.orders: dict[int, list[int]] = {}

    def __call__(self, step: int) -> list[int]:
        places = range((step - 1) * self.plan.batch, step * self.plan.batch)
        needed = range(places[0] // self.size, places[-1] // self.size + 1)
        self.orders = {
            epoch: self.orders.get(epoch) or self.stream.permutation(epoch, self.size).tolist() for epoch in needed
        }
        return [self.orders[place // self.size][place % self.size] for place in places]
