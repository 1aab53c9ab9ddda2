"""The same work for many items, in as many processes as there are cores.

results = each(partial(measure, "digits-mlp"), range(10), progress=lambda done, total: None)
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TypeVar

from ganatomy.training.machine import cores

Found = TypeVar("Found")
Item = TypeVar("Item")
Progress = Callable[[int, int], None]


def each(measure: Callable[[Item], Found], items: Iterable[Item], *, progress: Progress) -> list[Found]:
    """measure(item) of each, in the order of the items; with one core, here and without processes."""
    items = list(items)
    if cores() == 1 or len(items) == 1:
        found = []
        for done, item in enumerate(items, start=1):
            found.append(measure(item))
            progress(done, len(items))
        return found
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(cores(), len(items)), mp_context=context) as pool:
        running = {pool.submit(measure, item): item for item in items}
        for done, _ in enumerate(as_completed(running), start=1):
            progress(done, len(items))
        return [future.result() for future in running]
