"""The batches of a player's turns: data in epochs, latents and labels by address, of which a process takes its part.

    supply = Supply("critic", data, latent, pace=pace, team=ALONE, block=game.block)
    for share, batch in supply(turn, seen=turn * 64): ...

The players never share a batch. What turn t holds depends on (seed, player, t) alone. Several turns are drawn at once,
since a draw has a cost of its own that does not grow with its size; it changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.data.order import batch_indices
from ganatomy.games.players import Batch
from ganatomy.models.latent import Latent
from ganatomy.numerics.random import Stream
from ganatomy.training.pace import Pace, Role
from ganatomy.training.team import Team, parts

AT_ONCE = 16  # turns drawn together at most,
NUMBERS = 2**20  # and as many as hold so many numbers


class Supply:
    """Batches of one player, in parts: each with its share of the whole batch."""

    def __init__(self, role: Role, data: Dataset, latent: Latent, *, pace: Pace, team: Team, block: int) -> None:
        self.data, self.latent, self.batch = data, latent, pace.batch
        self.stream = Stream(pace.seed, f"play/{role}")
        self.own = team.part(pace.batch, block)
        self.cuts = parts(len(self.own), pace.micro_batches, block=block)
        numbers = len(self.own) * (math.prod(data.format.shape) + latent.dim)
        self.together = max(1, min(AT_ONCE, NUMBERS // numbers))
        self.dtype, self.device = torch.float32, torch.device("cpu")
        self.channels_last = pace.channels_last
        self.drawn: tuple[int, _Drawn] | None = None

    def __call__(self, turn: int, seen: int) -> Iterator[tuple[float, Batch]]:
        """The parts of a turn's batch; shares of all processes sum to 1. `seen` is what schedules go by."""
        group, place = divmod(turn, self.together)
        if self.drawn is None or self.drawn[0] != group:
            self.drawn = (group, self._draw(group))
        real, latent, labels, fake_labels = (_part(each, place, len(self.own)) for each in self.drawn[1])
        assert real is not None
        assert latent is not None
        first = turn * self.batch + self.own.start
        for cut in self.cuts:
            yield (
                len(cut) / self.batch,
                Batch(
                    real=_part(real, cut.start, len(cut), unit=1),
                    latent=latent[cut.start : cut.stop],
                    stream=self.stream,
                    indices=range(first + cut.start, first + cut.stop),
                    labels=_part(labels, cut.start, len(cut), unit=1),
                    fake_labels=_part(fake_labels, cut.start, len(cut), unit=1),
                    seen=seen,
                    step=turn,
                ),
            )

    def bring_to(self, device: torch.device, dtype: torch.dtype) -> None:
        """Where the players are, and in their type."""
        self.device, self.dtype = device, dtype

    def _draw(self, group: int) -> _Drawn:
        """The own parts of `together` turns, one after the other."""
        size = self.together * self.batch
        chosen = batch_indices(self.stream.child("order"), group, batch=size, size=self.data.size)
        starts = [place * self.batch + self.own.start for place in range(self.together)]
        rows = [row for start in starts for row in range(start, start + len(self.own))]
        places = chosen if len(rows) == size else [chosen[row] for row in rows]
        first = group * size
        addresses = range(first, first + size) if len(rows) == size else [first + row for row in rows]
        real = self.data.read(places).to(self.device, self.dtype)
        if self.channels_last and real.ndim == 4:
            real = real.contiguous(memory_format=torch.channels_last)
        return (
            real,
            self.latent.draw(self.stream.child("latent"), addresses, dtype=self.dtype).to(self.device),
            _there(self.data.labels(places) if self.latent.classes else None, self.device),
            _there(self.latent.draw_labels(self.stream.child("label"), addresses), self.device),
        )


_Drawn = tuple[Tensor, Tensor, Tensor | None, Tensor | None]


def _part(whole: Tensor | None, place: int, size: int, *, unit: int | None = None) -> Tensor | None:
    """`size` rows from number `place`, counted in `unit`s of rows (by default in parts of that size)."""
    first = place * (size if unit is None else unit)
    return None if whole is None else whole[first : first + size]


def _there(labels: Tensor | None, device: torch.device) -> Tensor | None:
    return None if labels is None else labels.to(device)
