"""Networks in eval mode, for a while or for one pass over a batch.

with evaluating(gan.generator, gan.critic):
    ...                                          # dropout off, batch statistics frozen; gradients still flow
samples = passed(generator, z, labels=labels)     # no gradients, in fixed blocks
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.models.parts import with_article

ALONE = {"network": "a tensor", "generator": "the samples", "critic": "the score"}
BLOCK = 64  # samples that go through a network together; fixed, since the last bits of a result depend on it


@contextmanager
def evaluating(*networks: nn.Module | None) -> Iterator[None]:
    """Each submodule's own flag comes back at the end; None stands for a network that is not there."""
    there = [network for network in networks if network is not None]
    flags = [(module, module.training) for network in there for module in network.modules()]
    try:
        for network in there:
            network.eval()
        yield
    finally:
        for module, training in flags:
            module.training = training


def passed(
    network: nn.Module, batch: Tensor, *, labels: Tensor | None = None, block: int = BLOCK, role: str = "network"
) -> Tensor:
    """`network(batch)`, or `network(batch, labels)`, on the network's device and in its type; at least one sample.

    `role` is what an error calls the network.
    """
    if block < 1:
        raise UsageError(f"blocks of {block} samples were asked for", "a block holds at least one sample")
    device, dtype = home(network)
    parts = []
    with evaluating(network), torch.no_grad():
        for place in range(0, len(batch), block):
            # A copy, since a foreign network may work in place on what it is given.
            part = batch[place : place + block].to(device, dtype, copy=True)
            given = () if labels is None else (labels[place : place + block].to(device),)
            parts.append(network(part, *given))
            if not isinstance(parts[-1], Tensor):
                raise UsageError(
                    f"the {role} returned {with_article(parts[-1])}", f"wrap it to return {ALONE[role]} alone"
                )
    return torch.cat(parts)


def traced(network: nn.Module, batch: Tensor, *, labels: Tensor | None = None) -> Tensor | None:
    """`network(batch)` once more, with autograd's graph behind it; None where the network only runs without one."""
    device, dtype = home(network)
    given = () if labels is None else (labels.to(device),)
    with evaluating(network), torch.enable_grad():
        try:
            # No leaf is handed over, since a foreign network may work in place.
            out = network(batch.detach().to(device, dtype, copy=True).requires_grad_().clone(), *given)
        except Exception:  # whatever a foreign network may raise; it did not without gradients
            return None
    return out if isinstance(out, Tensor) else None


def home(network: nn.Module) -> tuple[torch.device, torch.dtype]:
    """Device and floating type of a network: those of its first floating parameter or buffer."""
    for tensor in chain(network.parameters(), network.buffers()):
        if tensor.is_floating_point():
            return tensor.device, tensor.dtype
    return torch.device("cpu"), torch.float32
