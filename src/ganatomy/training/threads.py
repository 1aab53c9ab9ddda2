"""How many threads torch computes with: a small network gains little from a second one, and loses much by it where
the machine is busy, since its threads wait for each other after every operation.

with threads(1):
    train_a_small_network()
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def threads(count: int) -> Iterator[None]:
    """The number of before comes back at the end."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
