"""The control API of `qbsf demo --serve`, the sandbox's keyring and its environment."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring.errors
import pytest
import requests

from qbsf.sandbox import keyring_backend
from qbsf.sandbox.control import ControlServer
from qbsf.sandbox.keyring_backend import SandboxKeyring
from qbsf.sandbox.world import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def control(sandbox: Sandbox) -> Iterator[ControlServer]:
    server = ControlServer(sandbox)
    server.start()
    yield server
    server.close()


def call(control: ControlServer, name: str, **arguments: object) -> tuple[int, Any]:
    response = requests.post(control.url, json={"call": name, "with": arguments}, timeout=5)
    return response.status_code, response.json()


def test_people_act_over_http(control: ControlServer, sandbox: Sandbox) -> None:
    _, invoice = call(control, "books.add_invoice", customer="Acme", total="2750.00", number="2052")
    status, payment = call(control, "books.receive_payment", invoices={invoice["result"]: "1000.00"})
    assert status == 200
    shown = call(control, "books.invoice", invoice_id=invoice["result"])[1]["result"]
    assert (shown["Balance"], shown["LinkedTxn"][0]["TxnId"]) == ("1750.00", payment["result"])
    assert sandbox.books.invoice(invoice["result"])["DocNumber"] == "2052"


def test_the_clock_moves_and_faults_are_queued_over_http(control: ControlServer, sandbox: Sandbox) -> None:
    before = sandbox.clock.now()
    call(control, "clock.advance", days=3)
    assert (sandbox.clock.now() - before).days == 3
    assert call(control, "faults.add", service="quickbooks", kind="throttle")[0] == 200
    assert [fault.kind for fault in sandbox.faults.pending()] == ["throttle"]
    assert call(control, "network.log")[1] == {"result": []}


def test_the_front_page_lists_what_can_be_called(control: ControlServer) -> None:
    listed = requests.get(control.url, timeout=5).json()["calls"]
    assert {"books.receive_payment", "org.add_opportunity", "faults.clear", "clock.advance"} <= set(listed)
    assert "A payment for these invoices." in listed["books.receive_payment"]
    assert not [name for name in listed if "._" in name or name.endswith((".handle", ".meet"))]


@pytest.mark.parametrize(
    ("name", "arguments", "error"),
    [
        ("books._customer", {"customer": "x"}, "there is no books._customer"),
        ("org.handle", {}, "there is no org.handle"),
        ("books.company", {}, "there is no books.company"),
        ("books.void_invoice", {"invoice_id": "9"}, "there is no invoice 9"),
        ("books.void_invoice", {"number": "9"}, "missing a required argument"),
    ],
)
def test_what_cannot_be_called_is_refused(
    control: ControlServer, name: str, arguments: dict[str, object], error: str
) -> None:
    status, answer = call(control, name, **arguments)
    assert status == 400
    assert error in answer["error"]


@pytest.mark.parametrize("body", ["{", "[]", '{"call": 1}', '{"call": "books.invoice_ids", "with": []}'])
def test_a_body_that_is_no_call_is_refused(control: ControlServer, body: str) -> None:
    assert requests.post(control.url, body, timeout=5).status_code == 400


# -- the environment of a qbsf process --------------------------------------------------------------------------------


def test_a_process_in_the_sandboxs_environment_reaches_only_the_sandbox(sandbox: Sandbox, tmp_path: Path) -> None:
    script = (
        "import requests\n"
        "host = 'https://developer.intuit.com/.well-known/openid_sandbox_configuration/'\n"
        "print(requests.get(host, timeout=10).json()['token_endpoint'])\n"
        "import keyring; keyring.set_password('qbsf', 'a', 'secret'); print(keyring.get_password('qbsf', 'a'))\n"
        "try:\n    requests.get('https://example.com', timeout=10)\n"
        "except requests.exceptions.ProxyError:\n    print('unreachable')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=sandbox.environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    token_url = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"
    assert done.stdout.splitlines() == [token_url, "secret", "unreachable"]
    assert json.loads((tmp_path / "keyring.json").read_text()) == {"qbsf": {"a": "secret"}}


def test_everything_of_a_process_lives_under_its_home(sandbox: Sandbox, tmp_path: Path) -> None:
    environment = sandbox.environment(tmp_path)
    for name in ("HOME", "QBSF_CONFIG", "QBSF_STATE_DIR", "QBSF_SANDBOX_KEYRING"):
        assert environment[name].startswith(str(tmp_path))


# -- the keyring ------------------------------------------------------------------------------------------------------


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SandboxKeyring:
    monkeypatch.setenv(keyring_backend.FILE_VARIABLE, str(tmp_path / "keyring.json"))
    return SandboxKeyring()  # type: ignore[no-untyped-call]  # keyring's base class is


def test_the_keyring_keeps_replaces_and_forgets(keys: SandboxKeyring) -> None:
    assert keys.get_password("qbsf", "a") is None
    keys.set_password("qbsf", "a", "1")
    keys.set_password("qbsf", "a", "2")
    assert keys.get_password("qbsf", "a") == "2"
    keys.delete_password("qbsf", "a")
    assert keys.get_password("qbsf", "a") is None
    with pytest.raises(keyring.errors.PasswordDeleteError):
        keys.delete_password("qbsf", "a")


@pytest.mark.parametrize(
    ("fails", "error"),
    [("locked", keyring.errors.KeyringLocked), ("missing", keyring.errors.NoKeyringError)],
)
def test_the_keyring_can_be_out_of_reach(
    keys: SandboxKeyring, monkeypatch: pytest.MonkeyPatch, fails: str, error: type[Exception]
) -> None:
    monkeypatch.setenv(keyring_backend.FAILS_VARIABLE, fails)
    with pytest.raises(error):
        keys.get_password("qbsf", "a")
    with pytest.raises(error):
        keys.set_password("qbsf", "a", "1")


@pytest.mark.parametrize(
    ("fails", "error"),
    [("readonly", keyring.errors.PasswordSetError), ("prompt", keyring.errors.KeyringLocked)],
)
def test_the_keyring_can_refuse_to_keep(
    keys: SandboxKeyring, monkeypatch: pytest.MonkeyPatch, fails: str, error: type[Exception]
) -> None:
    keys.set_password("qbsf", "a", "1")
    monkeypatch.setenv(keyring_backend.FAILS_VARIABLE, fails)
    with pytest.raises(error):
        keys.set_password("qbsf", "a", "2")
    assert keys.get_password("qbsf", "a") == "1"


def test_the_keyring_can_pretend_to_keep(keys: SandboxKeyring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(keyring_backend.FAILS_VARIABLE, "forgets")
    keys.set_password("qbsf", "a", "1")
    assert keys.get_password("qbsf", "a") is None
