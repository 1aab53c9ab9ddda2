"""Latents of a GAN by address, block by block, and what the generator makes of them: the one way explanations sample.

    for draw in draws(gan, 1000, seed=0, progress=progress):
        pictures = made(gan.generator, draw)               # eval mode, no gradients, on the CPU in float32
    with watch(gan.generator, sites) as trace: made(gan.generator, draw)

Blocks are fixed, since the last bits of a result depend on them: sample i is the same whatever is asked for beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.models.evaluating import evaluating, home
from ganatomy.models.gan import GAN

BLOCK = 64
Progress = Callable[[int, int], None]  # samples done, of how many


@dataclass(frozen=True, eq=False)
class Draw:
    """Latents and labels of consecutive samples; `indices` are their addresses."""

    indices: range
    z: Tensor
    labels: Tensor | None

    def __len__(self) -> int:
        return len(self.indices)


def draws(
    gan: GAN, n: int, *, seed: int, start: int = 0, block: int = BLOCK, progress: Progress | None = None
) -> Iterator[Draw]:
    """Samples start to start + n - 1 of a seed."""
    if n < 1 or start < 0:
        raise UsageError(f"{n} samples from {start} on were asked for", "ask for one or more, from 0 on")
    for first in range(start, start + n, block):
        indices = range(first, min(first + block, start + n))
        yield Draw(indices, gan.latent.sample(seed, indices), gan.latent.labels(seed, indices))
        if progress is not None:
            progress(indices.stop - start, n)


def made(generator: nn.Module, draw: Draw) -> Tensor:
    """The samples of a draw; hooks that are on the generator see this one call."""
    return ran(generator, draw.z, draw.labels)


def ran(generator: nn.Module, z: Tensor, labels: Tensor | None = None) -> Tensor:
    """generator(z), or generator(z, labels), in eval mode, as one batch."""
    device, dtype = home(generator)
    with evaluating(generator), torch.no_grad():
        given = () if labels is None else (labels.to(device),)
        samples: Tensor = generator(z.to(device, dtype, copy=True), *given)
    return samples.float().cpu()
