"""Intuit's OAuth 2.0 endpoints: consent address, code exchange, refresh, revocation (quickbooks.md section 1).

Spoken through requests-oauthlib as auth.md B4 advises: Basic client authentication, no scope in a refresh, no automatic
refresh, a timeout on every call, and hooks that look at the status, which the library ignores.
"""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import requests

from qbsf.answers import NEXT_RUN, one_line, shield_wire_trace
from qbsf.auth.tokens import Issued
from qbsf.auth.transport import TIMEOUT, no_verdict, not_asked
from qbsf.config import QuickBooksConfig
from qbsf.errors import AuthorizationNeeded, ConfigError, Unreachable

if TYPE_CHECKING:
    from requests_oauthlib import OAuth2Session

AUTHORIZE_URL = "https://appcenter.intuit.com/connect/oauth2"
TOKEN_URL = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"  # noqa: S105 - an address
REVOKE_URL = "https://developer.api.intuit.com/v2/oauth2/tokens/revoke"
SCOPE = "com.intuit.quickbooks.accounting"
SERVICE = "Intuit's authorization service"

_HEADERS = {
    "Accept": "application/json",
    "Content-Type": "application/x-www-form-urlencoded",
    "x-include-refresh-token-hard-expires-in": "true",
}
_DEFAULT_LIFETIME = 3600
_THROTTLED = 429
_OK = 200
_CLIENT_FAULTS = range(400, 500)


class InvalidGrantError(Exception):
    """Intuit refuses the code or the refresh token itself."""


@dataclass(frozen=True)
class IntuitApp:
    """The app's keys, as Intuit knows them."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str

    @classmethod
    def of(cls, config: QuickBooksConfig, client_secret: str) -> "IntuitApp":
        return cls(config.client_id, client_secret, config.redirect_uri)


def quiet_loggers() -> None:
    """Caps the loggers of the HTTP and OAuth libraries: at DEBUG they write tokens, codes and the client secret."""
    shield_wire_trace()
    for name in ("requests_oauthlib", "oauthlib", "urllib3"):
        logger = logging.getLogger(name)
        if logger.level < logging.INFO:
            logger.setLevel(logging.INFO)


def authorize_url(client_id: str, redirect_uri: str, state: str) -> str:
    """The address where a person consents."""
    url, _ = _session(client_id, redirect_uri, scope=SCOPE).authorization_url(AUTHORIZE_URL, state=state)
    return str(url)


def exchange(app: IntuitApp, code: str) -> Issued:
    """The tokens of an authorization code, which is good once and for minutes.

    Raises InvalidGrantError, AuthorizationNeeded (client id or secret refused), Unreachable.
    """
    session = _session(app.client_id, app.redirect_uri)
    return _issued(
        lambda: session.fetch_token(
            TOKEN_URL,
            code=code,
            auth=requests.auth.HTTPBasicAuth(app.client_id, app.client_secret),
            headers=_HEADERS,
            timeout=TIMEOUT,
        )
    )


def refresh(app: IntuitApp, refresh_token: str) -> Issued:
    """The next tokens. The refresh token may or may not be a new one.

    Raises InvalidGrantError, AuthorizationNeeded (client id or secret refused), Unreachable.
    """
    session = _session(app.client_id, app.redirect_uri)
    return _issued(
        lambda: session.refresh_token(
            TOKEN_URL,
            refresh_token=refresh_token,
            auth=requests.auth.HTTPBasicAuth(app.client_id, app.client_secret),
            headers=_HEADERS,
            timeout=TIMEOUT,
        )
    )


def revoke(app: IntuitApp, token: str) -> bool:
    """Ends the grant at Intuit. False where Intuit says that the token is no grant (any more).

    Raises AuthorizationNeeded (client id or secret refused), Unreachable.
    """
    quiet_loggers()
    try:
        answer = requests.post(
            REVOKE_URL,
            json={"token": token},
            headers={"Accept": "application/json"},
            auth=(app.client_id, app.client_secret),
            timeout=TIMEOUT,
            allow_redirects=False,
        )
    except OSError as error:
        raise not_asked(SERVICE, error) from error
    if answer.status_code == _OK:
        return True
    if answer.status_code == requests.codes.unauthorized:
        raise _refused_client()
    if answer.status_code in _CLIENT_FAULTS and answer.status_code != _THROTTLED:
        return False
    raise _odd_answer(answer)


def _session(client_id: str, redirect_uri: str, scope: str | None = None) -> "OAuth2Session":
    from requests_oauthlib import OAuth2Session  # noqa: PLC0415 - 0.23 s that an idle pass does not need

    quiet_loggers()
    session = OAuth2Session(client_id, redirect_uri=redirect_uri, scope=scope)
    session.max_redirects = 0  # a redirected token request would carry code and secret to another host
    for hook in ("access_token_response", "refresh_token_response"):
        session.register_compliance_hook(hook, _usable)
    return session


def _usable(answer: requests.Response) -> requests.Response:
    """The library's response hook: everything that is no verdict on the token raises Unreachable."""
    if answer.status_code >= _THROTTLED or _json_object(answer) is None:
        raise _odd_answer(answer)
    return answer


