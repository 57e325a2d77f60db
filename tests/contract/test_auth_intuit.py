"""Intuit's OAuth endpoints, spoken to as they want it; every odd answer told as what it is."""

import json
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from qbsf.auth import intuit
from qbsf.auth.intuit import IntuitApp, InvalidGrantError
from qbsf.auth.tokens import Issued
from qbsf.errors import AuthorizationNeeded, ConfigError, Unreachable

APP = IntuitApp("ABclient", "client-s3cr3t", "http://localhost:8765/callback")
BASIC = "Basic QUJjbGllbnQ6Y2xpZW50LXMzY3IzdA=="
TOKENS = {
    "token_type": "bearer",
    "access_token": "eyJ-access",
    "refresh_token": "AB11-refresh",
    "expires_in": 3600,
    "x_refresh_token_expires_in": 8726400,
}
ASKED: dict[str, Callable[[], Issued]] = {
    "exchange": lambda: intuit.exchange(APP, "XAB1-code"),
    "refresh": lambda: intuit.refresh(APP, "AB11-old"),
}
both = pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)


@pytest.fixture
def intuits() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def sent(mock: responses.RequestsMock) -> tuple[requests.PreparedRequest, dict[str, list[str]]]:
    request = mock.calls[0].request
    return request, parse_qs(str(request.body))


def test_the_consent_address_asks_for_the_accounting_scope_and_carries_the_state() -> None:
    url = intuit.authorize_url("ABclient", "http://localhost:8765/callback", "state-1")
    assert url.startswith("https://appcenter.intuit.com/connect/oauth2?")
    assert parse_qs(urlsplit(url).query) == {
        "response_type": ["code"],
        "client_id": ["ABclient"],
        "redirect_uri": ["http://localhost:8765/callback"],
        "scope": ["com.intuit.quickbooks.accounting"],
        "state": ["state-1"],
    }


def test_a_code_is_exchanged_with_basic_authentication(intuits: responses.RequestsMock) -> None:
    intuits.post(intuit.TOKEN_URL, json={**TOKENS, "x_refresh_token_hard_expires_in": 157_680_000})
    assert intuit.exchange(APP, "XAB1-code") == Issued(
        "eyJ-access",
        "AB11-refresh",
        timedelta(hours=1),
        timedelta(days=101),
        timedelta(days=1825),
    )
    request, form = sent(intuits)
    assert request.headers["Authorization"] == BASIC
    assert request.headers["x-include-refresh-token-hard-expires-in"] == "true"
    assert form == {
        "grant_type": ["authorization_code"],
        "code": ["XAB1-code"],
        "redirect_uri": ["http://localhost:8765/callback"],
    }


def test_a_refresh_carries_the_token_and_no_scope(intuits: responses.RequestsMock) -> None:
    intuits.post(intuit.TOKEN_URL, json=TOKENS)
    assert intuit.refresh(APP, "AB11-old").hard_lifetime is None
    request, form = sent(intuits)
    assert request.headers["Authorization"] == BASIC
    assert form == {"grant_type": ["refresh_token"], "refresh_token": ["AB11-old"]}


def test_members_that_were_not_asked_for_change_nothing(intuits: responses.RequestsMock) -> None:
    intuits.post(intuit.TOKEN_URL, json=TOKENS | {"id_token": "<only with openid scope>", "scope": "openid", "new": {}})
    assert intuit.refresh(APP, "AB11-old").refresh_lifetime == timedelta(seconds=8726400)


@both
def test_the_recorded_invalid_grant_is_the_tokens_fault(
    intuits: responses.RequestsMock, ask: Callable[[], Issued]
) -> None:
    recorded = {"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"}
    intuits.post(intuit.TOKEN_URL, json=recorded, status=400)
    with pytest.raises(InvalidGrantError):
        ask()


@both
def test_invalid_client_names_the_client_secret(intuits: responses.RequestsMock, ask: Callable[[], Issued]) -> None:
    intuits.post(intuit.TOKEN_URL, json={"error": "invalid_client"}, status=401)
    with pytest.raises(AuthorizationNeeded, match="client id and client secret") as caught:
        ask()
    assert caught.value.code == "invalid_client"
    assert "qbsf auth quickbooks" in caught.value.todo


