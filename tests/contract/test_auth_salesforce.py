"""Logging in to Salesforce: every recorded refusal says what to click, and no secret goes anywhere else."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs

import jwt
import pytest
import requests
import responses
from contract.auth_doubles import CONFIG, NOW, Machine, MovableClock
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from qbsf.auth.grant import SalesforceGrant
from qbsf.auth.salesforce_login import login, post_form
from qbsf.auth.salesforce_sessions import StoredSalesforceSessions
from qbsf.config import SalesforceConfig
from qbsf.errors import AuthorizationNeeded, ConfigError, QbsfError, Unreachable
from qbsf.salesforce.session import SalesforceSession

URL = "https://acme.my.salesforce.com/services/oauth2/token"
SECRET_FLOW = CONFIG.salesforce
ANSWER = {
    "access_token": "00D000000000001!AQ0AQFAKE",
    "signature": "FAKE=",
    "token_format": "opaque",
    "scope": "api",
    "instance_url": "https://acme.my.salesforce.com",
    "id": "https://login.salesforce.com/id/00D000000000001EAA/005000000000001AAA",
    "token_type": "Bearer",
    "issued_at": "1795329578000",
}
SESSION = SalesforceSession(
    "00D000000000001!AQ0AQFAKE",
    "https://acme.my.salesforce.com",
    "00D000000000001EAA",
    "005000000000001AAA",
)


@pytest.fixture
def salesforce() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def logged_in(config: SalesforceConfig = SECRET_FLOW) -> SalesforceSession:
    return login(config, "client-s3cr3t", post_form, NOW)


def refused(kind: type[QbsfError], config: SalesforceConfig = SECRET_FLOW) -> QbsfError:
    with pytest.raises(kind) as caught:
        logged_in(config)
    assert "\n" not in str(caught.value)
    assert "s3cr3t" not in str(caught.value)
    return caught.value


# -- client credentials -----------------------------------------------------------------------------------------------


def test_the_recorded_answer_becomes_a_session(salesforce: responses.RequestsMock) -> None:
    salesforce.post(URL, json=ANSWER)
    assert logged_in() == SESSION
    request = salesforce.calls[0].request
    assert request.headers["Authorization"] == "Basic M01WRzkuY2xpZW50OmNsaWVudC1zM2NyM3Q="
    assert parse_qs(str(request.body)) == {"grant_type": ["client_credentials"]}


def test_ids_of_fifteen_characters_are_completed(salesforce: responses.RequestsMock) -> None:
    salesforce.post(URL, json={**ANSWER, "id": "https://login.salesforce.com/id/00D000000000001/005000000000001"})
    assert logged_in() == SESSION


# samples/salesforce/token_errors.json, and refusals that Salesforce's documentation of the flows names
REFUSALS = [
    ("invalid_grant", "request not supported on this domain", ConfigError, "My Domain"),
    ("invalid_grant", "no client credentials user enabled", ConfigError, "Run As"),
    ("invalid_grant", "client credentials flow not enabled", ConfigError, "tick Enable Client Credentials Flow"),
    ("invalid_grant", "user hasn't approved this consumer", ConfigError, "add a permission set"),
    ("invalid_app_access", "user is not admin approved to access this app", ConfigError, "permission set"),
    ("invalid_client_id", "client identifier invalid", ConfigError, "up to ten minutes"),
    ("invalid_grant", "authentication failure", AuthorizationNeeded, "qbsf auth salesforce"),
    ("invalid_client", "invalid client credentials", AuthorizationNeeded, "Consumer Secret"),
    ("invalid_grant", "expired access/refresh token", AuthorizationNeeded, "login history"),
    ("unsupported_grant_type", "grant type not supported", ConfigError, "tick the flow"),
    ("invalid_grant", "ip restricted", ConfigError, "IP address"),
    ("inactive_user", "inactive user", ConfigError, "Activate the integration user"),
    ("login_rate_exceeded", "", Unreachable, "The next run tries again"),
    ("invalid_grant", "login rate exceeded", Unreachable, "The next run tries again"),
    ("server_error", "", Unreachable, "The next run tries again"),
]


@pytest.mark.parametrize(("code", "description", "kind", "cure"), REFUSALS)
def test_each_refusal_says_what_to_do(
    salesforce: responses.RequestsMock, code: str, description: str, kind: type[QbsfError], cure: str
) -> None:
    salesforce.post(URL, json={"error": code, "error_description": description}, status=400)
    assert cure in refused(kind).todo


def test_an_unknown_refusal_is_told_in_salesforces_words_on_one_line(salesforce: responses.RequestsMock) -> None:
    salesforce.post(URL, json={"error": "odd", "error_description": "two\nlines\x1b[31m"}, status=400)
    assert "(odd: two lines [31m)" in refused(AuthorizationNeeded).message


NO_VERDICTS: dict[str, dict[str, object]] = {
    "throttled": {"status": 429, "json": {"error": "x"}},
    "server fault": {"status": 500, "body": ""},
    "maintenance page": {"status": 503, "body": "<html>maintenance</html>"},
    "portal": {"status": 200, "body": "<html>Sign in</html>"},
    "not an error object": {"status": 400, "json": []},
    "no token": {"status": 200, "json": {**ANSWER, "access_token": ""}},
    "no id": {"status": 200, "json": {**ANSWER, "id": "https://login.salesforce.com/id/"}},
    "wrong id": {
        "status": 200,
        "json": {**ANSWER, "id": "https://login.salesforce.com/id/00D000000000001E/005000000000001AAA"},
    },
    "no connection": {"body": requests.ConnectionError("s3cr3t")},
    "timeout": {"body": requests.ReadTimeout("s3cr3t")},
}


@pytest.mark.parametrize("answer", NO_VERDICTS.values(), ids=NO_VERDICTS)
def test_an_answer_without_a_verdict_is_unreachable(
    salesforce: responses.RequestsMock, answer: dict[str, object]
) -> None:
    salesforce.post(URL, **answer)
    refused(Unreachable)


def test_a_redirect_is_not_followed_with_the_secret(salesforce: responses.RequestsMock) -> None:
    salesforce.post(URL, status=302, headers={"Location": "https://evil.example/token"})
    assert "not the address of the org" in refused(ConfigError).message
    assert len(salesforce.calls) == 1


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example",
        "http://acme.my.salesforce.com",
        "https://acme.my.salesforce.com@evil.example",
        "https://salesforce.com.evil.example",
    ],
)
def test_an_answer_that_points_elsewhere_is_refused(salesforce: responses.RequestsMock, address: str) -> None:
    salesforce.post(URL, json={**ANSWER, "instance_url": address})
    assert "not Salesforce's" in refused(ConfigError).message


@pytest.mark.parametrize(
    "address", ["https://evil.example", "https://login.salesforce.com", "http://acme.my.salesforce.com"]
)
def test_a_secret_is_sent_to_no_other_host_than_a_my_domain(salesforce: responses.RequestsMock, address: str) -> None:
    refused(ConfigError, replace(SECRET_FLOW, instance_url=address))
    assert len(salesforce.calls) == 0


def test_a_netrc_login_is_not_mixed_in(
    salesforce: responses.RequestsMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine acme.my.salesforce.com login alice password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    salesforce.post(URL, json=ANSWER)
    post_form(URL, {"grant_type": "x"}, None)
    assert "Authorization" not in salesforce.calls[0].request.headers


# -- JWT --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@pytest.fixture
def key_file(key: RSAPrivateKey, tmp_path: Path) -> Path:
    path = tmp_path / "key.pem"
    path.write_bytes(pem(key))
    path.chmod(0o600)
    return path


def pem(key: RSAPrivateKey, encryption: KeySerializationEncryption | None = None) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


def jwt_flow(path: Path, instance_url: str = SECRET_FLOW.instance_url) -> SalesforceConfig:
    return replace(
        SECRET_FLOW, flow="jwt", username="qbsf@acme.example", private_key_file=str(path), instance_url=instance_url
    )


@pytest.mark.parametrize(
    ("host", "audience"),
    [
        ("acme.my.salesforce.com", "https://login.salesforce.com"),
        ("acme-dev-ed.develop.my.salesforce.com", "https://login.salesforce.com"),
        ("acme--uat.sandbox.my.salesforce.com", "https://test.salesforce.com"),
        ("acme--uat.cs12.my.salesforce.com", "https://test.salesforce.com"),
        ("x-1.scratch.my.salesforce.com", "https://test.salesforce.com"),
    ],
)
def test_a_signed_login_is_addressed_to_the_right_audience(
    salesforce: responses.RequestsMock, key: RSAPrivateKey, key_file: Path, host: str, audience: str
) -> None:
    salesforce.post(f"https://{host}/services/oauth2/token", json=ANSWER)
    assert logged_in(jwt_flow(key_file, f"https://{host}")) == SESSION
    form = parse_qs(str(salesforce.calls[0].request.body))
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    claims = jwt.decode(
        form["assertion"][0], key.public_key(), ["RS256"], options={"verify_exp": False}, audience=audience
    )
    assert claims == {
        "iss": "3MVG9.client",
        "sub": "qbsf@acme.example",
        "aud": audience,
        "exp": int((NOW + timedelta(minutes=3)).timestamp()),
    }
    assert "Authorization" not in salesforce.calls[0].request.headers


@pytest.mark.parametrize(
    ("code", "description", "kind", "cure"),
    [
        ("invalid_grant", "invalid assertion", AuthorizationNeeded, "holds the certificate"),
        ("invalid_grant", "audience is invalid", ConfigError, "instance_url"),
        ("invalid_grant", "user hasn't approved this consumer", ConfigError, "Admin approved"),
        ("invalid_client", "invalid client credentials", AuthorizationNeeded, "holds the certificate"),
    ],
)
def test_refusals_of_a_signed_login_speak_of_the_key(
    salesforce: responses.RequestsMock, key_file: Path, code: str, description: str, kind: type[QbsfError], cure: str
) -> None:
    salesforce.post(URL, json={"error": code, "error_description": description}, status=400)
    assert cure in refused(kind, jwt_flow(key_file)).todo


def test_a_missing_key_file_is_told(tmp_path: Path) -> None:
    assert "does not exist" in refused(ConfigError, jwt_flow(tmp_path / "none.pem")).message


@pytest.mark.skipif(os.name == "nt", reason="files have no POSIX modes there")
def test_a_key_file_that_others_may_read_is_refused_with_the_cure(key_file: Path) -> None:
    key_file.chmod(0o644)
    found = refused(ConfigError, jwt_flow(key_file))
    assert "(mode 0644)" in found.message
    assert found.todo == f"Close it: chmod 600 {key_file}"


def test_a_file_that_holds_no_key_is_told_without_its_text(key_file: Path) -> None:
    for content in (b"s3cr3t", b"-----BEGIN PRIVATE KEY-----\ns3cr3t\n-----END PRIVATE KEY-----\n", b""):
        key_file.write_bytes(content)
        assert "holds no private key in PEM form" in refused(ConfigError, jwt_flow(key_file)).message


def test_an_encrypted_key_is_told(key: RSAPrivateKey, key_file: Path) -> None:
    key_file.write_bytes(pem(key, BestAvailableEncryption(b"s3cr3t")))
    assert "is encrypted" in refused(ConfigError, jwt_flow(key_file)).message


def test_a_key_of_another_kind_is_told(key_file: Path) -> None:
    other = generate_ec_key(SECP256R1())
    key_file.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert "is not an RSA key" in refused(ConfigError, jwt_flow(key_file)).message


def test_a_folder_instead_of_a_key_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    assert "cannot be read: Is a directory" in refused(ConfigError, jwt_flow(folder)).message


# -- sessions that are kept -------------------------------------------------------------------------------------------


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.store.set("salesforce.client_secret", "client-s3cr3t")
    return made


def sessions_of(
    machine: Machine, config: SalesforceConfig = SECRET_FLOW, environ: dict[str, str] | None = None
) -> StoredSalesforceSessions:
    return StoredSalesforceSessions(
        replace(CONFIG, salesforce=config), machine.store, machine.grant, MovableClock(), environ or {}
    )


def test_one_login_serves_all_processes(salesforce: responses.RequestsMock, machine: Machine) -> None:
    salesforce.post(URL, json=ANSWER)
    first = sessions_of(machine)
    assert first.current() == first.current() == sessions_of(machine).current() == SESSION
    assert len(salesforce.calls) == 1
    assert machine.grant.read().salesforce == SalesforceGrant(
        "https://acme.my.salesforce.com", "00D000000000001EAA", "client_credentials", NOW
    )


def test_a_rejected_session_is_replaced_by_a_login(salesforce: responses.RequestsMock, machine: Machine) -> None:
    salesforce.post(URL, json=ANSWER)
    salesforce.post(URL, json={**ANSWER, "access_token": "00D000000000001!second"})
    sessions = sessions_of(machine)
    old = sessions.current().access_token
    assert sessions.renew(old).access_token == "00D000000000001!second"
    assert sessions.renew(old).access_token == "00D000000000001!second"
    assert len(salesforce.calls) == 2


def test_another_process_newer_session_is_adopted(salesforce: responses.RequestsMock, machine: Machine) -> None:
    salesforce.post(URL, json=ANSWER)
    salesforce.post(URL, json={**ANSWER, "access_token": "00D000000000001!second"})
    mine, theirs = sessions_of(machine), sessions_of(machine)
    old = mine.current().access_token
    theirs.renew(theirs.current().access_token)
    assert mine.renew(old).access_token == "00D000000000001!second"
    assert len(salesforce.calls) == 2


@pytest.mark.parametrize(
    "config",
    [
        replace(SECRET_FLOW, client_id="3MVG9.other"),
        replace(SECRET_FLOW, instance_url="https://other.my.salesforce.com"),
    ],
)
def test_a_session_of_another_login_is_not_used(
    salesforce: responses.RequestsMock, machine: Machine, config: SalesforceConfig
) -> None:
    salesforce.post(URL, json=ANSWER)
    sessions_of(machine).current()
    salesforce.post(
        f"{config.instance_url}/services/oauth2/token", json={**ANSWER, "access_token": "00D000000000001!other"}
    )
    assert sessions_of(machine, config).current().access_token == "00D000000000001!other"


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"login": ["x"]})])
def test_a_damaged_session_is_replaced_by_a_login(
    salesforce: responses.RequestsMock, machine: Machine, text: str
) -> None:
    machine.store.set("salesforce.session", text)
    salesforce.post(URL, json=ANSWER)
    assert sessions_of(machine).current() == SESSION


def test_without_a_secret_it_says_what_to_run(machine: Machine) -> None:
    machine.store.delete("salesforce.client_secret")
    with pytest.raises(AuthorizationNeeded, match="client secret of the Salesforce app") as caught:
        sessions_of(machine).current()
    assert "QBSF_SALESFORCE_CLIENT_SECRET" in caught.value.todo


def test_the_environments_secret_wins(salesforce: responses.RequestsMock, machine: Machine) -> None:
    salesforce.post(URL, json=ANSWER)
    sessions_of(machine, environ={"QBSF_SALESFORCE_CLIENT_SECRET": "other"}).current()
    assert salesforce.calls[0].request.headers["Authorization"] == "Basic M01WRzkuY2xpZW50Om90aGVy"


def test_the_facts_for_status_come_back_from_the_stored_session(
    salesforce: responses.RequestsMock, machine: Machine
) -> None:
    salesforce.post(URL, json=ANSWER)
    sessions_of(machine).current()
    machine.grant.set_salesforce(None)
    sessions_of(machine).note_where_missing()
    found = machine.grant.read().salesforce
    assert found is not None
    assert (found.organization_id, found.last_login_at) == ("00D000000000001EAA", None)


def test_no_session_shows_in_a_representation() -> None:
    assert "AQ0AQFAKE" not in repr(SESSION)
