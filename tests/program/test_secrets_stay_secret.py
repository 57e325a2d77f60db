"""No secret in any output at any verbosity, with debug logging of the libraries included (interface.md, Output)."""

import base64
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import parse_qsl, quote

import pytest
from program.installation import Installation, Outcome
from program.scenes import Scene, later

from qbsf.sandbox.faults import Kind

SHORTEST = 12
"""Characters of a piece of a secret that must not be seen either."""
DEBUG = """\
import http.client, logging, sys, warnings
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
warnings.simplefilter("always")
{more}
from qbsf.__main__ import main
sys.argv = ["qbsf", *sys.argv[1:]]
main()
"""
WIRE = "http.client.HTTPConnection.debuglevel = 1"
PUBLIC = frozenset({"access_token", "refresh_token", "authorization_code", "client_credentials"})
SECRET_MEMBERS = frozenset({"code", "refresh_token", "token", "client_secret", "assertion"})


class Witness:
    """Knows every secret of a world and everything that a user could see."""

    def __init__(self, qbsf: Installation) -> None:
        self.qbsf = qbsf
        self._issued: list[str] = []
        self._seen: list[tuple[str, str]] = []
        oauth, sessions = qbsf.books.oauth, qbsf.org.sessions
        make, opened = oauth._random_text, sessions.open

        def random_text(prefix: str, length: int) -> str:
            self._issued.append(make(prefix, length))
            return self._issued[-1]

        def open_session(user_id: str) -> str:
            self._issued.append(opened(user_id))
            return self._issued[-1]

        oauth._random_text = random_text
        sessions.open = open_session  # type: ignore[method-assign]

    def secrets(self) -> set[str]:
        oauth = self.qbsf.books.oauth
        found = {oauth.development.client_secret, oauth.production.client_secret, self.qbsf.org.app.client_secret}
        found |= set(self._issued)
        found |= set(oauth._access) | {token.value for token in oauth.refresh_tokens} | set(oauth._codes)
        found |= set(self.qbsf.org.sessions._sessions)
        for entry in self.qbsf.sandbox.network.log.entries(token=True):
            form = dict(parse_qsl(entry.body.decode(errors="replace")))
            found |= {value for name, value in form.items() if name in SECRET_MEMBERS and value not in PUBLIC}
        for app in (oauth.development, oauth.production):
            found.add(base64.b64encode(f"{app.client_id}:{app.client_secret}".encode()).decode())
        return found

    def run(self, *words: str, stdin: str | None = None) -> Outcome:
        outcome = self.qbsf.run(*words, stdin=stdin)
        self._keep(" ".join(words), outcome)
        return outcome

    def run_with_debug_logging(self, *words: str, more: str = "") -> Outcome:
        done = subprocess.run(
            [sys.executable, "-X", "dev", "-c", DEBUG.format(more=more), *words],
            env=self.qbsf.environment(),
            input="",
            capture_output=True,
            text=True,
            timeout=120,
            cwd=self.qbsf.home,
            check=False,
        )
        outcome = Outcome(done.returncode, done.stdout, done.stderr)
        self._keep("debug " + " ".join(words), outcome)
        return outcome

    def _keep(self, what: str, outcome: Outcome) -> None:
        self._seen += [(f"stdout of {what}", outcome.stdout), (f"stderr of {what}", outcome.stderr)]

    def assert_nothing_leaked(self) -> None:
        """Neither in what was printed nor in any file but the keyring."""
        seen = [*self._seen, *self._files()]
        secrets = self.secrets()
        assert len(secrets) > 5
        for secret in secrets:
            forms = {secret, quote(secret, safe=""), repr(secret)[1:-1]}
            if len(secret) > 2 * SHORTEST and "-secret" not in secret:
                forms.add(secret[-SHORTEST:])
            for where, text in seen:
                assert not [form for form in forms if form in text], f"a secret in {where}"

    def _files(self) -> Iterator[tuple[str, str]]:
        for folder, _, names in os.walk(self.qbsf.home):
            for name in names:
                if not name.startswith("keyring.json"):
                    yield f"{folder}/{name}", (Path(folder) / name).read_bytes().decode("latin-1")


