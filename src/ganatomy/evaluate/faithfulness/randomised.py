"""A critic whose weights were redrawn, layer by layer from the top: what does an attribution owe to them?

    stages = layers(network, pictures)                       # from the top: ("head", ...), ("down2", ...), ...
    after = randomised(network, stages[:2], stream=Stream(0, "redrawn/0"))      # a copy, the top two redrawn
    similarity(maps, maps_of(attribute, after, pictures))    # Likeness(signed=(n,), absolute=(n,))

Cascading randomisation of Adebayo et al. 2018. A tensor of two or more axes is drawn anew from a normal law with its
root mean square; a vector (biases, scales, running statistics) has its values exchanged, so that what is positive
stays so. Each tensor has an address of its own. Singular values of a spectral norm are found again.
Spearman's correlation of the maps, in [-1, 1]: 0 is that of unrelated maps, and 1 says that the weights did not matter.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from ganatomy.errors import UsageError
from ganatomy.evaluate.faithfulness.ranks import spearman
from ganatomy.models.evaluating import evaluating
from ganatomy.numerics.random import Stream

STATISTICS = ("running_mean", "running_var")
ROUNDS = 30  # of power iteration, after which the singular value is the new one's
Stage = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Likeness:
    """Of the maps as they are, and of their absolute values; (n,) each. NaN where the map was zero before."""

    signed: Tensor
    absolute: Tensor


def similarity(before: Tensor, after: Tensor) -> Likeness:
    x, y = before.flatten(1), after.flatten(1)
    # A critic that is constant or saturated has no slopes: a map of zeros says nothing that could change.
    there = (x != 0).any(1)
    return Likeness(*(torch.where(there, spearman(a, b), torch.nan) for a, b in ((x, y), (x.abs(), y.abs()))))


def layers(network: nn.Module, pictures: Tensor) -> list[Stage]:
    """Names of the modules with weights, from the last that runs to the first.

    What holds vectors only (a normalisation) goes with the layer before it. Weights that are used without running their
    module count as the top.
    """
    twin = _twin(network, pictures)
    holders = {name: module for name, module in _holders(twin) if list(_tensors(module))}
    if not holders:
        raise UsageError("the critic has no weights to redraw", "give a network with parameters")
    ran = [*_order(twin, holders, pictures)]
    stages: list[Stage] = []
    for name in [*ran, *(name for name in holders if name not in ran)]:
        matrix = any(tensor.dim() > 1 for _, tensor in _tensors(holders[name]))
        if matrix or not stages:
            stages.append((name,))
        else:
            stages[-1] += (name,)
    return stages[::-1]


def cascade(total: int, most: int) -> list[int]:
    """How many layers from the top are redrawn at each step: at most so many steps, the last takes all."""
    count = min(most, total)
    return [total * (step + 1) // count for step in range(count)]


def randomised(network: nn.Module, stages: Sequence[Stage], *, stream: Stream, pictures: Tensor) -> nn.Module:
    """A copy with these layers redrawn; the network stays as it is. The pictures are run once, before it is copied."""
    twin = _twin(network, pictures)
    for name in (name for stage in stages for name in stage):
        module = twin.get_submodule(name)
        with torch.no_grad():
            for tensor_name, tensor in _tensors(module):
                tensor.copy_(_redrawn(tensor, stream.child(f"{name}.{tensor_name}")))
            _settle(module)
    return twin


def _redrawn(tensor: Tensor, stream: Stream) -> Tensor:
    if tensor.dim() < 2:
        return tensor.flatten()[stream.permutation(0, tensor.numel()).to(tensor.device)].reshape(tensor.shape)
    size = tensor.double().square().mean().sqrt().cpu()
    return (stream.normal(range(1), *tensor.shape, dtype=torch.float64)[0] * size).to(tensor)


def _twin(network: nn.Module, pictures: Tensor) -> nn.Module:
    """A deep copy; a pass without gradients first, since a weight computed in one with gradients cannot be copied."""
    with torch.no_grad(), evaluating(network):
        network(pictures.clone())
    return copy.deepcopy(network)


def _holders(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Parametrisations belong to the module whose weight they make."""
    return ((name, each) for name, each in network.named_modules() if "parametrizations" not in name.split("."))


def _tensors(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """What is redrawn of one module: its own parameters and running statistics, not those of its children."""
    yield from module.named_parameters(recurse=False)
    if is_parametrized(module):
        yield from module.parametrizations.named_parameters(prefix="parametrizations")  # type: ignore[union-attr]
    yield from ((name, each) for name, each in module.named_buffers(recurse=False) if name in STATISTICS)


def _order(twin: nn.Module, holders: dict[str, nn.Module], pictures: Tensor) -> dict[str, None]:
    """Names in the order in which the modules end, each once."""
    ran: dict[str, None] = {}
    hooks = [
        module.register_forward_hook(lambda *_, name=name: ran.setdefault(name)) for name, module in holders.items()
    ]
    try:
        with torch.no_grad(), evaluating(twin):
            twin(pictures.clone())
    finally:
        for hook in hooks:
            hook.remove()
    return ran


def _settle(module: nn.Module) -> None:
    """Power iteration runs in train mode only: without it the old singular value would divide the new weight."""
    flags = [(each, each.training) for each in module.modules()]
    module.train()
    hooks = [hook for hook in module._forward_pre_hooks.values() if type(hook).__name__ == "SpectralNorm"]
    for _ in range(ROUNDS if is_parametrized(module) or hooks else 0):
        for hook in hooks:
            hook(module, ())
        for name in getattr(module, "parametrizations", ()):
            getattr(module, name)
    for each, training in flags:
        each.training = training
