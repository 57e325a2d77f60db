"""The simulated servers' clock: real time plus an offset that a test moves."""

from datetime import UTC, datetime, timedelta
from threading import Lock


class SandboxClock:
    """Both services read this one clock; `advance` lets days pass in no time."""

    def __init__(self, start: datetime | None = None) -> None:
        self._lock = Lock()
        self._offset = timedelta() if start is None else start - datetime.now(UTC)

    def now(self) -> datetime:
        """The servers' time, aware, in UTC."""
        with self._lock:
            return datetime.now(UTC) + self._offset

    def advance(self, by: timedelta) -> None:
        with self._lock:
            self._offset += by
