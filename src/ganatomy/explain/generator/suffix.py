"""The generator from a site on, for many changed activations; its prefix runs once where it can be replayed.

    suffix = Suffix(generator, "up1.act")
    start = suffix.begin(draw)                        # start.activation (n, units, ...), start.pictures
    for pictures in suffix.each(start, channels, values):      # (m, n, ...): one of m channels set in each
        ...
    suffix.changed(start, sets, 0.0)                  # (sets, n, ...): several channels of a set at once

`tracing.replay` says which networks cannot be replayed; it edits those in whole passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganatomy.explain.passes import Draw
from ganatomy.models.evaluating import evaluating, home
from ganatomy.tracing.replay import Replay
from ganatomy.tracing.site import Site
from ganatomy.tracing.suffix import Kept

TOGETHER = 256  # pictures that are made at a time


@dataclass(frozen=True, eq=False)
class Start:
    """Unchanged pictures are on the CPU in float32, activations where the network is."""

    draw: Draw
    kept: Kept
    activation: Tensor
    pictures: Tensor


class Suffix:
    """Of one site."""

    def __init__(self, network: nn.Module, site: str | Site) -> None:
        self.network, self.replay = network, Replay(network, site)

    def begin(self, draw: Draw) -> Start:
        device, dtype = home(self.network)
        given = () if draw.labels is None else (draw.labels.to(device),)
        with self._running():
            kept = self.replay.begin(draw.z.to(device, dtype, copy=True), *given)
        return Start(draw, kept, kept.activation, kept.output.float().cpu())

    def each(self, start: Start, channels: Sequence[int], values: Tensor) -> Iterator[Tensor]:
        """In the order of the channels; values (channels, n, ...)."""
        step = max(1, TOGETHER // len(start.draw))
        for first in range(0, len(channels), step):
            part = slice(first, first + step)
            with self._running():
                made = [out for _, out in self.replay.each_channel(start.kept, channels[part], values[part])]
            yield torch.cat(made).float().cpu()

    def changed(self, start: Start, sets: Sequence[Sequence[int]], value: float) -> Tensor:
        """Every set of channels at a value."""
        n, made = len(start.draw), []
        step = max(1, TOGETHER // n)
        for first in range(0, len(sets), step):
            part = sets[first : first + step]
            activations = start.activation.expand(len(part), *start.activation.shape).clone()
            for place, channels in enumerate(part):
                activations[place][:, list(channels)] = value
            with self._running():
                made.append(self.replay.finish(start.kept, activations.flatten(0, 1)).float().cpu())
        pictures = torch.cat(made)
        return pictures.reshape(len(sets), n, *pictures.shape[1:])

    @contextmanager
    def _running(self) -> Iterator[None]:
        with evaluating(self.network), torch.no_grad():
            yield
