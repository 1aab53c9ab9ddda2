"""The named parts of a network with what they put out and how much they hold.

for layer in layers(gan.generator, z, depth=2):
    print(layer.name, layer.kind, layer.shape, layer.parameters)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from ganatomy.models.evaluating import passed

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layer:
    """A named module: `shape` without the batch axis, None where it did not run or put out no tensor.

    parameters: with those of its own parts.
    """

    name: str
    kind: str
    depth: int
    shape: Shape | None
    parameters: int


def layers(network: nn.Module, batch: Tensor, *, labels: Tensor | None = None, depth: int = 2) -> tuple[Layer, ...]:
    """The parts down to a depth, each after its whole, from one pass over the batch; the network is left as it was."""
    chosen = {name: module for name, module in network.named_modules() if name and name.count(".") < depth}
    shapes: dict[str, Shape] = {}
    handles = [module.register_forward_hook(_note(shapes, name)) for name, module in chosen.items()]
    try:
        passed(network, batch, labels=labels)
    finally:
        for handle in handles:
            handle.remove()
    return tuple(
        Layer(name, type(module).__name__, name.count(".") + 1, shapes.get(name), parameters(module))
        for name, module in chosen.items()
    )


def parameters(network: nn.Module) -> int:
    """Numbers that can be trained, frozen or not; shared ones once."""
    return sum(weight.numel() for weight in network.parameters())


def _note(shapes: dict[str, Shape], name: str) -> Callable[[nn.Module, object, object], None]:
    def hook(_module: nn.Module, _given: object, out: object) -> None:
        if isinstance(out, Tensor):
            shapes[name] = tuple(out.shape[1:])

    return hook