def _json_object(answer: requests.Response) -> Mapping[str, object] | None:
    try:
        found = answer.json()
    except requests.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _issued(ask: Callable[[], Mapping[str, object]]) -> Issued:
    from oauthlib.oauth2.rfc6749.errors import (  # noqa: PLC0415 - comes with requests_oauthlib
        InvalidClientError,
        MissingTokenError,
        OAuth2Error,
    )
    from oauthlib.oauth2.rfc6749.errors import InvalidGrantError as RefusedGrantError  # noqa: PLC0415 - same

    try:
        answer = ask()
    except RefusedGrantError:
        raise InvalidGrantError from None
    except InvalidClientError:
        raise _refused_client() from None
    except MissingTokenError:
        raise Unreachable("Intuit's token service answered without a token.", NEXT_RUN) from None
    except OAuth2Error as error:
        raise _other_refusal(error.error) from None
    except OSError as error:
        raise not_asked(SERVICE, error) from error
    except ValueError:
        # oauthlib reads expires_in as a number without looking.
        raise Unreachable(
            "Intuit's token service answered in a form that cannot be read.",
            NEXT_RUN,
        ) from None
    return Issued(
        access=str(answer["access_token"]),
        refresh=str(answer.get("refresh_token") or ""),
        lifetime=_seconds(answer, "expires_in") or timedelta(seconds=_DEFAULT_LIFETIME),
        refresh_lifetime=_seconds(answer, "x_refresh_token_expires_in"),
        hard_lifetime=_seconds(answer, "x_refresh_token_hard_expires_in"),
    )


def _seconds(answer: Mapping[str, object], key: str) -> timedelta | None:
    value = answer.get(key)
    if isinstance(value, int | str) and str(value).isdecimal():
        return timedelta(seconds=min(int(value), 10 * 366 * 86_400))
    return None


def _refused_client() -> AuthorizationNeeded:
    return AuthorizationNeeded(
        "Intuit does not accept the app's client id and client secret.",
        "Compare [quickbooks] client_id with the app's keys, then run `qbsf auth quickbooks`"
        " (a secret in QBSF_QUICKBOOKS_CLIENT_SECRET wins over the stored one).",
        code="invalid_client",
    )


def _other_refusal(code: str | None) -> AuthorizationNeeded | ConfigError | Unreachable:
    """Refusals other than of grant and client; the code is Intuit's, shown only if it is one plain word."""
    told = code if code and re.fullmatch(r"[a-z_]{1,40}", code) else "without a reason"
    if told in ("server_error", "temporarily_unavailable", "too_many_requests"):
        return Unreachable(f"{SERVICE} answered with an error ({told}).", NEXT_RUN)
    if told in ("invalid_request", "redirect_uri_mismatch"):
        return ConfigError(
            f"Intuit refuses the request ({told}).",
            "See that [quickbooks] redirect_uri is registered for the app, letter by letter.",
        )
    return AuthorizationNeeded(f"Intuit refuses the app's request ({told}).", "Run `qbsf auth quickbooks`.")


def _odd_answer(answer: requests.Response) -> Unreachable:
    trace = one_line(answer.headers.get("intuit_tid", ""), 80)
    return no_verdict(SERVICE, answer, f"intuit_tid {trace}" if trace else "")
