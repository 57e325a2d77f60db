"""What the tests of invoices and links share: sales to look at, and passes that skip or write them."""

from typing import Any

from program.installation import Installation, Outcome

from qbsf.sandbox.quickbooks.records import Payment

OPEN, WON = "Proposal and Agreement", "Closed Won"
NOTHING = (None, None, None, None)
"""Payment fields that tell of no payment."""


def sell(qbsf: Installation, total: str = "1000.00", name: str = "Deal", **invoice: Any) -> tuple[str, str]:
    """An open invoice, and the open deal that names it by its QuickBooks id: their ids."""
    invoice_id = qbsf.books.add_invoice(total=total, **invoice)
    return invoice_id, qbsf.deal(name, invoice=invoice_id)


def bill(qbsf: Installation, total: str = "1000.00", *, cash: str = "", credit: str = "", **invoice: Any) -> str:
    """An invoice with what it received."""
    invoice_id = qbsf.books.add_invoice(total=total, **invoice)
    if cash:
        qbsf.books.receive_payment({invoice_id: cash})
    if credit:
        qbsf.books.apply_credit(qbsf.books.add_credit_memo(total=credit), invoice_id, credit)
    return invoice_id


def paid_bill(qbsf: Installation, total: str = "1000.00", **invoice: Any) -> str:
    """An invoice that was paid in full."""
    return bill(qbsf, total, cash=total, **invoice)


def deal_for(qbsf: Installation, *invoices: str, name: str = "Deal") -> str:
    """An open deal that names these invoices by id and by number, so that nothing is left to fill in."""
    numbers = [str(qbsf.books.invoice(each)["DocNumber"]) for each in invoices]
    return qbsf.deal(name, invoice=", ".join(invoices), number=", ".join(numbers))


def payment_record(qbsf: Installation, payment_id: str) -> Payment:
    """A payment as the sandbox keeps it, to be bent."""
    found = qbsf.books.company.payments.get(payment_id)
    assert found is not None
    return found


def payment_of(qbsf: Installation, invoice_id: str) -> str:
    """The id of the first payment that is linked to an invoice."""
    found = qbsf.books.company.invoices.get(invoice_id)
    assert found is not None
    return next(iter(found.links))


def told(qbsf: Installation, deal: str) -> tuple[str, str | None]:
    """(stage, payment amount)"""
    return qbsf.stage(deal), qbsf.payment_fields(deal)[0]


def amounts(qbsf: Installation, *deals: str) -> list[str | None]:
    """The payment amount of each deal."""
    return [qbsf.payment_fields(deal)[0] for deal in deals]


def sync_skips(qbsf: Installation, reason: str, *deals: str) -> Outcome:
    """A pass that leaves each of these deals to a person: skipped, listed, exit 0, and not written."""
    before = {deal: qbsf.writes(deal) for deal in deals}
    outcome = qbsf.sync()
    attention = qbsf.attention()
    for deal in deals:
        record = outcome.record(deal)
        assert (record["outcome"], record["reason"], record["changes"]) == ("skipped", reason, {})
        assert attention[deal] == reason
        assert qbsf.writes(deal) == before[deal]
    return outcome


def sync_writes(qbsf: Installation, reason: str, *deals: str) -> Outcome:
    """A pass that writes each of these deals, once, for this reason."""
    before = {deal: qbsf.writes(deal) for deal in deals}
    outcome = qbsf.sync()
    for deal in deals:
        record = outcome.record(deal)
        assert (record["outcome"], record["reason"]) == ("updated", reason)
        assert qbsf.writes(deal) == before[deal] + 1
    return outcome
