"""Logging in to Salesforce without a person: client credentials or JWT bearer (salesforce.md section 1)."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

import requests

from qbsf.answers import json_body, one_line, shield_wire_trace
from qbsf.auth.private_key import read_private_key
from qbsf.auth.salesforce_refusals import refusal
from qbsf.auth.transport import TIMEOUT, no_verdict, not_asked
from qbsf.config import SalesforceConfig
from qbsf.errors import ConfigError, Unreachable
from qbsf.salesforce.ids import is_id, long_id
from qbsf.salesforce.session import SalesforceSession
from qbsf.salesforce_host import NotSalesforceError, answered_url, is_test_org, my_domain_url

SERVICE = "Salesforce's login"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
JWT_LIFE = timedelta(minutes=3)

_OK = 200
_VERDICTS = range(400, 404)
_IDENTITY = re.compile(r"https://[^/]+/id/(?P<organization>[0-9A-Za-z]{15,18})/(?P<user>[0-9A-Za-z]{15,18})")


class Post(Protocol):
    """How a token request is sent. Raises OSError where there is no answer."""

    def __call__(self, url: str, data: Mapping[str, str], auth: tuple[str, str] | None) -> requests.Response: ...


def post_form(url: str, data: Mapping[str, str], auth: tuple[str, str] | None) -> requests.Response:
    """The Post of the product: bounded in time, follows no redirect (it would carry the secret elsewhere)."""
    shield_wire_trace()
    return requests.post(
        url,
        data=data,
        auth=auth if auth is not None else _no_login,
        headers={"Accept": "application/json"},
        timeout=TIMEOUT,
        allow_redirects=False,
    )


def _no_login(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps requests from adding a netrc login to a request that carries its own proof."""
    return request


def login(config: SalesforceConfig, secret: str, post: Post, now: datetime) -> SalesforceSession:
    """A new session. `secret` is the client secret ("" for JWT, whose proof is the private key file).

    Raises AuthorizationNeeded (secret or key refused), ConfigError (the app, its policies or the configuration have
    to be changed), Unreachable.
    """
    try:
        instance = my_domain_url(config.instance_url)
    except NotSalesforceError as error:
        raise ConfigError(f"salesforce.instance_url {error}.", "Correct the configuration.") from None
    form, auth = _proof(config, secret, now)
    try:
        answer = post(f"{instance}/services/oauth2/token", form, auth)
    except OSError as error:
        raise not_asked(SERVICE, error) from error
    found = json_body(answer)
    if answer.status_code == _OK and isinstance(found, dict):
        return _session(found)
    said = found.get("error") if isinstance(found, dict) else None
    if answer.status_code in _VERDICTS and isinstance(found, dict) and isinstance(said, str):
        description = found.get("error_description")
        raise refusal(said, description if isinstance(description, str) else "", config)
    if answer.is_redirect:
        raise ConfigError(
            "Salesforce answered the login with a redirect: this is not the address of the org.",
            "Correct [salesforce] instance_url: Setup, My Domain shows it.",
        )
    raise no_verdict(SERVICE, answer)


def _proof(config: SalesforceConfig, secret: str, now: datetime) -> tuple[dict[str, str], tuple[str, str] | None]:
    """The form of the token request, and its Basic authentication."""
    if config.flow == "client_credentials":
        return {"grant_type": "client_credentials"}, (config.client_id, secret)
    import jwt  # noqa: PLC0415 - 0.16 s that the other flow does not need

    claims = {
        "iss": config.client_id,
        "sub": config.username,
        "aud": f"https://{'test' if is_test_org(config.instance_url) else 'login'}.salesforce.com",
        "exp": int((now + JWT_LIFE).timestamp()),
    }
    assertion = jwt.encode(claims, read_private_key(config.private_key_file), algorithm="RS256")
    return {"grant_type": JWT_GRANT, "assertion": assertion}, None


def _session(answer: Mapping[str, object]) -> SalesforceSession:
    token, instance, identity = (answer.get(key) for key in ("access_token", "instance_url", "id"))
    match = _IDENTITY.fullmatch(identity) if isinstance(identity, str) else None
    if not isinstance(token, str) or not token or not isinstance(instance, str) or match is None:
        raise Unreachable(
            "Salesforce's login answered without a session.", "Nothing is lost; the next run tries again."
        )
    if not is_id(match["organization"]) or not is_id(match["user"]):
        raise Unreachable("Salesforce's login answered with ids that are none.", "The next run tries again.")
    try:
        where = answered_url(instance)
    except NotSalesforceError:
        raise ConfigError(
            f"Salesforce's login names a server that is not Salesforce's ({one_line(instance, 80)}).",
            "Nothing was sent there. Check [salesforce] instance_url, and what stands between here and Salesforce.",
        ) from None
    return SalesforceSession(token, where, long_id(match["organization"]), long_id(match["user"]))
