"""Pacing: so many requests in so many seconds, the rest wait their turn."""

import threading
from collections import deque
from dataclasses import dataclass

from qbsf.clock import Clock


@dataclass(frozen=True)
class Limit:
    """At most `count` requests in any `seconds`."""

    count: int
    seconds: float


class RateLimiter:
    """Hands out sending times, each as early as every limit allows. Safe to share between threads: a thread
    reserves its time under the lock and sleeps outside it, so nobody polls and nobody overtakes.
    """

    def __init__(self, clock: Clock, limits: tuple[Limit, ...]) -> None:
        self._clock = clock
        self._limits = limits
        self._lock = threading.Lock()
        self._slots: deque[float] = deque(maxlen=max((limit.count for limit in limits), default=1))

    def reserve(self, patience: float) -> float | None:
        """Seconds to wait before sending, now reserved; None (nothing reserved) where that is over `patience`."""
        with self._lock:
            now = self._clock.monotonic()
            slot = max([now, *self._earliest()])
            if slot - now > patience:
                return None
            self._slots.append(slot)
            return slot - now

    def _earliest(self) -> list[float]:
        """For each limit that is full, when its oldest request leaves the window."""
        return [self._slots[-limit.count] + limit.seconds for limit in self._limits if len(self._slots) >= limit.count]
