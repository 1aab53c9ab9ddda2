"""All weights of a pair of networks as named tensors: `G.*` and `D.*`, on the CPU; their way back.

weights = weights_of(generator, critic)
fill({"G.": generator}, read_weights(path), path=path)   # every tensor checked before the first one is written
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from ganatomy.errors import InputError, UsageError


def weights_of(generator: nn.Module, critic: nn.Module | None) -> dict[str, Tensor]:
    """Copies of all parameters and persistent buffers."""
    weights: dict[str, Tensor] = {}
    for prefix, network in (("G.", generator), ("D.", critic)):
        for name, tensor in network.state_dict().items() if network is not None else ():
            if not isinstance(tensor, Tensor):
                raise UsageError(f"the state {name!r} of a network is no tensor", "keep tensors only in its state_dict")
            weights[prefix + name] = tensor.detach().cpu().contiguous().clone()
    return weights


def to_bytes(weights: dict[str, Tensor]) -> bytes:
    """The content of a safetensors file."""
    from safetensors.torch import save

    return save(weights)


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return load(path.read_bytes())
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"{path} cannot be read as safetensors ({error})", "save the GAN again, or take an older copy of the folder"
        ) from error


def fill(players: Mapping[str, nn.Module], weights: Mapping[str, Tensor], *, path: Path) -> None:
    """Load the tensors under each prefix into its network, in place; all are untouched if one does not fit."""
    states: dict[str, dict[str, Tensor]] = {prefix: network.state_dict() for prefix, network in players.items()}
    wanted = {prefix + name: tensor for prefix, state in states.items() for name, tensor in state.items()}
    odd = sorted(weights.keys() ^ wanted.keys())
    if odd:
        raise InputError(
            f"{path} {'lacks' if odd[0] in wanted else 'holds an unknown'} tensor {odd[0]} ({len(odd)} names differ)",
            "give networks built like the saved ones",
        )
    for name, tensor in weights.items():
        if (tensor.shape, tensor.dtype) != (wanted[name].shape, wanted[name].dtype):
            raise InputError(
                f"{path} holds {name} as {tensor.dtype} {tuple(tensor.shape)}, "
                f"the network has {wanted[name].dtype} {tuple(wanted[name].shape)}",
                "give networks of the same widths and type as the saved ones",
            )
    for prefix, network in players.items():
        network.load_state_dict({name: weights[prefix + name] for name in states[prefix]})
