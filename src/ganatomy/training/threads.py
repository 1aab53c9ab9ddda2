"""How many threads torch computes with: small networks are fastest on one, and a busy machine punishes more.

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
