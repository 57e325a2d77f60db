"""Sessions: what an access token stands for, until it was idle too long or an administrator ended it."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from qbsf.sandbox.clock import SandboxClock
from qbsf.sandbox.salesforce.faults import session_expired, session_not_for_rest


@dataclass
class Session:
    user_id: str
    last_used: datetime


class Sessions:
    """All sessions of an org. A session lives for `idle` after its last use (salesforce.md section 1)."""

    def __init__(self, clock: SandboxClock, organization_id: str) -> None:
        self._clock = clock
        self._prefix = organization_id[:15] + "!AQ"
        self._sessions: dict[str, Session] = {}
        self.idle = timedelta(minutes=120)
        self.valid_for_rest = True
        """False: the 401 that no new login cures."""

    def open(self, user_id: str) -> str:
        """A new access token."""
        token = self._prefix + secrets.token_urlsafe(48)
        self._sessions[token] = Session(user_id, self._clock.now())
        return token

    def use(self, authorization: str) -> Session:
        """The session of an Authorization header, kept alive by its use; ApiError 401 without one."""
        kind, _, token = authorization.partition(" ")
        session = self._sessions.get(token) if kind in {"Bearer", "OAuth"} else None
        now = self._clock.now()
        if session is None or now - session.last_used > self.idle:
            raise session_expired()
        if not self.valid_for_rest:
            raise session_not_for_rest()
        session.last_used = now
        return session

    def end(self, token: str) -> None:
        self._sessions.pop(token, None)

    def end_all(self) -> None:
        self._sessions.clear()
