"""The org's allowance of API requests in any 24 hours (salesforce.md section 6)."""

from collections import deque
from datetime import datetime, timedelta

from qbsf.sandbox.clock import SandboxClock
from qbsf.sandbox.salesforce.faults import allowance_used_up

WINDOW = timedelta(hours=24)
BUCKET = timedelta(minutes=5)


class Allowance:
    """Counts requests in buckets of minutes; what is older than a day no longer counts."""

    def __init__(self, clock: SandboxClock, total: int) -> None:
        self._clock = clock
        self._buckets: deque[tuple[datetime, int]] = deque()
        self.total = total

    @property
    def used(self) -> int:
        oldest = self._clock.now() - WINDOW
        while self._buckets and self._buckets[0][0] <= oldest:
            self._buckets.popleft()
        return sum(count for _, count in self._buckets)

    def set(self, total: int, used: int) -> None:
        self.total = total
        self._buckets.clear()
        self._buckets.append((self._clock.now(), used))

    def spend(self) -> None:
        """Count one request; ApiError REQUEST_LIMIT_EXCEEDED where none is left."""
        if self.used >= self.total:
            raise allowance_used_up()
        now = self._clock.now()
        if self._buckets and now - self._buckets[-1][0] < BUCKET:
            began, count = self._buckets.pop()
            self._buckets.append((began, count + 1))
        else:
            self._buckets.append((now, 1))

    def header(self) -> str:
        return f"api-usage={self.used}/{self.total}"
