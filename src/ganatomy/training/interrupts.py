"""Ctrl-C and SIGTERM, heard between rounds: a round is never left half played.

    with listening() as asked:
        while not asked(): play_a_round()

A second Ctrl-C interrupts at once, as usual. Outside the main thread signals go elsewhere and nothing is heard.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

HEARD = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def listening() -> Iterator[Callable[[], bool]]:
    """A function that says whether an end was asked for; the handlers of before come back at the end."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    before = {number: signal.getsignal(number) for number in HEARD}

    def hear(_number: int, _frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    for number in HEARD:
        signal.signal(number, hear)
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)  # None: one that Python did not set
