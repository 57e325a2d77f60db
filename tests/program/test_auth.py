"""`qbsf auth` as installed, with a browser that is told by BROWSER, against the simulated services."""

import json
import os
import pty
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from program.installation import QBSF, Installation

from qbsf.sandbox.browser import visit
from qbsf.sandbox.world import Sandbox

FIRST_LINE = "Open this address in a browser, and allow access to the company:"


@pytest.fixture
def fresh(sandbox: Sandbox, tmp_path: Path) -> Installation:
    """Configured, never authorized; client secrets in the environment; a redirect port of its own."""
    installation = Installation(sandbox, tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        uri = f"http://localhost:{probe.getsockname()[1]}/callback"
    sandbox.books.oauth.development.register(uri)
    installation.configure(quickbooks={"redirect_uri": uri})
    installation.extra_environment = {
        "QBSF_QUICKBOOKS_CLIENT_SECRET": sandbox.books.oauth.development.client_secret,
        "QBSF_SALESFORCE_CLIENT_SECRET": sandbox.org.app.client_secret,
    }
    return installation


@pytest.fixture
def network(sandbox: Sandbox, fresh: Installation, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The test itself plays the person: its requests go where the command's go."""
    for name, value in fresh.environment().items():
        if name.lower() in ("https_proxy", "no_proxy", "requests_ca_bundle"):
            monkeypatch.setenv(name, value)
    return sandbox


def keyring(installation: Installation) -> dict[str, str]:
    path = installation.home / "keyring.json"
    if not path.exists():
        return {}
    entries: dict[str, dict[str, str]] = json.loads(path.read_text())
    return entries.get("qbsf", {})


@pytest.mark.parametrize("manner", ["allow", "wrong-state-first", "idle-first", "favicon-first"])
def test_both_are_authorized_through_the_browser(fresh: Installation, sandbox: Sandbox, manner: str) -> None:
    fresh.extra_environment["QBSF_SANDBOX_CONSENT"] = manner
    outcome = fresh.run("auth")
    assert outcome.exit_code == 0, outcome.stderr
    assert f"QuickBooks: connected to Sandbox Company (sandbox company {sandbox.books.realm_id})." in outcome.stdout
    assert f"Salesforce: logged in to {sandbox.org.instance_url}" in outcome.stdout
    assert outcome.stdout.rstrip().endswith(
        "Next: qbsf sync --dry-run (shows what a pass would do, and writes nothing)"
    )
    assert set(keyring(fresh)) == {
        "default:quickbooks.access",
        "default:quickbooks.refresh",
        "default:salesforce.session",
    }
    assert fresh.run("sync", "--dry-run").exit_code == 0


def test_a_denial_exits_1_with_one_line_and_keeps_nothing(fresh: Installation) -> None:
    fresh.extra_environment["QBSF_SANDBOX_CONSENT"] = "deny"
    outcome = fresh.run("auth", "quickbooks")
    assert outcome.exit_code == 1
    assert outcome.stderr == (
        "qbsf: The access was denied in the browser: nothing was changed. Run `qbsf auth quickbooks` to try again.\n"
    )
    assert keyring(fresh) == {}


def test_nobody_answering_exits_1_after_the_limit(fresh: Installation) -> None:
    outcome = fresh.run("auth", "quickbooks", "--no-browser", "--timeout", "1")
    assert outcome.exit_code == 1
    assert outcome.stderr.startswith("qbsf: No answer came within 1 seconds: nothing was changed.")


def test_no_secret_is_in_any_output_with_verbose(fresh: Installation, sandbox: Sandbox) -> None:
    outcome = fresh.run("auth", "--verbose")
    assert outcome.exit_code == 0
    shown = outcome.stdout + outcome.stderr
    oauth = sandbox.books.oauth
    secrets = [oauth.development.client_secret, sandbox.org.app.client_secret]
    secrets += oauth.issued_refresh_tokens + list(oauth._access) + list(oauth._codes)
    assert len(secrets) == 5
    assert [secret for secret in secrets if secret in shown] == []


class Running:
    """A command that waits for a person, its lines read as they come."""

    def __init__(self, installation: Installation, *words: str) -> None:
        self.process = subprocess.Popen(
            [QBSF, *words],
            env=installation.environment() | {"PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.address = next(line.strip() for line in self.process.stdout if line.startswith("https://"))

    def finish(self, text: str | None = None) -> tuple[int, str, str]:
        stdout, stderr = self.process.communicate(text, timeout=60)
        return self.process.returncode, stdout, stderr


@pytest.fixture
def pasting(fresh: Installation, network: Sandbox) -> Iterator[Running]:
    assert network.network.port
    running = Running(fresh, "auth", "quickbooks", "--paste", "--no-browser")
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.communicate()


def test_the_pasted_address_authorizes(pasting: Running, fresh: Installation) -> None:
    code, stdout, stderr = pasting.finish(visit(pasting.address, "print") + "\n")
    assert (code, stderr) == (0, "")
    assert "QuickBooks: connected to Sandbox Company" in stdout
    assert "Next: qbsf auth salesforce" in stdout
    assert "default:quickbooks.refresh" in keyring(fresh)


def test_a_pasted_address_of_another_attempt_is_told_and_the_right_one_still_counts(pasting: Running) -> None:
    landed = visit(pasting.address, "print")
    code, stdout, _ = pasting.finish(f"{landed.replace('state=', 'state=x')}\n{landed}\n")
    assert code == 0
    assert "That address cannot be used: its state is that of another attempt" in stdout


def test_the_end_of_the_input_is_one_clear_error(pasting: Running) -> None:
    code, _, stderr = pasting.finish("")
    assert code == 3
    assert stderr.startswith("qbsf: No address was pasted that answers this consent: nothing was changed.")


def test_a_code_pasted_twice_is_told(pasting: Running, fresh: Installation) -> None:
    landed = visit(pasting.address, "print")
    assert pasting.finish(landed + "\n")[0] == 0
    before = keyring(fresh)
    again = Running(fresh, "auth", "quickbooks", "--paste", "--no-browser")
    state = again.address.partition("state=")[2]
    code, _, stderr = again.finish(landed.partition("state=")[0] + f"state={state}&realmId=9341453908059624\n")
    assert code == 3
    assert "Intuit does not take this code: it was used before" in stderr
    assert keyring(fresh) == before


def test_ctrl_c_while_waiting_ends_at_once_and_changes_nothing(fresh: Installation) -> None:
    running = Running(fresh, "auth", "quickbooks", "--no-browser")
    running.process.send_signal(signal.SIGINT)
    code, _, stderr = running.finish()
    assert code == 130
    assert "Traceback" not in stderr
    assert keyring(fresh) == {}


def test_off_a_terminal_a_missing_secret_is_an_error_and_no_prompt(fresh: Installation) -> None:
    fresh.extra_environment = {}
    outcome = fresh.run("auth", "quickbooks")
    assert outcome.exit_code == 3
    assert "set QBSF_QUICKBOOKS_CLIENT_SECRET" in outcome.stderr


def test_at_a_terminal_the_secret_is_asked_for_and_not_echoed(fresh: Installation, sandbox: Sandbox) -> None:
    secret = sandbox.books.oauth.development.client_secret
    fresh.extra_environment = {}
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [QBSF, "auth", "quickbooks"],
        env=fresh.environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = read_until(ours, b"(not shown): ")
    os.write(ours, secret.encode() + b"\n")
    shown += read_until(ours, b"Next: qbsf auth salesforce")
    assert process.wait(60) == 0
    os.close(ours)
    assert secret.encode() not in shown
    assert keyring(fresh)["default:quickbooks.client_secret"] == secret


def read_until(descriptor: int, text: bytes) -> bytes:
    """What a terminal shows, up to a text; fails after a minute."""
    shown = b""
    end = time.monotonic() + 60
    while text not in shown:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, end - time.monotonic()))
        assert ready, shown.decode(errors="replace")
        shown += os.read(descriptor, 65_536)
    return shown


def test_forgetting_revokes_deletes_and_can_be_repeated(fresh: Installation, sandbox: Sandbox) -> None:
    fresh.run("auth")
    outcome = fresh.run("auth", "--forget")
    assert outcome.exit_code == 0
    assert f"the grant of company {sandbox.books.realm_id} is revoked at Intuit" in outcome.stdout
    assert keyring(fresh) == {}
    assert not sandbox.books.oauth.refresh_tokens[-1].grant.live
    assert fresh.run("sync", "--dry-run").exit_code == 3
    again = fresh.run("auth", "--forget")
    assert again.exit_code == 0
    assert "no grant was stored" in again.stdout


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("locked", "it is locked"),
        ("missing", "there is none that qbsf can reach"),
        ("forgets", "does not keep what is written to it"),
        ("readonly", "could not be written"),
    ],
)
def test_a_keyring_that_cannot_be_used_is_told_before_the_browser_opens(
    fresh: Installation, fault: str, told: str
) -> None:
    fresh.extra_environment["QBSF_SANDBOX_KEYRING_FAILS"] = fault
    outcome = fresh.run("auth", "quickbooks")
    assert outcome.exit_code == 3
    assert told in outcome.stderr
    assert FIRST_LINE not in outcome.stdout


