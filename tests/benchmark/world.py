"""The world of the clients: the sandbox with its deals and payments, in a process of its own.

`python -m benchmark.world` in tests/ obeys one order a line on stdin, and answers each with one line on stdout;
remote_world.py gives the orders. It ends when stdin does.
"""

import json
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO

from program.installation import Installation

from qbsf.sandbox.world import Sandbox

METHOD = "Check"
"""How `bulk_seed` lets every invoice be paid."""
WON = "Closed Won"
_SAMPLE = 500


class World:
    """Paid invoices, each named by an open Opportunity, and a home folder for the client."""

    def __init__(self, sandbox: Sandbox, home: Path, size: int) -> None:
        self._sandbox = sandbox
        self._installation = Installation(sandbox, home)
        self._invoices = sandbox.books.bulk_seed(size)
        self._deals = sandbox.org.bulk_seed(size, fields=lambda n: {"QB_Invoice_ID__c": self._invoices[n]})
        self._payments = [self._payment_of(invoice) for invoice in self._invoices]
        self._changed: list[int] = []
        self._saves = 0
        self._cpu = 0.0
        self._installation.authorize()
        (home / "access.json").write_text(json.dumps(self._access()))

    def environment(self) -> dict[str, str]:
        """The whole environment of the client's processes."""
        return self._installation.environment()

    def begin(self) -> None:
        """Count from here."""
        self._sandbox.network.log.clear()
        self._saves = len(self._sandbox.org.api_saves())
        self._cpu = time.process_time()

    def counted(self) -> dict[str, float]:
        """What the servers saw since `begin`."""
        log = self._sandbox.network.log
        return {
            "quickbooks": log.count("quickbooks"),
            "salesforce": log.count("salesforce"),
            "quickbooks_tokens": log.count("quickbooks", token=True),
            "salesforce_tokens": log.count("salesforce", token=True),
            "saves": len(self._sandbox.org.api_saves()) - self._saves,
            "cpu_seconds": time.process_time() - self._cpu,
        }

    def advance(self, minutes: float) -> None:
        """Let time pass at the servers."""
        self._sandbox.clock.advance(timedelta(minutes=minutes))

    def correct(self, count: int) -> None:
        """The bookkeeper corrects the reference number of so many payments, spread over all; with a payment its
        invoice is saved as well.
        """
        books, size = self._sandbox.books, len(self._invoices)
        self._changed = [size * number // count for number in range(count)]
        for position in self._changed:
            books.edit_payment(self._payments[position], reference=f"CORRECTED-{position}")
            books.touch("Invoice", self._invoices[position])

    def wrong(self) -> int:
        """How many Opportunities do not say what QuickBooks says: of all, or of some hundred and those just changed."""
        size = len(self._deals)
        looked_at = {*range(0, size, max(1, size // _SAMPLE)), *self._changed}
        return sum(not self._is_right(position) for position in looked_at)

    def _is_right(self, position: int) -> bool:
        deal = self._deals[position]
        payment = self._sandbox.books.payment(self._payments[position])
        truth = (f"{Decimal(str(payment['TotalAmt'])):.2f}", payment["TxnDate"], METHOD, payment["PaymentRefNum"])
        return self._installation.stage(deal) == WON and self._installation.payment_fields(deal) == truth

    def _payment_of(self, invoice: str) -> str:
        record = self._sandbox.books.company.invoices.get(invoice)
        assert record is not None
        return next(iter(record.links))

    def _access(self) -> dict[str, object]:
        """What a script has written in its settings."""
        books, org = self._sandbox.books, self._sandbox.org
        app, tokens = books.oauth.development, books.issue_tokens()
        return {
            "realm_id": tokens["realm_id"],
            "access_token": tokens["access_token"],
            "refresh_token": tokens["refresh_token"],
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "redirect_uri": next(iter(app.redirect_uris)),
            "instance_url": org.instance_url,
            "consumer_key": org.app.client_id,
            "consumer_secret": org.app.client_secret,
            "methods": {each.id: each.name for each in books.company.lists["PaymentMethod"]},
        }


def serve(size: int, latency: float, orders: Iterable[str], answers: IO[str]) -> None:
    """Make the world, say where it is, and obey until the orders end."""
    with Sandbox(latency=latency) as sandbox, tempfile.TemporaryDirectory(prefix="qbsf-benchmark-") as home:
        world = World(sandbox, Path(home), size)
        _answer(answers, {"home": home, "environment": world.environment()})
        for line in orders:
            name, *arguments = json.loads(line)
            _answer(answers, getattr(world, name)(*arguments))


def _answer(answers: IO[str], value: object) -> None:
    answers.write(json.dumps(value) + "\n")
    answers.flush()


if __name__ == "__main__":
    try:
        serve(int(sys.argv[1]), float(sys.argv[2]), sys.stdin, sys.stdout)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception:  # noqa: BLE001 - told where the orders come from
        traceback.print_exc()
        sys.exit(1)
