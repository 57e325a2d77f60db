"""Holding signals back while a rotated token is between Intuit's answer and the store."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_HELD = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK") if hasattr(signal, name))


@contextmanager
def held_signals() -> Iterator[None]:
    """Notes SIGTERM, SIGINT and SIGHUP inside the block and delivers them after it, as if they had just come.

    By handlers, not by a signal mask: a mask lets another thread of the process take the signal (the progress
    bar's), and Python then runs the handler in the main thread all the same. Handlers belong to the main thread:
    where another thread renews, whoever ends the process waits for it (`StoredQuickBooksTokens.finish`).
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        arrived.append(number)

    before = {number: signal.getsignal(number) for number in _HELD}
    for number, handler in before.items():
        if handler is not None:
            signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)
        for number in dict.fromkeys(arrived):
            signal.raise_signal(number)
