"""grant.json: the facts of both authorizations that `status` shows without network or keyring. No secret."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from qbsf.auth.tokens import instant_of, stamp
from qbsf.errors import ConfigError
from qbsf.files import exclusive, write_private
from qbsf.ownership import require_own, unusable
from qbsf.paths import prepare_lock

_LOCK_SECONDS = 10.0


@dataclass(frozen=True)
class QuickBooksGrant:
    """One company's consent, and when its tokens end (absolute, UTC)."""

    realm_id: str
    environment: str
    company_name: str
    place: str
    """Where its tokens were stored: another place from which nothing is read is not "logged out"."""
    access_expires_at: datetime | None
    refresh_expires_at: datetime | None
    """100 days after the last refresh."""
    hard_expires_at: datetime | None
    """When the consent itself ends, five years after it was given; None where Intuit did not tell."""
    refused_at: datetime | None = None
    """When Intuit last refused the refresh token; None again after a success."""


@dataclass(frozen=True)
class SalesforceGrant:
    instance_url: str
    organization_id: str
    flow: str
    last_login_at: datetime | None


@dataclass(frozen=True)
class Grant:
    """Both sides, as far as they are authorized. `damaged` when the file could not be read: its facts are lost
    until the next refresh and login write them anew.
    """

    quickbooks: QuickBooksGrant | None = None
    salesforce: SalesforceGrant | None = None
    damaged: bool = False


class GrantFile:
    """Reads and replaces grant.json. Raises ConfigError where the state folder does not let it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Grant:
        require_own(self._path)
        try:
            content = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return Grant()
        except UnicodeDecodeError:
            return Grant(damaged=True)
        except OSError as error:
            raise unusable(self._path, error) from error
        return _parsed(content)

    def set_quickbooks(self, grant: QuickBooksGrant | None) -> None:
        self._change(lambda current: replace(current, quickbooks=grant))

    def set_salesforce(self, grant: SalesforceGrant | None) -> None:
        self._change(lambda current: replace(current, salesforce=grant))

    def quickbooks_refused(self, at: datetime) -> None:
        """Notes that Intuit refused the refresh token, for `status`."""
        self._change(
            lambda current: (
                current
                if current.quickbooks is None
                else replace(current, quickbooks=replace(current.quickbooks, refused_at=at))
            )
        )

    def _change(self, changed: Callable[[Grant], Grant]) -> None:
        lock = self._path.with_name(f"{self._path.name}.lock")
        prepare_lock(lock)
        try:
            with exclusive(lock, _LOCK_SECONDS):
                write_private(self._path, _text(changed(self.read())))
        except TimeoutError as error:
            raise ConfigError(f"{lock} is held by another process.", "Run the command again.") from error
        except OSError as error:
            raise unusable(self._path, error) from error


def _text(grant: Grant) -> str:
    document: dict[str, object] = {"schema": 1}
    if one := grant.quickbooks:
        document["quickbooks"] = {
            "realm_id": one.realm_id,
            "environment": one.environment,
            "company_name": one.company_name,
            "place": one.place,
            "access_expires_at": _stamp(one.access_expires_at),
            "refresh_expires_at": _stamp(one.refresh_expires_at),
            "hard_expires_at": _stamp(one.hard_expires_at),
            "refused_at": _stamp(one.refused_at),
        }
    if other := grant.salesforce:
        document["salesforce"] = {
            "instance_url": other.instance_url,
            "organization_id": other.organization_id,
            "flow": other.flow,
            "last_login_at": _stamp(other.last_login_at),
        }
    return json.dumps(document, indent=1) + "\n"


def _stamp(instant: datetime | None) -> str | None:
    return None if instant is None else stamp(instant)


def _parsed(content: str) -> Grant:
    try:
        document = json.loads(content)
    except ValueError:
        return Grant(damaged=True)
    if not isinstance(document, dict):
        return Grant(damaged=True)
    return Grant(_quickbooks(document.get("quickbooks")), _salesforce(document.get("salesforce")))


def _quickbooks(entry: object) -> QuickBooksGrant | None:
    if not isinstance(entry, dict) or not entry.get("realm_id"):
        return None
    return QuickBooksGrant(
        realm_id=str(entry["realm_id"]),
        environment=str(entry.get("environment") or ""),
        company_name=str(entry.get("company_name") or ""),
        place=str(entry.get("place") or ""),
        access_expires_at=instant_of(entry.get("access_expires_at")),
        refresh_expires_at=instant_of(entry.get("refresh_expires_at")),
        hard_expires_at=instant_of(entry.get("hard_expires_at")),
        refused_at=instant_of(entry.get("refused_at")),
    )


def _salesforce(entry: object) -> SalesforceGrant | None:
    if not isinstance(entry, dict) or not entry.get("organization_id"):
        return None
    return SalesforceGrant(
        instance_url=str(entry.get("instance_url") or ""),
        organization_id=str(entry["organization_id"]),
        flow=str(entry.get("flow") or ""),
        last_login_at=instant_of(entry.get("last_login_at")),
    )
