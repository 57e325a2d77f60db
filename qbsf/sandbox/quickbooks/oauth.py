"""Intuit's OAuth 2.0 server: apps, codes and tokens (quickbooks.md section 1)."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import RLock
from typing import Literal
from urllib.parse import urlsplit

from qbsf.sandbox.clock import SandboxClock

Environment = Literal["sandbox", "production"]
Rotation = Literal["daily", "every"]

CODE_LIFE = timedelta(minutes=10)
ACCESS_LIFE = timedelta(hours=1)
REFRESH_LIFE = timedelta(days=100)
GRANT_LIFE = timedelta(days=5 * 365)
"""The hard end, counted from the consent; refreshing does not move it."""
_ROTATION_AGE = timedelta(hours=24)
SCOPE = "com.intuit.quickbooks.accounting"


class OAuthError(Exception):
    """An error of the token endpoint: {"error": ..., "error_description": ...}."""

    def __init__(self, status: int, error: str, description: str = "") -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.description = description


@dataclass
class App:
    """One set of keys of a developer's app."""

    environment: Environment
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uris: set[str] = field(default_factory=set)

    def register(self, redirect_uri: str) -> None:
        """Add a redirect address as the developer portal takes it: production wants https and a real domain."""
        address = urlsplit(redirect_uri)
        host = address.hostname or ""
        is_local = host == "localhost" or host.replace(".", "").isdigit() or ":" in host
        if self.environment == "production" and (address.scheme != "https" or is_local):
            raise ValueError(f"production keys take https on a real domain, not {redirect_uri}")
        if address.scheme not in {"http", "https"} or not host:
            raise ValueError(f"{redirect_uri} is no redirect address")
        self.redirect_uris.add(redirect_uri)


@dataclass(eq=False)
class Grant:
    """One person's consent, and everything issued from it."""

    app: App
    realm_id: str
    consented: datetime
    live: bool = True

    @property
    def ends(self) -> datetime:
        return self.consented + GRANT_LIFE


@dataclass
class _Code:
    app: App
    realm_id: str
    redirect_uri: str
    expires: datetime
    grant: Grant | None = None


@dataclass(eq=False)
class RefreshToken:
    value: str = field(repr=False)
    grant: Grant
    issued: datetime
    expires: datetime
    superseded: bool = False


@dataclass
class AccessToken:
    value: str = field(repr=False)
    grant: Grant
    expires: datetime


def _random_text(prefix: str, length: int) -> str:
    return prefix + secrets.token_urlsafe(length)[: length - len(prefix)]


