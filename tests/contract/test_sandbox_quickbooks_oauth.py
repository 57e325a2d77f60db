"""Intuit's simulated OAuth server grants, rotates, refuses and forgets as quickbooks.md section 1 says."""

from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from contract.sandbox_client import PRODUCTION_HOST, TOKEN_URL, Client, open_client, read

from qbsf.sandbox import browser
from qbsf.sandbox.quickbooks.oauth import App

AUTHORIZE = "https://appcenter.intuit.com/connect/oauth2"
REVOKE = "https://developer.api.intuit.com/v2/oauth2/tokens/revoke"
ACCOUNTING = "com.intuit.quickbooks.accounting"


@pytest.fixture
def client() -> Iterator[Client]:
    with open_client() as opened:
        yield opened


@pytest.fixture
def app(client: Client) -> App:
    return client.sandbox.books.oauth.development


def authorize_url(app: App, **other: str) -> str:
    asked = {
        "client_id": app.client_id,
        "response_type": "code",
        "scope": ACCOUNTING,
        "redirect_uri": "http://localhost:8765/callback",
        "state": "s1",
        **other,
    }
    return f"{AUTHORIZE}?{urlencode(asked)}"


def consented(client: Client, app: App, **other: str) -> dict[str, str]:
    """What the redirect carries after the person pressed a button on the consent page."""
    url = authorize_url(app, **{name: value for name, value in other.items() if name != "decision"})
    answer = {**dict(parse_qsl(urlsplit(url).query)), "decision": other.get("decision", "allow")}
    response = client.session.post(AUTHORIZE, answer, allow_redirects=False, timeout=5)
    assert response.status_code == 302
    return dict(parse_qsl(urlsplit(response.headers["Location"]).query))


def ask_token(client: Client, app: App, secret: str = "", **form: str) -> requests.Response:
    credentials = b64encode(f"{app.client_id}:{secret or app.client_secret}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}", "Accept": "application/json"}
    return client.session.post(TOKEN_URL, form, headers=headers, timeout=5)


def exchange(client: Client, app: App, code: str) -> requests.Response:
    return ask_token(
        client,
        app,
        grant_type="authorization_code",
        code=code,
        redirect_uri="http://localhost:8765/callback",
    )


def refresh(client: Client, app: App, token: str) -> requests.Response:
    return ask_token(client, app, grant_type="refresh_token", refresh_token=token)


def works(client: Client, access_token: str) -> bool:
    client.token = access_token
    return client.get("preferences").status_code == 200


def test_consent_brings_code_state_and_realm_and_the_code_brings_tokens(client: Client, app: App) -> None:
    landed = consented(client, app)
    assert (landed["state"], landed["realmId"]) == ("s1", client.sandbox.books.realm_id)
    tokens = read(exchange(client, app, landed["code"]))
    assert tokens["token_type"] == "bearer"
    assert (tokens["expires_in"], tokens["x_refresh_token_expires_in"]) == (3600, 8_640_000)
    assert set(tokens) == {
        "token_type",
        "access_token",
        "refresh_token",
        "expires_in",
        "x_refresh_token_expires_in",
    }
    assert works(client, tokens["access_token"])


def test_a_person_who_cancels_sends_access_denied(client: Client, app: App) -> None:
    assert consented(client, app, decision="deny") == {"error": "access_denied", "state": "s1"}


def test_the_consent_page_shows_before_anything_is_granted(client: Client, app: App) -> None:
    page = client.session.get(authorize_url(app), timeout=5)
    assert page.status_code == 200
    assert "Connect" in page.text
    assert "code=" not in page.url


@pytest.mark.parametrize(
    "other",
    [
        {"redirect_uri": "http://localhost:9999/callback"},
        {"redirect_uri": "http://localhost:8765/callback/"},
        {"client_id": "unknown"},
        {"state": ""},
    ],
)
def test_an_address_that_is_not_registered_exactly_is_an_error_page(
    client: Client, app: App, other: dict[str, str]
) -> None:
    page = client.session.get(authorize_url(app, **other), timeout=5, allow_redirects=False)
    assert page.status_code == 400
    assert "Location" not in page.headers


def test_a_foreign_scope_is_refused_at_the_redirect(client: Client, app: App) -> None:
    assert consented(client, app, scope="openid")["error"] == "invalid_scope"


