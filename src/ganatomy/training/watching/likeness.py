"""How much what a layer computes has changed between two times: linear CKA of its outputs for the same inputs.

before = grams(generator, lambda: generator(z))       # {"hidden1.linear": (n, n), ...}
cka(before["head"], after["head"])                    # 1: the same up to a rotation, a factor and a shift; 0: unrelated

CKA is the cosine of two tables of inner products between samples (Kornblith et al. 2019). The tables are centred so
that their products estimate without bias (Székely and Rizzo 2014; Nguyen et al. 2021): unrelated features read 0 on
average however wide they are, and may read a little less.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import torch
from torch import Tensor, nn

from ganatomy.training.watching.layers import layers_of, spread_out

LAYERS = 6  # of a network, at most
FEWEST = 4  # samples


def grams(network: nn.Module, run: Callable[[], object]) -> dict[str, Tensor]:
    """The tables of at most six layers that `run` runs, each at its first call; not of a layer that says nothing."""
    found: dict[str, Tensor] = {}
    layers = layers_of(network)
    with ExitStack() as attached:
        for name in spread_out(list(layers), LAYERS):
            hook = _reader(found, name)
            attached.callback(layers[name].register_forward_hook(hook).remove)
        run()
    return {name: table for name, table in found.items() if bool(table.any())}


def gram(features: Tensor) -> Tensor:
    """(n, n), float32 on the CPU, of norm 1; zero if all samples have the same features, NaN if they are not finite."""
    flat = features.detach().flatten(1).double()
    flat = flat - flat.mean(0)
    table = (flat @ flat.T).cpu().fill_diagonal_(0.0)
    n = len(table)
    rows = table.sum(1)
    table = table - (rows[:, None] + rows) / (n - 2) + rows.sum() / ((n - 1) * (n - 2))
    table.fill_diagonal_(0.0)
    norm = table.norm()
    return (table / norm if bool(norm > 0.0) or bool(norm.isnan()) else torch.zeros_like(table)).float()


def cka(before: Tensor, after: Tensor) -> float:
    """Of two tables by `gram`, over the same samples."""
    return float((before.double() * after.double()).sum())


def _reader(found: dict[str, Tensor], name: str) -> Callable[[nn.Module, object, Tensor], None]:
    def read(_layer: nn.Module, _given: object, output: Tensor) -> None:
        # At once: what follows may work in place.
        if name not in found and len(output) >= FEWEST:
            found[name] = gram(output)

    return read