class OAuthServer:
    """Codes and tokens of the sandbox's two sets of keys. Thread-safe."""

    def __init__(
        self,
        clock: SandboxClock,
        realm_id: Callable[[], str],
        random_text: Callable[[str, int], str] = _random_text,
    ) -> None:
        self._clock = clock
        self.realm_id = realm_id
        self._random_text = random_text
        self._lock = RLock()
        self.rotation: Rotation = "daily"
        """"daily": a refresh token changes once it is a day old; "every": with each refresh."""
        self.development = App("sandbox", "ABdevelopmentKeysOfTheSandbox", "development-secret")
        self.production = App("production", "ABproductionKeysOfTheSandbox", "production-secret")
        self.development.register("http://localhost:8765/callback")
        self.production.register("https://example.com/qbsf/callback")
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, AccessToken] = {}
        self.refresh_tokens: list[RefreshToken] = []
        """Every refresh token ever issued, oldest first."""
        self.refreshes = 0
        """How many refreshes succeeded."""

    # -- consent --------------------------------------------------------------------------------------------------

    def app(self, client_id: str) -> App | None:
        """The app with this client id."""
        return next((app for app in (self.development, self.production) if app.client_id == client_id), None)

    def consent(self, app: App, redirect_uri: str) -> str:
        """A person agrees: the authorization code."""
        with self._lock:
            code = self._random_text("XAB1", 50)
            expires = self._clock.now() + CODE_LIFE
            self._codes[code] = _Code(app, self.realm_id(), redirect_uri, expires)
            return code

    def decide(self, app: App, asked: Mapping[str, str], *, allow: bool) -> dict[str, str]:
        """What the redirect carries once the person has agreed, or not."""
        if not allow:
            return {"error": "access_denied", "state": asked["state"]}
        code = self.consent(app, asked["redirect_uri"])
        return {"code": code, "state": asked["state"], "realmId": self.realm_id()}

    # -- the token endpoint ---------------------------------------------------------------------------------------

    def authenticate(self, client_id: str, client_secret: str) -> App:
        app = self.app(client_id)
        if app is None or not secrets.compare_digest(app.client_secret.encode(), client_secret.encode()):
            raise OAuthError(401, "invalid_client")
        return app

    def exchange(self, app: App, code: str, redirect_uri: str) -> tuple[AccessToken, RefreshToken]:
        """A code for tokens, once. A second try also ends what the first one issued."""
        with self._lock:
            known = self._codes.get(code)
            if known is not None and known.grant is not None:
                known.grant.live = False
                raise OAuthError(400, "invalid_grant", "Authorization code was already used")
            if (
                known is None
                or known.app is not app
                or known.redirect_uri != redirect_uri
                or known.expires <= self._clock.now()
            ):
                raise OAuthError(400, "invalid_grant", "Invalid authorization code")
            known.grant = Grant(app, known.realm_id, self._clock.now())
            return self._access_token(known.grant), self._refresh_token(known.grant)

    def refresh(self, app: App, value: str) -> tuple[AccessToken, RefreshToken]:
        """New tokens for a refresh token; the recorded invalid_grant for one that is not the newest."""
        with self._lock:
            token = next((each for each in self.refresh_tokens if each.value == value), None)
            now = self._clock.now()
            if (
                token is None
                or token.superseded
                or not token.grant.live
                or token.grant.app is not app
                or token.expires <= now
            ):
                raise OAuthError(400, "invalid_grant", "Incorrect or invalid refresh token")
            self.refreshes += 1
            if self.rotation == "every" or now - token.issued >= _ROTATION_AGE:
                token.superseded = True
                token = self._refresh_token(token.grant)
            token.expires = min(now + REFRESH_LIFE, token.grant.ends)
            return self._access_token(token.grant), token

    def revoke(self, app: App, value: str) -> None:
        """End a grant, by any of its tokens."""
        with self._lock:
            grants = [token.grant for token in self.refresh_tokens if token.value == value]
            if value in self._access:
                grants.append(self._access[value].grant)
            if not grants or grants[0].app is not app:
                raise OAuthError(400, "invalid_request", "Token is not known")
            grants[0].live = False

    def _access_token(self, grant: Grant) -> AccessToken:
        token = AccessToken(self._random_text("eyJlbmMi", 1000), grant, self._clock.now() + ACCESS_LIFE)
        self._access[token.value] = token
        return token

    def _refresh_token(self, grant: Grant) -> RefreshToken:
        now = self._clock.now()
        expires = min(now + REFRESH_LIFE, grant.ends)
        token = RefreshToken(self._random_text("AB11", 50), grant, now, expires)
        self.refresh_tokens.append(token)
        return token

    # -- the API's side -------------------------------------------------------------------------------------------

    def access(self, value: str) -> AccessToken | None:
        """The access token, expired or not; None for one that was never issued."""
        with self._lock:
            return self._access.get(value)

    def is_live(self, token: AccessToken) -> bool:
        return token.grant.live and self._clock.now() < token.expires

    # -- what tests and people do ---------------------------------------------------------------------------------

    @property
    def newest_refresh_token(self) -> str:
        """The one that a client must have stored now; "" when none was issued."""
        with self._lock:
            return self.refresh_tokens[-1].value if self.refresh_tokens else ""

    @property
    def issued_refresh_tokens(self) -> list[str]:
        """Every one, oldest first."""
        with self._lock:
            return [token.value for token in self.refresh_tokens]

    def expire_access_tokens(self) -> None:
        with self._lock:
            for token in self._access.values():
                token.expires = self._clock.now()

    def expire_refresh_tokens(self) -> None:
        with self._lock:
            for token in self.refresh_tokens:
                token.expires = self._clock.now()

    def revoke_all(self) -> None:
        """Somebody disconnects the app in QuickBooks."""
        with self._lock:
            for token in self.refresh_tokens:
                token.grant.live = False
