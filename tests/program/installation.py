"""An installed qbsf: a home folder, a configuration, a keyring, and the sandbox as its world."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from program.warm_start import WarmStart, can_start

from qbsf.auth.grant import GrantFile, QuickBooksGrant
from qbsf.auth.tokens import AccessToken, RefreshToken
from qbsf.sandbox.world import Sandbox

QBSF = str(Path(sys.executable).with_name("qbsf"))
BASE: dict[str, dict[str, object]] = {
    "quickbooks": {"environment": "sandbox"},
    "salesforce": {},
}


@dataclass(frozen=True)
class Outcome:
    """What a user sees of one command."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    @property
    def records(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.json["records"]
        return found

    def record(self, opportunity_id: str) -> dict[str, Any]:
        """The one record of an Opportunity."""
        found = [each for each in self.records if each["opportunity_id"] == opportunity_id]
        assert len(found) == 1, f"{len(found)} records of {opportunity_id} in {self.stdout}{self.stderr}"
        return found[0]


class Installation:
    """One profile. `sync()` and `run(...)` start the installed command; `books`, `org` and `clock` are the world."""

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        self.sandbox = sandbox
        self.books = sandbox.books
        self.org = sandbox.org
        self.clock = sandbox.clock
        self.home = home
        self.extra_environment: dict[str, str] = {}
        self.configure()

    # -- the world ------------------------------------------------------------------------------------------------

    def deal(self, name: str = "Deal", **fields: Any) -> str:
        """An open Opportunity; `invoice` and `number` fill the link fields."""
        if "invoice" in fields:
            fields["QB_Invoice_ID__c"] = fields.pop("invoice")
        if "number" in fields:
            fields["QB_Invoice_Number__c"] = fields.pop("number")
        return self.org.add_opportunity(name, **fields)

    def field(self, opportunity_id: str, name: str) -> Any:
        return self.org.get(opportunity_id)[name]

    def stage(self, opportunity_id: str) -> str:
        return str(self.field(opportunity_id, "StageName"))

    def amount(self, opportunity_id: str) -> Decimal | None:
        value = self.field(opportunity_id, "QB_Payment_Amount__c")
        return None if value is None else Decimal(str(value))

    def payment_fields(self, opportunity_id: str) -> tuple[str | None, ...]:
        """(amount, date, method, reference) as texts."""
        names = ("Amount", "Date", "Method", "Reference")
        row = self.org.get(opportunity_id)
        values = [row[f"QB_Payment_{name}__c"] for name in names]
        amount = None if values[0] is None else f"{Decimal(str(values[0])):.2f}"
        return (amount, *(None if value is None else str(value) for value in values[1:]))

    def writes(self, opportunity_id: str) -> int:
        """How often qbsf saved this Opportunity, no-op saves included."""
        return len([save for save in self.org.api_saves() if save.record_id == opportunity_id])

    def all_writes(self) -> int:
        return len(self.org.api_saves())

    def requests(self) -> tuple[int, int]:
        """(QuickBooks, Salesforce) API requests so far, token requests apart."""
        log = self.sandbox.network.log
        return log.count("quickbooks"), log.count("salesforce")

    # -- the machine ----------------------------------------------------------------------------------------------

    @property
    def config_path(self) -> Path:
        return self.home / "config.toml"

    @property
    def state_path(self) -> Path:
        return self.home / "state" / "default" / "state.sqlite3"

    def configure(self, **tables: Mapping[str, object]) -> None:
        """Write the configuration: what the sandbox needs, and these tables over it."""
        merged: dict[str, dict[str, object]] = {name: dict(table) for name, table in BASE.items()}
        merged["quickbooks"]["client_id"] = self.sandbox.books.oauth.development.client_id
        merged["salesforce"]["client_id"] = self.org.app.client_id
        merged["salesforce"]["instance_url"] = self.org.instance_url
        top: list[str] = []
        for name, table in tables.items():
            if not isinstance(table, Mapping):
                top.append(f"{name} = {_toml(table)}")
            else:
                merged.setdefault(name, {}).update(table)
        lines = [*top]
        for name, table in merged.items():
            lines.append(f"[{name}]")
            lines += [f"{_key(key)} = {_toml(value)}" for key, value in table.items()]
        self.config_path.write_text("\n".join(lines) + "\n")
        self.config_path.chmod(0o600)

    def authorize(self) -> None:
        """As after `qbsf auth`: tokens and client secrets in the keyring. (test_auth_* do it by the real command.)"""
        issued = self.books.issue_tokens()
        now = datetime.now(UTC)
        realm = issued["realm_id"]
        access = AccessToken(issued["access_token"], realm, now, now + timedelta(hours=1))
        client_id = self.books.oauth.development.client_id
        refresh = RefreshToken(issued["refresh_token"], realm, "sandbox", client_id, now)
        entries = {
            "default:quickbooks.access": access.to_json(),
            "default:quickbooks.refresh": refresh.to_json(),
            "default:quickbooks.client_secret": self.books.oauth.development.client_secret,
            "default:salesforce.client_secret": self.org.app.client_secret,
        }
        (self.home / "keyring.json").write_text(json.dumps({"qbsf": entries}))
        folder = self.state_path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        grant = QuickBooksGrant(
            realm_id=realm,
            environment="sandbox",
            company_name="Sandbox Company",
            place="",
            access_expires_at=access.expires_at,
            refresh_expires_at=now + timedelta(days=100),
            hard_expires_at=now + timedelta(days=5 * 365),
        )
        GrantFile(folder / "grant.json").set_quickbooks(grant)

    def environment(self) -> dict[str, str]:
        environment = self.sandbox.environment(self.home) | self.extra_environment
        if "COVERAGE_PROCESS_START" in os.environ:
            environment["COVERAGE_PROCESS_START"] = os.environ["COVERAGE_PROCESS_START"]
        return environment

    def run(self, *words: str, stdin: str | None = None, timeout: float = 120) -> Outcome:
        """Run the installed qbsf command off a terminal, as cron does."""
        environment = self.environment()
        if stdin is None and can_start(environment):
            return self._run_warm([QBSF, *words], environment, timeout)
        done = subprocess.run(
            [QBSF, *words],
            env=environment,
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=self.home,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def _run_warm(self, command: list[str], environment: dict[str, str], timeout: float) -> Outcome:
        with tempfile.TemporaryDirectory() as folder:
            stdout, stderr = Path(folder, "stdout"), Path(folder, "stderr")
            stdout.touch()
            stderr.touch()
            code = _warm().run(command, environment, self.home, Path(os.devnull), (stdout, stderr), timeout)
            return Outcome(code, stdout.read_text(), stderr.read_text())

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [QBSF, *words], env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def sync(self, *words: str, expect: int | Sequence[int] = 0) -> Outcome:
        """`qbsf sync --json`, with the exit code that is expected."""
        outcome = self.run("sync", "--json", *words)
        allowed = (expect,) if isinstance(expect, int) else expect
        assert outcome.exit_code in allowed, f"exit {outcome.exit_code}\n{outcome.stdout}\n{outcome.stderr}"
        assert "Traceback" not in outcome.stderr, outcome.stderr
        return outcome

    def attention(self) -> dict[str, str]:
        """What `status` lists: reason by Opportunity id."""
        items = self.run("status", "--json").json["attention"]
        return {item["opportunity_id"]: item["reason"] for item in items}

    def settled(self) -> None:
        """The pass after the last one changes nothing, incremental and full alike, and an idle pass is two requests."""
        before = self.all_writes()
        self.sync(expect=(0, 1))
        self.sync("--full", expect=(0, 1))
        assert self.all_writes() == before, "a pass over an unchanged world sent a write"


@cache
def _warm() -> WarmStart:
    """One for each process of the test run; it ends with it."""
    return WarmStart()


def _key(key: str) -> str:
    return key if key.replace("_", "").isalnum() else json.dumps(key)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    return json.dumps(value) if isinstance(value, str) else str(value)