def test_passes_that_start_together_renew_the_token_once(qbsf: Installation, sandbox: Sandbox) -> None:
    sandbox.books.set_rotation("every")
    sandbox.books.expire_access_tokens()
    running = [qbsf.start("sync", "--dry-run") for _ in range(4)]
    codes = []
    for process in running:
        process.communicate(timeout=120)
        codes.append(process.returncode)
    assert codes == [0, 0, 0, 0]
    assert sandbox.books.oauth.refreshes == 1


def test_a_token_that_was_rotated_is_in_the_keyring_after_the_pass(qbsf: Installation, sandbox: Sandbox) -> None:
    sandbox.books.set_rotation("every")
    for _ in range(3):
        sandbox.books.expire_access_tokens()
        assert qbsf.run("sync", "--dry-run").exit_code == 0
    assert sandbox.books.oauth.newest_refresh_token in keyring(qbsf)["default:quickbooks.refresh"]
    assert sandbox.books.oauth.refreshes == 3


def test_a_disconnected_app_asks_for_a_person_and_status_knows(fresh: Installation, sandbox: Sandbox) -> None:
    fresh.run("auth")
    sandbox.books.disconnect()
    outcome = fresh.run("sync")
    assert outcome.exit_code == 3
    assert "qbsf auth quickbooks" in outcome.stderr
    assert fresh.run("status").exit_code == 3


