"""The layers of a network that a probe reads: its linear maps and convolutions, by name.

layers_of(critic)                           # {"down1.conv": Conv2d(...), ..., "head": Linear(...)}
layer_named("D.head.weight")                # "D.head"
spread_out(list(layers_of(critic)), 6)      # six of them at most, the first and the last among them
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

MAPS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
TRANSPOSED = MAPS[4:]
PARAMETRISED = ".parametrizations."  # where torch keeps what a spectral norm is taken of


def layers_of(network: nn.Module) -> dict[str, nn.Module]:
    """In the order of the modules; a network that is a layer itself has no name and none."""
    return {name: module for name, module in network.named_modules() if name and isinstance(module, MAPS)}


def layer_named(weight: str) -> str:
    """The layer that a weight belongs to, also below a spectral norm."""
    return weight.partition(PARAMETRISED)[0] if PARAMETRISED in weight else weight.rpartition(".")[0] or weight


def spread_out(names: Sequence[str], most: int) -> list[str]:
    """So many at most, evenly far apart."""
    if len(names) <= most:
        return list(names)
    return [names[round(place * (len(names) - 1) / (most - 1))] for place in range(most)]


def as_matrix(layer: nn.Module) -> Tensor:
    """The weight as it acts, (outputs, everything else): in eval mode a spectral norm stays as it is."""
    weight = layer.weight
    assert isinstance(weight, Tensor)
    turned = weight.transpose(0, 1) if isinstance(layer, TRANSPOSED) else weight
    return turned.detach().flatten(1)