@pytest.mark.parametrize("uri", ["http://localhost:8765/callback", "https://127.0.0.1/cb", "http://example.com/cb"])
def test_production_keys_take_only_https_on_a_real_domain(client: Client, uri: str) -> None:
    with pytest.raises(ValueError, match="production keys"):
        client.sandbox.books.oauth.production.register(uri)


def test_a_code_works_once_and_a_second_use_ends_what_it_brought(client: Client, app: App) -> None:
    code = consented(client, app)["code"]
    tokens = read(exchange(client, app, code))
    again = exchange(client, app, code)
    assert (again.status_code, read(again)["error"]) == (400, "invalid_grant")
    assert not works(client, tokens["access_token"])
    assert refresh(client, app, tokens["refresh_token"]).status_code == 400


def test_a_code_lives_ten_minutes(client: Client, app: App) -> None:
    code = consented(client, app)["code"]
    client.sandbox.clock.advance(timedelta(minutes=10))
    assert read(exchange(client, app, code))["error"] == "invalid_grant"


def test_the_redirect_address_of_the_exchange_must_be_the_one_of_the_consent(client: Client, app: App) -> None:
    code = consented(client, app)["code"]
    other = ask_token(client, app, grant_type="authorization_code", code=code, redirect_uri="http://localhost:1/x")
    assert read(other)["error"] == "invalid_grant"


def test_a_wrong_secret_is_invalid_client(client: Client, app: App) -> None:
    response = ask_token(client, app, secret="wrong", grant_type="refresh_token", refresh_token="x")
    assert (response.status_code, read(response)) == (401, {"error": "invalid_client"})
    bare = client.session.post(TOKEN_URL, {"grant_type": "refresh_token"}, timeout=5)
    assert bare.status_code == 401


def test_the_secret_may_come_in_the_body(client: Client, app: App) -> None:
    form = {
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "grant_type": "refresh_token",
        "refresh_token": client.sandbox.books.oauth.newest_refresh_token,
    }
    assert client.session.post(TOKEN_URL, form, timeout=5).status_code == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "AB11unknown"}, "invalid_grant"),
    ],
)
def test_the_token_endpoint_refuses(client: Client, app: App, form: dict[str, str], error: str) -> None:
    response = ask_token(client, app, **form)
    assert (response.status_code, read(response)["error"]) == (400, error)
    assert "intuit_tid" in response.headers


def test_json_is_no_form(client: Client) -> None:
    response = client.session.post(TOKEN_URL, json={"grant_type": "refresh_token"}, timeout=5)
    assert read(response)["error"] == "invalid_request"


def test_an_access_token_lives_an_hour(client: Client) -> None:
    client.sandbox.clock.advance(timedelta(minutes=59))
    assert client.get("preferences").status_code == 200
    client.sandbox.clock.advance(timedelta(minutes=1))
    expired = client.get("preferences")
    assert expired.status_code == 401
    assert read(expired)["fault"]["error"][0]["code"] == "3200"


def test_within_a_day_a_refresh_returns_the_same_refresh_token_and_then_a_new_one(client: Client, app: App) -> None:
    oauth = client.sandbox.books.oauth
    first = oauth.newest_refresh_token
    assert read(refresh(client, app, first))["refresh_token"] == first
    client.sandbox.clock.advance(timedelta(hours=24))
    second = read(refresh(client, app, first))["refresh_token"]
    assert second != first
    assert read(refresh(client, app, first)) == {
        "error": "invalid_grant",
        "error_description": "Incorrect or invalid refresh token",
    }
    assert (oauth.issued_refresh_tokens, oauth.newest_refresh_token) == ([first, second], second)


def test_with_rotation_at_every_refresh_the_old_token_dies_at_once(client: Client, app: App) -> None:
    client.sandbox.books.set_rotation("every")
    first = client.sandbox.books.oauth.newest_refresh_token
    second = read(refresh(client, app, first))["refresh_token"]
    assert refresh(client, app, first).status_code == 400
    assert refresh(client, app, second).status_code == 200


def test_a_refresh_token_dies_after_100_idle_days_and_use_prolongs_it(client: Client, app: App) -> None:
    token = client.sandbox.books.oauth.newest_refresh_token
    client.sandbox.clock.advance(timedelta(days=99))
    token = read(refresh(client, app, token))["refresh_token"]
    client.sandbox.clock.advance(timedelta(days=99))
    token = read(refresh(client, app, token))["refresh_token"]
    client.sandbox.clock.advance(timedelta(days=100))
    assert refresh(client, app, token).status_code == 400


