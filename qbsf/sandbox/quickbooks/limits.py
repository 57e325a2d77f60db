"""QuickBooks' limits: requests a minute and a second, and the CorePlus meter (quickbooks.md section 5)."""

from collections import deque
from datetime import datetime, timedelta

from qbsf.sandbox.quickbooks.company import CompanySettings

_PER_MINUTE = 500
_PER_SECOND = 10


class Limits:
    """Counts requests; called with the company's lock held."""

    def __init__(self, settings: CompanySettings) -> None:
        self._settings = settings
        self._recent: deque[datetime] = deque()
        self._month = (0, 0)
        self.core_plus = 0
        """Successful data-out requests of this month: reads, queries, change feeds, batches."""

    def refuses(self, now: datetime, *, reads: bool) -> bool:
        """Whether a request is one too many; counts it otherwise."""
        self._turn_month(now)
        allowance = self._settings.builder_allowance
        if reads and allowance is not None and self.core_plus >= allowance:
            return True
        if not self._settings.throttled:
            return False
        while self._recent and self._recent[0] <= now - timedelta(minutes=1):
            self._recent.popleft()
        last_second = sum(1 for at in self._recent if at > now - timedelta(seconds=1))
        if len(self._recent) >= _PER_MINUTE or last_second >= _PER_SECOND:
            return True
        self._recent.append(now)
        return False

    def meter(self, now: datetime) -> None:
        """One more successful CorePlus request."""
        self._turn_month(now)
        self.core_plus += 1

    def _turn_month(self, now: datetime) -> None:
        if (now.year, now.month) != self._month:
            self._month = (now.year, now.month)
            self.core_plus = 0
