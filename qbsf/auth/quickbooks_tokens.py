"""QuickBooks tokens for the API client: read when fresh, else renewed in one transaction (auth.md A5)."""

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from qbsf.auth import intuit
from qbsf.auth.grant import GrantFile, QuickBooksGrant
from qbsf.auth.intuit import IntuitApp, InvalidGrantError
from qbsf.auth.refresh_lock import LOCK_SECONDS, refresh_lock
from qbsf.auth.signals import held_signals
from qbsf.auth.store import SecretStore, client_secret, probe
from qbsf.auth.tokens import AccessToken, DamagedTokenError, Issued, RefreshToken
from qbsf.clock import Clock
from qbsf.config import Config
from qbsf.errors import AuthorizationNeeded, OutOfTime, QbsfError, StoreUnavailable

_STORE_TRIES = 3
_AGAIN = "Run `qbsf auth quickbooks`."

_log = logging.getLogger(__name__)

Refresh = Callable[[IntuitApp, str], Issued]


class StoredQuickBooksTokens:
    """The one QuickBooks grant of a profile. Raises AuthorizationNeeded when a person has to authorize again,
    StoreUnavailable when the secret store fails, Unreachable when Intuit gives no verdict (nothing is lost then).
    """

    def __init__(
        self,
        config: Config,
        store: SecretStore,
        grant: GrantFile,
        clock: Clock,
        environ: Mapping[str, str],
        *,
        refresh: Refresh = intuit.refresh,
        lock_seconds: float = LOCK_SECONDS,
    ) -> None:
        self._config = config.quickbooks
        self._store = store
        self._grant = grant
        self._clock = clock
        self._environ = environ
        self._refresh = refresh
        self._lock_seconds = lock_seconds
        self._known: AccessToken | None = None
        self._replaced: set[str] = set()
        self._lock = threading.RLock()
        """Requests of several threads share the grant: one of them renews it."""
        self._finished = False

    @property
    def realm_id(self) -> str:
        """The company's id, as Intuit told it at the consent."""
        return (self._known or self._stored_access() or self._stored_refresh()).realm_id

    def access_token(self) -> str:
        """A token that is not due, renewed first where it has to be."""
        with self._lock:
            if self._known is None:
                self._known = self._stored_access()
            if self._known is None or self._known.due(self._clock.now()):
                self._known = self._renewed(rejected="")
            return self._known.value

    def replace(self, rejected: str) -> str:
        """Another token than the one QuickBooks answered 401 to. A token that came from here after a 401 and is
        refused as well is not replaced again: AuthorizationNeeded.
        """
        with self._lock:
            if self._known is not None and self._known.value != rejected:
                return self._known.value
            if rejected in self._replaced:
                raise AuthorizationNeeded("QuickBooks refuses even a token that was issued just now.", _AGAIN)
            self._known = self._renewed(rejected)
            self._replaced.add(self._known.value)
            return self._known.value

    def finish(self) -> None:
        """Nobody needs a token any more: waits for a renewal that another thread has begun, and lets none begin, for
        the process may end in the middle of it.
        """
        if self._lock.acquire(timeout=self._lock_seconds):
            self._finished = True
            self._lock.release()

    def note_where_missing(self) -> None:
        """Leaves the facts for `status` again where the state folder was deleted; the next refresh completes them."""
        if self._grant.read().quickbooks is not None:
            return
        self.access_token()  # a refresh, where one is due, notes everything itself
        if self._grant.read().quickbooks is None and self._known is not None:
            self._note(self._known, refresh_lifetime=None, hard_lifetime=None)

    def _stored_access(self) -> AccessToken | None:
        text = self._store.get("quickbooks.access")
        if text is None:
            return None
        try:
            return AccessToken.from_json(text)
        except DamagedTokenError:
            _log.warning("the stored access token is damaged and is fetched anew")
            return None

    def _stored_refresh(self) -> RefreshToken:
        text = self._store.get("quickbooks.refresh")
        if text is None:
            raise self._nothing_stored()
        try:
            token = RefreshToken.from_json(text)
        except DamagedTokenError:
            raise AuthorizationNeeded("The stored QuickBooks grant is damaged.", _AGAIN) from None
        if token.environment != self._config.environment:
            raise AuthorizationNeeded(
                f"This profile is authorized for a QuickBooks {token.environment} company, and the configuration"
                f" says {self._config.environment}.",
                f"Correct [quickbooks] environment, or: {_AGAIN}",
            )
        if token.client_id != self._config.client_id:
            raise AuthorizationNeeded(
                "[quickbooks] client_id is not the app that this profile was authorized with.",
                f"Correct it, or: {_AGAIN}",
            )
        return token

    def _nothing_stored(self) -> AuthorizationNeeded:
        """Not authorized, or looking at another keyring than `qbsf auth` wrote to: they must not be confused."""
        known = self._grant.read().quickbooks
        if known is not None and known.place and known.place != (place := self._store.place):
            return StoreUnavailable(
                f"The QuickBooks tokens are in the {known.place}, and this process sees the {place}.",
                "Under cron set DBUS_SESSION_BUS_ADDRESS, and leave PYTHON_KEYRING_BACKEND as it was for `qbsf auth`.",
            )
        return AuthorizationNeeded("QuickBooks is not authorized.", _AGAIN)

    def _renewed(self, rejected: str) -> AccessToken:
        """A fresh token: another process's, else Intuit's. One transaction under the user's refresh lock."""
        if self._finished:
            raise OutOfTime("The pass is over.", "Nothing to do.")
        with refresh_lock(self._store, self._lock_seconds):
            stored = self._stored_refresh()
            found = self._stored_access()
            if found is not None and found.value != rejected and not found.due(self._clock.now()):
                return found
            app = self._app()
            probe(self._store)
            with held_signals():
                answered, issued = self._asked(app, stored)
                token = self._kept(answered, issued)
            self._note(token, issued.refresh_lifetime, issued.hard_lifetime)
            return token

    def _app(self) -> IntuitApp:
        secret = client_secret("quickbooks.client_secret", self._store, self._environ)
        if not secret:
            raise AuthorizationNeeded(
                "The client secret of the QuickBooks app is not known here.",
                "Run `qbsf auth quickbooks`, or set QBSF_QUICKBOOKS_CLIENT_SECRET.",
            )
        return IntuitApp.of(self._config, secret)

    def _asked(self, app: IntuitApp, stored: RefreshToken) -> tuple[RefreshToken, Issued]:
        """Intuit's answer and the stored token it was given for. A refused token is looked at twice: somebody may
        have stored a newer one past the lock, and the previous one may still be the good one.
        """
        try:
            return stored, self._refresh(app, stored.value)
        except InvalidGrantError:
            current = self._stored_refresh()
        second = current.value if current.value != stored.value else current.previous
        if second:
            with contextlib.suppress(InvalidGrantError):  # then it is refused for good, as told below
                return current, self._refresh(app, second)
        now = self._clock.now()
        self._grant.quickbooks_refused(now)
        raise AuthorizationNeeded(self._why_refused(now), _AGAIN, code="invalid_grant")

    def _why_refused(self, now: datetime) -> str:
        known = self._grant.read().quickbooks
        if known and known.hard_expires_at and known.hard_expires_at <= now:
            return "The QuickBooks consent has ended: it lasts five years."
        if known and known.refresh_expires_at and known.refresh_expires_at <= now:
            return "The QuickBooks consent has ended: it was not used for 100 days."
        return "QuickBooks refuses the stored grant: it was revoked, or replaced by another."

    def _kept(self, stored: RefreshToken, issued: Issued) -> AccessToken:
        """Stores the refresh token first, for it is precious, then the access token, which is a cache."""
        now = self._clock.now()
        if issued.refresh and issued.refresh != stored.value:
            self._store_rotated(
                RefreshToken(
                    value=issued.refresh,
                    realm_id=stored.realm_id,
                    environment=stored.environment,
                    client_id=stored.client_id,
                    rotated_at=now,
                    previous=stored.value,
                )
            )
        token = AccessToken(issued.access, stored.realm_id, now, now + issued.lifetime)
        remember_access(self._store, token)
        return token

    def _store_rotated(self, token: RefreshToken) -> None:
        text = token.to_json()
        for attempt in range(1, _STORE_TRIES + 1):
            try:
                self._store.set("quickbooks.refresh", text)
            except StoreUnavailable as error:
                if attempt == _STORE_TRIES:
                    raise StoreUnavailable(
                        "QuickBooks replaced the refresh token, and the new one could not be stored: the grant may be"
                        f" lost. {error.message}",
                        f"{error.todo} Then, if qbsf still asks for it, run `qbsf auth quickbooks`.",
                        code="token_not_stored",
                    ) from error
            else:
                return

    def _note(self, token: AccessToken, refresh_lifetime: timedelta | None, hard_lifetime: timedelta | None) -> None:
        """Leaves the facts for `status`. A failure is told by the log alone: the token itself is safe."""
        try:
            known = self._grant.read().quickbooks
            same = known if known is not None and known.realm_id == token.realm_id else None
            hard_end = same.hard_expires_at if same else None
            self._grant.set_quickbooks(
                QuickBooksGrant(
                    realm_id=token.realm_id,
                    environment=self._config.environment,
                    company_name=same.company_name if same else "",
                    place=same.place if same and same.place else self._store.place,
                    access_expires_at=token.expires_at,
                    refresh_expires_at=token.issued_at + refresh_lifetime if refresh_lifetime else None,
                    hard_expires_at=token.issued_at + hard_lifetime if hard_lifetime else hard_end,
                )
            )
        except QbsfError as error:
            _log.warning("the facts of the QuickBooks token could not be noted: %s", error)


def remember_access(store: SecretStore, token: AccessToken) -> None:
    """Caches an access token. Where the store cannot hold it (Windows: 1280 characters) it lives in memory alone."""
    try:
        store.set("quickbooks.access", token.to_json())
    except StoreUnavailable as error:
        _log.debug("the access token is kept in memory only: %s", error)
