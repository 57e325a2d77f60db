"""Intuit's OAuth hosts: the consent page, the token and revocation endpoints, the discovery documents."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from html import escape
from urllib.parse import urlencode

from qbsf.sandbox.clock import SandboxClock
from qbsf.sandbox.exchange import Request, Response
from qbsf.sandbox.quickbooks.oauth import SCOPE, AccessToken, App, OAuthError, OAuthServer, RefreshToken

CONSENT_HOST = "appcenter.intuit.com"
TOKEN_HOST = "oauth.platform.intuit.com"  # noqa: S105 - a host name
REVOKE_HOST = "developer.api.intuit.com"
DISCOVERY_HOST = "developer.intuit.com"
HOSTS = frozenset({CONSENT_HOST, TOKEN_HOST, REVOKE_HOST, DISCOVERY_HOST})

_CONSENT_PATH = "/connect/oauth2"
_TOKEN_PATH = "/oauth2/v1/tokens/bearer"  # noqa: S105 - a path
_REVOKE_PATH = "/v2/oauth2/tokens/revoke"
_HARD_END_HEADER = "x-include-refresh-token-hard-expires-in"
_FORM = "application/x-www-form-urlencoded"


class OAuthPages:
    """Answers the requests to `HOSTS`."""

    def __init__(self, server: OAuthServer, clock: SandboxClock) -> None:
        self._server = server
        self._clock = clock

    def handle(self, request: Request) -> Response:
        path = request.path.rstrip("/")
        if request.host == CONSENT_HOST and path == _CONSENT_PATH:
            return self._consent(request)
        if request.host == TOKEN_HOST and path == _TOKEN_PATH:
            return self._answered(self._token, request)
        if request.host == REVOKE_HOST and path == _REVOKE_PATH:
            return self._answered(self._revoke, request)
        if path.startswith("/.well-known/openid_") and request.host in {DISCOVERY_HOST, REVOKE_HOST}:
            return Response.of_json(200, _discovery(sandbox="sandbox" in path))
        return _page(404, "Not found", "There is no such page.")

    # -- the consent page -----------------------------------------------------------------------------------------

    def _consent(self, request: Request) -> Response:
        asked = request.form if request.method == "POST" else request.query
        app = self._server.app(asked.get("client_id", ""))
        redirect_uri = asked.get("redirect_uri", "")
        if app is None:
            return _page(400, "Sorry, but something went wrong", "The client_id parameter is invalid.")
        if redirect_uri not in app.redirect_uris:
            return _page(
                400,
                "Sorry, but something went wrong",
                "The redirect_uri query parameter value is invalid. "
                "It must be one of the addresses registered for these keys.",
            )
        if not asked.get("state"):
            return _page(400, "Sorry, but something went wrong", "The state query parameter is missing.")
        if asked.get("response_type") != "code":
            return _redirect(redirect_uri, error="unsupported_response_type", state=asked["state"])
        if SCOPE not in asked.get("scope", "").split():
            return _redirect(redirect_uri, error="invalid_scope", state=asked["state"])
        if request.method != "POST":
            return _consent_page(asked)
        return _redirect(redirect_uri, **self._server.decide(app, asked, allow=asked.get("decision") == "allow"))

    # -- tokens ---------------------------------------------------------------------------------------------------

    def _answered(self, answer: Callable[[Request], Response], request: Request) -> Response:
        try:
            return answer(request)
        except OAuthError as error:
            document = {"error": error.error}
            if error.description:
                document["error_description"] = error.description
            return Response.of_json(error.status, document, {"Cache-Control": "no-store"})

    def _token(self, request: Request) -> Response:
        if request.method != "POST":
            raise OAuthError(405, "invalid_request")
        if request.headers.get("content-type", "").partition(";")[0] != _FORM:
            raise OAuthError(400, "invalid_request", "The body must be a form")
        form = request.form
        app = self._client(request, form)
        grant_type = form.get("grant_type", "")
        if grant_type == "authorization_code":
            issued = self._server.exchange(app, form.get("code", ""), form.get("redirect_uri", ""))
        elif grant_type == "refresh_token":
            issued = self._server.refresh(app, form.get("refresh_token", ""))
        else:
            raise OAuthError(400, "unsupported_grant_type")
        hard_end = request.headers.get(_HARD_END_HEADER, "").lower() == "true"
        return Response.of_json(200, self._tokens(*issued, hard_end=hard_end), {"Cache-Control": "no-store"})

    def _client(self, request: Request, form: Mapping[str, str]) -> App:
        """client_secret_basic, else client_secret_post."""
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return self._server.authenticate(form.get("client_id", ""), form.get("client_secret", ""))
        try:
            client_id, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise OAuthError(401, "invalid_client") from None
        return self._server.authenticate(client_id, secret)

    def _tokens(self, access: AccessToken, refresh: RefreshToken, *, hard_end: bool) -> dict[str, str | int]:
        now = self._clock.now()
        document: dict[str, str | int] = {
            "token_type": "bearer",
            "access_token": access.value,
            "refresh_token": refresh.value,
            "expires_in": round((access.expires - now).total_seconds()),
            "x_refresh_token_expires_in": round((refresh.expires - now).total_seconds()),
        }
        if hard_end:
            left = (refresh.grant.ends - now).total_seconds()
            document["x_refresh_token_hard_expires_in"] = round(left)
        return document

    def _revoke(self, request: Request) -> Response:
        if request.method != "POST":
            raise OAuthError(405, "invalid_request")
        if request.headers.get("content-type", "").partition(";")[0] == _FORM:
            form = request.form
        else:
            try:
                form = dict(json.loads(request.body))
            except ValueError:
                raise OAuthError(400, "invalid_request") from None
        self._server.revoke(self._client(request, form), str(form.get("token", "")))
        return Response(200)


def _discovery(*, sandbox: bool) -> dict[str, object]:
    """samples/quickbooks/docs/discovery_sandbox.json"""
    accounts = "sandbox-accounts" if sandbox else "accounts"
    return {
        "issuer": f"https://{TOKEN_HOST}/op/v1",
        "authorization_endpoint": f"https://{CONSENT_HOST}{_CONSENT_PATH}",
        "token_endpoint": f"https://{TOKEN_HOST}{_TOKEN_PATH}",
        "userinfo_endpoint": f"https://{accounts}.platform.intuit.com/v1/openid_connect/userinfo",
        "revocation_endpoint": f"https://{REVOKE_HOST}{_REVOKE_PATH}",
        "jwks_uri": f"https://{TOKEN_HOST}/op/v1/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile", "address", "phone"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    }


def _redirect(redirect_uri: str, **answer: str) -> Response:
    joint = "&" if "?" in redirect_uri else "?"
    return Response(302, b"", {"Location": f"{redirect_uri}{joint}{urlencode(answer)}"})


def _page(status: int, title: str, text: str, form: str = "") -> Response:
    body = (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head>'
        f"<body><h1>{escape(title)}</h1><p>{escape(text)}</p>{form}</body></html>"
    )
    return Response(status, body.encode(), {"Content-Type": "text/html;charset=utf-8"})


def _consent_page(asked: Mapping[str, str]) -> Response:
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in asked.items()
    )
    form = (
        f'<form method="post" action="{_CONSENT_PATH}">{hidden}'
        '<button name="decision" value="allow">Connect</button> '
        '<button name="decision" value="deny">Cancel</button></form>'
    )
    return _page(200, "Authorize qbsf", "Let the app read and write your simulated QuickBooks company?", form)
