"""How many bytes of tensors a piece of work holds at once, read off the objects that are alive while it reports."""

from __future__ import annotations

import gc
from collections.abc import Callable

from torch import Tensor


class Alive:
    """Calling `look` notes the bytes of all tensors made since the beginning; `most` is the largest note."""

    def __init__(self) -> None:
        self.most = 0

    def look(self) -> None:
        tensors = (each for each in gc.get_objects() if isinstance(each, Tensor))
        storages = {each.untyped_storage().data_ptr(): each.untyped_storage().nbytes() for each in tensors}
        self.most = max(self.most, sum(storages.values()))


def tensors_alive(work: Callable[[Callable[[], None]], object]) -> int:
    """Most bytes at any time that `work(look)` looks. What was there before is not looked at, which makes it quick."""
    seen = Alive()
    gc.collect()
    gc.freeze()
    try:
        work(seen.look)
    finally:
        gc.unfreeze()
    assert seen.most > 0, "nothing was looked at"
    return seen.most


def every(look: Callable[[], None], times: int) -> Callable[[int, int], None]:
    """A progress that looks at each of so many parts of the way."""
    last = [0]

    def progress(done: int, total: int) -> None:
        part = done * times // total
        if part != last[0]:
            last[0] = part
            look()

    return progress
