"""What went over the sandbox's network, so that a test can count it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from threading import Lock


@dataclass(frozen=True)
class LoggedRequest:
    """One request and what became of it."""

    service: str
    method: str
    host: str
    path: str
    target: str
    """Path and query as sent."""
    body: bytes
    status: int
    """0 where the client saw no status: reset, or never answered."""
    fault: str
    """The kind of the injected fault it met, "" for none."""
    token: bool
    """An OAuth endpoint, not an API request."""
    at: datetime
    """By the sandbox's clock."""


class RequestLog:
    """Requests in the order they were answered; safe to read while the servers run."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: list[LoggedRequest] = []

    def __iter__(self) -> Iterator[LoggedRequest]:
        return iter(self.entries())

    def __len__(self) -> int:
        return len(self.entries())

    def __getitem__(self, index: int) -> LoggedRequest:
        return self.entries()[index]

    def entries(self, service: str = "", *, token: bool | None = None, path: str = "") -> list[LoggedRequest]:
        """Those of one service, of API or token endpoints, whose path contains a text."""
        with self._lock:
            return [
                entry
                for entry in self._entries
                if service in {"", entry.service} and (token is None or entry.token is token) and path in entry.path
            ]

    def count(self, service: str = "", *, token: bool | None = False) -> int:
        """How many requests; by default the API's, without token endpoints."""
        return len(self.entries(service, token=token))

    def add(self, entry: LoggedRequest) -> None:
        with self._lock:
            self._entries.append(entry)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
