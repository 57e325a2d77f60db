"""`qbsf demo`: the whole story on the built-in sandbox. No account, key or network; nothing is left behind.

Every step is the real command in a process of its own, against the simulated servers: what it prints is what an
operator sees.
"""

import os
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TextIO

from qbsf.sandbox.control import ControlServer
from qbsf.sandbox.quickbooks.company import CompanySettings
from qbsf.sandbox.world import Sandbox

INVOICE = "2052"
DEAL = "Website relaunch"
TAX_CODE = "20.0% S"
_SHOWN = (
    "StageName",
    "QB_Payment_Date__c",
    "QB_Payment_Amount__c",
    "QB_Payment_Method__c",
    "QB_Payment_Reference__c",
)
_LINKS = ("QB_Invoice_ID__c", "QB_Invoice_Number__c", "QB_Payment_Link__c")


class Demo:
    """A sandbox with the seed case in it, and a qbsf of its own in a temporary home."""

    def __init__(self, sandbox: Sandbox, home: Path, out: TextIO) -> None:
        self.sandbox = sandbox
        self.home = home
        self._out = out
        self._port = _free_port()
        self._bold = out.isatty() and not os.environ.get("NO_COLOR")

    def environment(self) -> dict[str, str]:
        """What points any qbsf command at this sandbox."""
        return self.sandbox.environment(self.home) | {
            "QBSF_QUICKBOOKS_CLIENT_SECRET": self.sandbox.books.oauth.development.client_secret,
            "QBSF_SALESFORCE_CLIENT_SECRET": self.sandbox.org.app.client_secret,
            "QBSF_SANDBOX_PAGE": "title",
        }

    def prepare(self) -> None:
        """Write the configuration and register its redirect address, as an operator does once."""
        redirect_uri = f"http://localhost:{self._port}/callback"
        development = self.sandbox.books.oauth.development
        development.register(redirect_uri)
        config = self.home / "config.toml"
        config.write_text(
            "[quickbooks]\n"
            'environment = "sandbox"\n'
            f'client_id = "{development.client_id}"\n'
            f'redirect_uri = "{redirect_uri}"\n'
            "[salesforce]\n"
            f'instance_url = "{self.sandbox.org.instance_url}"\n'
            f'client_id = "{self.sandbox.org.app.client_id}"\n'
            "[invoicing]\n"
            f'tax_code = "{TAX_CODE}"\n',
            encoding="utf-8",
        )
        config.chmod(0o600)

    def seed(self) -> str:
        """Invoice 2052 over 2,750.00 EUR, paid, and its Opportunity; answers the Opportunity's id."""
        books, org = self.sandbox.books, self.sandbox.org
        books.add_customer("Bergmann & Sons")
        books.add_invoice("Bergmann & Sons", "2750.00", invoice_id=INVOICE, number=INVOICE, txn_date="2025-08-01")
        books.receive_payment(
            {INVOICE: "2750.00"}, date="2025-08-25", method="Test Payment", reference="Manual Test Update"
        )
        account = org.add_account("Bergmann & Sons GmbH")
        return org.add_opportunity(DEAL, account=account, amount=Decimal("2750.00"), QB_Invoice_ID__c=INVOICE)

    def tell(self) -> bool:
        """The story; False where a command did not end as it should."""
        opportunity = self.seed()
        self._say("Two simulated servers are up: a QuickBooks company and a Salesforce org. A customer paid invoice")
        self._say(f"{INVOICE} over EUR 2,750.00; its Opportunity still stands open.")
        self._show(opportunity)
        self._heading("1. Authorize both (the sandbox plays the person in the browser)")
        ends_well = self._run("auth")
        self._heading("2. A dry run shows what would be written, and writes nothing")
        ends_well &= self._run("sync", "--dry-run", "--invoice", INVOICE)
        self._heading("3. One pass: the payment is written and the deal is won")
        ends_well &= self._run("sync")
        self._show(opportunity)
        self._heading("4. A second pass finds nothing to do: two requests, no write")
        ends_well &= self._run("sync")
        self._heading("5. A partial payment arrives, and a won deal's invoice is voided")
        self._say("Invoice 2053 over EUR 800.00 receives EUR 300.00; invoice 2052 is voided by a bookkeeper.")
        ends_well &= self._partial_and_voided()
        self._show(opportunity)
        self._heading("6. What waits for a person")
        self._run("status")
        self._heading("7. The other direction: a deal with products becomes an invoice, is paid, and is won")
        return ends_well & self._full_circle()

    def serve(self) -> None:
        """Keep the servers up for a second terminal, until Ctrl+C."""
        self.seed()
        with ControlServer(self.sandbox) as control:
            self._say("Two simulated servers are up. In a second terminal:")
            self._say("")
            for name, value in sorted(self.environment().items()):
                if name not in os.environ or os.environ[name] != value:
                    self._say(f"export {name}={shlex.quote(value)}")
            self._say("")
            self._say("Then: qbsf auth, qbsf sync --dry-run, qbsf sync, qbsf status ...")
            self._say(f"Act in both systems by {control.url}: GET / lists what can be called, for example:")
            call = '{"call": "books.receive_payment", "with": {"invoices": {"2052": "100.00"}}}'
            self._say(f"  curl {control.url} -d {shlex.quote(call)}")
            self._say("Ctrl+C ends it and leaves nothing behind.")
            threading.Event().wait()

    def _partial_and_voided(self) -> bool:
        books, org = self.sandbox.books, self.sandbox.org
        account = org.add_account("Nakamura Studio")
        books.add_invoice("Nakamura Studio", "800.00", invoice_id="2060", number="2053", txn_date="2025-08-20")
        partial = org.add_opportunity(
            "Photo series", account=account, amount=Decimal("800.00"), QB_Invoice_Number__c="2053"
        )
        books.receive_payment({"2060": "300.00"}, date="2025-08-28", method="Check", reference="1187")
        books.void_invoice(INVOICE)
        ends_well = self._run("sync")
        self._show(partial)
        return ends_well

    def _full_circle(self) -> bool:
        books, org = self.sandbox.books, self.sandbox.org
        account = org.add_account("Okafor Interiors", BillingCity="Leipzig", BillingCountry="Germany")
        deal = org.add_opportunity("Shop fittings", account=account)
        org.add_contact_role(deal, org.add_contact("Okafor", account=account, Email="ada@okafor.example"))
        for product, quantity, price in (("Services", 3, "333.33"), ("Hours", "12.5", "80.00")):
            org.add_line_item(deal, org.add_product(product), quantity=quantity, unit_price=price)
        ends_well = self._run("invoice", "--dry-run", "--opportunity", deal)
        ends_well &= self._run("invoice")
        self._show(deal, (*_LINKS, "StageName"))
        invoice = str(org.get(deal)["QB_Invoice_ID__c"])
        self._say("The customer opens the link and pays.")
        books.receive_payment([invoice], method="Visa", reference="scs-1")
        ends_well &= self._run("sync")
        self._show(deal)
        return ends_well

    def _run(self, *words: str) -> bool:
        """Run the command: its tables on a terminal, its plain lines elsewhere (a pass is silent there without -v)."""
        environment = {**self.environment(), "TERM": os.environ.get("TERM", "dumb")}
        environment |= {name: os.environ[name] for name in ("NO_COLOR", "COLUMNS") if name in os.environ}
        watched = self._out is sys.stdout and self._out.isatty()
        if words in {("sync",), ("invoice",)} and not watched:
            words = (*words, "-v")
        self._say(f"$ qbsf {shlex.join(words)}", bold=True)
        done = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-m", "qbsf", *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=None if watched else subprocess.PIPE,
            stderr=None if watched else subprocess.PIPE,
            text=True,
            check=False,
        )
        # Off a terminal -v brings the log of requests as well: it is shown where something went wrong.
        self._say((done.stdout or "") + ((done.stderr or "") if done.returncode else ""))
        return done.returncode == 0

    def _show(self, opportunity_id: str, names: tuple[str, ...] = _SHOWN) -> None:
        row = self.sandbox.org.get(opportunity_id)
        self._say("")
        self._say(f'The Opportunity "{row["Name"]}" in Salesforce now says:')
        for name in names:
            value = row[name]
            self._say(f"  {name:<24} {'-' if value is None else value}")
        self._say("")

    def _heading(self, text: str) -> None:
        self._say(text, bold=True)

    def _say(self, text: str, *, bold: bool = False) -> None:
        self._out.write(f"\x1b[1m{text}\x1b[0m\n" if bold and self._bold and text else f"{text}\n")
        self._out.flush()


@contextmanager
def demo(out: TextIO) -> Iterator[Demo]:
    """The servers and the temporary home, both gone when it ends."""
    settings = CompanySettings(home_currency="EUR", country="DE", name="Demo Company", quickbooks_payments=True)
    with (
        Sandbox(settings=settings) as sandbox,
        tempfile.TemporaryDirectory(prefix="qbsf-demo-", ignore_cleanup_errors=True) as home,
    ):
        story = Demo(sandbox, Path(home), out)
        story.prepare()
        yield story


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
