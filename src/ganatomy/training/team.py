"""The processes that train together: each takes its part of every batch, and gradients are summed by hand.

    team = Team(rank=0, size=2)                  # launch.team_from_environment() makes it, and the links it speaks by
    part = team.part(batch=64, block=1)          # range(0, 32)
    gradients = team.summed(gradients)           # one message for all of them

A gradient of a mean over the batch is the sum over processes of their shares, so every process scales its loss by its
share of the samples. Nothing is wrapped: what is summed is what autograd gave, so lazy penalties and several backward
passes are right, and a weight without a gradient counts as zero on every process alike. A process that is gone ends
the others with an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as processes
from torch import Tensor

from ganatomy.errors import GanatomyError, UsageError
from ganatomy.games.game import Game


@dataclass(frozen=True)
class Team:
    """Process number `rank` of `size`, `beside` of them on its machine; the default trains alone and sends nothing."""

    rank: int = 0
    size: int = 1
    beside: int = 1

    @property
    def alone(self) -> bool:
        return self.size == 1

    @property
    def leads(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0

    def part(self, batch: int, block: int = 1) -> range:
        """The samples of a batch that are this process's: whole blocks, as evenly as they go."""
        return parts(batch, self.size, block=block)[self.rank]

    def summed(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Each tensor's sum over all processes, the same bits everywhere; the given ones are left alone."""
        if self.alone or not tensors:
            return list(tensors)
        # float32 at least: sums of many small numbers in half precision lose them
        wide = torch.float64 if any(tensor.dtype == torch.float64 for tensor in tensors) else torch.float32
        flat = torch.cat([tensor.reshape(-1).to(wide) for tensor in tensors])
        with self._in_touch():
            processes.all_reduce(flat)
        cuts = flat.split([tensor.numel() for tensor in tensors])
        return [part.view(tensor.shape).to(tensor.dtype) for tensor, part in zip(tensors, cuts, strict=True)]

    @torch.no_grad()
    def share_out_(self, tensors: Sequence[Tensor]) -> None:
        """Every process gets the leader's values, in place: weights and buffers at the start; a message for each type.

        All that shows in a shape is checked before: a message of another length would be read as nonsense.
        """
        if self.alone or not tensors:
            return
        for kind in dict.fromkeys(tensor.dtype for tensor in tensors):
            own = [tensor for tensor in tensors if tensor.dtype == kind]
            flat = torch.cat([tensor.reshape(-1) for tensor in own])
            with self._in_touch():
                processes.broadcast(flat, src=0)
            for tensor, part in zip(own, flat.split([tensor.numel() for tensor in own]), strict=True):
                tensor.copy_(part.view(tensor.shape))

    def follow(self, decision: int) -> int:
        """What the leader decided, on every process: to go on, to save, to stop."""
        if self.alone:
            return decision
        told = torch.tensor([decision], device=_device())
        with self._in_touch():
            processes.broadcast(told, src=0)
        return int(told)

    def hear(self, text: str) -> str:
        """What the leader has to say, on every process: a folder's name."""
        if self.alone:
            return text
        told = [text]
        with self._in_touch():
            processes.broadcast_object_list(told, src=0)
        return told[0]

    def require_equal(self, digest: str, what: str) -> None:
        """All processes hold the same, or all of them end with an error."""
        if self.alone:
            return
        digests: list[str | None] = [None] * self.size
        with self._in_touch():
            processes.all_gather_object(digests, digest)
        if len(set(digests)) > 1:
            odd = [rank for rank, other in enumerate(digests) if other != digests[0]]
            raise GanatomyError(
                f"{what} differ between processes: {', '.join(map(str, odd))} from process 0",
                "give every process the same package, data, seed and type of machine; the last checkpoint is sound",
            )

    @contextmanager
    def _in_touch(self) -> Iterator[None]:
        """A broken link becomes one error that says who is gone."""
        try:
            yield
        except RuntimeError as error:
            raise LostError(self, str(error)) from error


class LostError(GanatomyError):
    """A message between processes did not arrive. Who is `gone` is plain where there are two; None: not known."""

    def __init__(self, team: Team, cause: str, gone: Sequence[int] | None = None) -> None:
        if gone is None and team.size == 2:
            gone = (1 - team.rank,)
        who = f"process {', '.join(map(str, gone))} of {team.size}" if gone else f"one of the {team.size} processes"
        super().__init__(
            f"{who} is gone or does not answer, and process {team.rank} cannot go on without ({_short(cause)})",
            "the last checkpoint is sound: look for that process's own message, then start again with --resume auto",
        )
        self.team, self.cause = team, cause

    def __reduce__(self) -> tuple[type[GanatomyError], tuple[str, str]]:
        return GanatomyError, (self.said, self.remedy)


ALONE = Team()


def parts(batch: int, count: int, *, block: int = 1) -> list[range]:
    """A batch cut into `count` runs of whole blocks, the longer ones first; none may be empty."""
    blocks = batch // block
    if batch % block or blocks < count:
        raise UsageError(
            f"a batch of {batch} was to be cut into {count} parts of whole blocks of {block}",
            f"give a batch that is a multiple of {block} and at least {block * count}",
        )
    sizes = [block * (blocks // count + (place < blocks % count)) for place in range(count)]
    starts = [sum(sizes[:place]) for place in range(count)]
    return [range(start, start + size) for start, size in zip(starts, sizes, strict=True)]


def check_divisible(game: Game, *, processes: int, micro_batches: int) -> None:
    """A term that couples the whole batch cannot be worked out in parts."""
    if processes * micro_batches > 1 and game.coupled:
        raise UsageError(
            f"the terms {', '.join(game.coupled)} need the whole batch at once, which was to be split between "
            f"{processes} processes and {micro_batches} micro-batches",
            "train with one process and micro_batches 1, or drop these terms"
            + (" (path-length: give it a target)" if "path-length" in game.coupled else ""),
        )


def _device() -> torch.device:
    return torch.device("cuda" if processes.get_backend() == "nccl" else "cpu")


def _short(cause: str) -> str:
    """The first sentence of what the transport said, without the place in its source."""
    return cause.strip().splitlines()[0].split("] ")[-1].split(". ")[0][:100] if cause.strip() else "no reason given"