NO_VERDICTS = {
    "throttled": {"json": {"error": "throttled"}, "status": 429},
    "bad gateway": {"body": "<html>502</html>", "status": 502},
    "server fault with JSON": {"json": {"error": "invalid_grant"}, "status": 500},
    "empty": {"body": "", "status": 200},
    "html of a portal": {"body": "<!DOCTYPE html><html>Sign in</html>", "status": 200},
    "refused by a proxy": {"body": "Forbidden", "status": 403},
    "a list": {"json": [], "status": 200},
    "no token": {"json": {"token_type": "bearer"}, "status": 200},
    "expiry that is no number": {"json": {**TOKENS, "expires_in": "soon"}, "status": 200},
    "redirect": {"body": "", "status": 307, "headers": {"Location": "https://evil.example/"}},
    "no connection": {"body": requests.ConnectionError("s3cr3t")},
    "timeout": {"body": requests.ReadTimeout("s3cr3t")},
}


@both
@pytest.mark.parametrize("answer", NO_VERDICTS.values(), ids=NO_VERDICTS)
def test_an_answer_without_a_verdict_is_unreachable(
    intuits: responses.RequestsMock, ask: Callable[[], Issued], answer: dict[str, object]
) -> None:
    intuits.post(intuit.TOKEN_URL, **answer)
    with pytest.raises(Unreachable) as caught:
        ask()
    assert "s3cr3t" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(intuits.calls) == 1, "one try: the token may have been replaced"


def test_a_server_fault_is_told_with_intuits_own_number(intuits: responses.RequestsMock) -> None:
    intuits.post(intuit.TOKEN_URL, body="", status=503, headers={"intuit_tid": "1-6740-abc"})
    with pytest.raises(Unreachable, match=r"HTTP 503 with an empty body \(intuit_tid 1-6740-abc\)"):
        intuit.refresh(APP, "AB11-old")


@pytest.mark.parametrize(
    ("code", "kind", "told"),
    [
        ("redirect_uri_mismatch", ConfigError, "redirect_uri"),
        ("unauthorized_client", AuthorizationNeeded, "unauthorized_client"),
        ("<script>", AuthorizationNeeded, "without a reason"),
    ],
)
def test_other_refusals_are_told(intuits: responses.RequestsMock, code: str, kind: type[Exception], told: str) -> None:
    intuits.post(intuit.TOKEN_URL, json={"error": code}, status=400)
    with pytest.raises(kind, match=told):
        intuit.exchange(APP, "XAB1-code")


def test_a_missing_certificate_file_is_a_setting_to_correct(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file.pem")
    with pytest.raises(ConfigError, match="file of trusted certificates does not exist"):
        intuit.refresh(APP, "AB11-old")


def test_nothing_secret_is_logged_even_with_every_logger_at_debug(
    intuits: responses.RequestsMock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("requests_oauthlib", "oauthlib", "urllib3"):
        monkeypatch.setattr(logging.getLogger(name), "level", logging.DEBUG)
    caplog.set_level(logging.DEBUG)
    intuits.post(intuit.TOKEN_URL, json=TOKENS)
    intuits.post(intuit.REVOKE_URL)
    intuit.exchange(APP, "XAB1-code")
    intuit.refresh(APP, "AB11-old")
    intuit.revoke(APP, "AB11-old")
    for secret in ("XAB1", "AB11", "eyJ", "client-s3cr3t", BASIC):
        assert secret not in caplog.text


def test_the_keys_do_not_show_in_a_representation() -> None:
    assert "s3cr3t" not in repr(APP)


def test_a_grant_is_revoked_by_its_refresh_token(intuits: responses.RequestsMock) -> None:
    intuits.post(intuit.REVOKE_URL)
    assert intuit.revoke(APP, "AB11-old") is True
    request = intuits.calls[0].request
    assert json.loads(request.body or "") == {"token": "AB11-old"}
    assert request.headers["Authorization"] == BASIC


def test_a_grant_that_had_ended_already_is_no_error(intuits: responses.RequestsMock) -> None:
    intuits.post(intuit.REVOKE_URL, json={"error": "invalid_request"}, status=400)
    assert intuit.revoke(APP, "AB11-old") is False


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_revocation_without_a_verdict_is_unreachable(intuits: responses.RequestsMock, status: int) -> None:
    intuits.post(intuit.REVOKE_URL, status=status)
    with pytest.raises(Unreachable):
        intuit.revoke(APP, "AB11-old")


def test_a_revocation_with_wrong_keys_is_told(intuits: responses.RequestsMock) -> None:
    intuits.post(intuit.REVOKE_URL, status=401)
    with pytest.raises(AuthorizationNeeded, match="client secret"):
        intuit.revoke(APP, "AB11-old")