def test_a_grant_ends_after_five_years_whatever_its_use(client: Client, app: App) -> None:
    token = client.sandbox.books.oauth.newest_refresh_token
    for _ in range(20):
        client.sandbox.clock.advance(timedelta(days=90))
        token = read(refresh(client, app, token))["refresh_token"]
    credentials = (app.client_id, app.client_secret)
    headers = {"x-include-refresh-token-hard-expires-in": "true"}
    form = {"grant_type": "refresh_token", "refresh_token": token}
    tokens = read(client.session.post(TOKEN_URL, form, headers=headers, auth=credentials, timeout=5))
    assert tokens["x_refresh_token_hard_expires_in"] == tokens["x_refresh_token_expires_in"]
    assert 24 * 86_400 < tokens["x_refresh_token_expires_in"] <= 25 * 86_400
    client.sandbox.clock.advance(timedelta(days=25))
    assert refresh(client, app, tokens["refresh_token"]).status_code == 400


@pytest.mark.parametrize("as_form", [True, False])
def test_revoking_either_token_ends_the_grant(client: Client, app: App, as_form: bool) -> None:
    oauth = client.sandbox.books.oauth
    body = {"token": client.token if as_form else oauth.newest_refresh_token}
    given = {"data": body} if as_form else {"json": body}
    response = client.session.post(REVOKE, auth=(app.client_id, app.client_secret), timeout=5, **given)  # type: ignore[arg-type]
    assert response.status_code == 200
    assert client.get("preferences").status_code == 401
    assert refresh(client, app, oauth.newest_refresh_token).status_code == 400


def test_disconnecting_in_quickbooks_ends_the_grant(client: Client, app: App) -> None:
    client.sandbox.books.disconnect()
    assert client.get("preferences").status_code == 401
    assert refresh(client, app, client.sandbox.books.oauth.newest_refresh_token).status_code == 400


def test_tokens_can_be_let_die(client: Client, app: App) -> None:
    client.sandbox.books.expire_access_tokens()
    assert client.get("preferences").status_code == 401
    client.sandbox.books.expire_refresh_tokens()
    assert refresh(client, app, client.sandbox.books.oauth.newest_refresh_token).status_code == 400


def test_a_token_that_was_never_issued_is_a_general_authentication_error(client: Client) -> None:
    client.token = "invented"
    response = client.get("preferences")
    assert (response.status_code, read(response)["fault"]["error"][0]["code"]) == (401, "100")


def test_keys_and_hosts_of_different_environments_do_not_mix(client: Client) -> None:
    path = f"/v3/company/{client.sandbox.books.realm_id}/preferences"
    mixed = client.session.get(f"https://{PRODUCTION_HOST}{path}", headers=client.headers(), timeout=5)
    assert (mixed.status_code, read(mixed)["fault"]["error"][0]["code"]) == (403, "3100")
    client.token = client.sandbox.books.issue_tokens(production=True)["access_token"]
    assert client.get("preferences").status_code == 403
    right = client.session.get(f"https://{PRODUCTION_HOST}{path}", headers=client.headers(), timeout=5)
    assert right.status_code == 200


def test_another_companys_realm_is_refused(client: Client) -> None:
    url = client.base.replace(client.sandbox.books.realm_id, "1")
    response = client.session.get(f"{url}/preferences", headers=client.headers(), timeout=5)
    assert response.status_code == 403


def test_no_secret_shows_in_a_representation(client: Client, app: App) -> None:
    oauth = client.sandbox.books.oauth
    shown = repr([app, *oauth.refresh_tokens, oauth.access(client.token)])
    for secret in (app.client_secret, oauth.newest_refresh_token, client.token):
        assert secret not in shown


@pytest.mark.parametrize(("manner", "lands_on"), [("print", "code="), ("silent", "Authorize")])
def test_the_person_in_the_browser(
    client: Client, app: App, monkeypatch: pytest.MonkeyPatch, manner: str, lands_on: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", client.sandbox.network.proxy_url)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(client.sandbox.network.certificates.bundle))
    assert lands_on in browser.visit(authorize_url(app), manner)
