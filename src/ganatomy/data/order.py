"""Which samples make up step t: a pure function of (stream, step), so a resumed run needs no sampler state.

    order = Stream(seed, "order")
    data.read(batch_indices(order, step, batch=64, size=data.size))

Epochs are random orders laid end to end and batches are cut from the result: each sample comes once an epoch, in a new
order, none is dropped, and a batch may span two epochs. An endless set is read straight on from a place of the stream's
own, so that two seeds see different samples.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream

ENDLESS = 2**60  # the nominal size of a set that is drawn, not stored
START_SPACING = 2**24  # between the places where streams may start in an endless set


def epoch_order(stream: Stream, epoch: int, size: int) -> Tensor:
    """All of 0 .. size-1 once, in the random order of this epoch."""
    return stream.permutation(epoch, size)


_recent_order = lru_cache(maxsize=4)(epoch_order)  # consecutive steps share an epoch; the key names all that counts


def batch_indices(stream: Stream, step: int, *, batch: int, size: int) -> list[int]:
    """The samples of the global batch of a step, steps counted from 0; a process takes its slice."""
    if batch < 1 or size < 1 or step < 0:
        raise UsageError(
            f"batch {step} of {batch} samples out of {size} was asked for",
            "steps count from 0, and a batch and a data set have at least one sample",
        )
    first = step * batch
    if size >= ENDLESS:
        start = int(stream.integers(range(1), 2**32)[0]) * START_SPACING
        return list(range(start + first, start + first + batch))
    epochs = range(first // size, (first + batch - 1) // size + 1)
    joined = torch.cat([_recent_order(stream, epoch, size) for epoch in epochs])
    skipped = first - epochs[0] * size
    return joined[skipped : skipped + batch].tolist()
