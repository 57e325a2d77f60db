"""Tokens as values: when they are due, and the form in which they are stored. Pure.

Times are absolute and aware, by this machine's clock at receipt; a machine clock that was wrong then or is wrong now
makes a token due, never fresh (quickbooks.md section 1, Clock).
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

MARGIN = timedelta(seconds=300)
"""A token is renewed this long before it ends."""


class DamagedTokenError(ValueError):
    """A stored entry that is not what qbsf wrote."""


@dataclass(frozen=True)
class AccessToken:
    """An access token of QuickBooks, one hour long."""

    value: str = field(repr=False)
    realm_id: str
    issued_at: datetime
    expires_at: datetime

    def due(self, now: datetime) -> bool:
        """Whether it has to be renewed: about to end, or "issued in the future" (the clock was or is wrong)."""
        return now >= self.expires_at - MARGIN or now < self.issued_at

    def to_json(self) -> str:
        return json.dumps(
            {
                "access_token": self.value,
                "realm_id": self.realm_id,
                "issued_at": stamp(self.issued_at),
                "expires_at": stamp(self.expires_at),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "AccessToken":
        """Raises DamagedTokenError."""
        entry = _entry(text)
        return cls(
            _text(entry, "access_token"),
            _text(entry, "realm_id"),
            _instant(entry, "issued_at"),
            _instant(entry, "expires_at"),
        )


@dataclass(frozen=True)
class RefreshToken:
    """A refresh token, what it is for, and the one before it: rotated about daily, single use assumed (auth.md A5).

    Its JSON form stays far below the 1280 characters of a Windows keyring entry.
    """

    value: str = field(repr=False)
    realm_id: str
    environment: str
    client_id: str
    rotated_at: datetime
    previous: str = field(default="", repr=False)

    def to_json(self) -> str:
        return json.dumps(
            {
                "refresh_token": self.value,
                "previous": self.previous,
                "realm_id": self.realm_id,
                "environment": self.environment,
                "client_id": self.client_id,
                "rotated_at": stamp(self.rotated_at),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "RefreshToken":
        """Raises DamagedTokenError."""
        entry = _entry(text)
        previous = entry.get("previous", "")
        return cls(
            value=_text(entry, "refresh_token"),
            realm_id=_text(entry, "realm_id"),
            environment=_text(entry, "environment"),
            client_id=_text(entry, "client_id"),
            rotated_at=_instant(entry, "rotated_at"),
            previous=previous if isinstance(previous, str) else "",
        )


@dataclass(frozen=True)
class Issued:
    """What Intuit's token endpoint answered: lifetimes are in the answer's own terms, from its receipt."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    lifetime: timedelta
    refresh_lifetime: timedelta | None
    """100 days, rolling; None where it was not told."""
    hard_lifetime: timedelta | None
    """Up to five years from the consent, whatever is refreshed; None where it was not told."""


def stamp(instant: datetime) -> str:
    """An instant as stored: UTC with Z, to the second."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant_of(text: object) -> datetime | None:
    """The instant of a stored stamp, or None where it is none."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _entry(text: str) -> dict[str, object]:
    try:
        found = json.loads(text)
    except ValueError:
        # Not chained: the parser's exception carries the text.
        raise DamagedTokenError("not JSON") from None
    if not isinstance(found, dict):
        raise DamagedTokenError("not an object")
    return found


def _text(entry: dict[str, object], key: str) -> str:
    value = entry.get(key)
    if isinstance(value, str) and value:
        return value
    raise DamagedTokenError(key)


def _instant(entry: dict[str, object], key: str) -> datetime:
    found = instant_of(entry.get(key))
    if found is None:
        raise DamagedTokenError(key)
    return found