@pytest.fixture
def witness(qbsf: Installation) -> Witness:
    """Log file on, everything said."""
    watching = Witness(qbsf)
    qbsf.configure(log={"file": str(qbsf.home / "log" / "qbsf.jsonl")})
    (qbsf.home / "log").mkdir()
    qbsf.authorize()
    return watching


MANNERS: tuple[Sequence[str], ...] = (("sync",), ("sync", "-v"), ("sync", "-v", "--json"), ("sync", "-v", "--dry-run"))


def test_good_passes_at_every_verbosity_show_no_secret(witness: Witness) -> None:
    for words in (*MANNERS, ("status", "-v"), ("status", "--json", "--all"), ("sync", "-q")):
        Scene(witness.qbsf).pay()
        assert witness.run(*words).exit_code in (0, 1)
    witness.assert_nothing_leaked()
    log = (witness.qbsf.home / "log" / "qbsf.jsonl").read_text()
    assert [json.loads(line) for line in log.splitlines()]


def test_with_debug_logging_of_the_libraries_no_secret_is_shown(witness: Witness) -> None:
    for words in MANNERS:
        Scene(witness.qbsf).pay()
        witness.qbsf.books.expire_access_tokens()
        witness.qbsf.org.expire_sessions()
        assert witness.run_with_debug_logging(*words).exit_code == 0
    witness.assert_nothing_leaked()


def test_with_the_wire_trace_of_http_client_no_secret_is_shown(witness: Witness) -> None:
    Scene(witness.qbsf).pay()
    witness.qbsf.books.expire_access_tokens()
    outcome = witness.run_with_debug_logging("sync", "-v", more=WIRE)
    assert outcome.exit_code == 0
    witness.assert_nothing_leaked()


def test_refreshes_and_refused_tokens_show_no_secret(witness: Witness) -> None:
    qbsf = witness.qbsf
    qbsf.books.set_rotation("every")
    for _ in range(2):
        qbsf.books.expire_access_tokens()
        qbsf.org.expire_sessions()
        later(qbsf, hours=3)
        Scene(qbsf).pay()
        assert witness.run("sync", "-v").exit_code == 0
    qbsf.org.app.client_secret = "changed-by-an-administrator"
    qbsf.org.expire_sessions()
    assert witness.run("sync", "-v", "--json").exit_code == 3
    qbsf.books.disconnect()
    assert witness.run("sync", "-v").exit_code == 3
    assert witness.run_with_debug_logging("sync", "-v").exit_code == 3
    witness.run("status", "-v")
    witness.assert_nothing_leaked()


FAULTS: tuple[tuple[Kind, str], ...] = (
    *(("server_error", "token"), ("unavailable", "token"), ("html", "token"), ("empty", "token")),
    *(("truncated", "token"), ("reset", "token"), ("fault_in_200", "token")),
    *(("truncated", "api"), ("html", "api"), ("empty", "api"), ("fault_in_200", "api"), ("expired", "api")),
)


def test_answers_that_cannot_be_used_show_no_secret(witness: Witness) -> None:
    qbsf = witness.qbsf
    qbsf.configure(sync={"time_limit_seconds": 1}, log={"file": str(qbsf.home / "log" / "qbsf.jsonl")})
    for kind, scope in FAULTS:
        qbsf.books.expire_access_tokens()
        qbsf.org.expire_sessions()
        qbsf.sandbox.faults.add("", kind, times=20, scope="token" if scope == "token" else "api")
        outcome = witness.run_with_debug_logging("sync", "-v")
        assert outcome.exit_code in (0, 1, 3, 4), (kind, scope, outcome)  # 0: its second ran out first
        qbsf.sandbox.faults.clear()
        qbsf.authorize()
    witness.assert_nothing_leaked()


