"""The pictures of a draw as they are, and after each of several changes at one site; its prefix runs once.

replay = Replay(gan.generator, "up1.act")
plain, *others = changed(replay, draw, [set_to(off, (3, 7)), set_to(off, (1,))])
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ganatomy.explain.passes import Draw
from ganatomy.models.evaluating import evaluating, home
from ganatomy.tracing.edit import Edit
from ganatomy.tracing.replay import Replay

TOGETHER = 512  # pictures that go through the network at once


def changed(replay: Replay, draw: Draw, changes: Sequence[Edit]) -> Iterator[Tensor]:
    """In eval mode, without gradients, on the CPU in float32, as `made` gives them."""
    device, dtype = home(replay.network)
    given = () if draw.labels is None else (draw.labels.to(device),)
    step = max(1, TOGETHER // len(draw))
    with evaluating(replay.network), torch.no_grad():
        kept = replay.begin(draw.z.to(device, dtype, copy=True), *given)
    yield kept.output.float().cpu()
    for first in range(0, len(changes), step):
        with evaluating(replay.network), torch.no_grad():
            activations = torch.cat([change(kept.activation) for change in changes[first : first + step]])
            pictures = replay.finish(kept, activations).float().cpu()
        yield from pictures.split(len(draw))


def set_to(level: Tensor, units: Sequence[int]) -> Edit:
    """These channels at their own level everywhere."""
    chosen = torch.tensor(list(units), dtype=torch.int64)

    def change(activation: Tensor) -> Tensor:
        new = activation.clone()
        new[:, chosen] = level[chosen].to(activation).reshape(1, -1, *[1] * (activation.ndim - 2))
        return new

    return change
