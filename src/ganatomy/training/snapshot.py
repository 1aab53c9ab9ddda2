"""All that a game in play needs to go on bit for bit, as tensors and whole numbers; no code.

snapshot = game.snapshot(); game.restore(snapshot)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from ganatomy.errors import InputError


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Copies on the CPU: `weights` (G.*, D.*, H.<head>.*, ema.*), `moments` of the optimisers, `counters`."""

    weights: dict[str, Tensor]
    moments: dict[str, Tensor]
    counters: dict[str, int]

    def counter(self, name: str) -> int:
        if name not in self.counters:
            raise InputError(f"the snapshot lacks the counter {name!r}", "take an older checkpoint; this is incomplete")
        return self.counters[name]


def check_fit(modules: Mapping[str, nn.Module], weights: Mapping[str, Tensor]) -> None:
    """The weights are those of the modules, each under its prefix: names, types and shapes."""
    wanted = {
        prefix + name: tensor for prefix, module in modules.items() for name, tensor in module.state_dict().items()
    }
    odd = sorted(name for name in wanted.keys() | weights.keys() if _kind(wanted, name) != _kind(weights, name))
    if odd:
        name = odd[0]
        raise InputError(
            f"the snapshot has {_kind(weights, name)} as {name}, the networks have {_kind(wanted, name)} "
            f"({len(odd)} tensors differ)",
            "resume with the recipe that the run began with",
        )


def fill(modules: Mapping[str, nn.Module], weights: Mapping[str, Tensor]) -> None:
    """Load the tensors under each prefix into its module, in place; all are untouched if one does not fit."""
    check_fit(modules, weights)
    for prefix, module in modules.items():
        module.load_state_dict({name: weights[prefix + name] for name in module.state_dict()})


def _kind(tensors: Mapping[str, Tensor], name: str) -> str:
    return f"{tensors[name].dtype} {tuple(tensors[name].shape)}" if name in tensors else "nothing"