def test_a_bug_shows_no_secret_and_its_report_holds_none(witness: Witness) -> None:
    """The pass breaks in the middle, with tokens and secrets in every frame."""
    more = (
        "import qbsf.sync.engine as engine, keyring\n"
        "def broken(self):\n"
        "    tokens = self.context.books.api._tokens\n"
        "    secret = keyring.get_password('qbsf', 'default:quickbooks.refresh')\n"
        "    raise RuntimeError(f'cannot go on with {secret} of {tokens}')\n"
        "engine.Pass._decide = broken"
    )
    outcome = witness.run_with_debug_logging("sync", "-v", more=more)
    assert outcome.exit_code == 1
    assert "Traceback" not in outcome.stderr
    assert list(witness.qbsf.home.rglob("crash-*.txt"))
    witness.assert_nothing_leaked()


def test_the_whole_authorization_shows_no_secret(witness: Witness) -> None:
    qbsf = witness.qbsf
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        uri = f"http://localhost:{probe.getsockname()[1]}/callback"
    qbsf.books.oauth.development.register(uri)
    log = {"file": str(qbsf.home / "log" / "qbsf.jsonl")}
    qbsf.configure(quickbooks={"redirect_uri": uri}, log=log)
    (qbsf.home / "keyring.json").unlink()
    qbsf.extra_environment = {
        "QBSF_QUICKBOOKS_CLIENT_SECRET": qbsf.books.oauth.development.client_secret,
        "QBSF_SALESFORCE_CLIENT_SECRET": qbsf.org.app.client_secret,
        "QBSF_SANDBOX_PAGE": "title",
    }
    for run in (witness.run, witness.run_with_debug_logging):
        for consent in ("wrong-state-first", "deny", "allow"):
            qbsf.extra_environment["QBSF_SANDBOX_CONSENT"] = consent
            assert run("auth", "-v").exit_code == (1 if consent == "deny" else 0)
        assert run("sync", "-v").exit_code == 0
        assert run("auth", "--forget", "-v").exit_code == 0
    witness.assert_nothing_leaked()


def test_a_secret_in_the_wrong_place_of_the_configuration_is_not_repeated(witness: Witness) -> None:
    qbsf = witness.qbsf
    token = qbsf.books.issue_tokens()["refresh_token"]
    session = next(iter(qbsf.org.sessions._sessions), "00D550000004C92!AQ" + "x" * 60)
    places = (
        {"quickbooks": {"refresh_token": token}},
        {"salesforce": {"instance_url": f"https://user:{token}@acme.my.salesforce.com"}},
        {"salesforce": {"username": session}},
        {"stages": {"paid": session}},
        {"sync": {"start_date": token}},
        {"alerts": {"webhook_url": f"http://hooks.example/{token}"}},
        {"fields": {"payment_date": session}},
    )
    for tables in places:
        qbsf.configure(**tables)
        for words in MANNERS:
            assert witness.run(*words).exit_code == 2, tables
    qbsf.config_path.unlink()
    witness.assert_nothing_leaked()


def test_no_secret_stands_in_the_arguments_of_a_process(witness: Witness) -> None:
    """What BROWSER is started with is the authorize address: it holds no secret but the state of the flow."""
    qbsf = witness.qbsf
    arguments = qbsf.home / "arguments.txt"
    script = qbsf.home / "browser.sh"
    script.write_text(f'#!/bin/sh\nprintf "%s" "$*" > {arguments}\n')
    script.chmod(0o700)
    qbsf.extra_environment = {"BROWSER": f"{script} %s"}
    witness.run("auth", "quickbooks", "--timeout", "1")
    assert "appcenter.intuit.com" in arguments.read_text()
    witness.assert_nothing_leaked()
