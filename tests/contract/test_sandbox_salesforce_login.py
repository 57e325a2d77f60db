"""The simulated org's OAuth: what a login answers and how it is refused (samples/salesforce/token_*.json)."""

import json
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import jwt
import pytest
from contract.org_client import SAMPLES, OrgClient, sample
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from qbsf.sandbox.exchange import Request
from qbsf.sandbox.salesforce import OrgOptions
from qbsf.sandbox.salesforce.ids import full_id

CREDENTIALS = {"grant_type": "client_credentials"}
JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
PRIVATE_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE_PEM = PRIVATE_KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
PUBLIC_PEM = (
    PRIVATE_KEY.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


@pytest.fixture
def client() -> OrgClient:
    return OrgClient()


def assertion(client: OrgClient, changed: dict[str, object] | None = None, key: bytes = PRIVATE_PEM) -> dict[str, str]:
    claims = {
        "iss": client.org.app.client_id,
        "sub": "qbsf@acme.example",
        "aud": "https://login.salesforce.com",
        "exp": (client.clock.now() + timedelta(minutes=3)).timestamp(),
        **(changed or {}),
    }
    return {"grant_type": JWT, "assertion": jwt.encode(claims, key, algorithm="RS256")}


def test_client_credentials_answer_like_the_documented_sample(client: OrgClient) -> None:
    answer = client.ask_token(CREDENTIALS)
    token = json.loads(answer.body)
    assert answer.status == 200
    assert token["instance_url"] == "https://acme.my.salesforce.com"
    assert token["access_token"].startswith(client.org.organization_id[:15] + "!")
    url, organization, user = token["id"].rsplit("/", 2)
    assert (url, organization) == ("https://login.salesforce.com/id", client.org.organization_id)
    assert full_id(user) == user
    if SAMPLES.exists():
        recorded = sample("token_response_client_credentials.json")
        assert isinstance(recorded, dict)
        assert list(token) == list(recorded)
        assert {name: type(value) for name, value in token.items()} == dict.fromkeys(recorded, str)


def test_client_credentials_may_stand_in_the_form(client: OrgClient) -> None:
    app = client.org.app
    form = {**CREDENTIALS, "client_id": app.client_id, "client_secret": app.client_secret}
    assert client.ask_token(form, basic=False).status == 200


def no_user(client: OrgClient) -> None:
    client.org.app.run_as = ""


def not_ticked(client: OrgClient) -> None:
    client.org.app.client_credentials = False


def too_often(client: OrgClient) -> None:
    client.org.app.login_rate_exceeded = True


@pytest.mark.parametrize(
    ("spoil", "error", "description"),
    [
        (no_user, "invalid_grant", "no client credentials user enabled"),
        (not_ticked, "invalid_grant", "client credentials flow not enabled"),
        (too_often, "invalid_grant", "login rate exceeded"),
    ],
)
def test_a_misconfigured_app_is_refused_as_recorded(
    client: OrgClient, spoil: Callable[[OrgClient], None], error: str, description: str
) -> None:
    spoil(client)
    answer = client.ask_token(CREDENTIALS)
    assert answer.status == 400
    assert json.loads(answer.body) == {"error": error, "error_description": description}


def test_an_unknown_consumer_key_is_refused(client: OrgClient) -> None:
    form = {**CREDENTIALS, "client_id": "3MVG9.other", "client_secret": "x"}
    answer = client.ask_token(form, basic=False)
    expected = {"error": "invalid_client_id", "error_description": "client identifier invalid"}
    assert (answer.status, json.loads(answer.body)) == (400, expected)


def test_a_wrong_secret_is_refused(client: OrgClient) -> None:
    answer = client.ask_token(CREDENTIALS, secret="wrong")
    assert (answer.status, json.loads(answer.body)["error"]) == (400, "invalid_client")


@pytest.mark.parametrize("host", ["login.salesforce.com", "test.salesforce.com"])
def test_the_login_hosts_refuse_client_credentials(client: OrgClient, host: str) -> None:
    answer = client.ask_token(CREDENTIALS, host=host)
    expected = {"error": "invalid_grant", "error_description": "request not supported on this domain"}
    assert client.org.serves(host)
    assert (answer.status, json.loads(answer.body)) == (400, expected)


def test_a_jwt_of_the_registered_key_logs_in(client: OrgClient) -> None:
    client.org.app.certificate = PUBLIC_PEM
    answer = client.ask_token(assertion(client), basic=False)
    token = json.loads(answer.body)
    assert answer.status == 200
    client.token = token["access_token"]
    assert client.query("SELECT Id FROM Organization").status == 200
    if SAMPLES.exists():
        recorded = sample("token_response_jwt_bearer.json")
        assert isinstance(recorded, dict)
        assert list(token) == list(recorded)


@pytest.mark.parametrize(
    ("changed", "description"),
    [
        ({"sub": "nobody@acme.example"}, "user hasn't approved this consumer"),
        ({"iss": "3MVG9.other"}, "client identifier invalid"),
        ({"aud": "https://test.salesforce.com"}, "audience is invalid"),
        ({"exp": 1}, "expired authorization code"),
    ],
)
def test_a_wrong_claim_is_refused(client: OrgClient, changed: dict[str, object], description: str) -> None:
    client.org.app.certificate = PUBLIC_PEM
    answer = client.ask_token(assertion(client, changed), basic=False)
    assert (answer.status, json.loads(answer.body)["error_description"]) == (400, description)


def test_a_user_without_admin_approval_is_refused_in_other_words(client: OrgClient) -> None:
    app = client.org.app
    app.certificate, app.admin_approval = PUBLIC_PEM, True
    app.approved.clear()
    expected = {
        "error": "invalid_app_access",
        "error_description": "user is not admin approved to access this app",
    }
    assert json.loads(client.ask_token(assertion(client), basic=False).body) == expected


def test_a_jwt_signed_with_another_key_is_refused(client: OrgClient) -> None:
    client.org.app.certificate = PUBLIC_PEM
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    answer = client.ask_token(assertion(client, key=stranger), basic=False)
    assert (answer.status, json.loads(answer.body)["error_description"]) == (400, "invalid assertion")


def test_no_certificate_registered_refuses_every_jwt(client: OrgClient) -> None:
    answer = client.ask_token(assertion(client), basic=False)
    assert (answer.status, json.loads(answer.body)["error_description"]) == (400, "invalid assertion")


def test_a_sandbox_org_takes_the_sandbox_audience() -> None:
    client = OrgClient(OrgOptions(host="acme--dev.sandbox.my.salesforce.com"))
    client.org.app.certificate = PUBLIC_PEM
    answer = client.ask_token(assertion(client, {"aud": "https://test.salesforce.com"}), basic=False)
    assert json.loads(answer.body)["id"].startswith("https://test.salesforce.com/id/")
    assert client.query("SELECT IsSandbox FROM Organization").records[0]["IsSandbox"] is True


@pytest.mark.parametrize(
    ("grant", "error"),
    [("password", "invalid_grant"), ("refresh_token", "invalid_grant"), ("saml", "unsupported_grant_type")],
)
def test_other_grants_are_refused(client: OrgClient, grant: str, error: str) -> None:
    answer = client.ask_token({"grant_type": grant})
    assert (answer.status, json.loads(answer.body)["error"]) == (400, error)


def test_a_session_dies_after_two_hours_without_use(client: OrgClient) -> None:
    client.clock.advance(timedelta(minutes=119))
    assert client.query("SELECT Id FROM User").status == 200
    client.clock.advance(timedelta(minutes=119))
    assert client.query("SELECT Id FROM User").status == 200
    client.clock.advance(timedelta(minutes=121))
    reply = client.query("SELECT Id FROM User")
    assert reply.status == 401
    assert reply.body == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def test_an_administrator_ends_all_sessions(client: OrgClient) -> None:
    client.org.expire_sessions()
    assert client.query("SELECT Id FROM User").status == 401
    client.login()
    assert client.query("SELECT Id FROM User").status == 200


def test_a_session_that_rest_does_not_take_is_not_cured_by_a_login(client: OrgClient) -> None:
    client.org.refuse_rest()
    client.login()
    reply = client.query("SELECT Id FROM User")
    assert (reply.status, reply.error["message"]) == (401, "This session is not valid for use with the REST API")


def test_the_lightning_host_takes_no_session(client: OrgClient) -> None:
    reply = client.send("GET", "/limits", host="acme.lightning.force.com")
    assert (reply.status, reply.error["errorCode"]) == (401, "INVALID_SESSION_ID")


def test_a_revoked_token_is_dead(client: OrgClient) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    revoke = Request(
        "POST", client.org.host, "/services/oauth2/revoke", headers, urlencode({"token": client.token}).encode()
    )
    assert client.org.handle(revoke).status == 200
    assert client.query("SELECT Id FROM User").status == 401


def test_no_secret_stands_in_a_repr(client: OrgClient) -> None:
    assert client.org.app.client_secret not in repr(client.org.app)
