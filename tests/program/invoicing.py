"""What the tests of `qbsf invoice` share: deals with products, runs of the command, and the books after them."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from program.installation import Installation, Outcome

Json = dict[str, Any]
STAGE = "Proposal and Agreement"


class Seller:
    """The salespeople of an installation: they make deals that are ready to be invoiced."""

    def __init__(self, qbsf: Installation) -> None:
        self.qbsf = qbsf
        self._products: dict[str, str] = {}

    def product(self, name: str = "Consulting", *, code: str = "", item: bool = True) -> str:
        """A product, with a QuickBooks item of its name (and SKU) unless said otherwise."""
        if name not in self._products:
            fields = {"ProductCode": code} if code else {}
            self._products[name] = self.qbsf.org.add_product(name, price="100", **fields)
            if item:
                self.qbsf.books.add_item(name, sku=code)
        return self._products[name]

    def deal(
        self,
        account: str = "Acme Corp",
        *,
        name: str = "Deal",
        lines: Sequence[Json] | None = None,
        email: str | None = "billing@acme.example",
        account_fields: Json | None = None,
        **fields: Any,
    ) -> str:
        """An open Opportunity at the invoicing stage; a line is `product`, `quantity`, `unit_price`, ..."""
        org = self.qbsf.org
        account_id = org.add_account(account, **(account_fields or {}))
        deal = org.add_opportunity(name, account=account_id, **fields)
        if email is not None:
            contact = org.add_contact("Person", account=account_id, Email=email)
            org.add_contact_role(deal, contact)
        for line in [{"quantity": 2, "unit_price": "500.00"}] if lines is None else lines:
            self.add_line(deal, **line)
        return deal

    def add_line(self, deal: str, *, product: str = "Consulting", **fields: Any) -> None:
        self.qbsf.org.add_line_item(deal, self.product(product), **fields)


def invoice(qbsf: Installation, *words: str, expect: int = 0) -> Outcome:
    """`qbsf invoice --json`, with the exit code that is expected."""
    qbsf.clock.advance(timedelta(seconds=2))  # QuickBooks' times have a grain of a second
    outcome = qbsf.run("invoice", "--json", *words)
    assert outcome.exit_code == expect, f"exit {outcome.exit_code}\n{outcome.stdout}\n{outcome.stderr}"
    assert "Traceback" not in outcome.stderr, outcome.stderr
    return outcome


def invoices(qbsf: Installation) -> list[Json]:
    """Every invoice in QuickBooks, in the order they were made."""
    return [dict(qbsf.books.invoice(each)) for each in qbsf.books.invoice_ids()]


def only_invoice(qbsf: Installation) -> Json:
    found = invoices(qbsf)
    assert len(found) == 1, found
    return found[0]


def customers(qbsf: Installation) -> list[str]:
    """The names of all customers, inactive ones too."""
    return [row.name for row in qbsf.books.company.lists["Customer"]]


def sales_lines(document: Json) -> list[Json]:
    return [line for line in document["Line"] if line["DetailType"] == "SalesItemLineDetail"]


def net(document: Json) -> Decimal:
    return sum((Decimal(line["Amount"]) for line in sales_lines(document)), Decimal(0))


def assert_billed(qbsf: Installation, deal: str) -> Json:
    """One invoice carries the deal's id, and the deal names it; answers the invoice."""
    carrying = [each for each in invoices(qbsf) if deal in each.get("PrivateNote", "")]
    assert len(carrying) == 1, carrying
    assert qbsf.field(deal, "QB_Invoice_ID__c") == carrying[0]["Id"]
    assert qbsf.field(deal, "QB_Invoice_Number__c") == carrying[0].get("DocNumber")
    return carrying[0]


def assert_idle(qbsf: Installation) -> None:
    """A second run makes nothing and writes nothing."""
    before = (qbsf.books.invoice_ids(), customers(qbsf), qbsf.all_writes())
    summary = invoice(qbsf).json["summary"]
    assert (summary["created"], summary["reconciled"], summary["failed"]) == (0, 0, 0)
    assert (qbsf.books.invoice_ids(), customers(qbsf), qbsf.all_writes()) == before
