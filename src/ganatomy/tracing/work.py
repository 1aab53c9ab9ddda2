"""The multiply-adds of a network's convolutions and linear layers, counted as their modules run.

multiply_adds(generator, [z])               # {"start.linear": 40140800, ...}, for the whole batch
with counting(generator) as work:           # the same for whatever runs in the block: work["up1.conv"]
    generator(z)

Taps that meet padding are counted, since the usual kernels run them too. What a forward computes by itself is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def multiply_adds(network: nn.Module, inputs: Sequence[Any]) -> dict[str, int]:
    """Of one pass without gradients, by the names of the modules."""
    with torch.no_grad(), counting(network) as work:
        network(*inputs)
    return dict(work)


@contextmanager
def counting(network: nn.Module) -> Iterator[Counter[str]]:
    work: Counter[str] = Counter()
    with ExitStack() as attached:
        for name, module in network.named_modules():
            if isinstance(module, (*CONVOLUTIONS, *TRANSPOSED, nn.Linear)):
                attached.callback(module.register_forward_hook(_counter(work, name)).remove)
        yield work


def _counter(work: Counter[str], name: str) -> Any:
    def count(module: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(module, nn.Linear):
            work[name] += output.numel() * module.in_features
            return
        weight = module.weight
        assert isinstance(weight, Tensor)
        if isinstance(module, TRANSPOSED):  # each input meets a kernel for each output channel of its group
            work[name] += given[0].numel() * weight[0].numel()
        else:  # each output is made of a kernel for each input channel of its group
            work[name] += output.numel() * weight[0].numel()

    return count