def test_the_secrets_file_serves_where_there_is_no_keyring(fresh: Installation, sandbox: Sandbox) -> None:
    uri = next(uri for uri in sandbox.books.oauth.development.redirect_uris if "8765" not in uri)
    fresh.configure(quickbooks={"redirect_uri": uri}, secrets={"store": "file", "file": "private/secrets.json"})
    fresh.extra_environment["QBSF_SANDBOX_KEYRING_FAILS"] = "missing"
    assert fresh.run("auth").exit_code == 0
    path = fresh.home / "private" / "secrets.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert fresh.run("sync", "--dry-run").exit_code == 0
    path.chmod(0o644)
    outcome = fresh.run("sync", "--dry-run")
    assert outcome.exit_code == 3
    assert f"Close it: chmod 600 {path}" in outcome.stderr


def test_salesforce_takes_a_signed_login(fresh: Installation, sandbox: Sandbox) -> None:
    key = generate_private_key(65537, 2048)
    path = fresh.home / "key.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    sandbox.org.app.certificate = public.decode()
    jwt = {"flow": "jwt", "username": "qbsf@acme.example", "private_key_file": "key.pem"}
    fresh.configure(salesforce=jwt)
    outcome = fresh.run("auth", "salesforce")
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert f"Salesforce: logged in to {sandbox.org.instance_url}" in outcome.stdout
    sandbox.org.app.approved.clear()
    outcome = fresh.run("auth", "salesforce")
    assert outcome.exit_code == 2
    assert "The Salesforce user is not allowed to use the app." in outcome.stderr


def test_production_keys_take_the_pasted_address(fresh: Installation, network: Sandbox) -> None:
    app = network.books.oauth.production
    production = {"environment": "production", "client_id": app.client_id}
    fresh.extra_environment["QBSF_QUICKBOOKS_CLIENT_SECRET"] = app.client_secret
    fresh.configure(quickbooks={**production, "redirect_uri": "http://localhost:8765/callback"})
    refused = fresh.run("auth", "quickbooks")
    assert refused.exit_code == 2
    assert "production keys" in refused.stderr
    fresh.configure(quickbooks={**production, "redirect_uri": next(iter(app.redirect_uris))})
    running = Running(fresh, "auth", "quickbooks", "--no-browser")
    code, stdout, stderr = running.finish(visit(running.address, "print") + "\n")
    assert (code, stderr) == (0, "")
    assert "(production company " in stdout
